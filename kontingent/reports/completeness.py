"""How complete the register is, by stage, municipality and organisation (наполненность): of how many learners each required field is filled.

Whether a value is there is counted, never the value. Health is asked by one function that the region's role alone may call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.period import years_before
from kontingent.organisations import queries as organisations
from kontingent.persons.rules import PASSPORT, PASSPORT_AGE
from kontingent.reports.queries import counted_for
from kontingent.stages import queries as stages
from kontingent.stages import rules
from kontingent.stages.fields import Stage
from kontingent.storage import scope


class Required(NamedTuple):
    """A field that is to be filled, as SQL over person ``h`` and placement ``p``: of whom (``applies``), and when it is.

    ``is_valid``, ``is_confirmed`` and ``is_fresh`` hold of a value that is filled; empty where the measure says nothing of the
    field. They are counted each night (``rollout.measuring``) and are the reasons of ``missing``, turned round.
    """

    code: str
    title: str
    is_filled: str
    applies: str = "true"
    is_valid: str = ""
    is_confirmed: str = ""
    is_fresh: str = ""


#: An address set so long ago, on a card that nobody has corrected since, is to be asked for again (reconstructed).
YEARS_OF_AN_ADDRESS = 3
#: A citizen gets a passport within so many days after the fourteenth birthday (ПП РФ от 23.12.2023 № 2267, reconstructed).
DAYS_FOR_A_PASSPORT = 90
RUSSIA = "643"
#: Three letters: neither a dash nor "нет".
_WORDS = "~ '[А-Яа-яЁёA-Za-z]{3}'"
_DOCUMENT = "EXISTS (SELECT 1 FROM persons_identitydocument d WHERE d.person_id = h.id{})"
_ADDRESS = "EXISTS (SELECT 1 FROM persons_address a WHERE a.person_id = h.id AND a.ends_on IS NULL{})"
_LINK = "EXISTS (SELECT 1 FROM persons_representation r WHERE r.child_id = h.id AND r.ends_on IS NULL{})"
_OF_AGE = "p.birth_date <= %(adults_born)s"
DOCUMENT_IN_FORCE = _DOCUMENT.format(" AND d.is_current AND (d.valid_to IS NULL OR d.valid_to >= %(on)s)")
HAS_PASSPORT = _DOCUMENT.format(" AND d.is_current AND d.kind_code = %(passport)s")
NEEDS_PASSPORT = "h.country_code = %(russia)s AND p.birth_date <= %(passport_born)s"
#: Results and documents stay with the record they were written for; they count where their stage is open.
_OF_ONE = (
    "x.person_id = ANY(ARRAY(SELECT m.id FROM persons_person m WHERE m.id = h.id OR m.merged_into_id = h.id)) "
    "AND x.superseded_at IS NULL AND x.organisation_id = ANY((SELECT scope.attestation_places())::uuid[])"
)
_BASIC_EXAM = f"FROM attestation_examresult x WHERE {_OF_ONE} AND x.form IN ('oge', 'gve9') AND x.status_code <> 'annulled'"
_RESULTS = (
    f"(EXISTS (SELECT 1 {_BASIC_EXAM} AND x.subject_code IN ('1', '51')) "
    f"AND EXISTS (SELECT 1 {_BASIC_EXAM} AND x.subject_code IN ('2', '52')))"
)
_BASIC_DOCUMENT = f"FROM attestation_educationdocument x WHERE {_OF_ONE} AND x.kind_code = '12' AND x.state_code <> 'annulled'"
#: Who studies by a programme of secondary education has been through the final attestation of basic education.
_SECONDARY = "p.programme_kind_code = '14'"

#: Which fields are required the customer says by stages; that a card needs a representative only before 18 is the law.
#: Of the third stage those facts are required that every learner of the tenth and eleventh grade has (reconstructed).
REQUIRED: dict[Stage, tuple[Required, ...]] = {
    Stage.PERSONAL: (
        Required(
            "snils", "СНИЛС", "h.snils IS NOT NULL",
            is_valid="NOT EXISTS (SELECT 1 FROM persons_duplicatepair d WHERE d.claimed_snils = h.snils AND d.state = 'open')",
        ),
        Required("birth_place", "Место рождения", "h.birth_place <> ''", is_valid=f"h.birth_place {_WORDS}"),
        Required(
            "document", "Документ", _DOCUMENT.format(""), is_valid=f"{DOCUMENT_IN_FORCE} AND (NOT ({NEEDS_PASSPORT}) OR {HAS_PASSPORT})",
            is_confirmed=_DOCUMENT.format(" AND d.is_current AND d.issued_on IS NOT NULL AND d.issuer <> ''"),
        ),
        Required(
            "address", "Адрес", _ADDRESS.format(""), is_valid=_ADDRESS.format(f" AND a.text {_WORDS}"),
            is_fresh=_ADDRESS.format(" AND greatest(a.starts_on, h.updated_at::date) > %(addresses_since)s"),
        ),
        Required(
            "representative", "Представитель", f"{_OF_AGE} OR {_LINK.format('')}",
            is_valid=f"{_OF_AGE} OR {_LINK.format(' AND NOT r.rights_limited')}",
            is_confirmed=f"{_OF_AGE} OR " + _LINK.format(" AND r.document_kind_code <> ''"),
        ),
    ),
    Stage.HEALTH: (
        Required(
            "health_group", "Группа здоровья", "coalesce(f.health_group, false)",
            is_confirmed="f.health_group_confirmed", is_fresh="f.health_group_fresh",
        ),
        Required(
            "physical_group", "Физкультурная группа", "coalesce(f.physical_group, false)",
            is_confirmed="f.physical_group_confirmed", is_fresh="f.physical_group_fresh",
        ),
    ),
    Stage.ACHIEVEMENTS: (
        Required(
            "exam", "Обязательные экзамены за 9 класс", _RESULTS, _SECONDARY,
        ),
        Required(
            "education_document", "Аттестат за 9 класс", f"EXISTS (SELECT 1 {_BASIC_DOCUMENT})", _SECONDARY,
            is_valid=f"EXISTS (SELECT 1 {_BASIC_DOCUMENT} AND x.state_code = 'active')",
        ),
        Required(
            "final_mark", "Итоговые отметки за 9 класс",
            "EXISTS (SELECT 1 FROM attestation_supplementline s WHERE s.document_id IN "
            f"(SELECT x.document_id {_BASIC_DOCUMENT}))",
            _SECONDARY,
        ),
    ),
}  # fmt: skip


_OF_A_DAY = (
    "SELECT organisation_id, person_id, group_id, birth_date, programme_kind_code FROM enrolment_placement "
    "WHERE superseded_at IS NULL AND is_main AND starts_on <= %(on)s AND ends_on {}"
)
#: The learners of main programmes on a day: placement ``p``, person ``h``. Parts without an end and parts that end later are
#: two indexes, so that a day of now reads those of now alone.
LEARNERS = (
    f"FROM ({_OF_A_DAY.format('IS NULL')} UNION ALL {_OF_A_DAY.format('> %(on)s')}) p "
    "JOIN persons_person h ON h.id = p.person_id"
)


def parameters_on(on: date) -> dict[str, Any]:
    """Return what the conditions of ``REQUIRED`` ask for by name."""
    return {
        "on": on, "adults_born": years_before(on, 18), "russia": RUSSIA, "passport": PASSPORT,
        "passport_born": years_before(on - timedelta(days=DAYS_FOR_A_PASSPORT), PASSPORT_AGE),
        "addresses_since": years_before(on, YEARS_OF_AN_ADDRESS),
    }  # fmt: skip


#: What a stage asks for besides persons and placements.
JOINED = {Stage.HEALTH: "LEFT JOIN scope.health_filled(%(on)s::date) f ON f.person_id = p.person_id"}


@dataclass(frozen=True, slots=True)
class Filled:
    """How many learners a place has, of how many each field is required, of how many it is filled, in the order of ``REQUIRED``."""

    id: UUID
    title: str
    learners: int
    filled: tuple[int, ...]
    required: tuple[int, ...]
    is_open: bool = True

    @property
    def shares(self) -> list[float | None]:
        """Percent by field."""
        return [_share(one, whole) for one, whole in zip(self.filled, self.required, strict=True)]

    @property
    def share(self) -> float | None:
        """Percent of all required values."""
        return _share(sum(self.filled), sum(self.required))


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def by_municipality(actor: Actor, stage: Stage, on: date) -> list[Filled]:
    """Return the municipalities in scope, the least complete first, those where the stage is not open last."""
    names = {one.id: one.name for one in organisations.municipalities(on)}
    sums: dict[UUID, list[int]] = {}
    opened: dict[UUID, bool] = {}
    for place, one in _counted(actor, stage, on):
        row = sums.setdefault(place, [0] * (1 + 2 * len(one.filled)))
        for index, number in enumerate((one.learners, *one.filled, *one.required)):
            row[index] += number
        opened[place] = one.is_open
    many = len(REQUIRED[stage])
    return _league(
        Filled(place, names.get(place, "–"), row[0], tuple(row[1 : many + 1]), tuple(row[many + 1 :]), opened[place])
        for place, row in sums.items()
    )  # fmt: skip


def by_organisation(
    actor: Actor, stage: Stage, on: date, *, municipality_id: UUID | None = None
) -> list[Filled]:
    """Return the organisations in scope that have learners of main programmes, the least complete first."""
    return _league(one for _, one in _counted(actor, stage, on, municipality_id))


def _counted(
    actor: Actor, stage: Stage, on: date, municipality_id: UUID | None = None
) -> list[tuple[UUID, Filled]]:
    """The organisations in scope with the municipality of each; one statement, and one for the orders."""
    actor.require(EnrolmentPermission.COUNT)
    orders, own = stages.said(), counted_for(actor)
    fields = REQUIRED[stage]
    parameters = parameters_on(on) | {
        "own": None if own is None else list(own),
        "municipality": municipality_id,
    }
    statement = (
        f"SELECT p.organisation_id, o.short_name, o.municipality_id, count(*), "
        f"{', '.join(f'count(*) FILTER (WHERE {one.applies} AND ({one.is_filled}))' for one in fields)}, "
        f"{', '.join(f'count(*) FILTER (WHERE {one.applies})' for one in fields)} "
        f"{LEARNERS} JOIN organisations_organisation o ON o.id = p.organisation_id {JOINED.get(stage, '')} "
        "WHERE (%(own)s::uuid[] IS NULL OR p.organisation_id = ANY(%(own)s)) "
        "AND (%(municipality)s::uuid IS NULL OR o.municipality_id = %(municipality)s) "
        "GROUP BY p.organisation_id, o.short_name, o.municipality_id"
    )
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    return [
        (
            place,
            Filled(
                who, title, learners, tuple(numbers[: len(fields)]), tuple(numbers[len(fields) :]),
                rules.is_open(orders, stage, place, on),
            ),
        )
        for who, title, place, learners, *numbers in rows
    ]  # fmt: skip


def _league(found: Iterable[Filled]) -> list[Filled]:
    return sorted(found, key=lambda one: (not one.is_open, one.share or 0.0, one.title))
