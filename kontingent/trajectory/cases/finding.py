"""Finding causes and coverage: what rules ask of a child is laid out once by set, then each rule is one statement over it.

The same statements run over the whole register at night and over the persons whom an order has just touched; what they
find is then told from what stands: a new cause opens a case, a cause that is gone closes it, evidence that has expired
opens it again. Run by the system, in one transaction. ``rules.causes`` says the same of one child.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from kontingent.enrolment.codes import OPENING
from kontingent.kernel import clock
from kontingent.trajectory.cases import codes, rules
from kontingent.trajectory.cases.codes import Outcome, Owner, RuleCode, State, StepKind
from kontingent.trajectory.cases.models import RuleEdition
from kontingent.trajectory.cases.rules import Setting

#: Who writes what happens by itself.
BY_ITSELF = "Реестр"

_WITHIN = "(%(everybody)s OR {}.person_id = ANY(%(persons)s::uuid[]))"
_LAY_OUT = f"""
CREATE TEMP TABLE case_now ON COMMIT DROP AS
    SELECT DISTINCT ON (e.person_id) e.person_id, e.enrolment_id, e.organisation_id, e.level_code, e.starts_on, e.is_main
    FROM enrolment_enrolment e WHERE e.superseded_at IS NULL AND e.level_code = ANY(%(studies)s) AND {_WITHIN.format("e")}
    AND e.starts_on <= %(day)s AND (e.ends_on IS NULL OR e.ends_on > %(day)s)
    ORDER BY e.person_id, e.is_main DESC, e.starts_on DESC, e.enrolment_id::text COLLATE "C" DESC;
CREATE TEMP TABLE case_last ON COMMIT DROP AS
    SELECT DISTINCT ON (e.person_id) e.person_id, e.enrolment_id, e.organisation_id, e.level_code, e.ends_on, e.reason_code,
        e.destination_id IS NOT NULL OR e.destination_text <> '' AS named
    FROM enrolment_enrolment e WHERE e.superseded_at IS NULL AND e.level_code = ANY(%(studies)s) AND {_WITHIN.format("e")}
    AND e.ends_on <= %(day)s AND e.reason_code <> '{codes.MISTAKE}'
    ORDER BY e.person_id, e.ends_on DESC, e.starts_on DESC, e.enrolment_id::text COLLATE "C" DESC;
CREATE TEMP TABLE case_child ON COMMIT DROP AS
    SELECT p.id AS person_id, p.birth_date AS born, n.enrolment_id, n.organisation_id, n.level_code AS level, n.starts_on,
        n.is_main, pl.group_id, pl.study_form_code AS form, l.enrolment_id AS last_enrolment_id, l.organisation_id AS last_organisation_id,
        l.level_code AS last_level, l.ends_on, l.reason_code AS reason, l.named
    FROM persons_person p LEFT JOIN case_now n ON n.person_id = p.id LEFT JOIN case_last l ON l.person_id = p.id
    LEFT JOIN enrolment_placement pl ON pl.enrolment_id = n.enrolment_id AND pl.superseded_at IS NULL AND pl.starts_on <= %(day)s
        AND (pl.ends_on IS NULL OR pl.ends_on > %(day)s)
    WHERE p.merged_into_id IS NULL AND p.status_code = '1' AND (p.died_on IS NULL OR p.died_on > %(day)s)
    AND p.birth_date > %(adult)s AND (%(everybody)s OR p.id = ANY(%(persons)s::uuid[]));
CREATE TEMP TABLE case_claim ON COMMIT DROP AS
    SELECT l.person_id, o.organisation_id, coalesce(q.kind_code, g.kind_code) AS level, o.created_at::date AS since
    FROM enrolment_order o JOIN enrolment_orderline l ON l.order_id = o.id LEFT JOIN programmes_programme q ON q.id = l.programme_id
    LEFT JOIN (SELECT g.id, q.kind_code FROM enrolment_group g JOIN programmes_programme q ON q.id = g.programme_id) g ON g.id = l.group_id
    WHERE o.status = 'draft' AND l.kind = ANY(%(opening)s) AND coalesce(q.kind_code, g.kind_code) = ANY(%(general)s)
    AND {_WITHIN.format("l")};
CREATE TEMP TABLE case_transfer ON COMMIT DROP AS
    SELECT t.person_id, t.former_id, t.receiver_id, t.approved_at::date AS since FROM transfers_transfer t
    WHERE t.state = 'approved' AND t.held_up = '' AND t.approved_at::date <= %(day)s AND {_WITHIN.format("t")};
CREATE TEMP TABLE case_missed ON COMMIT DROP AS
    SELECT a.person_id, count(*) FILTER (WHERE a.held_on > %(window)s) AS missed, count(DISTINCT a.held_on) AS days
    FROM performance_attendance a WHERE a.school_year = %(year)s AND a.withdrawn_at IS NULL AND a.code = ANY(%(unexplained)s)
    AND a.held_on BETWEEN %(september)s AND %(day)s AND {_WITHIN.format("a")} GROUP BY a.person_id;
CREATE TEMP TABLE case_lessons ON COMMIT DROP AS
    SELECT e.group_id, count(DISTINCT (e.held_on, e.number)) FILTER (WHERE e.held_on > %(window)s) AS lessons, count(DISTINCT e.held_on) AS days
    FROM performance_lesson e WHERE e.school_year = %(year)s AND e.withdrawn_at IS NULL AND e.held_on BETWEEN %(september)s AND %(day)s
    AND e.group_id IN (SELECT c.group_id FROM case_child c JOIN case_missed m USING (person_id)) GROUP BY e.group_id;
CREATE TEMP TABLE case_found (rule text, person_id uuid, key text, organisation_id uuid, since date) ON COMMIT DROP;
CREATE INDEX ON case_child (person_id);
ANALYZE case_child, case_claim, case_transfer, case_missed, case_lessons;
"""

_HERE = "c.enrolment_id IS NOT NULL"
_ABSENT = "c.enrolment_id IS NULL AND c.last_level IS NOT NULL AND c.last_level <> '11'"
_NOT_UNDER_WAY = "NOT EXISTS (SELECT 1 FROM case_transfer t WHERE t.person_id = c.person_id)"
_LEAVING = "c.person_id, c.last_enrolment_id::text, c.last_organisation_id, c.ends_on FROM case_child c"
_ELSEWHERE = (
    codes.FAMILY,
    codes.DEATH,
    codes.HEALTH,
    *codes.FINISHED,
    codes.EXPELLED,
    codes.NOT_STARTED,
    codes.AFTER_NINE,
)
_OTHERWISE = ", ".join(f"'{one}'" for one in _ELSEWHERE)
_SILENT = f"m.days >= s.days AND s.days >= greatest(%(started)s, 1) AND c.starts_on <= %(september)s AND c.level <> '{codes.PRESCHOOL}'"
_OF_FOREIGN = (
    "JOIN persons_citizenshipperiod z ON z.person_id = c.person_id AND z.superseded_at IS NULL AND z.citizenship_code = ANY(%(foreign)s) "
    "AND (z.starts_on IS NULL OR z.starts_on <= %(day)s) AND (z.ends_on IS NULL OR z.ends_on > %(day)s)"
)
_HOLDS_NOW = "(x.starts_on IS NULL OR x.starts_on <= %(day)s) AND (x.ends_on IS NULL OR x.ends_on > %(day)s)"
_ATTESTED = (
    "EXISTS (SELECT 1 FROM performance_periodmark k WHERE k.person_id = c.person_id AND k.withdrawn_at IS NULL AND k.given_on > %(edge)s "
    "AND k.given_on <= %(day)s AND k.school_year BETWEEN %(year)s - 4 AND %(year)s AND k.kind IN ('year', 'final', 'exam')) "
    # A result stays with the record that it was written for, also where that was merged into the child's.
    "OR EXISTS (SELECT 1 FROM attestation_examresult k WHERE k.superseded_at IS NULL AND k.held_on > %(edge)s AND k.held_on <= %(day)s "
    "AND k.person_id IN (SELECT c.person_id UNION ALL SELECT m.id FROM persons_person m WHERE m.merged_into_id = c.person_id))"
)

#: One statement a rule: person, fingerprint, where, since when.
STATEMENTS: Mapping[RuleCode, str] = {
    RuleCode.NOT_ARRIVED: (
        f"SELECT {_LEAVING} WHERE {_ABSENT} AND c.named AND c.reason NOT IN ({_OTHERWISE}, '{codes.OTHER_REGION}', '{codes.ABROAD}') "
        f"AND c.ends_on + %(wait)s <= %(day)s AND {_NOT_UNDER_WAY}"
    ),
    RuleCode.LEFT_NOWHERE: (
        f"SELECT {_LEAVING} WHERE {_ABSENT} AND NOT c.named AND c.reason NOT IN ({_OTHERWISE}) AND c.ends_on + %(wait)s <= %(day)s "
        f"AND {_NOT_UNDER_WAY}"
    ),
    RuleCode.NOT_ENROLLED: (
        "SELECT c.person_id, c.person_id::text, c.last_organisation_id, greatest(%(september)s, c.ends_on) FROM case_child c "
        f"WHERE c.enrolment_id IS NULL AND (c.last_level IS NULL OR (c.last_level = '{codes.PRESCHOOL}' AND c.reason NOT IN "
        f"('{codes.OTHER_REGION}', '{codes.ABROAD}', '{codes.DEATH}'))) AND c.born <= %(september)s - make_interval(years => %(share)s) "
        "AND %(september)s + %(wait)s <= %(day)s AND NOT EXISTS (SELECT 1 FROM persons_representation r WHERE r.adult_id = c.person_id)"
    ),
    RuleCode.CLAIMED_TWICE: (
        # Whoever takes a child over by a transfer claims what the former organisation claimed: both are one.
        "SELECT k.person_id, string_agg(DISTINCT coalesce(t.former_id, k.organisation_id)::text, ':'), c.organisation_id, max(k.since) FROM ("
        "SELECT person_id, organisation_id, since FROM case_claim WHERE since + %(wait)s <= %(day)s "
        f"UNION ALL SELECT c.person_id, c.organisation_id, c.starts_on FROM case_child c WHERE {_HERE} AND c.is_main "
        "UNION ALL SELECT person_id, receiver_id, since FROM case_transfer WHERE since + %(wait)s <= %(day)s "
        "UNION ALL SELECT c.person_id, e.organisation_id, e.starts_on FROM persons_duplicatepair d CROSS JOIN LATERAL "
        "(VALUES (d.one_id, d.other_id), (d.other_id, d.one_id)) AS v (one_id, other_id) "
        f"JOIN case_child c ON c.person_id = v.one_id AND {_HERE} AND c.is_main JOIN enrolment_enrolment e ON e.person_id = v.other_id "
        "AND e.superseded_at IS NULL AND e.is_main AND e.starts_on <= %(day)s AND (e.ends_on IS NULL OR e.ends_on > %(day)s) "
        "WHERE d.state = 'open') k JOIN case_child c USING (person_id) "
        "LEFT JOIN case_transfer t ON t.person_id = k.person_id AND t.receiver_id = k.organisation_id "
        "GROUP BY k.person_id, c.organisation_id HAVING count(DISTINCT coalesce(t.former_id, k.organisation_id)) > 1"
    ),
    RuleCode.NOT_STARTED: (
        f"SELECT c.person_id, c.enrolment_id || ':' || %(year)s, c.organisation_id, %(september)s FROM case_child c JOIN case_missed m USING (person_id) "
        f"JOIN case_lessons s USING (group_id) WHERE {_SILENT} "
        f"UNION ALL SELECT {_LEAVING} WHERE {_ABSENT} AND c.reason = '{codes.NOT_STARTED}' AND c.ends_on + %(wait)s <= %(day)s"
    ),
    RuleCode.AFTER_NINE: (
        f"SELECT {_LEAVING} WHERE {_ABSENT} AND c.reason = '{codes.AFTER_NINE}' AND c.ends_on + %(wait)s <= %(day)s "
        "AND %(day)s >= make_date(extract(year FROM c.ends_on)::int, %(season_month)s, %(season_day)s)"
    ),
    RuleCode.EXPELLED_15: (
        f"SELECT {_LEAVING} WHERE {_ABSENT} AND c.reason = '{codes.EXPELLED}' AND c.ends_on + %(wait)s <= %(day)s"
    ),
    RuleCode.ABSENCE: (
        "SELECT c.person_id, c.enrolment_id || ':' || %(year)s, c.organisation_id, %(window)s FROM case_child c JOIN case_missed m USING (person_id) "
        f"JOIN case_lessons s USING (group_id) WHERE c.level <> '{codes.PRESCHOOL}' AND c.starts_on <= %(window)s "
        f"AND s.lessons >= {rules.LEAST_LESSONS} AND m.missed * 100 >= s.lessons * %(share)s AND NOT ({_SILENT})"
    ),
    RuleCode.FAMILY_UNATTESTED: (
        "SELECT c.person_id, coalesce(c.enrolment_id, c.last_enrolment_id)::text, coalesce(c.organisation_id, c.last_organisation_id), "
        f"CASE WHEN {_HERE} THEN c.starts_on ELSE c.ends_on END FROM case_child c "
        f"WHERE CASE WHEN {_HERE} THEN c.form = ANY(%(outside)s) AND c.starts_on <= %(edge)s "
        f"ELSE c.reason = '{codes.FAMILY}' AND c.ends_on <= %(edge)s END AND NOT ({_ATTESTED})"
    ),
    RuleCode.FOREIGN_UNREGISTERED: (
        f"SELECT c.person_id, c.person_id::text, c.organisation_id, c.starts_on FROM case_child c {_OF_FOREIGN} WHERE {_HERE} AND NOT EXISTS "
        "(SELECT 1 FROM persons_address x WHERE x.person_id = c.person_id AND x.kind_code IN ('registration', 'stay') "
        f"AND {_HOLDS_NOW})"
    ),
    RuleCode.FOREIGN_UNTESTED: (
        f"SELECT c.person_id, c.enrolment_id::text, c.organisation_id, c.starts_on FROM case_child c {_OF_FOREIGN} WHERE {_HERE} "
        f"AND c.level = ANY(%(general)s) AND c.level <> '{codes.PRESCHOOL}' AND c.starts_on >= %(tested_since)s AND NOT EXISTS "
        "(SELECT 1 FROM enrolment_enrolment e WHERE e.person_id = c.person_id AND e.superseded_at IS NULL AND e.starts_on < c.starts_on "
        f"AND e.level_code = ANY(%(general)s) AND e.level_code <> '{codes.PRESCHOOL}')"
    ),
    RuleCode.PRESCHOOLER_SEVEN: (
        "SELECT c.person_id, c.person_id || ':' || extract(year FROM %(target)s::date), c.organisation_id, %(season_began)s FROM case_child c "
        f"WHERE c.level = '{codes.PRESCHOOL}' AND c.born <= %(target)s - make_interval(years => %(share)s) "
        "AND NOT EXISTS (SELECT 1 FROM enrolment_enrolment e WHERE e.person_id = c.person_id AND e.superseded_at IS NULL "
        f"AND e.level_code = ANY(%(studies)s) AND e.level_code <> '{codes.PRESCHOOL}' AND e.starts_on > %(day)s) "
        f"AND NOT EXISTS (SELECT 1 FROM case_claim k WHERE k.person_id = c.person_id AND k.level <> '{codes.PRESCHOOL}')"
    ),
    RuleCode.SNILS_TWICE: (
        "SELECT v.person_id, d.id || v.side, NULL::uuid, d.found_at::date FROM persons_duplicatepair d CROSS JOIN LATERAL "
        "(VALUES (d.one_id, ':1'), (d.other_id, ':2')) AS v (person_id, side) JOIN persons_person p ON p.id = v.person_id "
        "AND p.merged_into_id IS NULL AND (p.died_on IS NULL OR p.died_on > %(day)s) "
        f"WHERE d.state = 'open' AND d.claimed_snils IS NOT NULL AND {_WITHIN.format('v')}"
    ),
}  # fmt: skip

#: Where a cause lies that names no organisation: where the person studies or studied, else who has entered them, else the address.
_PLACE = """
CREATE TEMP TABLE case_placed ON COMMIT DROP AS
SELECT f.rule, f.person_id, left(f.key, 160) AS key, f.since, p.organisation_id,
    coalesce(o.municipality_id, (SELECT oi.municipality_id FROM persons_introduction i JOIN organisations_organisation oi
        ON oi.id = i.organisation_id WHERE i.person_id = f.person_id ORDER BY i.id DESC LIMIT 1),
        (SELECT mc.municipality_id FROM persons_address a JOIN organisations_municipalitycode mc ON left(mc.oktmo, 8) = left(a.oktmo, 8)
        WHERE a.person_id = f.person_id AND a.oktmo <> '' AND a.ends_on IS NULL ORDER BY a.kind_code, mc.valid_from DESC LIMIT 1)) AS municipality_id
FROM case_found f
CROSS JOIN LATERAL (SELECT coalesce(f.organisation_id, (SELECT coalesce(n.organisation_id) FROM case_now n WHERE n.person_id = f.person_id),
    (SELECT l.organisation_id FROM case_last l WHERE l.person_id = f.person_id)) AS organisation_id) p
LEFT JOIN organisations_organisation o ON o.id = p.organisation_id;
"""

_OPEN = f"""
WITH settings AS (SELECT * FROM jsonb_to_recordset(%(settings)s::jsonb) AS s (rule text, term int, severity int, owner text)),
told AS (
    INSERT INTO cases_case AS c (id, rule, person_id, key, organisation_id, municipality_id, owner_organisation_id,
        owner_municipality_id, worker_name, severity, since, opened_on, due_on, state, stands, outcome, evidence, closed_by_name, version)
    SELECT gen_random_uuid(), f.rule, f.person_id, f.key, f.organisation_id, f.municipality_id,
        CASE WHEN s.owner = '{Owner.ORGANISATION}' THEN f.organisation_id END,
        CASE WHEN s.owner = '{Owner.MUNICIPALITY}' OR f.organisation_id IS NULL THEN f.municipality_id END,
        '', s.severity, f.since, %(day)s, %(day)s + s.term, '{State.OPEN}', true, '', '', '', 1
    FROM case_placed f JOIN settings s USING (rule)
    ON CONFLICT (rule, person_id, key) DO NOTHING RETURNING id
), again AS (
    UPDATE cases_case c SET organisation_id = f.organisation_id, municipality_id = f.municipality_id, since = f.since,
        stands = true, severity = s.severity,
        opened_on = CASE WHEN r.again THEN %(day)s ELSE c.opened_on END, due_on = CASE WHEN r.again THEN %(day)s + s.term ELSE c.due_on END,
        state = CASE WHEN r.again OR r.resumes THEN '{State.OPEN}' ELSE c.state END,
        outcome = CASE WHEN r.again THEN '' ELSE c.outcome END, closed_on = CASE WHEN r.again THEN NULL ELSE c.closed_on END,
        closed_by_name = CASE WHEN r.again THEN '' ELSE c.closed_by_name END,
        evidence_until = CASE WHEN r.again THEN NULL ELSE c.evidence_until END,
        postponed_until = CASE WHEN r.resumes THEN NULL ELSE c.postponed_until END, version = c.version + 1
    FROM case_placed f JOIN settings s USING (rule) JOIN cases_case w ON w.rule = f.rule AND w.person_id = f.person_id AND w.key = f.key
    CROSS JOIN LATERAL (SELECT w.state = '{State.CLOSED}' AND (NOT w.stands OR w.evidence_until < %(day)s) AS again,
        w.state = '{State.POSTPONED}' AND w.postponed_until <= %(day)s AS resumes) r
    WHERE c.id = w.id AND (coalesce(r.again, false) OR r.resumes OR NOT w.stands OR w.since <> f.since OR w.severity <> s.severity
        OR (w.organisation_id, w.municipality_id) IS DISTINCT FROM (f.organisation_id, f.municipality_id))
    RETURNING c.id, coalesce(r.again, false) AS again, r.resumes
), steps AS (
    INSERT INTO cases_casestep (case_id, kind, at, by_name, text)
    SELECT id, '{StepKind.OPENED}', %(now)s, '{BY_ITSELF}', '' FROM told
    UNION ALL SELECT id, CASE WHEN again THEN '{StepKind.REOPENED}' ELSE '{StepKind.RESUMED}' END, %(now)s, '{BY_ITSELF}', ''
    FROM again WHERE again OR resumes RETURNING 1
) SELECT (SELECT count(*) FROM told), (SELECT count(*) FROM again WHERE again)
"""
_CLOSE = f"""
WITH gone AS (
    SELECT c.id, c.state FROM cases_case c WHERE c.stands AND {_WITHIN.format("c")}
    AND NOT EXISTS (SELECT 1 FROM case_placed f WHERE f.rule = c.rule AND f.person_id = c.person_id AND f.key = c.key) FOR UPDATE
), closed AS (
    UPDATE cases_case c SET stands = false, version = c.version + 1,
        state = '{State.CLOSED}', postponed_until = NULL,
        outcome = CASE WHEN g.state = '{State.CLOSED}' THEN c.outcome ELSE '{Outcome.GONE}' END,
        closed_on = CASE WHEN g.state = '{State.CLOSED}' THEN c.closed_on ELSE %(day)s END,
        closed_by_name = CASE WHEN g.state = '{State.CLOSED}' THEN c.closed_by_name ELSE '{BY_ITSELF}' END
    FROM gone g WHERE c.id = g.id RETURNING c.id, g.state
), steps AS (
    INSERT INTO cases_casestep (case_id, kind, at, by_name, text)
    SELECT id, '{StepKind.GONE}', %(now)s, '{BY_ITSELF}', '' FROM closed WHERE state <> '{State.CLOSED}' RETURNING 1
) SELECT count(*) FROM closed WHERE state <> '{State.CLOSED}'
"""
_DROP = "DROP TABLE IF EXISTS case_now, case_last, case_child, case_claim, case_transfer, case_missed, case_lessons, case_found, case_placed"


class Counted(NamedTuple):
    """How many cases were opened, opened again, closed because their cause is gone; how many causes stand."""

    opened: int
    reopened: int
    gone: int
    standing: int


def settings_of(day: date) -> dict[RuleCode, Setting]:
    """Return the rules as they stand on a day: the newest edition of the ministry, else those of ``rules.toml``."""
    found = dict(rules.DEFAULTS)
    for one in RuleEdition.objects.filter(starts_on__lte=day).order_by("starts_on", "id"):
        code = RuleCode(one.rule)
        found[code] = rules.amended(
            found[code], on=one.on, wait=one.wait, term=one.term, share=one.share, severity=one.severity, owner=one.owner,
            edition=f"{one.basis}, с {one.starts_on:%d.%m.%Y}",
        )  # fmt: skip
    return found


@transaction.atomic
def find(
    *,
    day: date | None = None,
    persons: Collection[UUID] | None = None,
    settings: Mapping[RuleCode, Setting] | None = None,
) -> Counted:
    """Find what stands on a day and tell it from the cases: of everybody, or of some persons and whoever looks like them."""
    day = day or clock.today()
    settings = settings or settings_of(day)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cases'))")
        given = _lay_out(cursor, day, persons, settings)
        _run_rules(cursor, given, settings)
        cursor.execute(_PLACE)
        cursor.execute("ANALYZE case_placed")
        told = [
            {"rule": one.code.value, "term": one.term, "severity": one.severity, "owner": one.owner.value}
            for one in settings.values()
        ]
        cursor.execute(_OPEN, {**given, "settings": _json(told)})
        opened, reopened = cursor.fetchone()
        cursor.execute(_CLOSE, given)
        (gone,) = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM case_placed")
        (standing,) = cursor.fetchone()
        cursor.execute(_DROP)
    return Counted(opened, reopened, gone, standing)


@transaction.atomic
def causes(
    *, day: date, persons: Collection[UUID] | None = None, settings: Mapping[RuleCode, Setting] | None = None
) -> dict[UUID, frozenset[RuleCode]]:
    """Return what the rules find on a day, without touching any case (what an edition would find)."""
    settings = settings or settings_of(day)
    found: dict[UUID, set[RuleCode]] = {}
    with connection.cursor() as cursor:
        given = _lay_out(cursor, day, persons, settings)
        _run_rules(cursor, given, settings)
        cursor.execute("SELECT person_id, rule FROM case_found")
        for person_id, rule in cursor.fetchall():
            found.setdefault(person_id, set()).add(RuleCode(rule))
        cursor.execute(_DROP)
    return {person_id: frozenset(codes_) for person_id, codes_ in found.items()}


def _lay_out(
    cursor: Any, day: date, persons: Collection[UUID] | None, settings: Mapping[RuleCode, Setting]
) -> dict[str, Any]:
    """Lay the facts of a day out; return what every statement is given."""
    september = rules.school_year_begins(day)
    given: dict[str, Any] = {
        "day": day, "now": clock.now(), "adult": rules.years_before(day, rules.ADULT), "september": september, "year": september.year,
        "everybody": persons is None, "persons": _with_lookalikes(cursor, persons or ()), "studies": list(codes.STUDIES),
        "general": list(codes.GENERAL), "opening": [str(one) for one in OPENING], "unexplained": list(codes.UNEXPLAINED),
        "foreign": list(codes.FOREIGN), "outside": list(codes.OUT_OF_SCHOOL_FORMS), "tested_since": rules.TESTED_SINCE,
        "window": date.fromordinal(day.toordinal() - settings[RuleCode.ABSENCE].wait),
        "edge": date.fromordinal(day.toordinal() - settings[RuleCode.FAMILY_UNATTESTED].wait),
        "started": settings[RuleCode.NOT_STARTED].wait,
    }  # fmt: skip
    cursor.execute(f"SET LOCAL jit = off; {_DROP}")
    # Statement by statement, so that parameters are bound to each.
    for statement in _LAY_OUT.split(";\n"):
        if statement.strip():
            cursor.execute(statement, given)
    return given


def _run_rules(cursor: Any, given: Mapping[str, Any], settings: Mapping[RuleCode, Setting]) -> None:
    day = given["day"]
    for code, statement in STATEMENTS.items():
        one = settings[code]
        if not one.on:
            continue
        season = one.begins_in(day.year)
        cursor.execute(
            f"INSERT INTO case_found SELECT '{code}', x.* FROM ({statement}) AS x",
            {
                **given, "wait": one.wait, "share": one.share, "season_month": season.month, "season_day": season.day,
                "target": rules.nearest_first_of_september(day, season),
                "season_began": season if day >= season else one.begins_in(day.year - 1),
            },
        )  # fmt: skip


def _with_lookalikes(cursor: Any, persons: Collection[UUID]) -> list[UUID]:
    """Return persons with those whom an open pair ties to them: what is found of one depends on the other."""
    if not persons:
        return []
    cursor.execute(
        "SELECT other_id FROM persons_duplicatepair WHERE one_id = ANY(%(whom)s::uuid[]) "
        "UNION SELECT one_id FROM persons_duplicatepair WHERE other_id = ANY(%(whom)s::uuid[]) "
        "UNION SELECT survivor_id FROM persons_merge WHERE merged_id = ANY(%(whom)s::uuid[])",
        {"whom": list(persons)},
    )
    return [*persons, *(row[0] for row in cursor.fetchall())]


def _json(told: Any) -> str:
    return json.dumps(told)
