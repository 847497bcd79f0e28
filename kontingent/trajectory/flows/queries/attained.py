"""What a learner has attained along the path: closing marks year by year, exams, education documents, achievements.

Each room is asked by its own right and its own stage, and notes its own reads; what the actor may not see is named as ``closed``, never
left out in silence. A page of its own shows it, so that opening a card reads no marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from kontingent.achievements.attestation import queries as attestation
from kontingent.achievements.attestation.codes import DocumentState, ExamStatus
from kontingent.achievements.attestation.models import EducationDocument
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.achievements.attestation.queries.documents import of_learner as documents_of
from kontingent.achievements.attestation.queries.results import ResultRow
from kontingent.achievements.portfolio import queries as portfolio
from kontingent.achievements.portfolio.models import Achievement
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment.queries.scope import purpose_of
from kontingent.kernel.actor import Actor
from kontingent.performance import queries as performance
from kontingent.performance.codes import MarkSystem
from kontingent.performance.permissions import PerformancePermission
from kontingent.stages import queries as stages
from kontingent.trajectory.flows.rules import Closing, YearOfMarks, years_of_marks

_NO_RIGHT: Final = "нет права"
_STAGE: Final = "этап не открыт"


class Milestone(NamedTuple):
    """Something attained on a day. ``kind`` is «exam», «document» or «achievement»; ``is_poor`` did not pass or no longer holds."""

    on: date
    kind: str
    title: str
    outcome: str
    place: str
    is_poor: bool = False


@dataclass(frozen=True, slots=True)
class Attained:
    """Years of marks and milestones, the earliest first; ``closed`` names what is not shown, and why."""

    years: list[YearOfMarks]
    milestones: list[Milestone]
    closed: list[str]


def of(actor: Actor, person_id: UUID) -> Attained:
    """Return what a learner has attained, to whoever has been shown the learner's card: staff within their rights, a family its own."""
    closed: list[str] = []
    years = _years(actor, person_id, closed)
    found = [*_exams(actor, person_id, closed), *_documents(actor, person_id, closed)]
    found += _achievements(actor, person_id, closed)
    return Attained(years, sorted(found, key=lambda one: (one.on, one.kind, one.title)), closed)


def _years(actor: Actor, person_id: UUID, closed: list[str]) -> list[YearOfMarks]:
    if not actor.scope.is_family and not actor.may(PerformancePermission.VIEW):
        closed.append(f"итоговые отметки ({_NO_RIGHT})")
        return []
    marks = performance.closing_marks(actor, person_id, what="путь: итоговые отметки")
    return years_of_marks(
        Closing(
            one.school_year, one.subject_code, one.kind, one.score if one.system_code == MarkSystem.FIVE else None, one.is_unsatisfactory
        )
        for one in marks
    )  # fmt: skip


def _exams(actor: Actor, person_id: UUID, closed: list[str]) -> list[Milestone]:
    if not _may(actor, AttestationPermission.VIEW_EXAMS, "exam", "экзамены", closed):
        return []
    read = attestation.own_results if actor.scope.is_family else attestation.of_learner
    return [_exam(row) for _, rows in read(actor, person_id).by_year for row in rows]


def _exam(row: ResultRow) -> Milestone:
    one, is_valid = row.result, row.result.status_code == ExamStatus.VALID
    outcome = row.outcome if is_valid else codelists.title("exam_status", one.status_code)
    return Milestone(one.held_on, "exam", row.title, outcome, "", row.is_below or not is_valid)


def _documents(actor: Actor, person_id: UUID, closed: list[str]) -> list[Milestone]:
    if not _may(
        actor,
        AttestationPermission.VIEW_DOCUMENTS,
        "education_document",
        "документы об образовании",
        closed,
    ):
        return []
    if actor.scope.is_family:
        found = attestation.own_documents(actor, person_id)
    elif found := documents_of(actor, person_id):
        reads.note(
            actor, ReadKind.CARD, [person_id], object_id=person_id, purpose=purpose_of(actor, person_id), what="путь: документы об образовании"
        )  # fmt: skip
    return [_document(one) for one in found]


def _document(one: EducationDocument) -> Milestone:
    title = codelists.title("education_document", one.kind_code)
    outcome = [
        "с отличием" if one.with_honours else "",
        "медаль «За особые успехи в учении»" if one.medal else "",
        "" if one.state_code == DocumentState.ACTIVE else codelists.title("document_state", one.state_code),
    ]
    return Milestone(
        one.issued_on, "document", title, ", ".join(part for part in outcome if part) or "выдан",
        one.organisation_name or one.organisation.short_name, one.state_code != DocumentState.ACTIVE,
    )  # fmt: skip


def _achievements(actor: Actor, person_id: UUID, closed: list[str]) -> list[Milestone]:
    if not _may(actor, PortfolioPermission.VIEW, "achievement", "достижения", closed):
        return []
    return [_achievement(one) for one in portfolio.portfolio(actor, person_id).accepted]


def _achievement(one: Achievement) -> Milestone:
    told = [codelists.title("achievement_result", one.result_code) if one.result_code else ""]
    told += [codelists.title("achievement_level", one.level_code).lower() if one.level_code else ""]
    return Milestone(
        one.happened_on, "achievement", one.title, ", ".join(part for part in told if part), one.organisation.short_name
    )  # fmt: skip


def _may(actor: Actor, permission: StrEnum, field: str, title: str, closed: list[str]) -> bool:
    """Say whether a room shows what it has to the actor; if not, name it."""
    if not actor.scope.is_family and not actor.may(permission):
        closed.append(f"{title} ({_NO_RIGHT})")
        return False
    if not stages.gate_for(actor).allows(field):
        closed.append(f"{title} ({_STAGE})")
        return False
    return True
