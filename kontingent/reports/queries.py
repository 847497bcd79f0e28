"""What is shown of statistics: the calendar, a form as a grid, the children behind a number, differences, sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, IntegerField, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.health.permissions import HealthPermission
from kontingent.health.queries import PURPOSE as HEALTH
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed, NotFound
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.persons.permissions import PersonPermission
from kontingent.reports import editions, engine, facts, openings
from kontingent.reports.codes import HANDED_IN
from kontingent.reports.models import EnteredCell, Explanation, Report, Step, Version
from kontingent.reports.permissions import ReportPermission
from kontingent.reports.rules import controls, expressions
from kontingent.reports.rules.cells import read
from kontingent.reports.rules.controls import Change, Failure
from kontingent.reports.rules.counting import Key, key_of, rule_of
from kontingent.reports.rules.editions import Edition, Line, Table, Variant, Watch
from kontingent.reports.rules.predicates import All, Predicate, facts_of, sql, told
from kontingent.reports.rules.vocabulary import OF_PEOPLE, SOURCE_TITLES, Source

MOST_LISTED = 2000
#: So many are named beside the controls.
WATCHED = 20
#: Stands for whom the viewer may no longer know, though the number counted them then.
HIDDEN = "запись больше не относится к организации"
#: Facts that tell more of a child than whoever may see a card may know.
NEEDS = {
    "orphan": PersonPermission.VIEW_CATEGORIES, "refugee": PersonPermission.VIEW_CATEGORIES,
    **dict.fromkeys(("disability", "special_needs", "inclusive"), HealthPermission.VIEW),
    **dict.fromkeys(("exam_basic", "exam_secondary", "ege", "ege_russian", "ege_mathematics"), AttestationPermission.VIEW_EXAMS),
    **dict.fromkeys(("honours", "certified_late", "studies_certificate"), AttestationPermission.VIEW_DOCUMENTS),
}  # fmt: skip
#: What those permissions open, for the refusal.
OPENED = {
    PersonPermission.VIEW_CATEGORIES: "социальные категории",
    HealthPermission.VIEW: "сведения о здоровье",
    AttestationPermission.VIEW_EXAMS: "результаты экзаменов",
    AttestationPermission.VIEW_DOCUMENTS: "документы об образовании",
}


# -- the calendar --------------------------------------------------------------------------------


class Due(NamedTuple):
    """A form that an organisation fills in a year, with its state; ``report`` is None while it was never counted."""

    form: str
    edition: Edition
    deadline: date
    report: Report | None
    on: date

    @property
    def is_handed_in(self) -> bool:
        """Say whether the organisation has done its part."""
        return self.report is not None and self.report.state in HANDED_IN


def calendar(actor: Actor, organisation_id: UUID, year: int) -> list[Due]:
    """Return the forms of an organisation in a reporting year by deadline."""
    actor.require(ReportPermission.VIEW, organisation_id=organisation_id)
    there = {one.form: one for one in _told(Report.objects.filter(organisation=organisation_id, year=year))}
    organisation = organisations.get(organisation_id)
    return [
        Due(form, edition, deadline, there.get(form), edition.on(year))
        for form, edition, deadline in editions.due(year, organisation.type_code)
    ]


class Progress(NamedTuple):
    """How far a form of a year has got over many organisations."""

    form: str
    edition: Edition
    deadline: date
    organisations: int
    by_state: dict[str, int]

    @property
    def not_begun(self) -> int:
        """How many organisations have no such form yet."""
        return max(0, self.organisations - sum(self.by_state.values()))


def progress(actor: Actor, year: int) -> list[Progress]:
    """Return the forms of a year with how many organisations of the scope are how far."""
    actor.require(ReportPermission.VIEW)
    states: dict[str, dict[str, int]] = {}
    counted = Report.objects.filter(organisations.scope_condition(actor.scope), year=year)
    for form, state, number in counted.values_list("form", "state").annotate(Count("id")):
        states.setdefault(form, {})[state] = number
    return [
        Progress(form, edition, deadline, fillers_of(actor, edition, year).count(), states.get(form, {}))
        for form, edition, deadline in editions.due(year)
    ]


def fillers_of(actor: Actor, edition: Edition, year: int) -> QuerySet[Organisation]:
    """Return the organisations of the scope that fill a form of a year, in name order."""
    on = edition.on(year)
    return organisations.own(actor.scope).filter(
        Q(opened_on__isnull=True) | Q(opened_on__lte=on),
        Q(closed_on__isnull=True) | Q(closed_on__gt=on),
        type_code__in=edition.organisation_types,
    )


def _reports(actor: Actor, form: str, year: int) -> QuerySet[Report]:
    return Report.objects.filter(organisations.scope_condition(actor.scope), form=form, year=year)


def _told(found: QuerySet[Report]) -> QuerySet[Report]:
    """Bring along what lists tell of versions: their counts of failed controls, not their thousands of cells."""
    return found.select_related("version").defer("version__cells")


class Filler(NamedTuple):
    """An organisation that fills a form, with its form."""

    organisation: Organisation
    report: Report | None


def board(actor: Actor, form: str, year: int, *, state: str = "") -> list[Filler]:
    """Return who fills a form of a year and how far each is; ``state`` "none" are those who have not begun."""
    actor.require(ReportPermission.VIEW)
    edition = editions.in_force(form, year)
    reports = {one.organisation_id: one for one in _told(_reports(actor, form, year))}
    rows = [
        Filler(one, reports.get(one.id))
        for one in fillers_of(actor, edition, year).select_related("municipality")
    ]
    if state == "none":
        return [row for row in rows if row.report is None]
    return [row for row in rows if not state or (row.report and row.report.state == state)]


# -- a form --------------------------------------------------------------------------------------


def report(actor: Actor, report_id: UUID) -> Report:
    """Return a form in scope."""
    actor.require(ReportPermission.VIEW)
    found = (
        Report.objects.filter(pk=report_id)
        .select_related("organisation", "organisation__municipality", "version")
        .first()
    )
    if found is None:
        raise NotFound("reports.no_such", "Такой формы нет. Откройте её из календаря.")
    actor.require(
        ReportPermission.VIEW,
        organisation_id=found.organisation_id,
        municipality_id=found.organisation.municipality_id,
    )
    return found


def last_year(one: Report) -> Report | None:
    """Return the same form of the year before."""
    found = Report.objects.filter(organisation=one.organisation_id, form=one.form, year=one.year - 1)
    return found.select_related("version").first()


def version(one: Report, number: int | None = None) -> Version:
    """Return a version of a form, the current one by default."""
    found = one.version if number is None else Version.objects.filter(report=one, number=number).first()
    if found is None:
        raise NotFound("reports.no_such_version", "Такой версии формы нет. Выберите другую.")
    return found


def versions(one: Report) -> list[Version]:
    """Return the versions of a form, the newest first, without their cells."""
    return list(Version.objects.filter(report=one).defer("cells").order_by("-number"))


def steps(one: Report) -> list[Step]:
    """Return what happened to a form, the oldest first."""
    return list(Step.objects.filter(report=one).select_related("version"))


def failures(one: Report, of: Version) -> list[tuple[Failure, str]]:
    """Return the controls that do not hold, each with its explanation, errors first."""
    explained = dict(Explanation.objects.filter(report=one).values_list("control", "text"))
    failed = controls.failures(editions.get(one.edition), read(of.cells))
    return sorted(
        ((failure, explained.get(failure.code, "")) for failure in failed),
        key=lambda pair: not pair[0].control.is_error,
    )


def unusual(one: Report, of: Version) -> list[Change]:
    """Return what changed unusually since last year."""
    former = last_year(one)
    if former is None or former.version is None:
        return []
    return controls.unusual(editions.get(one.edition), read(of.cells), read(former.version.cells))


def entered(one: Report) -> dict[str, EnteredCell]:
    """Return what was entered by hand, by cell."""
    return {cell.key: cell for cell in EnteredCell.objects.filter(report=one)}


def find_cell(edition: Edition, table: str, row: str, column: str) -> tuple[Table, Variant, Line, Line]:
    """Return a cell of a form; raise ``NotFound`` where the form has none."""
    found = edition.cell(table, row, column)
    if found is None:
        raise NotFound("reports.no_such_cell", "Такой ячейки в форме нет. Откройте форму заново.")
    return found


def rule(edition: Edition, table: str, row: str, column: str) -> str:
    """Return in plain Russian what a cell counts."""
    where, variant, line, other = find_cell(edition, table, row, column)
    if manual := where.manual_of(line, other):
        return f"Вводится вручную: {manual}."
    if line.term or other.term:
        return "Сумма других ячеек бланка."
    source = SOURCE_TITLES[where.source_of(line, other)]
    said = told(rule_of(edition, where, variant, line, other), codelists.title)
    return f"{source.capitalize()}: {said}." if said else f"{source.capitalize()}, все."


def rules_of(lines: Iterable[Line]) -> dict[str, str]:
    """Return in plain Russian what each row or column asks for, "" where it asks for nothing."""
    return {
        line.number: f"Вводится вручную: {line.manual}" if line.manual else told(line.where, codelists.title)
        for line in lines
    }


# -- behind a number -----------------------------------------------------------------------------


class Member(NamedTuple):
    """One of those behind a number: a child with the class, or a class."""

    person_id: UUID | None
    name: str
    birth_date: date | None
    group_id: UUID | None
    group_title: str
    grade: int | None

    @property
    def identity(self) -> tuple[UUID | None, ...] | str:
        """What one is known by in two lists: a child, a class, a title."""
        if self.person_id or self.group_id:
            return (self.person_id,) if self.person_id else (None, self.group_id)
        return self.group_title


def listed(
    actor: Actor, one: Report, key: Key, *, known_at: datetime | None = None
) -> tuple[Source, list[Member]]:
    """Return those behind a number as they were known at a moment: children, or classes; it is journaled.

    Raises:
        NotAllowed: the actor may not see persons, or the number tells of them what the actor may not know.
        InvalidValue: nobody stands behind the number: it is entered by hand.
    """
    actor.require(PersonPermission.VIEW)
    edition = openings.edition_of(one)
    source, asked, members = _listed(actor, edition, one, key, known_at)
    if source in OF_PEOPLE:
        of_health = any(NEEDS.get(name) is HealthPermission.VIEW for name in asked)
        reads.note(
            actor, ReadKind.HEALTH if of_health else ReadKind.LIST, [member.person_id for member in members if member.person_id],
            organisation_id=one.organisation_id, object_id=one.id, what=f"{edition.form}, {key}",
            purpose=HEALTH if of_health else "",
        )  # fmt: skip
    return source, members


def _listed(
    actor: Actor, edition: Edition, one: Report, key: Key, known_at: datetime | None
) -> tuple[Source, frozenset[str], list[Member]]:
    table, variant, row, column = find_cell(edition, *key)
    if table.manual_of(row, column):
        raise InvalidValue(
            "reports.entered_by_hand", "Это число введено вручную: за ним нет записей реестра."
        )
    parts = _parts(table, row, column)
    question = engine.asked(edition, one.year, known_at=known_at, organisations=[one.organisation_id])
    source = table.source_of(*parts[0])
    members: list[Member] = []
    wanted = [(table.source_of(*part), rule_of(edition, table, variant, *part)) for part in parts]
    with facts.built(question, {counts for counts, _ in wanted}):
        for counts, where in wanted:
            members += _members(actor, counts, where)
    return source, frozenset(name for _, where in wanted for name in facts_of(where)), members


def _parts(table: Table, row: Line, column: Line) -> list[tuple[Line, Line]]:
    """Return the counted cells that a cell is made of: itself, or the terms of its sum."""
    term = row.term or column.term
    if term is None:
        return [(row, column)]
    by_row = row.term is not None
    lines = {line.number: line for line in (table.rows if by_row else table.columns)}
    found = []
    for cell in expressions.cells_of(term):
        other = lines[cell.row or cell.column]
        pair = (other, column) if by_row else (row, other)
        if (pair[0].number, pair[1].number) not in table.blocked:
            found += _parts(table, *pair)
    return found


def _members(actor: Actor, source: Source, where: Predicate) -> list[Member]:
    for name in sorted(facts_of(where) & NEEDS.keys()):
        if not actor.may(NEEDS[name]):
            raise NotAllowed(
                "reports.needs",
                f"Кто стоит за этим числом, видят только те, кому открыты {OPENED[NEEDS[name]]}.",
            )
    parameters: list[Any] = []
    condition = sql(where, parameters)
    name = facts.table_of(source)
    if source in OF_PEOPLE:
        statement = (
            f"SELECT f.person_id, coalesce(h.family_name || ' ' || h.given_name || ' ' || h.patronymic, '{HIDDEN}'), h.birth_date, f.group_id, "
            f"coalesce(g.title, ''), f.grade FROM (SELECT * FROM {name} WHERE {condition}) f "
            "LEFT JOIN persons_person h ON h.id = f.person_id LEFT JOIN enrolment_group g ON g.id = f.group_id "
            "ORDER BY f.grade NULLS FIRST, g.title_key NULLS FIRST, h.name_key, f.enrolment_id"
        )
    elif source is Source.CLASSES:
        statement = (
            f"SELECT NULL::uuid, '', NULL::date, f.group_id, g.title, f.grade FROM (SELECT * FROM {name} WHERE {condition}) f "
            "JOIN enrolment_group g ON g.id = f.group_id ORDER BY g.title_key"
        )
    else:
        title = "combined_key" if source is Source.SETS else "day_group"
        statement = f"SELECT NULL::uuid, '', NULL::date, NULL::uuid, {title}, NULL::int FROM {name} WHERE {condition} ORDER BY 5"
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [
            Member(who, " ".join(name.split()), born, group, title, grade)
            for who, name, born, group, title, grade in cursor.fetchall()
        ]


def watched(actor: Actor, one: Report) -> list[tuple[Watch, list[Member]]]:
    """Return whom the form would leave out or count amiss, as we know it now; those found are journaled."""
    actor.require(PersonPermission.VIEW)
    edition = editions.get(one.edition)
    if not edition.watches:
        return []
    question = engine.asked(edition, one.year, organisations=[one.organisation_id])
    with facts.built(question, {Source.LEARNERS}):
        found = [
            (watch, _members(actor, Source.LEARNERS, All((edition.who, watch.where))))
            for watch in edition.watches
        ]
    people = [member.person_id for _, members in found for member in members[:WATCHED] if member.person_id]
    reads.note(
        actor,
        ReadKind.LIST,
        people,
        organisation_id=one.organisation_id,
        object_id=one.id,
        what=f"{edition.form}, кого форма потеряет",
    )
    return [(watch, members) for watch, members in found if members]


# -- differences ---------------------------------------------------------------------------------


class Difference(NamedTuple):
    """A cell that differs between two versions."""

    key: Key
    former: int
    now: int


def differences(former: Version, now: Version) -> list[Difference]:
    """Return the cells that differ, in the order of the form."""
    keys = sorted(former.cells.keys() | now.cells.keys())
    return [
        Difference(key_of(key), former.cells.get(key, 0), now.cells.get(key, 0))
        for key in keys
        if former.cells.get(key, 0) != now.cells.get(key, 0)
    ]


def came_and_went(
    actor: Actor, one: Report, key: Key, former: Version, now: list[Member]
) -> tuple[list[Member], list[Member]]:
    """Return who of those ``listed`` now has come to a number since an earlier version, and who has gone from it."""
    _, before = listed(actor, one, key, known_at=former.known_at)
    return _without(now, before), _without(before, now)


def _without(members: list[Member], others: list[Member]) -> list[Member]:
    known = {one.identity for one in others}
    return [one for one in members if one.identity not in known]


# -- sums over many ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cut:
    """Which organisations are summed up (свод): all of the scope, or those that fit."""

    municipality_id: UUID | None = None
    rural: bool | None = None
    type_code: str = ""
    founder: str = ""
    handed_in: bool = False


@dataclass(frozen=True, slots=True)
class Svod:
    """A form summed over organisations."""

    edition: Edition
    cells: Mapping[Key, int]
    organisations: int
    fillers: int


def svod(actor: Actor, form: str, year: int, cut: Cut) -> Svod:
    """Sum the stored forms of the scope; cells are added as the blank adds them, code cells (да/нет) count the ayes."""
    actor.require(ReportPermission.VIEW)
    edition = editions.in_force(form, year)
    ids = list(_summed(actor, edition, form, year, cut).values_list("version_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, sum(value::bigint) FROM reports_version v, jsonb_each_text(v.cells) AS c(key, value) "
            "WHERE v.id = ANY(%s) GROUP BY key",
            [ids],
        )
        cells = {key_of(key): int(number) for key, number in cursor.fetchall()}
    return Svod(edition, cells, len(ids), _cut(fillers_of(actor, edition, year), cut).count())


def _summed(actor: Actor, edition: Edition, form: str, year: int, cut: Cut) -> QuerySet[Report]:
    """Return the forms that a sum is made of."""
    found = _reports(actor, form, year).filter(
        organisation__in=_cut(fillers_of(actor, edition, year), cut), version__isnull=False
    )
    return found.filter(state__in=HANDED_IN) if cut.handed_in else found


def _cut(found: QuerySet[Organisation], cut: Cut) -> QuerySet[Organisation]:
    if cut.municipality_id is not None:
        found = found.filter(municipality_id=cut.municipality_id)
    if cut.rural is not None:
        found = found.filter(is_rural=cut.rural)
    if cut.type_code:
        found = found.filter(type_code=cut.type_code)
    if cut.founder:
        found = found.filter(founder_kind_code=cut.founder)
    return found


class Share(NamedTuple):
    """What an organisation adds to a number of a sum."""

    organisation: Organisation
    report: Report
    number: int


def behind_sum(actor: Actor, form: str, year: int, cut: Cut, key: Key) -> list[Share]:
    """Return the organisations behind a number of a sum, the greatest first."""
    actor.require(ReportPermission.VIEW)
    edition = editions.in_force(form, year)
    find_cell(edition, *key)
    rows = (
        _summed(actor, edition, form, year, cut)
        .annotate(number=Cast(KeyTextTransform(str(key), "version__cells"), IntegerField()))
        .filter(number__gt=0)
        .select_related("organisation", "organisation__municipality")
        .order_by("-number", "organisation__name_key")
    )
    return [Share(one.organisation, one, one.number) for one in rows]


def counted_for(actor: Actor) -> tuple[UUID, ...] | None:
    """Return the organisations whose facts an actor counts, None for the whole region's."""
    return None if actor.scope.whole_region else tuple(ids_of(organisations.own(actor.scope)))


def ids_of(found: QuerySet[Organisation]) -> list[UUID]:
    """Return ids of organisations."""
    return list(found.values_list("id", flat=True))
