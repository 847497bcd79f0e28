"""What the rows of a file of results or documents mean, set by set (``incoming.judging``): what stands under the same key tells whether
a row is new, a correction or known. The way of the file is that of every file of rows (``incoming.intake``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from kontingent.achievements.attestation.bringing import NEEDS
from kontingent.achievements.attestation.codes import OWN_PAPER, DeliveryKind
from kontingent.achievements.attestation.events import DeliveredRowsPurged, DeliveryApplied, ExamsDelivered
from kontingent.achievements.attestation.models import DeliveredRow, Delivery
from kontingent.achievements.incoming import judging
from kontingent.achievements.incoming.intake import Intake
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.storage import scope

TABLE: Final = "attestation_deliveredrow"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a kind of file keeps: its table, the columns that come from ``facts`` with their types, how a standing row is found."""

    table: str
    columns: Mapping[str, str]
    key: str
    #: What a document says of its bearer comes from the row itself.
    own: tuple[str, ...] = ()


FACTS: Final[dict[DeliveryKind, _Facts]] = {
    DeliveryKind.RESULTS: _Facts(
        "attestation_examresult",
        {
            "year": "smallint", "form": "text", "stage_code": "text", "subject_code": "text", "held_on": "date", "primary_score": "smallint",
            "score": "smallint", "mark": "smallint", "passed": "boolean", "status_code": "text", "appeal_code": "text",
        },
        "t.form || ':' || t.subject_code || ':' || t.held_on",
    ),
    DeliveryKind.DOCUMENTS: _Facts(
        "attestation_educationdocument",
        {
            "kind_code": "text", "form": "text", "state_code": "text", "with_honours": "boolean", "medal": "text", "series": "text",
            "number": "text", "registration_number": "text", "issued_on": "date", "programme_title": "text", "speciality_code": "text",
            "enrolled_in": "smallint", "graduated_in": "smallint", "sex": "text", "country_code": "text",
        },
        "t.kind_code || ':' || t.series || ':' || t.number",
        ("family_name", "given_name", "patronymic", "birth_date"),
    ),
}  # fmt: skip


#: Why a row is refused besides (``judging.REFUSALS``).
REFUSALS: Final = {
    **judging.REFUSALS,
    "number_taken": ("number", "Документ с таким номером выдан другому человеку. Сверьте серию и номер с бланком."),
    "registration_taken": ("registration_number", "В книге этой организации за год такой регистрационный номер уже есть. Сверьте номер с книгой."),
    "registration_twice": ("registration_number", "Этот регистрационный номер назван в строке [line]. Оставьте его у одного документа."),
}  # fmt: skip


#: Whether a row is of paper that a school numbers itself: another school may have the same number.
_IS_OWN: Final = "split_part({}, ':', 1) IN (" + ", ".join(f"'{kind.value}'" for kind in OWN_PAPER) + ")"


def judge(one: Delivery, actor: Actor) -> dict[str, int]:
    """Say of every staged row what would become of it; return the numbers by outcome. May be repeated."""
    kind = DeliveryKind(one.kind)
    once = (
        "person_id, key"
        if kind is DeliveryKind.RESULTS
        else f"key, CASE WHEN {_IS_OWN.format('key')} THEN organisation_id END"
    )
    with connection.cursor() as cursor:
        judging.match(cursor, TABLE, one.id, actor.scope, once=once)
        cursor.execute(f"GRANT SELECT, UPDATE ON incoming, judged TO {scope.REGION}")
        # Whose number it is nobody may know, only that it is somebody's: what comes back is the row's own outcome.
        with scope.whole_register():
            cursor.execute(_compared(kind))
            if kind is DeliveryKind.DOCUMENTS:
                cursor.execute(_REGISTERED)
        return judging.write(cursor, TABLE, one.id, REFUSALS)


def _compared(kind: DeliveryKind) -> str:
    """What stands under the key of a row: the same, something else, nothing."""
    facts = FACTS[kind]
    same = " AND ".join(
        [
            f"t.{name} IS NOT DISTINCT FROM (r.facts->>'{name}')::{sort}"
            for name, sort in facts.columns.items()
        ]
        + [f"t.{name} IS NOT DISTINCT FROM r.{name}" for name in facts.own]
    )
    if kind is DeliveryKind.RESULTS:
        return (
            "UPDATE judged j SET standing_id = f.standing_id, outcome = f.outcome FROM ("
            f"SELECT DISTINCT ON (j.id) j.id, t.id AS standing_id, CASE WHEN t.id IS NULL THEN 'create' WHEN {same} THEN 'same' ELSE 'change' END AS outcome "
            "FROM judged j JOIN incoming r ON r.id = j.id LEFT JOIN (SELECT w.whose, t.* FROM ("
            "SELECT person_id AS record_id, person_id AS whose FROM judged UNION SELECT p.id, p.merged_into_id FROM persons_person p "
            "WHERE p.merged_into_id IN (SELECT person_id FROM judged)) w JOIN attestation_examresult t ON t.person_id = w.record_id "
            f"AND t.superseded_at IS NULL) t ON t.whose = j.person_id AND {facts.key} = j.key WHERE j.refusal = '' ORDER BY j.id, t.recorded_at DESC NULLS LAST, t.id) f WHERE f.id = j.id"
        )
    return (
        "UPDATE judged j SET standing_id = f.standing_id, outcome = f.outcome, refusal = f.refusal FROM ("
        f"SELECT j.id, t.id AS standing_id, CASE WHEN t.id IS NULL THEN 'create' WHEN {same} THEN 'same' ELSE 'change' END AS outcome, "
        "CASE WHEN t.id IS NOT NULL AND coalesce(p.merged_into_id, p.id) <> j.person_id THEN 'number_taken' ELSE '' END AS refusal "
        "FROM judged j JOIN incoming r ON r.id = j.id LEFT JOIN attestation_educationdocument t "
        f"ON t.superseded_at IS NULL AND t.state_code <> 'annulled' AND {facts.key} = j.key "
        f"AND (NOT ({_IS_OWN.format('j.key')}) OR t.organisation_id = j.organisation_id) LEFT JOIN persons_person p ON p.id = t.person_id "
        "WHERE j.refusal = '') f WHERE f.id = j.id"
    )


def write(one: Delivery, actor: Actor) -> None:
    """Supersede what is corrected and write what is new, in two statements."""
    kind = DeliveryKind(one.kind)
    facts = FACTS[kind]
    given: dict[str, Any] = {"delivery": one.id, "moment": clock.now(), "by": actor.name[:200]}
    names = [*facts.columns, *facts.own]
    values = [
        *(f"(r.facts->>'{name}')::{sort}" for name, sort in facts.columns.items()),
        *(f"r.{name}" for name in facts.own),
    ]
    extra, told = (
        ([], [])
        if kind is DeliveryKind.RESULTS
        else (
            ["document_id", "replaces_id", *_PRINTED],
            [_DOCUMENT, "t.replaces_id", *(f"coalesce(t.{name}, '')" for name in _PRINTED)],
        )
    )
    columns = ", ".join(
        ["id", "person_id", "organisation_id", *names, *extra, "delivery_id", "recorded_at", "recorded_by"]
    )
    said = ", ".join(
        ["gen_random_uuid()", "coalesce(t.person_id, r.person_id)", "r.organisation_id", *values, *told]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {facts.table} t SET superseded_at = %(moment)s FROM attestation_deliveredrow r "
            "WHERE r.delivery_id = %(delivery)s AND r.outcome = 'change' AND t.id = r.standing_id",
            given,
        )
        cursor.execute(
            f"INSERT INTO {facts.table} ({columns}) SELECT {said}, %(delivery)s, %(moment)s, %(by)s FROM attestation_deliveredrow r "
            f"LEFT JOIN {facts.table} t ON t.id = r.standing_id "
            "WHERE r.delivery_id = %(delivery)s AND r.outcome IN ('create', 'change') ORDER BY r.id",
            given,
        )
        if kind is DeliveryKind.DOCUMENTS:
            cursor.execute(_REPLACED, given)


#: The book of a school has a number once a year and level: neither two rows of a file nor a row and a standing document share it.
_REGISTERED: Final = """
WITH named AS MATERIALIZED (
    SELECT j.id, j.line, j.standing_id, j.outcome, j.organisation_id, r.facts->>'kind_code' AS kind_code, r.facts->>'registration_number' AS number,
        extract(year FROM (r.facts->>'issued_on')::date) AS year
    FROM judged j JOIN incoming r ON r.id = j.id
    WHERE j.refusal = '' AND r.facts->>'registration_number' <> '' AND r.facts->>'state_code' <> 'annulled'
), found AS (
    SELECT n.id, first_value(n.line) OVER w AS first, row_number() OVER w AS nth, EXISTS (
        SELECT 1 FROM attestation_educationdocument t WHERE t.superseded_at IS NULL AND t.state_code <> 'annulled' AND t.registration_number <> ''
            AND t.organisation_id = n.organisation_id AND t.kind_code = n.kind_code AND t.registration_number = n.number
            AND extract(year FROM t.issued_on) = n.year AND t.id IS DISTINCT FROM n.standing_id
            AND t.id NOT IN (SELECT c.standing_id FROM named c WHERE c.outcome = 'change')
    ) AS taken
    FROM named n WINDOW w AS (PARTITION BY n.organisation_id, n.kind_code, n.number, n.year ORDER BY n.id)
)
UPDATE judged j SET refusal = CASE WHEN f.taken THEN 'registration_taken' ELSE 'registration_twice:' || f.first END
FROM found f WHERE f.id = j.id AND (f.taken OR f.nth > 1)
"""
#: What a document printed besides stays as it was printed.
_PRINTED: Final = ("basis", "organisation_name", "head_position", "head_name")
_DOCUMENT: Final = "coalesce(t.document_id, gen_random_uuid())"
#: A duplicate names the requisites of the document it takes the place of; it may stand in the same file.
_REPLACED: Final = (
    "UPDATE attestation_educationdocument t SET replaces_id = x.document_id FROM attestation_deliveredrow r, "
    "attestation_educationdocument x WHERE r.delivery_id = %(delivery)s AND r.facts->>'replaces' <> '' AND t.delivery_id = r.delivery_id "
    "AND t.superseded_at IS NULL AND t.form = 'duplicate' AND t.replaces_id IS NULL AND t.kind_code || ':' || t.series || ':' || t.number = r.key "
    "AND x.superseded_at IS NULL AND x.kind_code = t.kind_code AND x.series || x.number = r.facts->>'replaces' "
    f"AND (NOT ({_IS_OWN.format('r.key')}) OR x.organisation_id = t.organisation_id)"
)

INTAKE: Final = Intake(
    room="attestation",
    file=Delivery,
    row=DeliveredRow,
    needs=lambda kind: NEEDS[DeliveryKind(kind)],
    received=ExamsDelivered,
    applied=DeliveryApplied,
    purged=DeliveredRowsPurged,
    lock=0x6174,
    judge=judge,
    write=write,
)
