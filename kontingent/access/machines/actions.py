"""Writing: clients and what they prove themselves by, tokens, and what was given away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction

from kontingent.access.machines import assertions, keys, limits, queries, rules
from kontingent.access.machines.digests import (
    SECRET_PREFIX,
    TOKEN_PREFIX,
    digest_of,
    is_same,
    new_client_id,
    new_secret,
)
from kontingent.access.machines.events import (
    ClientChanged,
    ClientRegistered,
    ClientResumed,
    ClientRevoked,
    ClientSuspended,
    KeyAdded,
    KeyRevoked,
    PersonalDataGiven,
    SecretIssued,
    SecretRevoked,
    TokenIssued,
    TokenRefused,
    TokenRevoked,
)
from kontingent.access.machines.models import AccessToken, ApiClient, ClientKey, ClientSecret, UsedAssertion
from kontingent.access.machines.permissions import MachinePermission
from kontingent.access.machines.refusals import OAuthError, OAuthRefused, invalid_assertion, unknown_client
from kontingent.access.machines.rules import MachineScope, Reach, SecretTerm
from kontingent.audit import actions as audit
from kontingent.kernel import clock, texts
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotFound, RuleViolation
from kontingent.organisations import queries as organisations
from kontingent.storage import bulk

#: Compared with when a client has no secret, so that the answer takes as long.
_NOBODYS = "0" * 64
#: Dead tokens are kept this long, for whoever investigates.
TOKENS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDraft:
    """What is said of a new client."""

    name: str
    reach: Reach
    scopes: Collection[str]
    contact: str = ""
    rate_per_minute: int = rules.DEFAULT_RATE


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret just made: ``value`` is shown once and never again."""

    id: UUID
    value: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SecretCredentials:
    """A client proves itself by its secret; ``method`` is client_secret_basic or client_secret_post."""

    client_id: str
    secret: str
    method: str


@dataclass(frozen=True, slots=True)
class AssertionCredentials:
    """A client proves itself by a signed assertion made for one of ``audiences``."""

    assertion: str
    client_id: str | None
    audiences: tuple[str, ...]
    method: str = "private_key_jwt"


Credentials = SecretCredentials | AssertionCredentials


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token just made: ``value`` is shown once."""

    value: str
    scopes: frozenset[MachineScope]
    lasts: timedelta


# -- clients -----------------------------------------------------------------------------------


@transaction.atomic
def register_client(*, actor: Actor, draft: ClientDraft) -> ApiClient:
    """Register an outside system. It can do nothing until it has a secret or a key.

    Raises:
        NotAllowed: the actor may not manage clients, or not with that reach.
        InvalidValue: name, reach, scopes or rate are not what they should be.
    """
    actor.require(MachinePermission.MANAGE)
    rules.check_reach(draft.reach)
    rules.check_rate(draft.rate_per_minute)
    reach = draft.reach
    made = ApiClient(
        client_id=new_client_id(),
        name=texts.required(draft.name, "machines.name", "Назовите систему: кому даётся доступ.", 200),
        organisation=organisations.get(reach.organisation_id) if reach.organisation_id else None,
        municipality=organisations.municipality_by_id(reach.municipality_id)
        if reach.municipality_id
        else None,
        whole_region=reach.whole_region,
        scopes=rules.check_allowed(draft.scopes),
        contact=" ".join(draft.contact.split())[:300],
        rate_per_minute=draft.rate_per_minute,
        created_at=clock.now(),
        created_by=actor.name,
    )
    queries.require_reach(actor, made)
    made.save(force_insert=True)
    audit.record(
        ClientRegistered(
            object_id=made.id,
            organisation_id=made.organisation_id,
            client=made.client_id,
            name=made.name,
            scopes=made.scopes,
            reach=queries.reach_in_words(made),
        ),
        actor=actor,
    )
    return made


@transaction.atomic
def change_client(
    *, actor: Actor, client_id: str, scopes: Collection[str], rate_per_minute: int, basis: str
) -> ApiClient:
    """Say what data a client may have from now on, and how often it may ask.

    What is taken is gone from its live tokens at once; what is given comes with its next token.

    Raises:
        NotAllowed: the actor may not manage this client.
        InvalidValue: scopes, rate or basis are not what they should be.
        RuleViolation: its access was taken back, or nothing would change.
    """
    client = _locked(actor, client_id)
    rules.check_rate(rate_per_minute)
    wanted = rules.check_allowed(scopes)
    why = texts.required(basis, "machines.change_basis", "Укажите основание: договор, письмо, заявку.", 300)
    if (wanted, rate_per_minute) == (client.scopes, client.rate_per_minute):
        raise RuleViolation("machines.nothing_changed", "Системе это уже доступно: ничего не изменилось.")
    changed = ClientChanged(
        object_id=client.id, organisation_id=client.organisation_id, basis=why, client=client.client_id,
        scopes_before=client.scopes, scopes=wanted, rate_before=client.rate_per_minute, rate=rate_per_minute,
    )  # fmt: skip
    client.scopes, client.rate_per_minute = wanted, rate_per_minute
    client.save(update_fields=["scopes", "rate_per_minute"])
    audit.record(changed, actor=actor)
    return client


@transaction.atomic
def revoke_client(*, actor: Actor, client_id: str, reason: str) -> ApiClient:
    """Take a client's access back at once: its secrets, keys and tokens cease to work."""
    client = _locked(actor, client_id)
    why = texts.required(reason, "machines.revoke_reason", "Укажите, почему доступ системы отзывается.", 300)
    now = clock.now()
    client.revoked_at, client.revoked_by, client.revoke_reason = now, actor.name, why
    client.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    for held in (client.secrets, client.keys, client.tokens):
        held.filter(revoked_at__isnull=True).update(revoked_at=now)
    audit.record(
        ClientRevoked(
            object_id=client.id, organisation_id=client.organisation_id, client=client.client_id, reason=why
        ),
        actor=actor,
    )
    return client


@transaction.atomic
def suspend_client(*, actor: Actor, client_id: str, reason: str) -> ApiClient:
    """Stop a client at once and keep what it holds (приостановить), until it is resumed or revoked."""
    client = _locked(actor, client_id)
    why = texts.required(reason, "machines.suspend_reason", "Укажите, почему доступ приостанавливается.", 300)
    if client.suspended_at is not None:
        raise RuleViolation("machines.client_suspended", "Доступ этой системы уже приостановлен.")
    client.suspended_at, client.suspend_reason = clock.now(), why
    client.save(update_fields=["suspended_at", "suspend_reason"])
    audit.record(
        ClientSuspended(
            object_id=client.id, organisation_id=client.organisation_id, client=client.client_id, reason=why
        ),
        actor=actor,
    )
    return client


@transaction.atomic
def resume_client(*, actor: Actor, client_id: str) -> ApiClient:
    """Let a suspended client go on with its secrets and keys; tokens of before do not come back."""
    client = _locked(actor, client_id)
    if client.suspended_at is None:
        raise RuleViolation("machines.client_not_suspended", "Доступ этой системы не приостановлен.")
    client.tokens.filter(revoked_at__isnull=True).update(revoked_at=clock.now())
    client.suspended_at, client.suspend_reason = None, ""
    client.save(update_fields=["suspended_at", "suspend_reason"])
    audit.record(
        ClientResumed(object_id=client.id, organisation_id=client.organisation_id, client=client.client_id),
        actor=actor,
    )
    return client


# -- secrets and keys --------------------------------------------------------------------------


@transaction.atomic
def issue_secret(*, actor: Actor, client_id: str, lasts: timedelta = rules.SECRET_LASTS) -> NewSecret:
    """Make a secret for a client that has at most one live. It is returned, not kept: show it once."""
    client = _locked(actor, client_id)
    rules.check_secret_lasts(lasts)
    now = clock.now()
    rules.check_room_for_secret((_term(one) for one in client.secrets.all()), now)
    return _new_secret(actor, client, now, lasts, rotated=False)


@transaction.atomic
def rotate(
    *,
    actor: Actor,
    client_id: str,
    overlap: timedelta = rules.OVERLAP,
    lasts: timedelta = rules.SECRET_LASTS,
) -> NewSecret:
    """Make a new secret; the newest of the former ones works on for ``overlap``, older ones cease at once."""
    client = _locked(actor, client_id)
    rules.check_secret_lasts(lasts)
    rules.check_overlap(overlap)
    now = clock.now()
    live = [one for one in client.secrets.order_by("-created_at", "-id") if _term(one).lives(now)]
    for former in live[:1]:
        former.expires_at = min(former.expires_at, now + overlap)
        former.save(update_fields=["expires_at"])
    for older in live[1:]:
        _revoke_secret(actor, client, older, now)
    return _new_secret(actor, client, now, lasts, rotated=bool(live))


@transaction.atomic
def revoke_secret(*, actor: Actor, client_id: str, secret_id: UUID) -> None:
    """Make a secret cease to work at once."""
    client = _locked(actor, client_id)
    secret = client.secrets.filter(pk=secret_id).first()
    if secret is None:
        raise NotFound("machines.no_such_secret", "Такого секрета у системы нет. Проверьте его номер.")
    now = clock.now()
    if not _term(secret).lives(now):
        raise RuleViolation(
            "machines.secret_dead", "Секрет уже не действует: он отозван или истёк. Отзывать нечего."
        )
    _revoke_secret(actor, client, secret, now)


@transaction.atomic
def add_key(*, actor: Actor, client_id: str, public_key: str, kid: str = "") -> ClientKey:
    """Add a public key (PEM or JWK) by which the client will sign; without ``kid`` its thumbprint names it."""
    client = _locked(actor, client_id)
    key = keys.read_public_key(public_key)
    name = kid.strip() or key.thumbprint
    if len(name) > 100 or not name.isprintable():
        raise InvalidValue("machines.kid", "Имя ключа (kid) – до 100 видимых знаков. Исправьте его.")
    if client.keys.filter(kid=name).exists():
        raise RuleViolation(
            "machines.kid_taken", f"Ключ с kid «{name}» у системы уже был. Дайте новому ключу другой kid."
        )
    if client.keys.filter(revoked_at__isnull=True).count() >= rules.MOST_LIVE_KEYS:
        raise RuleViolation(
            "machines.keys_full",
            f"У системы уже {rules.MOST_LIVE_KEYS} действующих ключа. Отзовите ненужный, затем добавьте новый.",
        )
    made = ClientKey.objects.create(
        client=client, kid=name, algorithm=key.algorithm, public_pem=key.pem, created_at=clock.now()
    )
    audit.record(
        KeyAdded(
            object_id=client.id,
            organisation_id=client.organisation_id,
            client=client.client_id,
            key=name,
            algorithm=key.algorithm,
        ),
        actor=actor,
    )
    return made


@transaction.atomic
def revoke_key(*, actor: Actor, client_id: str, kid: str) -> None:
    """Believe a key no more."""
    client = _locked(actor, client_id)
    if not client.keys.filter(kid=kid, revoked_at__isnull=True).update(revoked_at=clock.now()):
        raise NotFound("machines.no_such_key", "Действующего ключа с таким kid у системы нет. Проверьте kid.")
    audit.record(
        KeyRevoked(
            object_id=client.id, organisation_id=client.organisation_id, client=client.client_id, key=kid
        ),
        actor=actor,
    )


def _locked(actor: Actor, client_id: str) -> ApiClient:
    """Return a client in force that the actor may manage, locked till the end of the transaction."""
    found = queries.client(actor, client_id)
    client = ApiClient.objects.select_for_update().get(pk=found.pk)
    if client.revoked_at is not None:
        raise RuleViolation(
            "machines.client_revoked",
            "Доступ этой системы уже отозван. Чтобы дать его снова, зарегистрируйте систему заново.",
        )
    return client


def _term(secret: ClientSecret) -> SecretTerm:
    return SecretTerm(secret.expires_at, secret.revoked_at)


def _new_secret(
    actor: Actor, client: ApiClient, now: datetime, lasts: timedelta, *, rotated: bool
) -> NewSecret:
    value = new_secret(SECRET_PREFIX)
    made = ClientSecret.objects.create(
        client=client, digest=digest_of(value), created_at=now, expires_at=now + lasts
    )
    audit.record(
        SecretIssued(
            object_id=client.id,
            organisation_id=client.organisation_id,
            client=client.client_id,
            expires_at=made.expires_at,
            rotated=rotated,
        ),
        actor=actor,
    )
    return NewSecret(made.id, value, made.expires_at)


def _revoke_secret(actor: Actor, client: ApiClient, secret: ClientSecret, now: datetime) -> None:
    secret.revoked_at = now
    secret.save(update_fields=["revoked_at"])
    audit.record(
        SecretRevoked(object_id=client.id, organisation_id=client.organisation_id, client=client.client_id),
        actor=actor,
    )


# -- tokens ------------------------------------------------------------------------------------


def issue_token(*, actor: Actor, credentials: Credentials, scope: str | None = None) -> IssuedToken:
    """Give a client that proves itself a token for a quarter of an hour.

    ``actor`` is the door that was knocked at; the journal names the client once it is known.

    Raises:
        OAuthRefused: the client is not believed or asks for too much; nothing but the refusal is recorded.
        TooManyRequests: the client asks too often.
    """
    actor.require(MachinePermission.ISSUE)
    now = clock.now()
    try:
        with transaction.atomic():
            return _issue(credentials, scope, now)
    except OAuthRefused as refusal:
        _record_refusal(actor, credentials, refusal, now)
        raise


def revoke_token(*, actor: Actor, credentials: Credentials, token: str) -> bool:
    """Take back a token at its client's wish; say whether there was one. Another client's token stays."""
    actor.require(MachinePermission.ISSUE)
    now = clock.now()
    try:
        with transaction.atomic():
            client = _authenticated(credentials, now)
            limits.count_request(client.id, limit=client.rate_per_minute, now=now)
            live = client.tokens.filter(digest=digest_of(token), revoked_at__isnull=True, expires_at__gt=now)
            if not live.update(revoked_at=now):
                return False
            audit.record(
                TokenRevoked(
                    object_id=client.id, organisation_id=client.organisation_id, client=client.client_id
                ),
                actor=queries.actor_of(client, frozenset()),
            )
            return True
    except OAuthRefused as refusal:
        _record_refusal(actor, credentials, refusal, now)
        raise


def forget_expired(*, actor: Actor) -> int:
    """Delete assertions that have expired and tokens long dead; return how many rows went."""
    actor.require(MachinePermission.MANAGE)
    now = clock.now()
    used, _ = UsedAssertion.objects.filter(expires_at__lt=now - rules.LEEWAY).delete()
    dead, _ = AccessToken.objects.filter(expires_at__lt=now - TOKENS_KEPT).delete()
    return used + dead


def record_given(
    *,
    actor: Actor,
    scopes: Sequence[MachineScope],
    on: date,
    person_ids: Sequence[UUID],
    organisation_id: UUID | None,
) -> None:
    """Record that personal data of these people went to the actor, a client; nothing when there was nobody."""
    if person_ids:
        audit.record(
            PersonalDataGiven(
                subjects=tuple(person_ids),
                organisation_id=organisation_id,
                scopes=sorted(scopes),
                on=on,
                count=len(person_ids),
                basis=actor.purpose,
            ),
            actor=actor,
        )


def _issue(credentials: Credentials, scope: str | None, now: datetime) -> IssuedToken:
    client = _authenticated(credentials, now)
    limits.count_request(client.id, limit=client.rate_per_minute, now=now)
    scopes = rules.narrow(scope, client.scopes)
    value = new_secret(TOKEN_PREFIX)
    AccessToken.objects.create(
        client=client,
        digest=digest_of(value),
        scopes=sorted(scopes),
        issued_at=now,
        expires_at=now + rules.TOKEN_LASTS,
    )
    audit.record(
        TokenIssued(
            object_id=client.id,
            organisation_id=client.organisation_id,
            client=client.client_id,
            method=credentials.method,
            scopes=sorted(scopes),
        ),
        actor=queries.actor_of(client, scopes),
    )
    return IssuedToken(value, scopes, rules.TOKEN_LASTS)


def _authenticated(credentials: Credentials, now: datetime) -> ApiClient:
    match credentials:
        case SecretCredentials():
            client = _by_secret(credentials, now)
        case AssertionCredentials():
            client = _by_assertion(credentials, now)
    if client.revoked_at is not None:
        raise OAuthRefused(
            OAuthError.INVALID_CLIENT,
            "machines.client_revoked",
            "Доступ этой системы отозван. Обратитесь к оператору региона.",
            "the client has been revoked",
        )
    if client.suspended_at is not None:
        raise OAuthRefused(
            OAuthError.INVALID_CLIENT,
            "machines.client_suspended",
            "Доступ этой системы приостановлен. Обратитесь к администратору безопасности региона.",
            "the client has been suspended",
        )
    return client


def _by_secret(credentials: SecretCredentials, now: datetime) -> ApiClient:
    """Every secret of the client is compared, in constant time; who shows a dead one is told that it is dead."""
    client = queries.known_client(credentials.client_id)
    kept = list(client.secrets.all()) if client else []
    presented = digest_of(credentials.secret)
    is_same(presented, _NOBODYS)
    same = [one for one in kept if is_same(one.digest, presented)]
    if client is None or not same:
        raise unknown_client()
    if client.revoked_at is None and not any(_term(one).lives(now) for one in same):
        raise OAuthRefused(
            OAuthError.INVALID_CLIENT,
            "machines.secret_dead",
            "Срок секрета истёк, или секрет отозван. Попросите оператора региона выпустить новый.",
            "the client secret has expired or been revoked",
        )
    return client


def _by_assertion(credentials: AssertionCredentials, now: datetime) -> ApiClient:
    assertion = assertions.read(credentials.assertion)
    client_id = assertion.client_id
    if credentials.client_id not in {None, client_id}:
        raise invalid_assertion(
            "client",
            "Параметр client_id и iss утверждения различаются. Исправьте запрос.",
            "client_id differs from iss",
        )
    client = queries.known_client(client_id)
    if client is None:
        raise unknown_client()
    live = ClientKey.objects.filter(client=client, revoked_at__isnull=True)
    known = [assertions.KnownKey(one.kid, one.algorithm, one.public_pem) for one in live]
    believed = assertions.believe(
        assertion, known, client_id=client.client_id, audiences=credentials.audiences, now=now
    )
    if not _first_use(client, believed):
        raise assertions.replayed()
    return client


def _first_use(client: ApiClient, believed: assertions.Believed) -> bool:
    """Remember an assertion; False when it is remembered already. Of two at once PostgreSQL lets one through."""
    return bool(
        bulk.execute(
            "INSERT INTO machines_usedassertion (client_id, jti, expires_at) VALUES (%s, %s, %s) "
            "ON CONFLICT (client_id, jti) DO NOTHING",
            [client.id, believed.jti, believed.expires_at],
        )
    )


def _record_refusal(actor: Actor, credentials: Credentials, refusal: OAuthRefused, now: datetime) -> None:
    """Write the refusal of a known client into the journal, a few times a minute at most."""
    named = credentials.client_id
    if isinstance(credentials, AssertionCredentials):
        try:
            named = assertions.read(credentials.assertion).client_id
        except OAuthRefused:
            return
    client = queries.known_client(named or "")
    if client is None or limits.hit(f"refused:{client.id}", now) > rules.REFUSALS_RECORDED:
        return
    with transaction.atomic():
        audit.record(
            TokenRefused(
                object_id=client.id,
                organisation_id=client.organisation_id,
                client=client.client_id,
                method=credentials.method,
                code=refusal.code,
            ),
            actor=actor,
        )
