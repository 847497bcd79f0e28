"""Rules of machine access: the catalogue of scopes, their grammar and narrowing, lifetimes, limits. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from kontingent.access.machines.permissions import MachinePermission as Machine
from kontingent.access.machines.refusals import OAuthError, OAuthRefused
from kontingent.enrolment.permissions import EnrolmentPermission as Enrol
from kontingent.kernel.errors import InvalidValue, RuleViolation
from kontingent.organisations.permissions import OrganisationPermission as Org
from kontingent.performance.permissions import PerformancePermission as Performance
from kontingent.persons.permissions import PersonPermission as Person
from kontingent.reports.permissions import ReportPermission as Report
from kontingent.trajectory.feed.permissions import FeedPermission as Feed

TOKEN_LASTS = timedelta(minutes=15)
SECRET_LASTS = timedelta(days=365)
LONGEST_SECRET = timedelta(days=730)
#: How long the former secret still works after a rotation.
OVERLAP = timedelta(days=7)
LONGEST_OVERLAP = timedelta(days=30)
MOST_LIVE_SECRETS = 2
MOST_LIVE_KEYS = 4
#: An assertion lives for minutes; clocks may differ by seconds.
LONGEST_ASSERTION = timedelta(minutes=5)
LEEWAY = timedelta(seconds=30)
DEFAULT_RATE, HIGHEST_RATE = 120, 6000
#: So many refusals of one client in a minute go into the journal; it is not for an attacker to fill.
REFUSALS_RECORDED = 5
PURPOSE = "exchange"


class MachineScope(StrEnum):
    """What a client may be given: a set of data per field group."""

    ORGANISATIONS = "organisations.read"
    LEARNERS = "learners.read"
    SNILS = "learners.snils"
    DOCUMENTS = "learners.documents"
    ADDRESSES = "learners.addresses"
    CONTACTS = "learners.contacts"
    CONTINGENT = "contingent.read"
    JOURNALS = "journals.write"
    REPORTS = "reports.read"
    CHANGES = "changes.read"
    FOREIGN_MINORS = "foreign-minors.read"
    EPGU = "epgu.serve"
    ROSTER_CORE = "roster-core.readonly"
    ROSTER = "roster.readonly"
    ROSTER_DEMOGRAPHICS = "roster-demographics.readonly"
    GRADEBOOK_CORE = "gradebook-core.readonly"
    GRADEBOOK = "gradebook.readonly"
    GRADEBOOK_PUT = "gradebook.createput"
    GRADEBOOK_POST = "gradebook.createpost"
    GRADEBOOK_DELETE = "gradebook.delete"


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """One line of the catalogue: what the scope opens, by which permissions, and which other scope it needs."""

    title: str
    permissions: frozenset[str]
    needs: MachineScope | None = None


#: The room of ЕПГУ sits beside this one, so its permission is named by its stable code.
SERVE_CITIZENS = "epgu.serve"


def _entry(title: str, *permissions: StrEnum | str, needs: MachineScope | None = None) -> ScopeEntry:
    return ScopeEntry(title, frozenset(str(one) for one in permissions), needs)


#: Whoever reads a gradebook is told of learners and classes by their ids, and must find them to be within reach.
_BOOK = (Org.VIEW, Person.VIEW, Enrol.VIEW, Performance.VIEW)

SCOPES: dict[MachineScope, ScopeEntry] = {
    MachineScope.ORGANISATIONS: _entry("реестр организаций", Org.VIEW),
    MachineScope.LEARNERS: _entry("ФИО, дата рождения, пол, класс", Person.VIEW, Enrol.VIEW),
    MachineScope.SNILS: _entry("СНИЛС", Machine.READ_SNILS, needs=MachineScope.LEARNERS),
    MachineScope.DOCUMENTS: _entry(
        "документы, удостоверяющие личность", Person.VIEW_DOCUMENTS, needs=MachineScope.LEARNERS
    ),
    MachineScope.ADDRESSES: _entry("адреса", Person.VIEW_ADDRESSES, needs=MachineScope.LEARNERS),
    MachineScope.CONTACTS: _entry("телефоны и почта", Machine.READ_CONTACTS, needs=MachineScope.LEARNERS),
    MachineScope.CONTINGENT: _entry("численность контингента, без персональных данных", Enrol.COUNT),
    MachineScope.REPORTS: _entry("числа форм статистики, без персональных данных", Report.VIEW),
    MachineScope.CHANGES: _entry("лента изменений: идентификаторы, виды и дни", Feed.FOLLOW),
    MachineScope.FOREIGN_MINORS: _entry(
        "зачисление и отчисление несовершеннолетних иностранных граждан, для МВД (314-ФЗ)",
        Feed.FOREIGN_MINORS,
        Person.VIEW_DOCUMENTS,
        Person.VIEW_ADDRESSES,
    ),
    MachineScope.ROSTER_CORE: _entry(
        "OneRoster: организации, классы, ученики и кто в каком классе", Org.VIEW, Person.VIEW, Enrol.VIEW
    ),
    MachineScope.ROSTER: _entry(
        "OneRoster: то же и списки внутри школы, класса, ученика", Org.VIEW, Person.VIEW, Enrol.VIEW
    ),
    MachineScope.ROSTER_DEMOGRAPHICS: _entry("OneRoster: дата рождения и пол", Person.VIEW, Enrol.VIEW),
    MachineScope.GRADEBOOK_CORE: _entry("OneRoster: категории, работы, отметки и шкалы", *_BOOK),
    MachineScope.GRADEBOOK: _entry(
        "OneRoster: то же внутри школы, класса, ученика; уроки и посещаемость", *_BOOK
    ),
    MachineScope.GRADEBOOK_PUT: _entry(
        "OneRoster: журнал записывает работы и отметки", *_BOOK, Performance.DELIVER
    ),
    MachineScope.GRADEBOOK_POST: _entry(
        "OneRoster: журнал записывает работы и отметки списком", *_BOOK, Performance.DELIVER
    ),
    MachineScope.GRADEBOOK_DELETE: _entry(
        "OneRoster: журнал отзывает работы и отметки", *_BOOK, Performance.DELIVER
    ),
    MachineScope.JOURNALS: _entry("передача уроков, отметок и посещаемости", Performance.DELIVER),
    MachineScope.EPGU: _entry("успеваемость по запросам граждан через ЕПГУ", SERVE_CITIZENS),
}

#: RFC 6749 §3.3: scope tokens of visible ASCII without quote and backslash, one space between.
_TOKEN = r"[\x21\x23-\x5b\x5d-\x7e]+"  # noqa: S105 - a pattern
_GRAMMAR = re.compile(rf"{_TOKEN}(?: {_TOKEN})*")
LONGEST_SCOPE = 1000
#: The standard names its scopes by address, in each edition by another; they are kept by their last part.
ONEROSTER_PREFIX = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
_ONEROSTER_V11 = "https://purl.imsglobal.org/spec/or/v1p1/scope/"


def read_scope(text: str) -> frozenset[MachineScope]:
    """Return the scopes of a ``scope`` parameter, or refuse with ``invalid_scope``."""
    if len(text) > LONGEST_SCOPE or not _GRAMMAR.fullmatch(text):
        raise OAuthRefused(
            OAuthError.INVALID_SCOPE,
            "machines.scope_grammar",
            "Параметр scope записан неверно: перечислите области через один пробел, например "
            "«organisations.read learners.read».",
            "scope must be space-separated tokens",
        )
    tokens = {token.removeprefix(ONEROSTER_PREFIX).removeprefix(_ONEROSTER_V11) for token in text.split(" ")}
    unknown = sorted(tokens - {one.value for one in MachineScope})
    if unknown:
        raise _scope_refused(
            "unknown",
            f"Области доступа «{unknown[0][:60]}» нет. Есть: {listed(MachineScope)}.",
            "unknown scope",
        )
    return frozenset(MachineScope(token) for token in tokens)


def narrow(requested: str | None, allowed: Iterable[str]) -> frozenset[MachineScope]:
    """Return the scopes of a new token: what was asked for, all that is allowed when nothing was.

    Asking for more than allowed is refused, not cut: a client must know what it holds.
    """
    may = frozenset(MachineScope(one) for one in allowed)
    if requested is None:
        return may
    wanted = read_scope(requested)
    if wanted - may:
        raise _scope_refused(
            "not_allowed",
            f"Системе не разрешено: {listed(wanted - may)}. Запросите только разрешённое ({listed(may)}) "
            "или обратитесь к оператору региона.",
            "scope exceeds what the client is allowed",
        )
    missing = missing_needs(wanted)
    if missing:
        raise _scope_refused(
            "incomplete", f"К запрошенным областям добавьте {listed(missing)}.", "scope needs learners.read"
        )
    return wanted


def check_allowed(scopes: Collection[str]) -> list[str]:
    """Return the scopes of a new client in the catalogue's order, or refuse."""
    known = {one.value for one in MachineScope}
    unknown = sorted(set(scopes) - known)
    if unknown or not scopes:
        said = (
            f"Области доступа «{unknown[0][:60]}» нет" if unknown else "Не указано ни одной области доступа"
        )
        raise InvalidValue("machines.scopes", f"{said}. Укажите из перечня: {listed(MachineScope)}.")
    wanted = frozenset(MachineScope(one) for one in scopes)
    if missing := missing_needs(wanted):
        raise InvalidValue(
            "machines.scopes_incomplete", f"К указанным областям доступа добавьте {listed(missing)}."
        )
    return [one.value for one in MachineScope if one in wanted]


def missing_needs(scopes: Collection[MachineScope]) -> frozenset[MachineScope]:
    """Return what the scopes need beside themselves and do not have."""
    needed = {SCOPES[one].needs for one in scopes} - {None}
    return frozenset(one for one in needed if one is not None and one not in scopes)


def permissions_of(scopes: Iterable[MachineScope]) -> frozenset[str]:
    """Return the permissions that scopes mean."""
    return frozenset[str]().union(*(SCOPES[one].permissions for one in scopes))


def listed(scopes: Iterable[MachineScope]) -> str:
    """Return scopes in words, in the catalogue's order."""
    held = frozenset(scopes)
    return ", ".join(one.value for one in MachineScope if one in held)


def as_parameter(scopes: Iterable[MachineScope]) -> str:
    """Return scopes as OAuth2 writes them, in the catalogue's order."""
    return listed(scopes).replace(",", "")


def _scope_refused(what: str, message: str, description: str) -> OAuthRefused:
    return OAuthRefused(OAuthError.INVALID_SCOPE, f"machines.scope_{what}", message, description)


# -- clients -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose data a client may have: one organisation, one municipality or the whole region."""

    organisation_id: UUID | None = None
    municipality_id: UUID | None = None
    whole_region: bool = False


def check_reach(reach: Reach) -> None:
    """Raise unless exactly one of the three is said."""
    said = [reach.organisation_id is not None, reach.municipality_id is not None, reach.whole_region]
    if sum(said) != 1:
        raise InvalidValue(
            "machines.reach",
            "Укажите ровно одно: организацию, муниципалитет или весь регион. От этого зависит, чьи данные "
            "получит система.",
        )


def check_rate(rate: int) -> None:
    """Raise unless the number of requests a minute is one that can be kept."""
    if not 1 <= rate <= HIGHEST_RATE:
        raise InvalidValue(
            "machines.rate", f"Предел запросов в минуту – от 1 до {HIGHEST_RATE}. Исправьте число."
        )


# -- secrets -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SecretTerm:
    """The time of a secret as rules see it."""

    expires_at: datetime
    revoked_at: datetime | None

    def lives(self, now: datetime) -> bool:
        """Say whether it works at a moment."""
        return self.revoked_at is None and now < self.expires_at


def check_room_for_secret(terms: Iterable[SecretTerm], now: datetime) -> None:
    """Raise when a client already has as many live secrets as it may."""
    if sum(term.lives(now) for term in terms) >= MOST_LIVE_SECRETS:
        raise RuleViolation(
            "machines.secrets_full",
            "У системы уже два действующих секрета. Отзовите прежний, затем выпустите новый.",
        )


def check_secret_lasts(lasts: timedelta) -> None:
    """Raise unless a secret is given for a sensible time."""
    if not timedelta(days=1) <= lasts <= LONGEST_SECRET:
        raise InvalidValue(
            "machines.secret_term", f"Срок секрета – от 1 до {LONGEST_SECRET.days} дней. Исправьте срок."
        )


def check_overlap(overlap: timedelta) -> None:
    """Raise unless both secrets work together for a sensible time."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidValue(
            "machines.overlap",
            f"Прежний секрет может действовать ещё не дольше {LONGEST_OVERLAP.days} дней. Исправьте срок.",
        )
