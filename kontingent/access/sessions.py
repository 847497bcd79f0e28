"""Sessions: opened by a verified citizen of ЕСИА, ended by leaving, by a limit or from another session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kontingent.access import actors, queries, rules
from kontingent.access.esia.profile import Citizen
from kontingent.access.events import CapacityChosen, SignedIn, SignedOut
from kontingent.access.models import Account, SignIn
from kontingent.access.queries import Capacity
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed

#: How often the moment of the last request is written.
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from."""

    address: str | None
    agent: str


def door_actor(name: str = "") -> Actor:
    """Return the actor of what happens before anybody has been let in."""
    return Actor("door", name or "Вход", "Вход", frozenset())


@transaction.atomic
def open_session(citizen: Citizen, visitor: Visitor) -> SignIn:
    """Open a session for a citizen who has some right in the register (впустить).

    Raises:
        NotAllowed: nothing in the register gives this person a right to enter; no account is made.
    """
    now, today = clock.now(), clock.today()
    account, _ = Account.objects.get_or_create(
        snils=citizen.snils,
        defaults={"esia_oid": citizen.oid, "full_name": citizen.full_name, "created_at": now},
    )
    if (account.esia_oid, account.full_name) != (citizen.oid, citizen.full_name):
        account.esia_oid, account.full_name = citizen.oid, citizen.full_name
        account.save(update_fields=["esia_oid", "full_name"])
    session = SignIn.objects.create(
        account=account,
        employers=[one.ogrn for one in citizen.employers if one.ogrn][:50],
        kids=list(citizen.kids_snils),
        is_child_account=citizen.is_child_account,
        method=citizen.method[:40],
        esia_session=citizen.session[:200],
        address=visitor.address,
        agent=visitor.agent[:300],
        started_at=now,
        seen_at=now,
    )
    choices = queries.capacities(session, today)
    if not choices:
        raise _nothing_for(citizen)
    audit.record(
        SignedIn(object_id=session.id, method=session.method, address=visitor.address or ""),
        actor=_as(account),
    )
    if len(choices) == 1:
        _take(session, choices[0])
    return session


def _nothing_for(citizen: Citizen) -> NotAllowed:
    if citizen.is_child_account:
        return NotAllowed(
            "access.child_under_14",
            "Свои сведения можно смотреть с 14 лет. До этого их видят родители: пусть войдут под своей учётной записью.",
        )
    return NotAllowed(
        "access.nobody_here",
        "В реестре нет ни вашего назначения, ни вашего ребёнка, поэтому показать вам нечего. Родителям: попросите школу или "
        "детский сад внести вас представителем и проверить СНИЛС. Сотрудникам: попросите руководителя назначить вам роль и "
        "прикрепить вас к организации в её профиле на Госуслугах.",
    )


@transaction.atomic
def choose(session: SignIn, key: str) -> SignIn:
    """Go on in one of the qualities offered; raise ``NotAllowed`` for any other."""
    for capacity in queries.capacities(session, clock.today()):
        if capacity.key == key:
            return _take(session, capacity)
    raise NotAllowed("access.no_such_capacity", "Этого назначения у вас сегодня нет. Выберите из списка.")


def _take(session: SignIn, capacity: Capacity) -> SignIn:
    session.appointment_id = capacity.appointment_id
    session.capacity = "appointment" if capacity.appointment_id else capacity.key
    session.save(update_fields=["appointment", "capacity"])
    audit.record(
        CapacityChosen(object_id=session.id, capacity=f"{capacity.title}: {capacity.place}"),
        actor=_as(session.account),
    )
    return session


def resume(session_id: UUID) -> tuple[SignIn, Actor | None] | None:
    """Return a session that goes on, with its actor (None while no quality is chosen); None when it is over."""
    now, today = clock.now(), clock.today()
    standing = queries.standing(session_id, today, now)
    if standing is None or standing.session.ended_at is not None:
        return None
    session = standing.session
    over = rules.why_over(
        started_at=session.started_at, seen_at=session.seen_at, now=now,
        idle=timedelta(seconds=settings.SESSION_IDLE_SECONDS), absolute=timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS),
    )  # fmt: skip
    if over:
        end(session, over)
        return None
    if now - session.seen_at >= SEEN_EVERY:
        SignIn.objects.filter(pk=session.pk).update(seen_at=now)
    if not session.capacity:
        return session, None
    actor = actors.actor_of(standing, on=today)
    if actor is None:
        end(session, "revoked")
        return None
    return session, actor


@transaction.atomic
def end(session: SignIn, reason: str) -> None:
    """End a session; ``reason``: left, idle, absolute, elsewhere, revoked."""
    ended = SignIn.objects.filter(pk=session.pk, ended_at__isnull=True).update(
        ended_at=clock.now(), end_reason=reason
    )
    if ended:
        audit.record(SignedOut(object_id=session.id, reason=reason), actor=_as(session.account))


@transaction.atomic
def end_others(session: SignIn) -> int:
    """End every other session of the same account (выйти везде); return how many."""
    others = SignIn.objects.filter(account_id=session.account_id, ended_at__isnull=True).exclude(
        pk=session.pk
    )
    found = list(others.select_related("account"))
    for other in found:
        end(other, "elsewhere")
    return len(found)


def _as(account: Account) -> Actor:
    return Actor(f"account:{account.id}", account.full_name, "Вход", frozenset())
