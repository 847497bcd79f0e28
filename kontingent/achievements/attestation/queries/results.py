"""Results of exams: of a learner with what stood before, of a class, counted by school and subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.achievements.attestation.codes import ADMISSIONS, ExamStatus
from kontingent.achievements.attestation.models import ExamResult
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.achievements.attestation.rules import titles
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.models import Group
from kontingent.enrolment.queries import ListRow, organisations_condition
from kontingent.enrolment.queries.scope import purpose_of
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.persons import queries as persons
from kontingent.stages import queries as stages

FIELD = "exam"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A result as it stands, with its former states, the newest first."""

    result: ExamResult
    former: tuple[ExamResult, ...] = ()

    @property
    def title(self) -> str:
        """Form and subject in words."""
        return exam_title(self.result.form, self.result.subject_code)

    @property
    def subject(self) -> str:
        """The subject in words, as an exam of this form has it."""
        return subject_title(self.result.form, self.result.subject_code)

    @property
    def outcome(self) -> str:
        """The outcome in words: score, mark, зачёт."""
        return outcome_of(self.result)

    @property
    def is_below(self) -> bool:
        """True for a result that does not pass."""
        return self.result.status_code == ExamStatus.VALID and self.result.passed is False


def subject_title(form: str, subject_code: str) -> str:
    """Return what a subject is called among exams of a form."""
    return titles.subject_title(form, subject_code, codelists.title("exam_subject", subject_code))


def exam_title(form: str, subject_code: str) -> str:
    """Return what an exam is called, form and subject."""
    return titles.exam_title(
        form, codelists.title("exam_form", form), subject_code, codelists.title("exam_subject", subject_code)
    )


def outcome_of(one: ExamResult) -> str:
    """Return what came out, in words."""
    if one.status_code not in {ExamStatus.VALID, ExamStatus.RETAKE, ExamStatus.ANNULLED}:
        return "–"
    if one.form in ADMISSIONS:
        return "зачёт" if one.passed else "незачёт"
    return " / ".join(
        part
        for part in (
            f"{one.score} б." if one.score is not None else "",
            str(one.mark) if one.mark is not None else "",
        )
        if part
    )


class LearnerResults(NamedTuple):
    """All results of one human being by year, the newest first."""

    by_year: list[tuple[int, list[ResultRow]]]

    @property
    def number(self) -> int:
        """How many results there are."""
        return sum(len(rows) for _, rows in self.by_year)


def may_look(actor: Actor) -> bool:
    """Say whether results of exams are open to the actor at all; one statement, and no value is read."""
    if not actor.may(AttestationPermission.VIEW_EXAMS):
        return False
    if actor.scope.whole_region:
        return stages.gate_for(actor).allows(FIELD)
    places = [*actor.scope.organisations, *([actor.organisation_id] if actor.organisation_id else [])]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM (SELECT unnest(%s::uuid[]) AS id UNION SELECT o.municipality_id FROM organisations_organisation o "
            "WHERE o.id = ANY(%s)) m WHERE scope.stage_is_open('3', m.id))",
            [list(actor.scope.municipalities), places],
        )
        return bool((cursor.fetchone() or (False,))[0])


def of_learner(actor: Actor, person_id: UUID) -> LearnerResults:
    """Return the results of a learner with what stood before.

    Raises:
        NotAllowed: without the permission, or beyond the scope.
        RuleViolation: the stage is not open where the actor works.
    """
    actor.require(AttestationPermission.VIEW_EXAMS)
    stages.gate_for(actor).require(FIELD)
    enrolment.require_visible(actor, person_id)
    found = _of(persons.records_of(person_id))
    reads.note(
        actor,
        ReadKind.CARD,
        [person_id],
        object_id=person_id,
        purpose=purpose_of(actor, person_id),
        what="результаты экзаменов",
    )
    return LearnerResults(found)


def own_results(actor: Actor, person_id: UUID) -> LearnerResults:
    """Return the results of one's own child or of oneself; nothing where the stage is closed."""
    if person_id not in actor.scope.persons or not actor.scope.is_family:
        raise NotFound("attestation.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
    if not stages.gate_for(actor).allows(FIELD):
        return LearnerResults([])
    found = _of(persons.records_of(person_id))
    if found:
        reads.note(actor, ReadKind.FAMILY, [person_id], object_id=person_id, what="результаты экзаменов")
    return LearnerResults(found)


def _of(records: list[UUID]) -> list[tuple[int, list[ResultRow]]]:
    standing: dict[tuple[str, str, date], ExamResult] = {}
    former: dict[tuple[str, str, date], list[ExamResult]] = defaultdict(list)
    for one in ExamResult.objects.filter(stages.where_open(FIELD), person_id__in=records).order_by(
        "-recorded_at"
    ):
        key = (one.form, one.subject_code, one.held_on)
        if one.superseded_at is None and key not in standing:
            standing[key] = one
        else:
            former[key].append(one)
    by_year: dict[int, list[ResultRow]] = defaultdict(list)
    for key, one in sorted(standing.items(), key=lambda item: (item[0][2], item[0][1])):
        by_year[one.year].append(ResultRow(one, tuple(former[key])))
    return sorted(by_year.items(), reverse=True)


def of_class(
    actor: Actor, group_id: UUID, on: date
) -> tuple[Group, list[str], list[tuple[ListRow, dict[str, ResultRow]]]]:
    """Return a class by name with the results of its year by exam and subject, and the columns that occur; flat in statements."""
    actor.require(AttestationPermission.VIEW_EXAMS)
    stages.gate_for(actor).require(FIELD)
    group, rows = enrolment.class_list(actor, group_id, on)
    whom = [row.person_id for row in rows]
    found: dict[UUID, dict[str, ResultRow]] = defaultdict(dict)
    columns: dict[str, tuple[int, int]] = {}
    for who, results in exams_of(whom).items():
        for one in results:
            if one.year == group.school_year + 1:
                column = one.form if one.form in ADMISSIONS else f"{one.form}:{one.subject_code}"
                found[who][column] = ResultRow(one)
                columns[column] = (one.form not in ADMISSIONS, int(one.subject_code))
    reads.note(
        actor, ReadKind.LIST, whom, object_id=group_id, organisation_id=group.organisation_id, what=f"класс {group.title}, результаты экзаменов",
    )  # fmt: skip
    return (
        group,
        sorted(columns, key=lambda column: columns[column]),
        [(row, found[row.person_id]) for row in rows],
    )


def column_title(column: str) -> str:
    """Return a column of a class in words."""
    form, _, subject = column.partition(":")
    return exam_title(form, subject)


# -- numbers ---------------------------------------------------------------------------------------


class By(StrEnum):
    """What a row is."""

    SUBJECT = "subject"
    SCHOOL = "school"


class SummaryRow(NamedTuple):
    """Results of an exam by subject or school: how many, how many of them below the threshold, means and bests."""

    key: Any
    title: str
    number: int
    below: int | None
    score: float | None
    mark: float | None
    hundred: int | None

    @property
    def share_below(self) -> float | None:
        """The share below the threshold in percent."""
        return None if self.below is None else round(100 * self.below / self.number, 1)

    @property
    def is_kept_back(self) -> bool:
        """True where so few sat that figures would tell of a child."""
        return self.below is None


#: Fewer results than these are not told beyond their school (as ``performance_threshold`` of successes does).
FEWEST = 5


def summary(
    actor: Actor, year: int, form: str, by: By, *, organisation_id: UUID | None = None
) -> list[SummaryRow]:
    """Count the valid results of a year within the scope by subject or by school; one statement.

    Of a result that two records of one human being hold, the latest word counts, where it was said.
    """
    actor.require(AttestationPermission.VIEW_EXAMS)
    stages.gate_for(actor).require(FIELD)
    condition, parameters = organisations_condition(actor, "r")
    key, title = ("r.subject_code", "''") if by is By.SUBJECT else ("o.id", "o.short_name")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {title}, count(*), count(*) FILTER (WHERE r.passed IS FALSE), avg(r.score)::float, avg(r.mark)::float, "
            "count(*) FILTER (WHERE r.score = 100) FROM ("
            "SELECT DISTINCT ON (coalesce(p.merged_into_id, r.person_id), r.subject_code, r.held_on) r.* "
            "FROM attestation_examresult r LEFT JOIN persons_person p ON p.id = r.person_id "
            "WHERE r.superseded_at IS NULL AND r.year = %s AND r.form = %s "
            f"AND r.organisation_id = ANY((SELECT scope.attestation_places())::uuid[]){condition} "
            "ORDER BY coalesce(p.merged_into_id, r.person_id), r.subject_code, r.held_on, r.recorded_at DESC"
            ") r JOIN organisations_organisation o ON o.id = r.organisation_id "
            "WHERE r.status_code = 'valid' AND (%s::uuid IS NULL OR r.organisation_id = %s) GROUP BY 1, 2",
            [year, form, *parameters, organisation_id, organisation_id],
        )
        found = [SummaryRow(*row) for row in cursor.fetchall()]
    if by is By.SUBJECT:
        found = [one._replace(title=subject_title(form, one.key)) for one in found]
    is_own = bool(actor.scope.organisations) and not (actor.scope.municipalities or actor.scope.whole_region)
    if not is_own:
        found = [
            one if one.number >= FEWEST else one._replace(below=None, score=None, mark=None, hundred=None)
            for one in found
        ]
    return sorted(found, key=lambda one: (int(one.key) if by is By.SUBJECT else 0, one.title))


def years(actor: Actor) -> list[tuple[int, str]]:
    """Return which years and forms there are results of within the scope, the newest first."""
    actor.require(AttestationPermission.VIEW_EXAMS)
    condition, parameters = organisations_condition(actor, "r")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT r.year, r.form FROM attestation_examresult r WHERE r.superseded_at IS NULL "
            f"AND r.organisation_id = ANY((SELECT scope.attestation_places())::uuid[]){condition} ORDER BY 1 DESC, 2",
            parameters,
        )
        return [(year, form) for year, form in cursor.fetchall()]


def exams_of(person_ids: Iterable[UUID]) -> dict[UUID, list[ExamResult]]:
    """Return what stands of many learners in the order of days, by the record asked for; the caller has let the actor in.

    Of a result that two records of one human being hold, the latest word counts.
    """
    whose = persons_of(list(person_ids))
    found: dict[UUID, dict[tuple[str, str, date], ExamResult]] = defaultdict(dict)
    standing = ExamResult.objects.filter(
        stages.where_open(FIELD), person_id__in=list(whose), superseded_at__isnull=True
    )
    for one in standing.order_by("held_on", "recorded_at"):
        found[whose[one.person_id]][one.form, one.subject_code, one.held_on] = one
    return defaultdict(list, {who: list(results.values()) for who, results in found.items()})


def persons_of(person_ids: list[UUID]) -> dict[UUID, UUID]:
    """Return record → the record asked for: itself, and those merged into it; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, merged_into_id FROM persons_person WHERE merged_into_id = ANY(%s)", [person_ids]
        )
        merged = {row[0]: row[1] for row in cursor.fetchall()}
    return {**{one: one for one in person_ids}, **merged}
