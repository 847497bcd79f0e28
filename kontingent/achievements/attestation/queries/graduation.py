"""A graduating class: what the document of each would say, with every step, and what keeps it from being issued."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.achievements.attestation.codes import (
    INTELLECTUAL,
    WITHOUT_MARKS,
    DocumentKind,
    DocumentState,
)
from kontingent.achievements.attestation.models import BroughtMark, EducationDocument
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.achievements.attestation.queries.results import exam_title, exams_of, persons_of
from kontingent.achievements.attestation.rules import final
from kontingent.achievements.attestation.rules.final import Exam, Level, Line, Outcome
from kontingent.achievements.attestation.rules.marks import Brought, Given, Slot, with_scale
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.models import Group
from kontingent.enrolment.queries import ListRow
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import RuleViolation
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries.diary import closing_marks_of
from kontingent.stages import queries as stages

#: Who sat in a class until this day of May graduates with it.
LAST_MONTH, LAST_DAY = 5, 25
LAST_GRADES: Final = {9: DocumentKind.BASIC, 11: DocumentKind.SECONDARY, 12: DocumentKind.SECONDARY}


class Graduate(NamedTuple):
    """One learner of the class and a document: what it would say, and the document where it has been issued."""

    row: ListRow
    kind: DocumentKind
    outcome: Outcome
    issued: EducationDocument | None

    @property
    def person_id(self) -> UUID:
        """Who it is."""
        return self.row.person_id

    @property
    def may_be_issued(self) -> bool:
        """True when nothing keeps the document."""
        return self.issued is None and not self.outcome.errors


@dataclass(frozen=True, slots=True)
class Graduation:
    """A graduating class; ``kind`` is the document of the class, learners of adapted programmes have one of their own.

    ``references`` are what those could be given instead whose document is kept back, or what they were given.
    """

    group: Group
    kind: DocumentKind
    graduates: list[Graduate]
    references: list[Graduate]

    @property
    def kinds(self) -> list[DocumentKind]:
        """Return the kinds of documents of this class, its own first."""
        others = {one.kind for one in (*self.graduates, *self.references)} - {self.kind}
        return [self.kind, *sorted(others, reverse=True)]

    def of(self, kind: DocumentKind) -> list[Graduate]:
        """Return those to whom a kind of document is given."""
        return [one for one in (*self.graduates, *self.references) if one.kind == kind]

    @property
    def year(self) -> int:
        """The year of graduation."""
        return self.group.school_year + 1


class ClassRow(NamedTuple):
    """A class whose learners graduate this school year."""

    id: UUID
    title: str
    grade: int
    learners: int


def graduating_classes(actor: Actor, organisation_id: UUID, school_year: int) -> list[ClassRow]:
    """Return the classes of a school that graduate in a school year."""
    found = enrolment.groups(actor, organisation_id, school_year, _day(school_year))
    return [ClassRow(one.id, one.title, one.grade, one.size) for one in found if one.grade in LAST_GRADES]


def graduation(actor: Actor, group_id: UUID) -> Graduation:
    """Return a graduating class with what every document would say; flat in statements.

    Raises:
        NotAllowed: without the permissions, or beyond the scope.
        RuleViolation: the stage is not open, or nobody graduates from the class.
    """
    group, kind, rows = learners_of(actor, group_id, what="итоговые отметки")
    whom = [row.person_id for row in rows]
    given = levels_of(whom, group)
    kinds = {person_id: one for person_id, (one, _) in given.items()}
    levels = {person_id: one for person_id, (_, one) in given.items()}
    outcomes, issued = outcomes_of(levels, group), issued_to(whom)
    graduates = [
        Graduate(row, one := kinds[row.person_id], outcomes[row.person_id], issued.get((row.person_id, one)))
        for row in rows
    ]
    kept = {
        one.person_id: final.reference_of(levels[one.person_id])
        for one in graduates
        if one.kind == kind
        and one.issued is None
        and (one.outcome.errors or (one.person_id, DocumentKind.REFERENCE) in issued)
    }
    instead = outcomes_of(kept, group, with_exams=True) if kept else {}
    return Graduation(
        group,
        kind,
        graduates,
        [
            Graduate(row, DocumentKind.REFERENCE, instead[row.person_id], issued.get((row.person_id, DocumentKind.REFERENCE)))
            for row in rows
            if row.person_id in instead
        ],
    )  # fmt: skip


def learners_of(actor: Actor, group_id: UUID, *, what: str) -> tuple[Group, DocumentKind, list[ListRow]]:
    """Let in to a graduating class; return it, the document it is given and who is in it, noted as ``what``."""
    for permission in (
        AttestationPermission.VIEW_DOCUMENTS,
        AttestationPermission.VIEW_EXAMS,
        PerformancePermission.VIEW,
    ):
        actor.require(permission)
    group = enrolment.group(actor, group_id)
    gate = stages.gate(group.organisation.municipality)
    gate.require("final_mark")
    gate.require("exam")
    kind = LAST_GRADES.get(group.grade or 0)
    if kind is None:
        raise RuleViolation(
            "attestation.not_graduating",
            f"Класс {group.title} не выпускной: документы выдают после 9 и 11 (12) классов.",
        )
    group, rows = enrolment.class_list(actor, group_id, _day(group.school_year))
    reads.note(
        actor, ReadKind.LIST, [row.person_id for row in rows], object_id=group_id, organisation_id=group.organisation_id,
        what=f"класс {group.title}, {what}",
    )  # fmt: skip
    return group, kind, rows


def note_printed(actor: Actor, found: Graduation, printed: Sequence[Graduate]) -> None:
    """Note whose supplements were printed."""
    reads.note(
        actor, ReadKind.EXPORT, [one.person_id for one in printed], object_id=found.group.id, organisation_id=found.group.organisation_id,
        what=f"класс {found.group.title}, приложения, PDF",
    )  # fmt: skip


def _day(school_year: int) -> date:
    return min(clock.today(), date(school_year + 1, LAST_MONTH, LAST_DAY))


def levels_of(whom: Collection[UUID], group: Group) -> dict[UUID, tuple[DocumentKind, Level]]:
    """Return what document each learner of a class is given and by which rules: by the grade, and by the programme they study.

    Who studies by the second variant of an adapted programme has no marks: nothing is required of them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (p.person_id) p.person_id, p.adaptation_code FROM enrolment_placement p WHERE p.person_id = ANY(%s) "
            "AND p.group_id = %s AND p.superseded_at IS NULL AND p.starts_on <= %s ORDER BY p.person_id, p.starts_on DESC",
            [list(whom), group.id, _day(group.school_year)],
        )
        adapted = dict(cursor.fetchall())
    declared, own = final.declared()[1], LAST_GRADES[group.grade or 0]
    found = {}
    for person_id in whom:
        code = adapted.get(person_id)
        kind = DocumentKind.STUDIES if code in INTELLECTUAL else own
        level = declared[kind.value]
        found[person_id] = kind, final.undemanding(level) if code == WITHOUT_MARKS else level
    return found


def outcomes_of(
    levels: Mapping[UUID, Level], group: Group, *, with_exams: bool = False
) -> dict[UUID, Outcome]:
    """Return what the documents of learners would say, each by its level; the caller has let the actor in.

    ``with_exams`` tells results of exams in lines of their own.
    """
    whom = list(levels)
    marks, brought, exams = given_of(whom, group), brought_of(whom), exams_of(whom)
    found = {}
    for person_id, level in levels.items():
        results = [
            Exam(e.form, e.subject_code, e.status_code, e.score, e.mark, e.passed) for e in exams[person_id]
        ]
        outcome = final.compute(level, marks[person_id], results, [told(one) for one in brought[person_id]])
        if with_exams:
            outcome = replace(outcome, additional=(*outcome.additional, *map(_told_exam, results)))
        found[person_id] = outcome
    return found


def _told_exam(one: Exam) -> Line:
    """A result of an exam as a line of a reference."""
    got = one.mark if one.mark is not None else f"{one.score} б." if one.score is not None else None
    value = str(got) if got is not None else "зач" if one.passed else "незач"
    return Line(
        exam_title(one.form, one.subject_code),
        value,
        (codelists.title("exam_status", one.status_code).lower(),),
    )


def given_of(whom: Sequence[UUID], group: Group) -> dict[UUID, list[Given]]:
    """Return the closing marks of the journal by grade; of a grade that was repeated, those of the last time."""
    marks, grades = closing_marks_of(whom), _grades(whom)
    found = {}
    for person_id in whom:
        given: list[tuple[int, Given]] = []
        for one in marks[person_id]:
            grade = grades[person_id].get(
                one.school_year, (group.grade or 0) - (group.school_year - one.school_year)
            )
            given.append(
                (one.school_year, Given(grade, one.subject_code, one.kind, one.period_code, with_scale(one.value, one.system_code)))
            )  # fmt: skip
        last = {one.grade: year for year, one in given}
        found[person_id] = [one for year, one in given if year == last[one.grade]]
    return found


def brought_of(whom: Collection[UUID]) -> defaultdict[UUID, list[BroughtMark]]:
    """Return the marks that were brought for learners and stand, in the order in which they came."""
    found: defaultdict[UUID, list[BroughtMark]] = defaultdict(list)
    standing = BroughtMark.objects.filter(
        stages.where_open("final_mark"), person_id__in=list(whom), superseded_at__isnull=True
    )
    for one in standing.order_by("recorded_at", "id"):
        found[one.person_id].append(one)
    return found


def told(one: BroughtMark) -> Brought:
    """Return a mark that was brought as the rules know it."""
    document = f"{codelists.title('mark_source', one.source_code).lower()}: {one.document}"
    slot = Slot(one.grade, one.subject_code, one.period_code)
    return Brought(slot, one.title, one.value, document, one.against, one.reason)


def _grades(whom: Collection[UUID]) -> defaultdict[UUID, dict[int, int]]:
    """Return in which grade each learner was by school year, as their placements say."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id, p.starts_on, coalesce(p.ends_on, %s) - 1, p.grade FROM enrolment_placement p WHERE p.person_id = ANY(%s) "
            "AND p.superseded_at IS NULL AND p.is_main AND p.grade IS NOT NULL ORDER BY p.starts_on",
            [clock.today(), list(whom)],
        )
        found: defaultdict[UUID, dict[int, int]] = defaultdict(dict)
        for person_id, starts_on, last, grade in cursor.fetchall():
            first = SchoolYear.of(starts_on).begins_in
            for year in range(first, max(first, SchoolYear.of(last).begins_in) + 1):
                found[person_id][year] = grade
    return found


def issued_to(whom: Collection[UUID]) -> dict[tuple[UUID, DocumentKind], EducationDocument]:
    """Return the document of each kind that each of these has in force; of several, the newest."""
    whose = persons_of(list(whom))
    found = EducationDocument.objects.select_related("organisation").filter(
        stages.where_open("education_document"), person_id__in=list(whose), superseded_at__isnull=True, state_code=DocumentState.ACTIVE,
    )  # fmt: skip
    return {(whose[one.person_id], DocumentKind(one.kind_code)): one for one in found.order_by("issued_on")}
