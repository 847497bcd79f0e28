"""Whose rows a transaction may see: the scope of an actor, said to PostgreSQL once, at its start.

A transaction that has not said its scope sees no personal row at all. What the policies make of a scope is declared in
``row_security``; how a table gets its policy: docs/security/row-level-security.md, why so: ADR 0013.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError, NotAllowed
from kontingent.storage.postgresql.base import DatabaseWrapper

#: Sees what its settings say. The application signs in as this role and is nothing else outside a scope.
APPLICATION = "kontingent_app"
#: Sees the whole register; the planner finds nothing to check.
REGION = "kontingent_region"
#: Sees what must be known before anybody has been let in: the columns that ``row_security`` names, no more.
DOOR = "kontingent_door"
#: Reads the journal, and nothing else.
JOURNAL = "kontingent_journal"
#: Reads and writes the special categories (152-ФЗ, art. 10): the schema that nobody else may look into.
HEALTH = "kontingent_health"
ROLES = (APPLICATION, REGION, DOOR, JOURNAL, HEALTH)

_CODE = re.compile(r"[A-Za-z0-9_.:*-]{0,120}")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a transaction has said of its scope, so that whoever narrows or widens it can put it back."""

    role: str
    settings: Mapping[str, str]

    def first(self) -> str:
        """Return what the first statement of a transaction says: settings that are empty are so already."""
        return self._said({name: value for name, value in self.settings.items() if value not in {"", "{}"}})

    def again(self) -> str:
        """Return what takes the place of another scope within a transaction."""
        return self._said(self.settings)

    def after_a_look_beyond(self) -> str:
        """Return what puts back that which ``whole_register`` and ``journal`` change."""
        return self._said({name: self.settings[name] for name in ("permissions", "everybody")})

    def _said(self, settings: Mapping[str, str]) -> str:
        """One round trip of ``SET LOCAL``: text, not ``set_config``, since only that reaches the nodes of Citus."""
        return "; ".join(
            [
                f"SET LOCAL ROLE {self.role}",
                *(f"SET LOCAL kontingent.{name} = '{value}'" for name, value in settings.items()),
            ]
        )


#: The scope in force.
_in_force: ContextVar[Bound | None] = ContextVar("scope_in_force", default=None)


def is_bound() -> bool:
    """Say whether a scope is in force."""
    return _in_force.get() is not None


@contextmanager
def scoped(actor: Actor, *, snapshot: bool = False) -> Iterator[None]:
    """Run one transaction within an actor's scope (nested: a part of one, after which the former scope holds again).

    A refusal raised inside leaves standing what was written before the refused act; every action takes back its own
    writes. Any other error takes back everything. With ``snapshot`` all statements see the same moment.
    """
    with _bound(_scope_of(actor), snapshot=snapshot):
        yield


@contextmanager
def at_the_door() -> Iterator[None]:
    """Run one transaction before it is known who acts: sessions, tokens, and who has which right to enter."""
    with _bound(_scope(DOOR)):
        yield


def let_in(actor: Actor) -> None:
    """Run the rest of a transaction that began at the door within the scope of whoever has been let in."""
    wanted = _scope_of(actor)
    _run(wanted.again())
    _in_force.set(wanted)


@contextmanager
def whole_register() -> Iterator[None]:
    """Look beyond the actor's scope for a moment, where the law of the domain asks for it.

    For matching before creating, for who is enrolled elsewhere, for counts of everybody. What comes back must not show more of
    a stranger than the question was about. ``tests/house`` holds the list of places that may do this.
    """
    asked = f"SET LOCAL ROLE {REGION}; SET LOCAL kontingent.permissions = '{{*}}'; SELECT '{REGION}'"
    with _as_role(asked, REGION, permissions="{*}"):
        yield


@contextmanager
def journal(*, about: Collection[UUID] = (), permission: str = "") -> Iterator[None]:
    """Read the journal: about persons whom the scope shows, or with a permission that the actor holds.

    Raises:
        NotAllowed: the scope in force does not, says PostgreSQL.
    """
    # The region's scope lists no places: it sees everybody by its role.
    seen = f"current_setting('role') = '{REGION}' OR scope.sees(one)"
    shown = f"(SELECT bool_and({seen}) FROM unnest('{_array(about)}'::uuid[]) one)"
    may = f"scope.holds('{_checked(permission)}')" if permission else shown
    asked = (
        f"SELECT set_config('role', CASE WHEN {may} THEN '{JOURNAL}' ELSE current_setting('role') END, true)"
    )
    with _as_role(asked, JOURNAL):
        yield


@contextmanager
def compartment(permission: str) -> Iterator[None]:
    """Step into the compartment of special categories, with a permission that the actor holds; outside it, nobody sees a row.

    What is in it is still filtered: its policies show the persons of the scope, where their stage is open.

    Raises:
        NotAllowed: the scope in force does not hold the permission, says PostgreSQL.
    """
    asked = (
        "SET LOCAL kontingent.everybody = '{everybody}'; SELECT set_config('role', CASE WHEN scope.holds('{permission}') "
        "THEN '{role}' ELSE current_setting('role') END, true)"
    )
    former = _in_force.get()
    everybody = "on" if former is not None and former.role == REGION else ""
    statement = asked.format(everybody=everybody, permission=_checked(permission), role=HEALTH)
    with _as_role(statement, HEALTH, everybody=everybody):
        yield


# -- binding -----------------------------------------------------------------------------------


@contextmanager
def _bound(wanted: Bound, *, snapshot: bool = False) -> Iterator[None]:
    refused: KontingentError | None = None
    former, is_nested = _in_force.get(), connection.in_atomic_block
    with _transaction(wanted, is_nested=is_nested, snapshot=snapshot):
        token = _in_force.set(wanted)
        try:
            yield
        except KontingentError as refusal:
            refused = refusal
        finally:
            _in_force.reset(token)
        if is_nested and not connection.needs_rollback and not _is_broken():
            _run(former.again() if former else "RESET ROLE")
    if refused is not None:
        raise refused


@contextmanager
def _transaction(wanted: Bound, *, is_nested: bool, snapshot: bool) -> Iterator[None]:
    """A transaction that opens with its scope, or a part of one that goes on in it."""
    if is_nested:
        with transaction.atomic():
            _run(wanted.again())
            yield
        return
    isolation = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; " if snapshot else ""
    with cast(DatabaseWrapper, connection).opening_with(isolation + wanted.first()), transaction.atomic():
        yield


@contextmanager
def _as_role(statement: str, role: str, **settings: str) -> Iterator[None]:
    """Change the role within a bound scope; where none is bound (the owner at work) there is nothing to change."""
    former = _in_force.get()
    if former is None:
        yield
        return
    if _run(statement) != role:
        raise NotAllowed("access.journal_closed", "Этот журнал вам недоступен.")
    token = _in_force.set(Bound(role, {**former.settings, **settings}))
    try:
        yield
    finally:
        _in_force.reset(token)
        # A broken transaction is rolled back to a savepoint by whoever set it, and the role with it.
        if not _is_broken():
            _run(former.after_a_look_beyond())


def _is_broken() -> bool:
    raw = connection.connection
    return raw is None or raw.info.transaction_status == TransactionStatus.INERROR


def _run(statement: str) -> str:
    """Run statements in one round trip; return the value of the last one, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        raw: Any = cursor.cursor
        while raw.nextset():
            pass
        row = cursor.fetchone() if cursor.description else None
    return str(row[0]) if row else ""


# -- what is said -----------------------------------------------------------------------------


def _scope_of(actor: Actor) -> Bound:
    scope = actor.scope
    if scope.whole_region:
        return _scope(REGION, permissions=actor.permissions, actor=actor.code)
    return _scope(
        APPLICATION, organisations=scope.organisations, municipalities=scope.municipalities, groups=scope.groups,
        persons=scope.persons, permissions=actor.permissions, actor=actor.code, is_family=scope.is_family,
    )  # fmt: skip


def _scope(
    role: str,
    *,
    organisations: Iterable[UUID] = (),
    municipalities: Iterable[UUID] = (),
    groups: Iterable[UUID] = (),
    persons: Iterable[UUID] = (),
    permissions: Iterable[str] = (),
    actor: str = "",
    is_family: bool = False,
) -> Bound:
    settings = {
        "organisations": _array(organisations),
        "municipalities": _array(municipalities),
        "groups": _array(groups),
        "persons": _array(persons),
        "permissions": _array(_checked(one) for one in permissions),
        "actor": _checked(actor),
        "family": "on" if is_family else "",
        "everybody": "",
    }
    return Bound(role, settings)


def _array(values: Iterable[UUID | str]) -> str:
    """Write an array of PostgreSQL; its members are ids or codes, in which nothing needs quoting."""
    return "{" + ",".join(sorted(map(str, values))) + "}"


def _checked(code: str) -> str:
    if not _CODE.fullmatch(code):
        raise ValueError(f"not a code: {code!r}")
    return code
