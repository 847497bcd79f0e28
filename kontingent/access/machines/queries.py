"""Reading: the client behind a name, the actor behind a token."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from kontingent.access.machines import rules
from kontingent.access.machines.digests import TOKEN_PREFIX, digest_of, is_same
from kontingent.access.machines.models import AccessToken, ApiClient, RateWindow
from kontingent.access.machines.permissions import MachinePermission
from kontingent.access.machines.refusals import invalid_token
from kontingent.access.machines.rules import MachineScope
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.kernel.scope import Scope
from kontingent.organisations import queries as organisations
from kontingent.performance.permissions import PerformancePermission
from kontingent.trajectory.feed.permissions import FeedPermission

ROLE = "Внешняя система"
_TOKEN = re.compile(rf"{TOKEN_PREFIX}[A-Za-z0-9_-]{{43}}")
_CLIENT_ID = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who holds a token: the actor, the client, and the scopes the token still gives."""

    actor: Actor
    client: ApiClient
    scopes: frozenset[MachineScope]


def bearer_of(token: str, *, now: datetime | None = None) -> Bearer:
    """Return who holds a live token, in one statement; refuses with ``invalid_token``.

    A scope taken from the client since is no longer in the token either.
    """
    now = now or clock.now()
    if not _TOKEN.fullmatch(token):
        raise invalid_token()
    digest = digest_of(token)
    found = AccessToken.objects.select_related("client").filter(digest=digest).first()
    if found is None or not is_same(found.digest, digest):
        raise invalid_token()
    client = found.client
    if found.revoked_at is not None or found.expires_at <= now or client.is_stopped:
        raise invalid_token()
    scopes = frozenset(MachineScope(one) for one in set(found.scopes) & set(client.scopes))
    return Bearer(actor_of(client, scopes), client, scopes)


def actor_for_token(token: str) -> Actor:
    """Return the actor that a live token stands for; refuses with ``invalid_token``."""
    return bearer_of(token).actor


def actor_of(client: ApiClient, scopes: frozenset[MachineScope]) -> Actor:
    """Return a client as the actor of its requests."""
    return Actor(
        code=client.actor_code,
        name=client.name,
        role=ROLE,
        permissions=rules.permissions_of(scopes),
        scope=scope_of(client),
        organisation_id=client.organisation_id,
        post=client.name,
        purpose=rules.PURPOSE,
    )


def scope_of(client: ApiClient) -> Scope:
    """Return whose data a client may have."""
    if client.organisation_id is not None:
        return Scope.of_organisation(client.organisation_id)
    if client.municipality_id is not None:
        return Scope.of_municipality(client.municipality_id)
    return Scope.region() if client.whole_region else Scope()


def deliverer(client_code: str) -> Actor:
    """Return the client with this code of an actor as the one who delivers for its journal, as a job of the worker acts for it.

    Raises:
        NotAllowed: the client is stopped or not there; nothing is taken in its name.
    """
    try:
        key = UUID(client_code.removeprefix("client:"))
    except ValueError:
        key = None
    client = ApiClient.objects.select_related("organisation").filter(pk=key).first() if key else None
    if client is None or client.is_stopped:
        raise NotAllowed(
            "machines.deliverer_stopped",
            f"Доступ системы журнала{f' «{client.name}»' if client else ''} остановлен: от её имени ничего не принимается. "
            "Возобновите его: kontingent machine resume.",
        )
    return actor_of(client, frozenset({MachineScope.JOURNALS}))


def citizens_service(client_id: str) -> Actor:
    """Return the client that calls itself so as the one who asks for citizens, as the worker acts for it on files it left.

    Raises:
        NotAllowed: there is no such client, it is stopped, or it may not ask for citizens; nothing is told in its name.
    """
    client = known_client(client_id)
    if client is None or client.is_stopped or MachineScope.EPGU.value not in client.scopes:
        raise NotAllowed(
            "machines.not_a_citizens_service",
            f"Внешней системы с областью {MachineScope.EPGU.value}, за которую отвечает эта папка, нет, или её доступ остановлен. "
            "Зарегистрируйте её на странице «Внешние системы» и назовите папку её client_id.",
        )
    return actor_of(client, frozenset({MachineScope.EPGU}))


def known_client(client_id: str) -> ApiClient | None:
    """Return the client that calls itself so, whoever asks; None where there is none."""
    if not _CLIENT_ID.fullmatch(client_id):
        return None
    return ApiClient.objects.select_related("organisation").filter(client_id=client_id).first()


def client(actor: Actor, client_id: str) -> ApiClient:
    """Return a client that the actor may manage."""
    actor.require(MachinePermission.MANAGE)
    found = known_client(client_id)
    if found is None:
        raise NotFound(
            "machines.no_such_client", f"Внешней системы «{client_id[:40]}» нет. Проверьте её client_id."
        )
    require_reach(actor, found)
    return found


def clients(actor: Actor) -> QuerySet[ApiClient]:
    """Return the clients that the actor may manage, the newest first, with their places."""
    actor.require(MachinePermission.MANAGE)
    found = ApiClient.objects.select_related("organisation", "municipality").order_by("-created_at", "-id")
    if _anywhere(actor) or actor.scope.whole_region:
        return found
    return found.filter(organisations.scope_condition(actor.scope))


def subscribers(actor: Actor, scopes: Collection[MachineScope]) -> QuerySet[ApiClient]:
    """Return the clients that are registered to follow the change feed by one of its scopes, of any reach, with their places."""
    actor.require(FeedPermission.WATCH)
    return ApiClient.objects.select_related("organisation", "municipality").filter(
        scopes__overlap=[one.value for one in scopes]
    )


def deliverers(actor: Actor) -> dict[str, ApiClient]:
    """Return the clients that may deliver as journals for the actor's place – its own, and those above it –, by the code of their actor."""
    actor.require(PerformancePermission.VIEW)
    found = ApiClient.objects.select_related("organisation", "municipality").filter(
        scopes__contains=[MachineScope.JOURNALS.value]
    )
    if not actor.scope.whole_region:
        found = found.filter(organisations.around_condition(actor.scope) | Q(whole_region=True))
    return {one.actor_code: one for one in found}


def last_uses(found: Collection[ApiClient]) -> dict[UUID, datetime]:
    """Return when each client was last heard of, to the minute."""
    issued = AccessToken.objects.filter(client__in=found).values("client_id").annotate(at=Max("issued_at"))
    uses = {row["client_id"]: row["at"] for row in issued}
    by_key = {one.actor_code: one.id for one in found}
    for window in RateWindow.objects.filter(key__in=by_key):
        client_id = by_key[window.key]
        uses[client_id] = max(window.minute, uses.get(client_id, window.minute))
    return uses


def reach_in_words(client: ApiClient) -> str:
    """Return whose data a client may have, in Russian."""
    if client.organisation is not None:
        return f"организация {client.organisation.short_name}"
    return f"муниципалитет {client.municipality.name}" if client.municipality is not None else "весь регион"


def _anywhere(actor: Actor) -> bool:
    return MachinePermission.MANAGE_ANYWHERE.value in actor.permissions


def require_reach(actor: Actor, client: ApiClient) -> None:
    """Raise ``NotAllowed`` unless the client's reach lies inside the actor's scope, or he watches over all of them."""
    if _anywhere(actor):
        return
    organisation = client.organisation
    if organisation is not None:
        actor.require(
            MachinePermission.MANAGE,
            organisation_id=organisation.id,
            municipality_id=organisation.municipality_id,
        )
    elif client.municipality_id is not None:
        actor.require(MachinePermission.MANAGE, municipality_id=client.municipality_id)
    else:
        require_region(actor)


def require_region(actor: Actor) -> None:
    """Raise ``NotAllowed`` unless the actor acts for the whole region."""
    actor.require(MachinePermission.MANAGE)
    if not actor.scope.whole_region:
        raise NotAllowed(
            "access.out_of_scope",
            "Доступ ко всему региону даёт только оператор региона. Укажите организацию или муниципалитет.",
        )
