"""Of whom exactly something is missing (чего не хватает): the learners of an organisation by required field, with the reason.

What ``completeness`` counts is named here, by the same conditions, for those who are to fill it, within their own scope. Health
(stage two) is told as numbers alone, by class to whoever may see it: who lacks a group is shown by the health room's own page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from django.db import connection

from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.health.permissions import HealthPermission
from kontingent.kernel.actor import Actor
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.persons.permissions import PersonPermission
from kontingent.reports.completeness import (
    DOCUMENT_IN_FORCE,
    HAS_PASSPORT,
    JOINED,
    LEARNERS,
    NEEDS_PASSPORT,
    REQUIRED,
    Required,
    parameters_on,
)
from kontingent.stages import queries as stages
from kontingent.stages.fields import Stage
from kontingent.storage import scope


class Problem(StrEnum):
    """What is wrong with a required field."""

    EMPTY = "empty"
    WRONG = "wrong"
    UNCONFIRMED = "unconfirmed"
    STALE = "stale"


PROBLEMS: dict[str, str] = {
    Problem.EMPTY: "не заполнено",
    Problem.WRONG: "неверно",
    Problem.UNCONFIRMED: "без документа",
    Problem.STALE: "давно не сверяли",
}
#: Stages whose fields are named learner by learner, and what one must be allowed to know for it.
NAMED: dict[Stage, tuple[StrEnum, ...]] = {
    Stage.PERSONAL: (PersonPermission.VIEW_DOCUMENTS, PersonPermission.VIEW_ADDRESSES),
    Stage.ACHIEVEMENTS: (AttestationPermission.VIEW_EXAMS, AttestationPermission.VIEW_DOCUMENTS),
}
FIELDS: dict[Stage, dict[str, str]] = {
    stage: {one.code: one.title for one in fields} for stage, fields in REQUIRED.items()
}
TITLES = {code: title for fields in FIELDS.values() for code, title in fields.items()}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a field is not in order, as SQL over person ``h`` and placement ``p``, and what to do."""

    field: str
    problem: Problem
    holds: str
    advice: str


#: What to do about an empty field, a wrong one, one without a document, a stale one.
_ADVICE: dict[str, dict[Problem, str]] = {
    "snils": {
        Problem.EMPTY: "Внесите СНИЛС по документу.",
        Problem.WRONG: "Этот же номер внесли и другому человеку. Разберите пару в разделе «Дубли».",
    },
    "birth_place": {
        Problem.EMPTY: "Внесите место рождения, как в свидетельстве или паспорте.",
        Problem.WRONG: "Записано не место. Внесите его, как в свидетельстве или паспорте.",
    },
    "document": {
        Problem.EMPTY: "Добавьте свидетельство о рождении или паспорт.",
        Problem.WRONG: "Документ не действует. Добавьте новый.",
        Problem.UNCONFIRMED: "Не записано, кем и когда выдан. Добавьте документ с этими сведениями.",
    },
    "address": {
        Problem.EMPTY: "Внесите адрес регистрации или проживания.",
        Problem.WRONG: "Записан не адрес. Внесите его: город, улица, дом.",
        Problem.STALE: "Адрес внесён больше трёх лет назад. Сверьте его с семьёй.",
    },
    "representative": {
        Problem.EMPTY: "Добавьте хотя бы одного законного представителя.",
        Problem.WRONG: "Все записанные представители ограничены в правах. Узнайте, кто представляет ребёнка.",
        Problem.UNCONFIRMED: "Ни у одного представителя не указан подтверждающий документ. Добавьте его.",
    },
    "exam": {
        Problem.EMPTY: "Нужны русский язык и математика: загрузите таблицу РИС ГИА или запросите у прежней школы.",
    },
    "education_document": {
        Problem.EMPTY: "Загрузите таблицу документов или запросите сведения у выдавшей школы.",
        Problem.WRONG: "Аттестат утрачен, обменян или уничтожен. Внесите дубликат.",
    },
    "final_mark": {Problem.EMPTY: "Загрузите или внесите отметки приложения к аттестату."},
}
#: Reasons that say more than "not valid"; told before the others of their field.
_CLAIMED = Reason(
    "snils", Problem.WRONG,
    "h.snils IS NULL AND EXISTS (SELECT 1 FROM persons_duplicatepair d "
    "WHERE d.claimant_id = h.id AND d.state = 'open' AND d.claimed_snils IS NOT NULL)",
    "Внесённый номер записан за другим человеком. Разберите пару в разделе «Дубли».",
)  # fmt: skip
_EXPIRED = Reason(
    "document", Problem.WRONG, f"NOT {DOCUMENT_IN_FORCE}", "Срок действия документа истёк. Добавьте новый."
)
_NO_PASSPORT = Reason(
    "document", Problem.WRONG, f"{NEEDS_PASSPORT} AND NOT {HAS_PASSPORT}", "Исполнилось 14 лет. Добавьте паспорт."
)  # fmt: skip


def _reasons(one: Required) -> list[Reason]:
    """What can be wrong with a field, the first that holds is told: the conditions of ``completeness``, turned round."""
    found = [_CLAIMED] if one.code == _CLAIMED.field else []
    said = {
        Problem.EMPTY: one.is_filled, Problem.WRONG: one.is_valid, Problem.UNCONFIRMED: one.is_confirmed, Problem.STALE: one.is_fresh,
    }  # fmt: skip
    for problem, condition in said.items():
        if problem is Problem.WRONG and one.code == _EXPIRED.field:
            found += [_EXPIRED, _NO_PASSPORT]
        if condition:
            holds = f"{one.applies} AND NOT coalesce({condition}, false)"
            found.append(Reason(one.code, problem, holds, _ADVICE[one.code][problem]))
    return found


REASONS: dict[Stage, tuple[Reason, ...]] = {
    stage: tuple(reason for one in REQUIRED[stage] for reason in _reasons(one)) for stage in NAMED
}


@dataclass(frozen=True, slots=True)
class Gap:
    """A field of a learner that is not in order."""

    field: str
    problem: Problem
    advice: str

    @property
    def title(self) -> str:
        """The field, in Russian."""
        return TITLES[self.field]

    @property
    def problem_title(self) -> str:
        """What is wrong, in Russian."""
        return PROBLEMS[self.problem]


@dataclass(frozen=True, slots=True)
class Lacking:
    """A learner of whom something is missing."""

    person_id: UUID
    full_name: str
    group_id: UUID | None
    group_title: str
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """What an organisation has to fill of a stage: whom of its learners, and how many of each field and problem."""

    organisation: Organisation
    learners: int
    rows: list[Lacking]
    numbers: list[tuple[str, str, list[tuple[Problem, int]]]]


def of_organisation(
    actor: Actor,
    organisation_id: UUID,
    on: date,
    *,
    stage: Stage = Stage.PERSONAL,
    field: str = "",
    problem: str = "",
    kind: ReadKind = ReadKind.LIST,
) -> Missing:
    """Return whom something is missing of on a day, by class and name; ``field`` and ``problem`` narrow the list.

    The numbers beside are of the whole organisation. Everything is read within the actor's own scope: whoever may not see
    documents or addresses cannot tell their absence, so the list is refused instead of being wrong.

    Raises:
        NotAllowed: without a permission, or beyond the scope.
        RuleViolation: the stage is not open there.
    """
    organisation = organisations.get(organisation_id)
    for permission in (EnrolmentPermission.VIEW, PersonPermission.VIEW, *NAMED[stage]):
        actor.require(
            permission, organisation_id=organisation.id, municipality_id=organisation.municipality_id
        )
    _require_open(organisation, stage, on)
    found, learners = _read(stage, organisation_id, on)
    counted = Counter((gap.field, gap.problem) for one in found for gap in one.gaps)
    rows = [one for one in found if any(is_asked_for(gap, field, problem) for gap in one.gaps)]
    reads.note(
        actor, kind, [one.person_id for one in rows], object_id=organisation_id, organisation_id=organisation_id,
        what=f"чего не хватает, этап {stage}",
    )  # fmt: skip
    numbers = [
        (code, title, [(one, counted[code, one]) for one in Problem]) for code, title in FIELDS[stage].items()
    ]
    return Missing(organisation, learners, rows, numbers)


def is_asked_for(gap: Gap, field: str, problem: str) -> bool:
    """Say whether a gap is among those looked for; what is merely old is told when asked for, and missing is nothing of it."""
    if gap.problem is Problem.STALE and problem != Problem.STALE:
        return False
    return field in {"", gap.field} and problem in {"", gap.problem}


def _require_open(organisation: Organisation, stage: Stage, on: date) -> None:
    gate = stages.gate(organisation.municipality, on=on)
    gate.require(REQUIRED[stage][0].code)


def _read(stage: Stage, organisation_id: UUID, on: date) -> tuple[list[Lacking], int]:
    """Return whom something is missing of and how many learners there are, in one statement."""
    reasons = REASONS[stage]
    statement = (
        "SELECT p.person_id, concat_ws(' ', h.family_name, h.given_name, nullif(h.patronymic, '')), p.group_id, "
        f"coalesce(g.title, ''), ARRAY[{', '.join(f'({one.holds})' for one in reasons)}] "
        f"{LEARNERS} LEFT JOIN enrolment_group g ON g.id = p.group_id WHERE p.organisation_id = %(organisation)s "
        "ORDER BY g.title_key NULLS LAST, h.name_key, h.birth_date"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters_on(on) | {"organisation": organisation_id})
        rows = cursor.fetchall()
    lacking = (
        Lacking(who, name, group, title, _gaps(reasons, holds)) for who, name, group, title, holds in rows
    )
    return [one for one in lacking if one.gaps], len(rows)


def _gaps(reasons: tuple[Reason, ...], holds: list[bool | None]) -> tuple[Gap, ...]:
    told: dict[str, Gap] = {}
    for reason, does in zip(reasons, holds, strict=True):
        if does:
            told.setdefault(reason.field, Gap(reason.field, reason.problem, reason.advice))
    return tuple(told.values())


# -- health, as numbers --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClassCount:
    """A class with how many learners it has and of how many each required field of health is empty."""

    group_id: UUID | None
    title: str
    learners: int
    empty: list[int]


@dataclass(frozen=True, slots=True)
class HealthMissing:
    """Of how many learners of an organisation a required field of health is empty; by class to whoever may see health."""

    organisation: Organisation
    learners: int
    numbers: list[tuple[str, str, int]]
    classes: list[ClassCount]


def of_health(actor: Actor, organisation_id: UUID, on: date) -> HealthMissing:
    """Return numbers alone: that somebody has a record of health, or none, is told by the health room and journaled there.

    Raises:
        NotAllowed: without the permission to count, or beyond the scope.
        RuleViolation: the stage is not open there.
    """
    organisation = organisations.get(organisation_id)
    where = {"organisation_id": organisation.id, "municipality_id": organisation.municipality_id}
    actor.require(EnrolmentPermission.COUNT, **where)
    _require_open(organisation, Stage.HEALTH, on)
    fields = REQUIRED[Stage.HEALTH]
    statement = (
        "SELECT p.group_id, coalesce(g.title, ''), count(*), "
        f"{', '.join(f'count(*) FILTER (WHERE NOT {one.is_filled})' for one in fields)} "
        f"{LEARNERS} LEFT JOIN enrolment_group g ON g.id = p.group_id {JOINED[Stage.HEALTH]} "
        "WHERE p.organisation_id = %(organisation)s GROUP BY p.group_id, g.title, g.title_key ORDER BY g.title_key NULLS LAST"
    )
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(statement, parameters_on(on) | {"organisation": organisation_id})
        found = [
            ClassCount(who, title, learners, list(empty))
            for who, title, learners, *empty in cursor.fetchall()
        ]
    numbers = [
        (one.code, one.title, sum(row.empty[index] for row in found)) for index, one in enumerate(fields)
    ]
    shown = [one for one in found if any(one.empty)] if actor.may(HealthPermission.VIEW) else []
    return HealthMissing(organisation, sum(one.learners for one in found), numbers, shown)
