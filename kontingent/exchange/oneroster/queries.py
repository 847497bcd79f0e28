"""The register as collections of OneRoster: what the actor's scope holds on a day, in a fixed number of statements.

A collection is a query whose columns bear the names of ``model``; files and JSON are made of the same rows. What no
journal may have – СНИЛС, documents, addresses – is not among them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Collate, Concat, Greatest, Lower, LPad, StrIndex
from django.db.models.lookups import GreaterThan

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment.models import Group, GroupVersion, Placement
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.exchange.oneroster import model, payloads, rules
from kontingent.exchange.oneroster.gradebook import PERIOD
from kontingent.exchange.oneroster.model import Column, Edition, File, Mode
from kontingent.exchange.oneroster.rules import Filter, Order
from kontingent.exchange.oneroster.writing import RosterSet
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import OrganisationVersion
from kontingent.organisations.permissions import OrganisationPermission
from kontingent.performance.codes import WHOLE_YEAR
from kontingent.performance.models import GradingPeriod
from kontingent.persons import queries as persons
from kontingent.persons.models import Person
from kontingent.persons.permissions import PersonPermission

#: What is not dated in the register has not changed since.
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_P = "or_"
Ids = Mapping[str, str]
_OPERATORS = {"=": "exact", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
#: So many rows of a set are in memory at once.
_AT_ONCE = 2000
#: The database sorts by bytes and knows capitals of Latin alone; this collation of PostgreSQL's own knows all.
LETTERS = "pg_c_utf8"


class Page(NamedTuple):
    """Some rows and how many there are in all; not counted is a number that the page before has told."""

    rows: list[dict[str, Any]]
    total: int
    is_counted: bool = True


class Begun(NamedTuple):
    """What the page before has told: how many there are, when they were counted, the id of its last row."""

    total: int
    counted_at: datetime
    after: str


#: Columns of our own, by file: which period of УФТТ a session is.
_OWN: Mapping[str, tuple[str, ...]] = {"academicSessions": (PERIOD,)}


@dataclass(frozen=True, slots=True)
class Collection:
    """A kind of object: its file, its query, and which of its columns name a person."""

    name: str
    single: str
    file: str
    make: Callable[[Actor, date], Any]
    known: tuple[str, ...]
    key: Callable[[str], Q | None]
    person: str = ""

    @property
    def columns(self) -> list[Column]:
        """The columns that the register fills."""
        declared = model.FILES[Edition.V12][self.file]
        standard = ("sourcedId", "status", "dateLastModified", *self.known)
        return [
            *(one for one in declared.columns if one.name in standard),
            *(Column(name) for name in _OWN.get(self.file, ())),
        ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader wants of a collection: ``within`` are ids of the path, by column; ``begun`` where it goes on from a page."""

    filter: Filter = field(default_factory=Filter)
    order: Order = field(default_factory=lambda: Order("sourcedId"))
    limit: int = rules.USUAL_ROWS
    offset: int = 0
    within: Ids = field(default_factory=dict)
    begun: Begun | None = None

    def known_total(self, got: int) -> int | None:
        """Return how many there are if that need not be counted: the page before has told it, and this page is full and not the last by it.

        So a list never ends by an old number.
        """
        if self.begun is None or got < self.limit or self.offset + got >= self.begun.total:
            return None
        return self.begun.total


def page(actor: Actor, collection: Collection, asked: Asked, *, on: date) -> Page:
    """Return a page of a collection, in two statements; in one where how many there are is known."""
    found = collection.make(actor, on)
    if isinstance(found, list):
        rows = [
            row
            for row in found
            if rules.holds(asked.filter, row) and all(row[name] == key for name, key in asked.within.items())
        ]
        return Page(
            [dict(one) for one in rules.in_order(rows, asked.order)[asked.offset :][: asked.limit]], len(rows)
        )
    for name, key in asked.within.items():
        found = found.filter(_within(name, key, on))
    found = found.filter(_condition(asked.filter))
    placed, offset = _in_order(found, collection, asked)
    rows = [_named(row) for row in placed[offset : offset + asked.limit]]
    if (known := asked.known_total(len(rows))) is not None:
        return Page(rows, known, is_counted=False)
    return Page(rows, found.order_by().count())


def _in_order(found: QuerySet[Any], collection: Collection, asked: Asked) -> tuple[QuerySet[Any], int]:
    """Return a collection in the order asked for, along an index where there is one, and how many of it lie before the page.

    The ids of what is kept by a UUID are in the order of their text; a page in that order which goes on from another begins behind its last id.
    """
    column, descending = asked.order.column, asked.order.descending
    is_by_uuid = collection.key is _by_uuid
    last = "pk" if is_by_uuid else f"{_P}sourcedId"
    if column != "sourcedId":
        order = F(f"{_P}{column}")
        return found.order_by(order.desc(nulls_last=True) if descending else order.asc(nulls_first=True), last), asked.offset  # fmt: skip
    placed = found.order_by(f"-{last}" if descending else last)
    if asked.begun and is_by_uuid:
        return placed.filter(**{"pk__lt" if descending else "pk__gt": _uuid(asked.begun.after)}), 0
    return placed, asked.offset


def one(
    actor: Actor, collection: Collection, source_id: str, *, on: date, within: Ids | None = None
) -> dict[str, Any]:
    """Return an object by its id, or refuse: unknown and out of reach are the same."""
    found = collection.make(actor, on)
    rows: list[dict[str, Any]]
    if isinstance(found, list):
        rows = [row for row in found if row["sourcedId"] == source_id]
    else:
        condition = collection.key(source_id)
        for name, key in (within or {}).items():
            found = found.filter(_within(name, key, on))
        rows = (
            [_named(row) for row in found.filter(condition).order_by()[:1]] if condition is not None else []
        )
    rows = [row for row in rows if all(row.get(name, key) == key for name, key in (within or {}).items())]
    if not rows:
        raise unknown_object()
    return rows[0]


def unknown_object() -> NotFound:
    """Unknown and out of reach are told alike."""
    return NotFound(
        "oneroster.unknown_object", "Такого объекта нет или он вам не доступен. Проверьте sourcedId."
    )


def roles(actor: Actor, person_ids: Sequence[str], *, on: date) -> dict[str, list[dict[str, Any]]]:
    """Return the roles of people, in one statement."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = (
        _roles(actor, on).filter(person_id__in=[UUID(one) for one in person_ids]).order_by("-is_main", "id")
    )
    for row in map(_named, rows):
        found[row["userSourcedId"]].append(row)
    return found


class Streamed(Sequence[dict[str, str]]):
    """Rows of a file, read from the database as they are asked for, each time anew; only some are in memory at once."""

    def __init__(self, found: Any, written: Callable[[Mapping[str, Any]], dict[str, str]]) -> None:
        """Take a query, or rows that are few, and how one of them is written."""
        self._found, self._written = found, written
        self._number: int | None = None

    def __iter__(self) -> Iterator[dict[str, str]]:
        """Yield the rows in the order of their ids."""
        if isinstance(self._found, list):
            yield from map(self._written, self._found)
        else:
            for row in self._found.order_by(f"{_P}sourcedId").iterator(chunk_size=_AT_ONCE):
                yield self._written(_named(row))

    def __len__(self) -> int:
        """Return how many there are."""
        if self._number is None:
            self._number = (
                len(self._found) if isinstance(self._found, list) else self._found.order_by().count()
            )
        return self._number

    def __getitem__(self, place: Any) -> Any:
        """Return a row, or some."""
        return list(self)[place]


class Joined(Sequence[dict[str, str]]):
    """Rows of one file that come from several places, one after another."""

    def __init__(self, *parts: Sequence[dict[str, str]]) -> None:
        """Take the parts in their order."""
        self._parts = parts

    def __iter__(self) -> Iterator[dict[str, str]]:
        """Yield the rows."""
        return chain(*self._parts)

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, self._parts))

    def __getitem__(self, place: Any) -> Any:
        """Return a row, or some."""
        return list(self)[place]


def bulk(actor: Actor, *, on: date, edition: Edition = Edition.V12) -> RosterSet:
    """Return everything of rostering within the scope as a full set (полный набор), its rows read as they are written."""
    active = Asked(Filter((rules.Term("status", "=", "active"),)))
    tables = {
        one.file: Streamed(_found(actor, one, active, on), partial(_in_full, declared=declared))
        for one in (ACADEMIC_SESSIONS, ORGS, COURSES, CLASSES, USERS, ENROLLMENTS, ROLES, DEMOGRAPHICS)
        if (declared := model.FILES[edition].get(one.file)) is not None
    }
    reads.note(actor, ReadKind.EXPORT, sorted(_people_told(_people(actor, on))), what="набор OneRoster")
    return RosterSet(edition, _modes(edition, tables, Mode.BULK), tables, _OWN)


def delta(actor: Actor, *, since: datetime, on: date, edition: Edition = Edition.V12) -> RosterSet:
    """Return what has changed since a moment (изменения): who left a class is there to be deleted.

    School years and periods go whole: they are few, and the register does not know when they were changed. Somebody whose class
    changed is told with them, though nothing of the person itself did. Rows are read as they are written; of those whose class
    changed only id and moment are kept.
    """
    changed = Asked(Filter((rules.Term("dateLastModified", ">=", since),)))
    enrolments = _found(actor, ENROLLMENTS, changed, on)
    moved: dict[UUID, datetime] = {}
    for who, moment in enrolments.order_by().values_list("person_id", f"{_P}dateLastModified").iterator():
        moved[who] = max(moment, moved.get(who, LONG_AGO))
    people = _condition(changed.filter) | Q(pk__in=list(moved))
    found: dict[str, Any] = {
        one.file: _found(actor, one, changed, on)
        for one in (ORGS, COURSES, CLASSES, ENROLLMENTS, DEMOGRAPHICS)
    }
    found |= {
        ACADEMIC_SESSIONS.file: _found(actor, ACADEMIC_SESSIONS, Asked(), on),
        USERS.file: USERS.make(actor, on).filter(people),
    }
    tables: dict[str, Sequence[dict[str, str]]] = {
        name: Streamed(rows, partial(_changed, declared=declared, moved=moved if name == USERS.file else {}))
        for name, rows in found.items()
        if (declared := model.FILES[edition].get(name)) is not None
    }
    if (declared := model.FILES[edition].get(ROLES.file)) is not None:
        gone = enrolments.filter(**{f"{_P}status": "tobedeleted"})
        tables[ROLES.file] = Joined(
            Streamed(_found(actor, ROLES, changed, on), partial(_changed, declared=declared, moved={})),
            Streamed(gone, lambda row: _changed(_former_role(row), declared=declared, moved={})),
        )
    told_of = _people_told(
        _people(actor, on).annotate(**{f"{_P}dateLastModified": F("updated_at")}).filter(people)
    )
    reads.note(actor, ReadKind.EXPORT, sorted(told_of | set(moved)), what="изменения набора OneRoster")
    return RosterSet(edition, _modes(edition, tables, Mode.DELTA), tables, _OWN)


def _found(actor: Actor, collection: Collection, asked: Asked, on: date) -> Any:
    found = collection.make(actor, on)
    if isinstance(found, list):
        return rules.in_order([row for row in found if rules.holds(asked.filter, row)], asked.order)
    return found.filter(_condition(asked.filter))


def _people_told(found: QuerySet[Person]) -> set[UUID]:
    """Return the ids of people, which the journal of reads is told."""
    return set(found.order_by().values_list("pk", flat=True).iterator())


def _modes(edition: Edition, tables: Mapping[str, Sequence[Any]], mode: Mode) -> dict[str, Mode]:
    return {name: mode if tables.get(name) else Mode.ABSENT for name in model.FILES[edition]}


def _former_role(enrolment: Mapping[str, Any]) -> dict[str, Any]:
    """The role that went with an enrolment goes with it."""
    return {
        **enrolment, "sourcedId": f"role-{enrolment['sourcedId']}", "orgSourcedId": enrolment["schoolSourcedId"],
        "roleType": "primary" if enrolment["primary"] == "true" else "secondary",
    }  # fmt: skip


def _changed(row: Mapping[str, Any], *, declared: File, moved: Mapping[UUID, datetime]) -> dict[str, str]:
    moment = row["dateLastModified"]
    if moved:
        moment = max(moment, moved.get(UUID(row["sourcedId"]), LONG_AGO))
    return {
        **_in_full(row, declared=declared),
        "status": row["status"],
        "dateLastModified": payloads.moment(moment),
    }


def _in_full(row: Mapping[str, Any], *, declared: File) -> dict[str, str]:
    """A full set says nothing of states; a user of 1.1 names its organisation otherwise."""
    said = {**row, "status": "", "dateLastModified": "", "orgSourcedIds": row.get("primaryOrgSourcedId")}
    header = (*declared.header, *_OWN.get(declared.name, ()))
    return {name: "" if said.get(name) is None else str(said[name]) for name in header}


# -- from a question to a condition ------------------------------------------------------------


def _condition(wanted: Filter) -> Q:
    told = Q()
    for term in wanted.terms:
        name = f"{_P}{term.column}"
        match term.operator:
            case "!=":
                said = Q(**{f"{name}__lt": term.value}) | Q(**{f"{name}__gt": term.value})
            case "~":
                said = Q(GreaterThan(StrIndex(_folded(F(name)), _folded(Value(term.value))), 0))
            case operator:
                said = Q(**{f"{name}__{_OPERATORS[operator]}": term.value})
        told = told | said if wanted.either else told & said
    return told


def _folded(text: Any) -> Lower:
    return Lower(Collate(text, LETTERS))


def _within(name: str, key: str, on: date) -> Q:
    """Return the condition of a path: ``user`` and ``class`` lead through who is in a class."""
    if name == "classes_of_user":
        seated = _today(on).filter(person_id=_uuid(key), group_id=OuterRef("pk"))
        return Q(Exists(seated))
    if name in {"users_of_class", "users_of_school"}:
        column = "group_id" if name == "users_of_class" else "organisation_id"
        return Q(Exists(_today(on).filter(person_id=OuterRef("pk"), **{column: _uuid(key)})))
    return Q(**{f"{_P}{name}": key})


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(_P): value for name, value in row.items()}


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _by_uuid(text: str) -> Q | None:
    found = _uuid(text)
    return Q(pk=found) if found.int and str(found) == text else None


def _by_number(text: str) -> Q | None:
    return Q(pk=int(text)) if text.isascii() and text.isdigit() and len(text) < 18 else None


def _by_text(text: str) -> Q | None:
    return Q(**{f"{_P}sourcedId": text}) if "\0" not in text else None


# -- collections -------------------------------------------------------------------------------


def _text(expression: Any) -> Any:
    return Coalesce(Cast(expression, CharField()), Value(""))


def _selected(found: QuerySet[Any], columns: Mapping[str, Any]) -> QuerySet[Any]:
    told = {f"{_P}{name}": said for name, said in columns.items()}
    selected: QuerySet[Any] = found.annotate(**told).values(*told)
    return selected


def _active() -> Value:
    return Value("active")


def _today(on: date) -> QuerySet[Placement]:
    return Placement.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=on), starts_on__lte=on, superseded_at__isnull=True
    )


def _placed(actor: Actor, on: date) -> QuerySet[Placement]:
    actor.require(PersonPermission.VIEW)
    actor.require(EnrolmentPermission.VIEW)
    return _today(on).filter(organisations.scope_condition(actor.scope), person__status_code=persons.VALID)


def _groups(actor: Actor, on: date) -> QuerySet[Group]:
    actor.require(EnrolmentPermission.VIEW)
    return Group.objects.filter(
        organisations.scope_condition(actor.scope), school_year=SchoolYear.of(on).begins_in
    )


def year_key(begins_in: int) -> str:
    """Return the id of a school year."""
    return f"year-{begins_in}"


def _sessions(actor: Actor, on: date) -> list[dict[str, Any]]:
    """The school year and its periods, the last day of each excluded (OneRoster 1.2, AcademicSession): few, so they are compared in memory."""
    actor.require(EnrolmentPermission.VIEW)
    year = SchoolYear.of(on)
    base = {"status": "active", "dateLastModified": LONG_AGO, "schoolYear": str(year.begins_in + 1)}
    rows: list[dict[str, Any]] = [
        {
            **base, "sourcedId": year_key(year.begins_in), "title": str(year), "type": "schoolYear",
            "startDate": year.starts_on, "endDate": year.ends_on, "parentSourcedId": "",
            PERIOD: WHOLE_YEAR,
        }
    ]  # fmt: skip
    periods = GradingPeriod.objects.filter(
        Q(organisation__isnull=True) | organisations.scope_condition(actor.scope), school_year=year.begins_in
    )
    rows += [
        {
            **base, "sourcedId": f"period-{one.pk}", "title": codelists.title("study_period", one.code),
            "type": "gradingPeriod", "startDate": one.starts_on, "endDate": one.ends_on,
            "parentSourcedId": year_key(year.begins_in), PERIOD: one.code,
        }
        for one in periods
    ]  # fmt: skip
    return rows


def _orgs(actor: Actor, _on: date) -> QuerySet[Any]:
    actor.require(OrganisationPermission.VIEW)
    last = OrganisationVersion.objects.filter(organisation=OuterRef("pk")).order_by("-recorded_at")
    mine = organisations.own(actor.scope)
    return _selected(
        mine,
        {
            "sourcedId": _text("pk"), "status": _active(),
            "dateLastModified": Coalesce(Subquery(last.values("recorded_at")[:1]), Value(LONG_AGO)),
            "name": F("short_name"), "type": Value("school"), "identifier": F("ogrn"),
            # A head organisation out of reach is not named: a reference must lead somewhere.
            "parentSourcedId": Case(When(parent__in=mine.order_by().values("pk"), then=_text("parent_id")), default=Value("")),
        },
    )  # fmt: skip


def _course_key() -> Any:
    """One in each organisation: a branch may teach by a programme of its head."""
    return Concat(
        _text("organisation_id"),
        Value("."),
        _text("programme_id"),
        Value("."),
        Coalesce(Cast("grade", CharField()), Value("0")),
    )


def _grades() -> Any:
    return Coalesce(LPad(Cast("grade", CharField()), 2, Value("0")), Value(""))


def _courses(actor: Actor, on: date) -> QuerySet[Any]:
    """A programme in a grade: the register keeps who studies what, the subjects are the journal's."""
    found = _selected(
        _groups(actor, on).order_by(),
        {
            "sourcedId": _course_key(), "status": _active(),
            "dateLastModified": Cast("programme__valid_from", DateTimeField()),
            "schoolYearSourcedId": Value(year_key(SchoolYear.of(on).begins_in)),
            "title": F("programme__title"), "grades": _grades(), "orgSourcedId": _text("organisation_id"),
        },
    )  # fmt: skip
    return found.distinct()


def _classes(actor: Actor, on: date) -> QuerySet[Any]:
    last = (
        GroupVersion.objects.filter(group=OuterRef("pk"))
        .order_by()
        .values("group")
        .annotate(last=Max("recorded_at"))
    )
    return _selected(
        _groups(actor, on),
        {
            "sourcedId": _text("pk"),
            "status": Case(When(closed_on__lte=on, then=Value("tobedeleted")), default=Value("active")),
            "dateLastModified": Coalesce(Subquery(last.values("last")), Value(LONG_AGO)),
            "title": F("title"), "grades": _grades(), "courseSourcedId": _course_key(), "classType": Value("homeroom"),
            "schoolSourcedId": _text("organisation_id"),
            "termSourcedIds": Value(year_key(SchoolYear.of(on).begins_in)),
        },
    )  # fmt: skip


def _people(actor: Actor, on: date) -> QuerySet[Person]:
    return Person.objects.filter(Exists(_placed(actor, on).filter(person_id=OuterRef("pk"))))


def _users(actor: Actor, on: date) -> QuerySet[Any]:
    place = _placed(actor, on).filter(person_id=OuterRef("pk")).order_by("-is_main", "id")
    return _selected(
        _people(actor, on),
        {
            "sourcedId": _text("pk"), "status": _active(), "dateLastModified": F("updated_at"),
            "enabledUser": Value("true"), "username": _text("pk"), "givenName": F("given_name"),
            "familyName": F("family_name"), "middleName": F("patronymic"),
            "grades": Coalesce(Subquery(place.annotate(said=_grades()).values("said")[:1]), Value("")),
            "primaryOrgSourcedId": _text(Subquery(place.values("organisation_id")[:1])), "role": Value("student"),
        },
    )  # fmt: skip


def _demographics(actor: Actor, on: date) -> QuerySet[Any]:
    return _selected(
        _people(actor, on),
        {
            "sourcedId": _text("pk"), "status": _active(), "dateLastModified": F("updated_at"),
            "birthDate": F("birth_date"),
            "sex": Case(When(sex="1", then=Value("male")), default=Value("female")),
        },
    )  # fmt: skip


def _roles(actor: Actor, on: date) -> QuerySet[Any]:
    return _selected(
        _placed(actor, on),
        {
            "sourcedId": Concat(Value("role-"), _text("pk")), "status": _active(), "dateLastModified": F("recorded_at"),
            "userSourcedId": _text("person_id"),
            "roleType": Case(When(is_main=True, then=Value("primary")), default=Value("secondary")),
            "role": Value("student"), "beginDate": F("starts_on"), "orgSourcedId": _text("organisation_id"),
        },
    )  # fmt: skip


def _enrollments(actor: Actor, on: date) -> QuerySet[Any]:
    """Who is in a class of this school year; who was, or was said to be by mistake, is there to be deleted."""
    actor.require(PersonPermission.VIEW)
    actor.require(EnrolmentPermission.VIEW)
    found = Placement.objects.filter(
        organisations.scope_condition(actor.scope),
        group__school_year=SchoolYear.of(on).begins_in,
        starts_on__lte=on,
        person__status_code=persons.VALID,
    )
    ended = Q(superseded_at__isnull=False) | Q(ends_on__lte=on)
    return _selected(
        found,
        {
            "sourcedId": _text("pk"),
            "status": Case(When(ended, then=Value("tobedeleted")), default=Value("active")),
            # PostgreSQL's GREATEST passes over what is null.
            "dateLastModified": Greatest(
                F("recorded_at"), F("superseded_at"),
                Case(When(ends_on__lte=on, then=Cast("ends_on", DateTimeField())), output_field=DateTimeField()),
            ),
            "classSourcedId": _text("group_id"), "schoolSourcedId": _text("organisation_id"),
            "userSourcedId": _text("person_id"), "role": Value("student"),
            "primary": Case(When(is_main=True, then=Value("true")), default=Value("false")),
            "beginDate": F("starts_on"), "endDate": F("ends_on"),
        },
    )  # fmt: skip


def _collection(
    name: str, single: str, make: Any, known: str, key: Any = _by_uuid, *, person: str = ""
) -> Collection:
    return Collection(name, single, name, make, tuple(known.split()), key, person)


ACADEMIC_SESSIONS = _collection(
    "academicSessions",
    "academicSession",
    _sessions,
    "title type startDate endDate parentSourcedId schoolYear",
    _by_text,
)
ORGS = _collection("orgs", "org", _orgs, "name type identifier parentSourcedId")
COURSES = _collection(
    "courses", "course", _courses, "schoolYearSourcedId title grades orgSourcedId", _by_text
)
CLASSES = _collection(
    "classes", "class", _classes, "title grades courseSourcedId classType schoolSourcedId termSourcedIds"
)
USERS = _collection(
    "users", "user", _users, "enabledUser username givenName familyName middleName grades primaryOrgSourcedId",
    person="sourcedId",
)  # fmt: skip
DEMOGRAPHICS = _collection("demographics", "demographics", _demographics, "birthDate sex", person="sourcedId")
ROLES = _collection(
    "roles",
    "role",
    _roles,
    "userSourcedId roleType role beginDate orgSourcedId",
    _by_text,
    person="userSourcedId",
)
ENROLLMENTS = _collection(
    "enrollments", "enrollment", _enrollments,
    "classSourcedId schoolSourcedId userSourcedId role primary beginDate endDate", _by_number, person="userSourcedId",
)  # fmt: skip
