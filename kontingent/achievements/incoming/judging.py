"""Whom the rows of a file are of, where they belong, and why they are refused: set by set, for every kind of file that brings attainments.

Nothing is asked row by row. A row is matched by СНИЛС, else by an identity document, else by full name and birth date; it belongs
to the school where its learner was on the day. What a row changes is the matter of its room, which compares ``judged`` (a table of the
transaction) with what stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from kontingent.kernel.scope import Scope

#: Why a row is refused: the field, and what to do. A refusal ``code:7`` points to line 7.
REFUSALS: Final = {
    "twice": ("name", "Это уже сказано в строке [line]. Оставьте одну из строк."),
    "snils_other": ("snils", "СНИЛС принадлежит другому человеку: ни ФИО, ни дата рождения не совпали. Сверьте СНИЛС с документом."),
    "snils_differs": ("snils", "По ФИО и дате рождения найден человек с другим СНИЛС. Сверьте СНИЛС с документом."),
    "ambiguous": ("name", "В реестре несколько человек с такими ФИО и датой рождения. Укажите СНИЛС или документ."),
    "stranger": ("name", "Такого человека нет в реестре или он не учится в ваших организациях. Проверьте ФИО, дату рождения и СНИЛС."),
    "not_learner": ("day", "На этот день человек в регионе не учился. Проверьте дату и того ли человека назвали."),
    "no_such_school": ("ogrn", "Организации с таким ОГРН нет в реестре. Проверьте ОГРН."),
    "not_there": ("ogrn", "В этой организации человек не учился. Проверьте ОГРН и дату."),
    "out_of_scope": ("name", "На этот день человек учился в организации, с которой вы не работаете. Такую строку загружает она или регион."),
    "closed": ("name", "Там, где человек учился, третий этап не открыт: такие сведения не принимают. Этап открывает министерство приказом."),
}  # fmt: skip


def match(cursor: Any, table: str, file_id: UUID, reach: Scope, *, once: str) -> None:
    """Lay out ``incoming`` and ``judged``: of every row that could be read its person, its place or its refusal.

    ``table`` keeps the rows by ``delivery_id``; ``once`` are the columns of ``judged`` that tell two rows of one file apart.
    """
    given: dict[str, Any] = {
        "delivery": file_id, "places": list(reach.organisations), "towns": list(reach.municipalities), "everywhere": reach.whole_region,
    }  # fmt: skip
    cursor.execute(
        "SET LOCAL jit = off; DROP TABLE IF EXISTS pg_temp.incoming, pg_temp.judged; "
        + _INCOMING.format(table=table),
        given,
    )
    # PostgreSQL counts the rows of a table of the transaction only when it is told to, and would go row by row.
    cursor.execute(f"ANALYZE incoming; {_MATCHED}; ANALYZE judged")
    cursor.execute(_PLACED, given)
    cursor.execute(_ONCE.format(once=once))


def write(cursor: Any, table: str, file_id: UUID, refusals: Mapping[str, tuple[str, str]]) -> dict[str, int]:
    """Write what was judged beside the rows; return the numbers by outcome."""
    given = {"delivery": file_id, "told": json.dumps(refusals)}
    cursor.execute(_WRITTEN.format(table=table), given)
    cursor.execute(
        f"SELECT CASE outcome WHEN 'unread' THEN 'refused' ELSE outcome END, count(*) FROM {table} "
        "WHERE delivery_id = %(delivery)s GROUP BY 1",
        given,
    )
    numbers = {str(outcome): int(number) for outcome, number in cursor.fetchall()}
    cursor.execute("DROP TABLE incoming, judged")
    return numbers


_INCOMING: Final = """
CREATE TEMP TABLE incoming ON COMMIT DROP AS
SELECT id, line, family_name, given_name, patronymic, name_key, birth_date, snils, document_key, ogrn, day, key, facts
FROM {table} WHERE delivery_id = %(delivery)s AND outcome <> 'unread'
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
UPDATE {table} r SET person_id = j.person_id, organisation_id = j.organisation_id, standing_id = j.standing_id,
    outcome = CASE WHEN j.refusal = '' THEN j.outcome ELSE 'refused' END,
    problems = CASE WHEN j.refusal = '' THEN '[]'
        ELSE jsonb_build_array(jsonb_build_array(w.field, CASE w.field WHEN 'snils' THEN '…' || right(r.snils, 4) WHEN 'ogrn' THEN r.ogrn
            WHEN 'day' THEN to_char(r.day, 'DD.MM.YYYY') WHEN 'number' THEN split_part(r.key, ':', 3)
            ELSE concat_ws(' ', r.family_name, r.given_name, r.patronymic) END, split_part(j.refusal, ':', 1),
            replace(w.message, '[line]', split_part(j.refusal, ':', 2)))) END
FROM judged j LEFT JOIN LATERAL (
    SELECT t.value->>0 AS field, t.value->>1 AS message FROM jsonb_each(%(told)s::jsonb) t WHERE t.key = split_part(j.refusal, ':', 1)
) w ON true
WHERE r.id = j.id
"""
