"""Judging and writing the rows of a file, set by set: whom each is of, where, what it changes, and why it is refused.

Nothing is asked row by row. A row is matched by СНИЛС, else by an identity document, else by full name and birth date; it belongs
to the school where its learner was on the day; what stands under the same key tells whether it is new, a correction or known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from kontingent.achievements.attestation.actions.deliveries import locked, require
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.events import DeliveryApplied
from kontingent.achievements.attestation.models import Delivery
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict
from kontingent.storage import scope

#: One file is applied at a time: what stands must not change between judging and writing.
_LOCK: Final = 0x6174


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


#: Why a row is refused; field, value and what to do. ``{line}`` is filled in by the statement.
REFUSALS: Final = {
    "snils_other": ("snils", "СНИЛС принадлежит другому человеку: ни ФИО, ни дата рождения не совпали. Сверьте СНИЛС с документом."),
    "snils_differs": ("snils", "По ФИО и дате рождения найден человек с другим СНИЛС. Сверьте СНИЛС с документом."),
    "ambiguous": ("name", "В реестре несколько человек с такими ФИО и датой рождения. Укажите СНИЛС или документ."),
    "stranger": ("name", "Такого человека нет в реестре или он не учится в ваших организациях. Проверьте ФИО, дату рождения и СНИЛС."),
    "not_learner": ("day", "На этот день человек в регионе не учился. Проверьте дату и того ли человека назвали."),
    "no_such_school": ("ogrn", "Организации с таким ОГРН нет в реестре. Проверьте ОГРН."),
    "not_there": ("ogrn", "В этой организации человек не учился. Проверьте ОГРН и дату."),
    "out_of_scope": ("name", "На этот день человек учился в организации, с которой вы не работаете. Такую строку загружает она или регион."),
    "closed": ("name", "Там, где человек учился, третий этап не открыт: такие сведения не принимают. Этап открывает министерство приказом."),
    "number_taken": ("number", "Документ с таким номером выдан другому человеку. Сверьте серию и номер с бланком."),
}  # fmt: skip


def judge(one: Delivery, actor: Actor) -> dict[str, int]:
    """Say of every staged row what would become of it; return the numbers by outcome. May be repeated."""
    kind, reach = DeliveryKind(one.kind), actor.scope
    given: dict[str, Any] = {
        "delivery": one.id, "places": list(reach.organisations), "towns": list(reach.municipalities), "everywhere": reach.whole_region,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET LOCAL jit = off; DROP TABLE IF EXISTS pg_temp.incoming, pg_temp.judged; {_INCOMING}", given
        )
        # PostgreSQL counts the rows of a table of the transaction only when it is told to, and would go row by row.
        cursor.execute(f"ANALYZE incoming; {_MATCHED}; ANALYZE judged")
        cursor.execute(_PLACED, given)
        once = "person_id, key" if kind is DeliveryKind.RESULTS else "key"
        cursor.execute(_ONCE.format(once=once))
        cursor.execute(f"GRANT SELECT, UPDATE ON incoming, judged TO {scope.REGION}")
        # Whose number it is nobody may know, only that it is somebody's: what comes back is the row's own outcome.
        with scope.whole_register():
            cursor.execute(_compared(kind))
        cursor.execute(_WRITTEN, {**given, "told": json.dumps(REFUSALS)})
        cursor.execute(
            "SELECT CASE outcome WHEN 'unread' THEN 'refused' ELSE outcome END, count(*) FROM attestation_deliveredrow "
            "WHERE delivery_id = %(delivery)s GROUP BY 1",
            given,
        )
        return {str(outcome): int(number) for outcome, number in cursor.fetchall()}


_INCOMING: Final = """
CREATE TEMP TABLE incoming ON COMMIT DROP AS
SELECT id, line, family_name, given_name, patronymic, name_key, birth_date, snils, document_key, ogrn, day, key, facts
FROM attestation_deliveredrow WHERE delivery_id = %(delivery)s AND outcome <> 'unread'
"""
#: Whom a row is of. СНИЛС counts where name or birth date agrees with it; a name alone must be the only one of its day.
_MATCHED: Final = """
CREATE TEMP TABLE judged ON COMMIT DROP AS
WITH by_snils AS (
    SELECT r.id, coalesce(p.merged_into_id, p.id) AS person_id, p.name_key = r.name_key OR p.birth_date IS NOT DISTINCT FROM r.birth_date AS agrees
    FROM incoming r JOIN persons_person p ON p.snils = r.snils WHERE r.snils <> ''
), by_document AS (
    SELECT r.id, min(coalesce(p.merged_into_id, p.id)::text)::uuid AS person_id
    FROM incoming r JOIN persons_identitydocument d ON d.key = r.document_key JOIN persons_person p ON p.id = d.person_id
    WHERE r.document_key <> '' AND (p.name_key = r.name_key OR p.birth_date = r.birth_date) GROUP BY r.id
), by_name AS (
    SELECT n.id, count(*) AS people, min(n.person_id::text)::uuid AS person_id FROM (
        SELECT r.id, coalesce(p.merged_into_id, p.id) AS person_id FROM incoming r JOIN persons_person p
            ON p.name_key = r.name_key AND p.birth_date = r.birth_date
        UNION
        SELECT r.id, coalesce(p.merged_into_id, p.id) FROM incoming r JOIN persons_personname f ON f.name_key = r.name_key
            JOIN persons_person p ON p.id = f.person_id AND p.birth_date = r.birth_date
    ) n GROUP BY n.id
), found AS (
    SELECT r.*, CASE WHEN s.agrees THEN s.person_id WHEN s.person_id IS NULL THEN coalesce(d.person_id, CASE WHEN n.people = 1 THEN n.person_id END) END AS person_id,
        CASE WHEN NOT s.agrees THEN 'snils_other' WHEN s.agrees OR d.person_id IS NOT NULL OR n.people = 1 THEN ''
            WHEN n.people > 1 THEN 'ambiguous' ELSE 'stranger' END AS refusal
    FROM incoming r LEFT JOIN by_snils s ON s.id = r.id LEFT JOIN by_document d ON d.id = r.id LEFT JOIN by_name n ON n.id = r.id
)
SELECT f.id, f.line, f.ogrn, f.day, f.key,
    CASE WHEN f.refusal = '' AND f.snils <> '' AND p.snils IS NOT NULL AND p.snils <> f.snils THEN 'snils_differs' ELSE f.refusal END AS refusal,
    f.person_id, NULL::uuid AS organisation_id, NULL::uuid AS standing_id, ''::text AS outcome
FROM found f LEFT JOIN persons_person p ON p.id = f.person_id
"""
#: Where it belongs: to the school that the row names, else to the one where the person studied on the day, general education first.
_PLACED: Final = """
WITH opened AS MATERIALIZED (
    SELECT unnest(scope.attestation_places()) AS id
), reach AS MATERIALIZED (
    SELECT o.id FROM organisations_organisation o
    WHERE %(everywhere)s OR o.id = ANY(%(places)s::uuid[]) OR o.municipality_id = ANY(%(towns)s::uuid[])
), studied AS MATERIALIZED (
    SELECT DISTINCT ON (j.id) j.id, e.organisation_id
    FROM judged j LEFT JOIN organisations_organisation o ON o.ogrn = j.ogrn AND j.ogrn <> ''
    JOIN enrolment_enrolment e ON e.person_id = j.person_id AND e.superseded_at IS NULL AND e.starts_on <= j.day
        AND e.level_code <> '11' AND left(e.level_code, 1) <> '4' AND (j.ogrn = '' OR e.organisation_id = o.id)
    WHERE j.refusal = '' ORDER BY j.id, e.is_main DESC, e.starts_on DESC
)
UPDATE judged j SET organisation_id = f.organisation_id, refusal = f.refusal FROM (
    SELECT j.id, s.organisation_id,
        CASE WHEN j.ogrn <> '' AND o.id IS NULL THEN 'no_such_school' WHEN s.id IS NULL AND j.ogrn <> '' THEN 'not_there'
            WHEN s.id IS NULL THEN 'not_learner' WHEN r.id IS NULL THEN 'out_of_scope' WHEN w.id IS NULL THEN 'closed' ELSE '' END AS refusal
    FROM judged j LEFT JOIN organisations_organisation o ON o.ogrn = j.ogrn AND j.ogrn <> ''
    LEFT JOIN studied s ON s.id = j.id LEFT JOIN reach r ON r.id = s.organisation_id LEFT JOIN opened w ON w.id = s.organisation_id
    WHERE j.refusal = ''
) f WHERE f.id = j.id
"""
#: What a file says twice is taken once, as its first line says it.
_ONCE: Final = """
UPDATE judged j SET refusal = 'twice:' || f.first FROM (
    SELECT id, row_number() OVER w AS nth, first_value(line) OVER w AS first FROM judged
    WHERE refusal = '' WINDOW w AS (PARTITION BY {once} ORDER BY id)
) f WHERE f.id = j.id AND f.nth > 1
"""
_WRITTEN: Final = """
UPDATE attestation_deliveredrow r SET person_id = j.person_id, organisation_id = j.organisation_id, standing_id = j.standing_id,
    outcome = CASE WHEN j.refusal = '' THEN j.outcome ELSE 'refused' END,
    problems = CASE WHEN j.refusal = '' THEN '[]'
        WHEN j.refusal LIKE 'twice:%%' THEN jsonb_build_array(jsonb_build_array('name', '', 'twice',
            'Это уже сказано в строке ' || substr(j.refusal, 7) || '. Оставьте одну из строк.'))
        ELSE jsonb_build_array(jsonb_build_array(w.field, CASE w.field WHEN 'snils' THEN '…' || right(r.snils, 4) WHEN 'ogrn' THEN r.ogrn
            WHEN 'day' THEN to_char(r.day, 'DD.MM.YYYY') WHEN 'number' THEN split_part(r.key, ':', 3)
            ELSE concat_ws(' ', r.family_name, r.given_name, r.patronymic) END, j.refusal, w.message)) END
FROM judged j LEFT JOIN LATERAL (
    SELECT t.value->>0 AS field, t.value->>1 AS message FROM jsonb_each(%(told)s::jsonb) t WHERE t.key = j.refusal
) w ON true
WHERE r.id = j.id
"""


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
            f"SELECT j.id, t.id AS standing_id, CASE WHEN t.id IS NULL THEN 'create' WHEN {same} THEN 'same' ELSE 'change' END AS outcome "
            "FROM judged j JOIN incoming r ON r.id = j.id LEFT JOIN (SELECT w.whose, t.* FROM ("
            "SELECT person_id AS record_id, person_id AS whose FROM judged UNION SELECT p.id, p.merged_into_id FROM persons_person p "
            "WHERE p.merged_into_id IN (SELECT person_id FROM judged)) w JOIN attestation_examresult t ON t.person_id = w.record_id "
            f"AND t.superseded_at IS NULL) t ON t.whose = j.person_id AND {facts.key} = j.key WHERE j.refusal = '') f WHERE f.id = j.id"
        )
    return (
        "UPDATE judged j SET standing_id = f.standing_id, outcome = f.outcome, refusal = f.refusal FROM ("
        f"SELECT j.id, t.id AS standing_id, CASE WHEN t.id IS NULL THEN 'create' WHEN {same} THEN 'same' ELSE 'change' END AS outcome, "
        "CASE WHEN t.id IS NOT NULL AND coalesce(p.merged_into_id, p.id) <> j.person_id THEN 'number_taken' ELSE '' END AS refusal "
        "FROM judged j JOIN incoming r ON r.id = j.id LEFT JOIN attestation_educationdocument t "
        f"ON t.superseded_at IS NULL AND t.state_code <> 'annulled' AND {facts.key} = j.key LEFT JOIN persons_person p ON p.id = t.person_id "
        "WHERE j.refusal = '') f WHERE f.id = j.id"
    )


@transaction.atomic
def apply(*, actor: Actor, one: Delivery) -> Delivery:
    """Write the rows of a claimed file that are new or corrected, after judging them once more: the register may have moved."""
    one = locked(actor, one.id)
    kind = DeliveryKind(one.kind)
    require(actor, kind, one.organisation_id)
    if one.state != "applying":
        raise Conflict("attestation.not_checked", "Файл сейчас применить нельзя. Обновите страницу.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    totals = judge(one, actor)
    _write(one, kind, actor)
    one.state, one.finished_at, one.totals = "applied", clock.now(), {**one.totals, **_zeros(), **totals}
    one.save(update_fields=["state", "finished_at", "totals"])
    audit.record(
        DeliveryApplied(
            object_id=one.id, organisation_id=one.organisation_id, what=kind.value, created=totals.get("create", 0),
            changed=totals.get("change", 0), unchanged=totals.get("same", 0), refused=totals.get("refused", 0),
        ),
        actor=actor,
    )  # fmt: skip
    return one


def _zeros() -> dict[str, int]:
    return dict.fromkeys(("create", "change", "same", "refused"), 0)


def _write(one: Delivery, kind: DeliveryKind, actor: Actor) -> None:
    """Supersede what is corrected and write what is new, in two statements."""
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
        else (["document_id", "replaces_id", "basis"], [_DOCUMENT, "t.replaces_id", "coalesce(t.basis, '')"])
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


_DOCUMENT: Final = "coalesce(t.document_id, gen_random_uuid())"
#: A duplicate names the requisites of the document it takes the place of; it may stand in the same file.
_REPLACED: Final = (
    "UPDATE attestation_educationdocument t SET replaces_id = x.document_id FROM attestation_deliveredrow r, "
    "attestation_educationdocument x WHERE r.delivery_id = %(delivery)s AND r.facts->>'replaces' <> '' AND t.delivery_id = r.delivery_id "
    "AND t.superseded_at IS NULL AND t.form = 'duplicate' AND t.replaces_id IS NULL AND t.kind_code || ':' || t.series || ':' || t.number = r.key "
    "AND x.superseded_at IS NULL AND x.kind_code = t.kind_code AND x.series || x.number = r.facts->>'replaces'"
)
