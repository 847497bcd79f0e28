"""Reading cases within the scope: the queue with its counts, a case with its history, the quarter for the act, coverage."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Case as When
from django.db.models import Count, IntegerField, Q, QuerySet, Value
from django.db.models import When as Then
from django.db.models.functions import Coalesce

from kontingent.achievements.portfolio import files
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.queries import named
from kontingent.enrolment.queries.named import Member
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.organisations import queries as organisations
from kontingent.persons.models import Person
from kontingent.storage import scope
from kontingent.trajectory.cases import codes, coverages, rules
from kontingent.trajectory.cases.codes import Coverage, Outcome, RuleCode, State
from kontingent.trajectory.cases.models import Case, CaseDocument, CaseStep
from kontingent.trajectory.cases.permissions import CasePermission

PAGE = 50
#: Where scans of this room lie.
SHELF = "cases"
#: How long an id is; the last of a long fingerprint may be cut.
_WHOLE_ID = 36
#: Ages of a case in days, upper bounds; the last has none.
AGES = (7, 30, 90)
AGE_TITLES = ("до 7 дней", "8–30 дней", "31–90 дней", "больше 90 дней")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What the queue is narrowed to."""

    rule: str = ""
    state: str = "working"
    municipality_id: UUID | None = None
    organisation_id: UUID | None = None
    mine: bool = False
    overdue: bool = False
    age: int | None = None


class Row(NamedTuple):
    """A case in a list, with the words for its ids."""

    case: Case
    name: str
    born: date | None
    title: str
    owner: str
    place: str
    overdue: bool
    days: int


class Queue(NamedTuple):
    """A page of the queue."""

    rows: list[Row]
    number: int
    page: int
    pages: int


class Line(NamedTuple):
    """A line of counts: of a rule or a territory, by ages of a case, and how many of them are late."""

    key: str
    title: str
    by_age: list[int]
    total: int
    overdue: int


class Counts(NamedTuple):
    """Open cases by rule and age, and by territory and age."""

    rules: list[Line]
    territories: list[Line]
    total: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Card:
    """A case as its page shows it."""

    row: Row
    steps: list[CaseStep]
    meaning: str
    remedy: str
    others: list[Row]
    documents: list[CaseDocument]
    claimants: list[str]


def within(actor: Actor, cases: QuerySet[Case]) -> QuerySet[Case]:
    """Narrow cases to the scope: where the cause lies or who owns it."""
    reach = actor.scope
    if reach.whole_region:
        return cases
    places = organisations.own(reach).values("id")
    return cases.filter(
        Q(organisation__in=places) | Q(owner_organisation__in=places)
        | Q(municipality__in=reach.municipalities) | Q(owner_municipality__in=reach.municipalities)
    )  # fmt: skip


def waiting(actor: Actor) -> tuple[int, int]:
    """Return how many cases the actor's own place has to work on, and how many of them are late."""
    actor.require(CasePermission.VIEW)
    own = _own(actor, within(actor, Case.objects.filter(state=State.OPEN)))
    found = own.aggregate(n=Count("id"), late=Count("id", filter=Q(due_on__lt=clock.today())))
    return int(found["n"]), int(found["late"])


def urgent(actor: Actor, limit: int = 8) -> list[Row]:
    """Return the most urgent cases of the actor's own place (утренняя страница)."""
    actor.require(CasePermission.VIEW)
    own = _own(actor, within(actor, Case.objects.filter(state=State.OPEN)))
    return _rows(actor, own.order_by("due_on", "-severity", "id")[:limit], what="дела, требующие внимания")


def queue(actor: Actor, sought: Sought, page: int) -> Queue:
    """Return a page of cases, the most urgent first."""
    actor.require(CasePermission.VIEW)
    found = _narrowed(actor, sought)
    number = found.count()
    pages = max(1, -(-number // PAGE))
    page = min(max(page, 1), pages)
    ordered = found.order_by("due_on", "-severity", "id")[(page - 1) * PAGE : page * PAGE]
    return Queue(_rows(actor, ordered, what="дела о детях вне поля зрения"), number, page, pages)


def everything(actor: Actor, sought: Sought, limit: int = 20_000) -> list[Row]:
    """Return the whole narrowed queue, for a file."""
    actor.require(CasePermission.VIEW)
    ordered = _narrowed(actor, sought).order_by("due_on", "-severity", "id")[:limit]
    return _rows(actor, ordered, what="дела о детях вне поля зрения", kind=ReadKind.EXPORT)


def counts(actor: Actor, *, municipality_id: UUID | None = None) -> Counts:
    """Count cases that are not closed by rule × age and territory × age: two statements, whatever their number."""
    actor.require(CasePermission.VIEW)
    today = clock.today()
    band = When(
        *(Then(opened_on__gte=today - timedelta(days=most), then=Value(n)) for n, most in enumerate(AGES)),
        default=Value(len(AGES)),
        output_field=IntegerField(),
    )
    whose = within(actor, Case.objects.exclude(state=State.CLOSED))
    if municipality_id is not None:
        whose = whose.filter(Q(municipality=municipality_id) | Q(owner_municipality=municipality_id))
    standing = whose.annotate(band=band, territory=Coalesce("municipality_id", "owner_municipality_id"))
    found = list(
        standing.values("rule", "territory", "band").annotate(
            n=Count("id"), late=Count("id", filter=Q(due_on__lt=today, state=State.OPEN))
        )
    )
    names = organisations.municipality_names({one["territory"] for one in found if one["territory"]})
    by_rule = [
        _line(code.value, rules.DEFAULTS[code].title, [one for one in found if one["rule"] == code])
        for code in RuleCode
    ]
    territories = [
        _line(
            str(key or ""),
            names.get(key, "территория не известна"),
            [one for one in found if one["territory"] == key],
        )
        for key in sorted({one["territory"] for one in found}, key=lambda one: names.get(one, "я"))
    ]
    shown = [one for one in by_rule if one.total]
    return Counts(shown, territories, sum(one.total for one in shown), sum(one.overdue for one in shown))


def _line(key: str, title: str, found: Iterable[Any]) -> Line:
    by_age, late = [0] * (len(AGES) + 1), 0
    for one in found:
        by_age[one["band"]] += one["n"]
        late += one["late"]
    return Line(key, title, by_age, sum(by_age), late)


def card(actor: Actor, case_id: UUID) -> Card:
    """Return a case with its history, and the child's other cases.

    Raises:
        NotFound: it is beyond the scope.
    """
    actor.require(CasePermission.VIEW)
    found = list(_related(within(actor, Case.objects.filter(pk=case_id))))
    if not found:
        raise NotFound(
            "cases.not_found", "Такого дела нет среди ваших. Вернитесь к списку дел и обновите его."
        )
    case = found[0]
    others = within(actor, Case.objects.filter(person_id=case.person_id).exclude(pk=case.pk))
    rows = _rows(actor, [case], what="дело о ребёнке вне поля зрения", kind=ReadKind.CARD)
    told = rules.DEFAULTS[RuleCode(case.rule)]
    return Card(
        rows[0], list(CaseStep.objects.filter(case=case).order_by("-id")), told.meaning, told.remedy,
        _words(actor, list(_related(others.order_by("-opened_on")[:20]))),
        list(case.documents.order_by("uploaded_at")), _claimants(case),
    )  # fmt: skip


def _claimants(case: Case) -> list[str]:
    """Return the names of the organisations that claim a child: the fingerprint of that cause is their ids."""
    if case.rule != RuleCode.CLAIMED_TWICE:
        return []
    return sorted(
        organisations.short_names(
            {UUID(one) for one in case.key.split(":") if len(one) == _WHOLE_ID}
        ).values()
    )


def document(actor: Actor, case_id: UUID, document_id: UUID) -> tuple[CaseDocument, bytes]:
    """Return a scan of a case with its content; the read is journaled.

    Raises:
        NotFound: it is beyond the scope.
        Unavailable: the content is not where it should be.
    """
    actor.require(CasePermission.VIEW)
    found = CaseDocument.objects.filter(
        pk=document_id, case__in=within(actor, Case.objects.filter(pk=case_id))
    )
    one = found.select_related("case").first()
    if one is None:
        raise NotFound(
            "cases.no_document", "Такого документа нет среди ваших дел. Вернитесь к делу и обновите его."
        )
    reads.note(
        actor,
        ReadKind.CARD,
        [one.case.person_id],
        object_id=case_id,
        what="документ дела о ребёнке вне поля зрения",
    )
    return one, files.content(one.digest, shelf=SHELF)


def visible_ids(actor: Actor, sought: Sought, limit: int) -> list[UUID]:
    """Return the ids of the narrowed queue, for acts on all of it."""
    return list(_narrowed(actor, sought).order_by("due_on", "id").values_list("id", flat=True)[:limit])


# -- the quarter -----------------------------------------------------------------------------------


class QuarterLine(NamedTuple):
    """A rule in a quarter."""

    title: str
    at_start: int
    opened: int
    solved: int
    gone: int
    at_end: int


class Quarter(NamedTuple):
    """What the act tells."""

    lines: list[QuarterLine]
    total: QuarterLine
    standing: list[Row]


def quarter(actor: Actor, *, starts_on: date, ends_on: date, municipality_id: UUID | None = None) -> Quarter:
    """Count a quarter by rule, and list what stands open at its end.

    A case is counted as it stands now: one that was opened again counts from its last opening.
    """
    actor.require(CasePermission.VIEW)
    cases = within(actor, Case.objects.all())
    if municipality_id is not None:
        cases = cases.filter(Q(municipality=municipality_id) | Q(owner_municipality=municipality_id))
    open_on_first = Q(opened_on__lt=starts_on) & (Q(closed_on__isnull=True) | Q(closed_on__gte=starts_on))
    open_at_end = Q(opened_on__lt=ends_on) & (Q(closed_on__isnull=True) | Q(closed_on__gte=ends_on))
    closed = Q(closed_on__gte=starts_on, closed_on__lt=ends_on)
    found = cases.values("rule").annotate(
        at_start=Count("id", filter=open_on_first),
        opened=Count("id", filter=Q(opened_on__gte=starts_on, opened_on__lt=ends_on)),
        solved=Count("id", filter=closed & Q(outcome=Outcome.SOLVED)),
        gone=Count("id", filter=closed & Q(outcome=Outcome.GONE)),
        at_end=Count("id", filter=open_at_end),
    )
    by_rule: dict[str, Any] = {one["rule"]: one for one in found}
    lines = [
        QuarterLine(rules.DEFAULTS[code].title, *(by_rule[code][name] for name in QuarterLine._fields[1:]))
        for code in RuleCode
        if code in by_rule and any(by_rule[code][name] for name in QuarterLine._fields[1:])
    ]
    total = QuarterLine(
        "Всего", *(sum(getattr(one, name) for one in lines) for name in QuarterLine._fields[1:])
    )
    standing = cases.filter(open_at_end).order_by("rule", "due_on", "id")[:500]
    return Quarter(lines, total, _rows(actor, standing, what="акт за квартал", kind=ReadKind.EXPORT))


# -- coverage --------------------------------------------------------------------------------------


def coverage(actor: Actor, day: date) -> list[tuple[Coverage, str, int]]:
    """Count the minors of the scope by state of coverage: numbers, no names.

    Those whom no place of the scope has ever known are counted for the region alone.
    """
    actor.require(CasePermission.VIEW)
    statement, parameters = _covered(actor, day, None, "state, count(*)", "GROUP BY state")
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = dict(cursor.fetchall())
    return [(one, title, int(found.get(one.value, 0))) for one, title in rules.COVERAGE_TITLES.items()]


#: What a table by age tells apart: the states of coverage, of those who study kindergarten and school.
KINDERGARTEN, SCHOOL = "kindergarten", "school"
_CUT = f"CASE WHEN state <> '{Coverage.STUDYING}' THEN state WHEN level = '{codes.PRESCHOOL}' THEN '{KINDERGARTEN}' ELSE '{SCHOOL}' END"


def coverage_by_age(
    actor: Actor, day: date, *, municipality_id: UUID | None = None
) -> dict[int, dict[str, int]]:
    """Count the living minors of the scope by age and state of coverage: numbers, no names."""
    actor.require(EnrolmentPermission.COUNT)
    statement, parameters = _covered(
        actor,
        day,
        municipality_id,
        f"age, {_CUT}, count(*)",
        f"AND state <> '{Coverage.DEAD}' GROUP BY 1, 2 ORDER BY 1",
    )
    found: dict[int, dict[str, int]] = {}
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        for age, state, number in cursor.fetchall():
            found.setdefault(age, {})[state] = number
    return found


def covered(
    actor: Actor,
    day: date,
    *,
    state: str,
    age: int | None = None,
    municipality_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 100,
) -> tuple[list[Member], UUID | None]:
    """Return who is in a state of coverage, of those whom the actor may see, in the order of ids, and where to go on from."""
    actor.require(EnrolmentPermission.COUNT)
    actor.require(EnrolmentPermission.VIEW)
    statement, parameters = _covered(
        actor, day, municipality_id, "person_id, coalesce((SELECT short_name FROM organisations_organisation WHERE id = c.organisation_id), ''), "
        "CASE WHEN ends_on <= %(day)s THEN ends_on END", f"AND {_CUT} = %(state)s AND (%(age)s::int IS NULL OR age = %(age)s) "
        "AND (%(after)s::uuid IS NULL OR person_id > %(after)s) ORDER BY person_id LIMIT %(limit)s",
    )  # fmt: skip
    parameters |= {"state": state, "age": age, "after": after, "limit": limit + 1}
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return named.members(actor, rows[:limit], "охват"), rows[limit - 1][0] if len(rows) > limit else None


def _covered(
    actor: Actor, day: date, municipality_id: UUID | None, what: str, rest: str
) -> tuple[str, dict[str, Any]]:
    """Return the statement of coverage within the scope, and what it is given.

    A child belongs to where it studies or studied last, whoever had it before; one whom nobody has had belongs to the region alone.
    """
    parameters, parts = coverages.parameters(day), ["true"]
    if not actor.scope.whole_region:
        if not (actor.scope.organisations or actor.scope.municipalities):
            raise NotAllowed("access.out_of_scope", "Сведения об организациях вам недоступны.")
        parts.append(
            "(organisation_id = ANY(%(own)s::uuid[]) OR municipality_id = ANY(%(territory)s::uuid[]))"
        )
        parameters |= {"own": list(actor.scope.organisations), "territory": list(actor.scope.municipalities)}
    if municipality_id is not None:
        parts.append("municipality_id = %(asked)s")
        parameters["asked"] = municipality_id
    return coverages.statement(what, f"WHERE {' AND '.join(parts)} {rest}"), parameters


# -- rows ------------------------------------------------------------------------------------------


def _own(actor: Actor, cases: QuerySet[Case]) -> QuerySet[Case]:
    """Narrow to what the actor's own place is to do."""
    if actor.scope.whole_region:
        return cases.filter(owner_organisation__isnull=True, owner_municipality__isnull=True)
    if actor.scope.municipalities:
        return cases.filter(owner_municipality__in=actor.scope.municipalities)
    return cases.filter(owner_organisation__in=actor.scope.organisations)


def _narrowed(actor: Actor, sought: Sought) -> QuerySet[Case]:
    found = within(actor, Case.objects.all())
    if sought.rule:
        found = found.filter(rule=sought.rule)
    if sought.state == "working":
        found = found.exclude(state=State.CLOSED)
    elif sought.state:
        found = found.filter(state=sought.state)
    if sought.municipality_id:
        found = found.filter(
            Q(municipality=sought.municipality_id) | Q(owner_municipality=sought.municipality_id)
        )
    if sought.organisation_id:
        found = found.filter(
            Q(organisation=sought.organisation_id) | Q(owner_organisation=sought.organisation_id)
        )
    if sought.mine:
        found = _own(actor, found)
    today = clock.today()
    if sought.overdue:
        found = found.filter(state=State.OPEN, due_on__lt=today)
    if sought.age is not None and 0 <= sought.age <= len(AGES):
        if sought.age < len(AGES):
            found = found.filter(opened_on__gte=today - timedelta(days=AGES[sought.age]))
        if sought.age > 0:
            found = found.filter(opened_on__lt=today - timedelta(days=AGES[sought.age - 1]))
    return found


def _related(cases: QuerySet[Case]) -> QuerySet[Case]:
    return cases.select_related("organisation", "municipality", "owner_organisation", "owner_municipality")


def _rows(
    actor: Actor, cases: QuerySet[Case] | list[Case], *, what: str, kind: ReadKind = ReadKind.LIST
) -> list[Row]:
    found = list(_related(cases)) if isinstance(cases, QuerySet) else cases
    reads.note(
        actor, kind, [one.person_id for one in found], what=what, organisation_id=actor.organisation_id,
        object_id=found[0].pk if kind is ReadKind.CARD and found else None,
    )  # fmt: skip
    return _words(actor, found)


def _words(actor: Actor, cases: Collection[Case]) -> list[Row]:
    """Put names to cases: a case shows its child to whoever works on it, also a child whom no school has known."""
    with scope.whole_register():
        people = {one.pk: one for one in Person.objects.filter(pk__in={one.person_id for one in cases})}
    today = clock.today()
    return [_row(one, people.get(one.person_id), today) for one in cases]


def _row(case: Case, person: Person | None, today: date) -> Row:
    owner = case.owner_organisation.short_name if case.owner_organisation else ""
    owner = owner or (case.owner_municipality.name if case.owner_municipality else "министерство")
    place = case.organisation.short_name if case.organisation else ""
    place = place or (case.municipality.name if case.municipality else "")
    return Row(
        case, person.full_name if person else "", person.birth_date if person else None, rules.DEFAULTS[RuleCode(case.rule)].title,
        owner, place, case.state == State.OPEN and case.due_on < today, (today - case.opened_on).days,
    )  # fmt: skip
