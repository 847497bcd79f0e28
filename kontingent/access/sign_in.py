"""The one door for people: to ЕСИА and back (вход)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from kontingent.access import sessions
from kontingent.access.esia import authorisation, certificates, configuration, profile, tokens
from kontingent.access.esia.gateway import Gateway
from kontingent.access.esia.openssl import OpensslFailed
from kontingent.access.esia.refusals import by_code, not_believed, unanswered
from kontingent.access.esia.signers import signer_of
from kontingent.access.events import SignInRefused
from kontingent.access.models import SignIn
from kontingent.access.sessions import Visitor
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError

#: How long one may stay at ЕСИА before the attempt is void.
ATTEMPT_LASTS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in under way; kept in the browser's session and good for one return."""

    state: str
    verifier: str
    target: str
    began_at: float

    def to_session(self) -> dict[str, Any]:
        """Return what the browser's session keeps."""
        return asdict(self)


def begin(target: str) -> tuple[str, Attempt]:
    """Return where to send the browser and the attempt to remember."""
    settings = configuration.current()
    now = clock.now()
    try:
        departure = authorisation.depart(settings, signer_of(settings), now)
    except OpensslFailed as failure:
        raise not_believed("signer", str(failure)) from failure
    return departure.address, Attempt(departure.state, departure.verifier, target, now.timestamp())


def complete(
    kept: Mapping[str, Any] | None, answer: Mapping[str, str], visitor: Visitor
) -> tuple[SignIn, str]:
    """Return the session opened by the answer that the browser brought back, and where the person was going.

    Every refusal is written to the journal with its code before it is raised.

    Raises:
        KontingentError: the person declined, the account does not suffice, nothing in the register is theirs, or a check
            failed; the message says what to do.
    """
    try:
        attempt = _attempt(kept, answer)
        return sessions.open_session(_citizen(attempt, answer), visitor), attempt.target
    except KontingentError as refusal:
        refused(refusal, visitor)
        raise


def refused(refusal: KontingentError, visitor: Visitor) -> None:
    """Write a refusal of the door to the journal; СНИЛС and names stay out of it."""
    with transaction.atomic():
        audit.record(
            SignInRefused(
                code=refusal.code,
                detail=str(refusal.facts.get("detail", ""))[:300],
                address=visitor.address or "",
            ),
            actor=sessions.door_actor(),
        )


def _attempt(kept: Mapping[str, Any] | None, answer: Mapping[str, str]) -> Attempt:
    if not kept:
        raise not_believed("no_attempt", "a return that nobody set out for, or for the second time")
    attempt = Attempt(**kept)
    if not secrets.compare_digest(attempt.state.encode(), answer.get("state", "").encode()):
        raise not_believed("state", "the state is another one")
    if clock.now() - datetime.fromtimestamp(attempt.began_at, UTC) > ATTEMPT_LASTS:
        raise unanswered("the attempt took too long")
    if "error" in answer:
        raise by_code(answer.get("error_description", "") or answer["error"])
    return attempt


def _citizen(attempt: Attempt, answer: Mapping[str, str]) -> profile.Citizen:
    settings, now = configuration.current(), clock.now()
    code = answer.get("code", "")
    if not code or len(code) > tokens.LONGEST:
        raise not_believed("no_code", "no code came")
    try:
        form = authorisation.code_form(
            settings, signer_of(settings), now, code=code, verifier=attempt.verifier
        )
        with Gateway(settings) as gateway:
            traded = gateway.trade(form)
            identity = tokens.identify(
                settings, certificates.load(settings.trusted), access_token=traded.access_token,
                id_token=traded.id_token, now=clock.now(),
            )  # fmt: skip
            person = gateway.person(identity.oid, traded.access_token)
            roles = gateway.collection(identity.oid, "roles", traded.access_token)
            kids = gateway.collection(identity.oid, "kids", traded.access_token)
    except OpensslFailed as failure:
        raise not_believed("signer", str(failure)) from failure
    return profile.citizen_of(identity, person, roles=roles, kids=kids)
