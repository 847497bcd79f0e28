"""Of whom exactly something is missing (чего не хватает): the learners of an organisation by required field, with the reason.

What ``completeness`` counts is named here, by the same conditions, for those who are to fill it. Health is not named here:
who lacks a health group is shown by the health room in the table of a class.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.period import years_before
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.rules import PASSPORT, PASSPORT_AGE
from kontingent.reports.completeness import REQUIRED
from kontingent.stages.fields import Stage

#: A citizen gets a passport within so many days after the fourteenth birthday (ПП РФ от 23.12.2023 № 2267, reconstructed).
DAYS_FOR_A_PASSPORT = 90
RUSSIA = "643"


class Problem(StrEnum):
    """What is wrong with a required field."""

    EMPTY = "empty"
    WRONG = "wrong"
    UNCONFIRMED = "unconfirmed"


PROBLEMS: dict[str, str] = {
    Problem.EMPTY: "не заполнено",
    Problem.WRONG: "неверно",
    Problem.UNCONFIRMED: "без документа",
}
FIELDS = {one.code: one.title for one in REQUIRED[Stage.PERSONAL]}
_FILLED = {one.code: one.is_filled for one in REQUIRED[Stage.PERSONAL]}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a field that is filled is not in order, as SQL over person ``h`` and placement ``p``, and what to do."""

    field: str
    problem: Problem
    holds: str
    advice: str


_EMPTY = {
    "snils": "Внесите СНИЛС по документу.",
    "birth_place": "Внесите место рождения, как в свидетельстве или паспорте.",
    "document": "Добавьте свидетельство о рождении или паспорт.",
    "address": "Внесите адрес регистрации или проживания.",
    "representative": "Добавьте хотя бы одного законного представителя.",
}
#: The first that holds is told.
REASONS: tuple[Reason, ...] = (
    Reason(
        "snils", Problem.WRONG,
        "h.snils IS NULL AND EXISTS (SELECT 1 FROM persons_duplicatepair d "
        "WHERE d.claimant_id = h.id AND d.state = 'open' AND d.claimed_snils IS NOT NULL)",
        "Внесённый номер записан за другим человеком. Разберите пару в разделе «Дубли».",
    ),
    *(Reason(code, Problem.EMPTY, f"NOT coalesce({_FILLED[code]}, false)", advice) for code, advice in _EMPTY.items()),
    Reason(
        "document", Problem.WRONG,
        "NOT EXISTS (SELECT 1 FROM persons_identitydocument d WHERE d.person_id = h.id AND d.is_current "
        "AND (d.valid_to IS NULL OR d.valid_to >= %(on)s))",
        "Срок действия документа истёк. Добавьте новый.",
    ),
    Reason(
        "document", Problem.WRONG,
        "h.country_code = %(russia)s AND p.birth_date <= %(passport_born)s AND NOT EXISTS (SELECT 1 FROM "
        "persons_identitydocument d WHERE d.person_id = h.id AND d.is_current AND d.kind_code = %(passport)s)",
        "Исполнилось 14 лет. Добавьте паспорт.",
    ),
    Reason(
        "representative", Problem.UNCONFIRMED,
        "p.birth_date > %(adults_born)s AND NOT EXISTS (SELECT 1 FROM persons_representation r WHERE r.child_id = h.id "
        "AND r.ends_on IS NULL AND r.document_kind_code <> '')",
        "Ни у одного представителя не указан подтверждающий документ. Добавьте его.",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Gap:
    """A field of a learner that is not in order."""

    field: str
    problem: Problem
    advice: str

    @property
    def title(self) -> str:
        """The field, in Russian."""
        return FIELDS[self.field]

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
    """What an organisation has to fill: whom of its learners, and how many of each field and problem."""

    organisation: Organisation
    learners: int
    rows: list[Lacking]
    numbers: list[tuple[str, str, list[tuple[Problem, int]]]]


def of_organisation(
    actor: Actor,
    organisation_id: UUID,
    on: date,
    *,
    field: str = "",
    problem: str = "",
    kind: ReadKind = ReadKind.LIST,
) -> Missing:
    """Return whom something is missing of on a day, by class and name; ``field`` and ``problem`` narrow the list.

    The numbers beside are of the whole organisation. Everything is read within the actor's own scope: whoever may not see
    documents or addresses cannot tell their absence, so the list is refused instead of being wrong.
    """
    organisation = organisations.get(organisation_id)
    for permission in (
        EnrolmentPermission.VIEW, PersonPermission.VIEW, PersonPermission.VIEW_DOCUMENTS, PersonPermission.VIEW_ADDRESSES,
    ):  # fmt: skip
        actor.require(
            permission, organisation_id=organisation.id, municipality_id=organisation.municipality_id
        )
    found, learners = _read(organisation_id, on)
    counted = Counter((gap.field, gap.problem) for one in found for gap in one.gaps)
    rows = [
        one
        for one in found
        if any(field in {"", gap.field} and problem in {"", gap.problem} for gap in one.gaps)
    ]
    reads.note(
        actor, kind, [one.person_id for one in rows], object_id=organisation_id, organisation_id=organisation_id,
        what="чего не хватает",
    )  # fmt: skip
    numbers = [
        (code, title, [(one, counted[code, one]) for one in Problem]) for code, title in FIELDS.items()
    ]
    return Missing(organisation, learners, rows, numbers)


def _read(organisation_id: UUID, on: date) -> tuple[list[Lacking], int]:
    """Return whom something is missing of and how many learners there are, in one statement."""
    statement = (
        "SELECT p.person_id, concat_ws(' ', h.family_name, h.given_name, nullif(h.patronymic, '')), p.group_id, "
        f"coalesce(g.title, ''), ARRAY[{', '.join(f'({one.holds})' for one in REASONS)}] "
        "FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id "
        "LEFT JOIN enrolment_group g ON g.id = p.group_id "
        "WHERE p.superseded_at IS NULL AND p.is_main AND p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s) "
        "AND p.organisation_id = %(organisation)s ORDER BY g.title_key NULLS LAST, h.name_key, h.birth_date"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "on": on, "organisation": organisation_id, "adults_born": years_before(on, 18), "russia": RUSSIA,
                "passport": PASSPORT, "passport_born": years_before(on - timedelta(days=DAYS_FOR_A_PASSPORT), PASSPORT_AGE),
            },
        )  # fmt: skip
        rows = cursor.fetchall()
    lacking = (Lacking(who, name, group, title, _gaps(holds)) for who, name, group, title, holds in rows)
    return [one for one in lacking if one.gaps], len(rows)


def _gaps(holds: list[bool | None]) -> tuple[Gap, ...]:
    told: dict[str, Gap] = {}
    for reason, does in zip(REASONS, holds, strict=True):
        if does:
            told.setdefault(reason.field, Gap(reason.field, reason.problem, reason.advice))
    return tuple(told[code] for code in FIELDS if code in told)
