"""Reading what does not agree: a school's list with proposals, the report of journals that are late or silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.models import Group, Placement
from kontingent.exchange.reconciliation import rules
from kontingent.exchange.reconciliation.codes import Kind, Outcome, Pace
from kontingent.exchange.reconciliation.finding import days_off, thresholds
from kontingent.exchange.reconciliation.models import Discrepancy
from kontingent.exchange.reconciliation.permissions import ReconciliationPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.performance.models import Journal
from kontingent.performance.permissions import PerformancePermission

#: So many of one kind are shown at once; all are counted.
PAGE = 100


class Choice(NamedTuple):
    """Something that a discrepancy may be about: whose key, which class, which subject."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What may be meant, the likeliest first; ``likely`` is set when one stands out and a click is enough."""

    choices: list[Choice] = field(default_factory=list)
    likely: str = ""

    @property
    def likely_title(self) -> str:
        """The title of what stands out."""
        return next((one.title for one in self.choices if one.key == self.likely), "")


@dataclass(frozen=True, slots=True)
class Row:
    """A discrepancy as people read it."""

    one: Discrepancy
    learner: str
    group: str
    subject: str
    period: str
    proposal: Proposal

    @property
    def kind(self) -> Kind:
        """What does not agree."""
        return Kind(self.one.kind)

    @property
    def said(self) -> str:
        """What the journal calls it, as people write it."""
        if self.kind is Kind.CLASS_UNKNOWN:
            return self.one.said.lstrip("0").upper()
        return self.one.said


class Section(NamedTuple):
    """The discrepancies of one kind; ``number`` of all, though not all may be shown."""

    kind: Kind
    told: rules.Told
    rows: list[Row]
    number: int


class SchoolPace(NamedTuple):
    """How the journal of a school keeps up, with its open discrepancies."""

    organisation_id: UUID
    name: str
    municipality: str
    pace: Pace
    days: int | None
    last_day: date | None
    last_taken_at: datetime | None
    classes: int
    classes_heard: int
    learners: int
    learners_heard: int
    open: int
    counted_at: datetime

    @property
    def pace_title(self) -> str:
        """The pace in words."""
        return rules.PACE_TITLES[self.pace]


@dataclass(frozen=True, slots=True)
class Report:
    """Schools by the pace of their journals; ``counts`` of every pace, whichever is shown."""

    rows: list[SchoolPace]
    counts: Mapping[Pace, int]
    unattributed: int


def report(actor: Actor, *, pace: Pace | None = None, municipality_id: UUID | None = None) -> Report:
    """Return how the journals of the actor's schools keep up, the silent ones first; three statements."""
    actor.require(ReconciliationPermission.VIEW)
    found = _paces(actor, " AND o.municipality_id = %s" if municipality_id else "", municipality_id)
    counts = Counter(one.pace for one in found)
    unnamed = Discrepancy.objects.filter(closed_at__isnull=True, organisation__isnull=True)
    return Report(
        [one for one in found if pace is None or one.pace is pace],
        {one: counts[one] for one in Pace},
        unnamed.count() if actor.scope.whole_region else 0,
    )


def _paces(actor: Actor, narrowed: str, narrowed_to: UUID | None) -> list[SchoolPace]:
    condition, given = enrolment.organisations_condition(actor, "p")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.organisation_id, o.short_name, u.name, p.last_day, p.last_taken_at, p.classes, p.classes_heard, p.learners, "
            "p.learners_heard, (SELECT count(*) FROM reconciliation_discrepancy d WHERE d.organisation_id = p.organisation_id "
            "AND d.closed_at IS NULL), p.counted_at FROM reconciliation_pulse p "
            "JOIN organisations_organisation o ON o.id = p.organisation_id JOIN organisations_municipality u ON u.id = o.municipality_id "
            f"WHERE true{condition}{narrowed} ORDER BY p.last_taken_at NULLS FIRST, u.sort_key, o.name_key",
            [*given, *([narrowed_to] if narrowed_to else [])],
        )
        rows = cursor.fetchall()
    today = clock.today()
    limits, off = thresholds(), days_off(SchoolYear.of(today))
    return [_paced(row, today, limits, off) for row in rows]


def school(actor: Actor, organisation_id: UUID) -> SchoolPace | None:
    """Return how a school's journal keeps up; None before it was first looked at.

    Raises:
        NotFound: no such school in the actor's scope.
    """
    actor.require(ReconciliationPermission.VIEW)
    _within_reach(actor, organisation_id)
    found = _paces(actor, " AND p.organisation_id = %s", organisation_id)
    return found[0] if found else None


def _within_reach(actor: Actor, organisation_id: UUID) -> Organisation:
    found = Organisation.objects.filter(pk=organisation_id).first()
    if found is None or not actor.scope.covers(found.pk, found.municipality_id, None):
        raise NotFound("reconciliation.no_such_school", "Такой организации в вашей области доступа нет.")
    return found


def _paced(row: Sequence[Any], today: date, limits: rules.Thresholds, off: frozenset[date]) -> SchoolPace:
    (
        organisation_id,
        name,
        where,
        last_day,
        taken_at,
        classes,
        heard,
        learners,
        learners_heard,
        count,
        counted_at,
    ) = row
    taken_on = taken_at.astimezone(clock.REGION_ZONE).date() if isinstance(taken_at, datetime) else None
    return SchoolPace(
        organisation_id, name, where, rules.pace_of(taken_on, today, limits, off), (today - taken_on).days if taken_on else None,
        last_day, taken_at, classes, heard, learners, learners_heard, count, counted_at,
    )  # fmt: skip


def sections(actor: Actor, organisation_id: UUID | None) -> list[Section]:
    """Return what stands open at a school, or what names no school, by kind; reads of learners are journaled.

    Raises:
        NotFound: the school is not in the actor's scope, or the actor does not act for the region.
    """
    actor.require(ReconciliationPermission.VIEW)
    if organisation_id is not None:
        _within_reach(actor, organisation_id)
    elif not actor.scope.whole_region:
        raise NotFound("reconciliation.no_such_school", "Такой организации в вашей области доступа нет.")
    found = _of(organisation_id).filter(closed_at__isnull=True)
    counts = dict(found.order_by().values_list("kind").annotate(n=Count("pk")))
    shown: list[Discrepancy] = []
    for kind in Kind:
        if counts.get(kind.value):
            shown += found.filter(kind=kind).order_by("group__title_key", "-rows", "key")[:PAGE]
    rows = _rows(actor, shown, organisation_id)
    return [
        Section(kind, rules.TOLD[kind], [one for one in rows if one.kind is kind], counts[kind.value])
        for kind in Kind
        if counts.get(kind.value)
    ]


def dismissed(actor: Actor, organisation_id: UUID | None) -> list[Row]:
    """Return what was said to be no discrepancy this school year, the newest first."""
    actor.require(ReconciliationPermission.VIEW)
    if organisation_id is not None:
        _within_reach(actor, organisation_id)
    year = SchoolYear.of(clock.today()).begins_in
    found = _of(organisation_id).filter(outcome=Outcome.DISMISSED, school_year=year).order_by("-closed_at")
    return _rows(actor, list(found[:PAGE]), organisation_id, propose=False)


def count(actor: Actor) -> int:
    """Return how many stand open in the schools of the actor."""
    actor.require(ReconciliationPermission.VIEW)
    return Discrepancy.objects.filter(
        organisations.scope_condition(actor.scope), closed_at__isnull=True
    ).count()


def _of(organisation_id: UUID | None) -> QuerySet[Discrepancy]:
    found = Discrepancy.objects.select_related("journal", "group", "person")
    if organisation_id is None:
        return found.filter(organisation__isnull=True)
    return found.filter(organisation_id=organisation_id)


def _rows(
    actor: Actor, found: Collection[Discrepancy], organisation_id: UUID | None, *, propose: bool = True
) -> list[Row]:
    proposals = _proposals(actor, found, organisation_id) if propose else {}
    people = [one.person_id for one in found if one.person_id is not None]
    if people:
        reads.note(
            actor, ReadKind.LIST, people, what="расхождения с журналом", organisation_id=organisation_id
        )
    return [
        Row(
            one,
            one.person.full_name if one.person is not None else "",
            one.group.title if one.group is not None else "",
            _subjects_of(one),
            codelists.title("study_period", one.period_code) if one.period_code else "",
            proposals.get(one.pk, Proposal()),
        )
        for one in found
    ]


def _subjects_of(one: Discrepancy) -> str:
    codes = one.said.split(",") if one.kind == Kind.FINALS_MISSING else [one.subject_code]
    return ", ".join(codelists.title("subject", code) for code in codes if code)


# -- proposals -----------------------------------------------------------------------------------


def _proposals(
    actor: Actor, found: Iterable[Discrepancy], organisation_id: UUID | None
) -> dict[UUID, Proposal]:
    by_kind: dict[Kind, list[Discrepancy]] = {}
    for one in found:
        by_kind.setdefault(Kind(one.kind), []).append(one)
    made: dict[UUID, Proposal] = {}
    if organisation_id is not None and actor.may(PerformancePermission.NAME_CLASSES):
        made |= _classes(by_kind.get(Kind.CLASS_UNKNOWN, []), organisation_id)
    if actor.may(PerformancePermission.MANAGE_JOURNALS):
        made |= _subjects(by_kind.get(Kind.SUBJECT_UNKNOWN, []))
    if actor.may(ReconciliationPermission.RESOLVE):
        made |= _learners(actor, by_kind.get(Kind.LEARNER_UNKNOWN, []), organisation_id)
    return made


def _classes(rows: Collection[Discrepancy], organisation_id: UUID) -> dict[UUID, Proposal]:
    if not rows:
        return {}
    year = SchoolYear.of(clock.today()).begins_in
    groups = Group.objects.filter(organisation_id=organisation_id, school_year=year, closed_on__isnull=True)
    options = [(str(pk), title) for pk, title in groups.order_by("title_key").values_list("pk", "title")]
    choices = [Choice(*one) for one in options]
    return {one.pk: Proposal(choices, rules.only_match(one.said, options) or "") for one in rows}


def _subjects(rows: Collection[Discrepancy]) -> dict[UUID, Proposal]:
    if not rows:
        return {}
    options = codelists.choices("subject")
    made = {}
    for one in rows:
        near = rules.resembling(one.said, options)
        rest = [key for key, _ in options if key not in near]
        titles = dict(options)
        choices = [Choice(key, titles[key]) for key in [*near, *rest]]
        made[one.pk] = Proposal(choices, near[0] if near else "")
    return made


def _learners(
    actor: Actor, rows: Collection[Discrepancy], organisation_id: UUID | None
) -> dict[UUID, Proposal]:
    """Whose key it may be: learners of the class about whom that journal has said nothing, and who have no key of it."""
    classes = {one.group_id for one in rows if one.group_id is not None}
    if not classes or organisation_id is None:
        return {}
    today, year = clock.today(), SchoolYear.of(clock.today()).begins_in
    placements = (
        Placement.objects.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gt=today),
            group_id__in=classes, organisation_id=organisation_id, superseded_at__isnull=True, is_main=True, starts_on__lte=today,
        )
        .select_related("person")
        .order_by("person__name_key")
    )  # fmt: skip
    of_class: dict[UUID, list[Placement]] = {}
    for one in placements:
        if one.group_id is not None:
            of_class.setdefault(one.group_id, []).append(one)
    who = [one.person_id for learners in of_class.values() for one in learners]
    known = _known_to(who, {one.journal for one in rows if one.journal is not None}, year)
    made, shown = {}, set[UUID]()
    for row in rows:
        learners = of_class.get(row.group_id, []) if row.group_id else []
        free = [one for one in learners if (row.journal_id, one.person_id) not in known]
        choices = [Choice(str(one.person_id), one.person.full_name) for one in free]
        shown |= {one.person_id for one in free}
        made[row.pk] = Proposal(choices, choices[0].key if len(choices) == 1 else "")
    if shown:
        reads.note(
            actor, ReadKind.COMPARE, list(shown), what="кто это в журнале", organisation_id=organisation_id
        )
    return made


def _known_to(
    who: Collection[UUID], journals: Collection[Journal], year: int
) -> set[tuple[int | None, UUID]]:
    """Return (journal, learner) where the journal has a key of the learner, or said something of him this year."""
    with connection.cursor() as cursor:
        found: set[tuple[int | None, UUID]] = set()
        for journal in journals:
            number, source = journal.pk, journal.source
            cursor.execute(
                "SELECT DISTINCT w FROM unnest(%s::uuid[]) AS w WHERE EXISTS (SELECT 1 FROM persons_sourcekey k WHERE k.person_id = w "
                "AND k.source = %s) OR EXISTS (SELECT 1 FROM performance_mark m WHERE m.school_year = %s AND m.person_id = w "
                "AND m.journal_id = %s AND m.withdrawn_at IS NULL)",
                [list(who), source, year, number],
            )
            found |= {(number, row[0]) for row in cursor.fetchall()}
    return found
