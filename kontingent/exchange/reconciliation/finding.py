"""Finding what does not agree: one statement a kind, over the present school year, for the region or for one school.

Each statement yields rows of ``found``; then all are told from what stands: what is new is opened, what stands is touched,
what is gone is closed. What was dismissed stays dismissed. Run by the system, who alone sees the rows that were refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from kontingent.codelists import queries as codelists
from kontingent.exchange.reconciliation import rules
from kontingent.exchange.reconciliation.codes import Kind, Outcome
from kontingent.exchange.reconciliation.rules import Thresholds
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.models import GradingPeriod

_COLUMNS = "kind, key, organisation_id, journal_id, group_id, person_id, subject_code, period_code, said, rows, first_day, last_day"
#: What was refused, as far as it was a row: whose key, which day, which lesson.
_REFUSED = (
    "SELECT r.journal_id, r.external_id, coalesce(h.merged_into_id, h.id) AS person_id, "
    "coalesce(r.staged ->> 'whose', r.staged ->> 'whose_key', '') AS said, "
    "coalesce(r.staged ->> 'given_on', r.staged ->> 'held_on')::date AS day, r.staged ->> 'lesson_key' AS lesson_key, r.code "
    "FROM journals_refusedrow r LEFT JOIN persons_person h ON h.id = (r.staged ->> 'whose')::uuid "
    "WHERE r.school_year = %(year)s AND r.repaired_at IS NULL AND r.records <> 'lessons' "
    "AND r.code IN ('learner_unknown', 'learner_not_enrolled') AND jsonb_typeof(r.staged) = 'object'"
)
#: The class in which most lessons of the refused rows were held, and else the only school of the journal's client.
_OF_LESSONS = (
    "LEFT JOIN performance_lesson l ON l.school_year = %(year)s AND l.journal_id = s.journal_id "
    "AND l.external_id = s.lesson_key AND s.lesson_key <> ''"
)
_SOLE = "(%(sole)s::jsonb ->> s.journal_id::text)::uuid"
_NOW = "pl.superseded_at IS NULL AND pl.is_main AND pl.starts_on <= %(today)s AND (pl.ends_on IS NULL OR pl.ends_on > %(today)s)"
_LIVING = "e.school_year = %(year)s AND e.withdrawn_at IS NULL"

_STATEMENTS: Mapping[Kind, str] = {
    Kind.LEARNER_UNKNOWN: (
        f"SELECT 'learner_unknown', s.journal_id || ':' || s.said, coalesce(mode() WITHIN GROUP (ORDER BY l.organisation_id), {_SOLE}), "
        "s.journal_id, mode() WITHIN GROUP (ORDER BY l.group_id), NULL::uuid, '', '', s.said, count(DISTINCT s.external_id), min(s.day), max(s.day) "
        f"FROM ({_REFUSED}) s {_OF_LESSONS} WHERE s.person_id IS NULL AND s.said <> '' GROUP BY s.journal_id, s.said"
    ),
    Kind.LEARNER_ELSEWHERE: (
        "SELECT 'learner_elsewhere', s.journal_id || ':' || s.person_id, "
        f"coalesce(mode() WITHIN GROUP (ORDER BY l.organisation_id), {_SOLE}, max(was.organisation_id::text)::uuid), "
        "s.journal_id, mode() WITHIN GROUP (ORDER BY l.group_id), s.person_id, '', '', '', count(DISTINCT s.external_id), min(s.day), max(s.day) "
        f"FROM ({_REFUSED}) s {_OF_LESSONS} LEFT JOIN LATERAL (SELECT pl.organisation_id FROM enrolment_placement pl "
        "WHERE pl.person_id = s.person_id AND pl.superseded_at IS NULL AND pl.is_main AND s.code = 'learner_not_enrolled' "
        "ORDER BY abs(pl.starts_on - s.day) LIMIT 1) was ON true "
        "WHERE s.person_id IS NOT NULL GROUP BY s.journal_id, s.person_id"
    ),
    Kind.CLASS_UNKNOWN: (
        "SELECT 'class_unknown', s.journal_id || ':' || s.said, o.id, s.journal_id, NULL::uuid, NULL::uuid, '', '', "
        "substring(s.said from position(':' in s.said) + 1), count(DISTINCT s.external_id), min(s.day), max(s.day) "
        "FROM (SELECT r.journal_id, r.external_id, r.staged ->> 'whose_key' AS said, (r.staged ->> 'held_on')::date AS day "
        "FROM journals_refusedrow r WHERE r.school_year = %(year)s AND r.repaired_at IS NULL AND r.code = 'class_unknown' "
        "AND jsonb_typeof(r.staged) = 'object' AND r.staged ->> 'whose_key' LIKE '%%:_%%') s "
        "JOIN organisations_organisation o ON o.ogrn = substring(s.said from 1 for position(':' in s.said) - 1) AND o.parent_id IS NULL "
        "GROUP BY o.id, s.journal_id, s.said"
    ),
    Kind.SUBJECT_UNKNOWN: (
        f"SELECT 'subject_unknown', s.journal_id || ':' || lower(s.said), {_SOLE}, s.journal_id, NULL::uuid, NULL::uuid, '', '', min(s.said), "
        "count(*), NULL::date, NULL::date FROM (SELECT r.journal_id, substring(r.place from 10) AS said FROM journals_refusedrow r "
        "WHERE r.school_year = %(year)s AND r.repaired_at IS NULL AND r.code = 'subject_unknown' AND r.place LIKE 'subject: _%%') s "
        "GROUP BY s.journal_id, lower(s.said)"
    ),
    Kind.LEARNER_SILENT: (
        "SELECT 'learner_silent', pl.person_id::text, pl.organisation_id, NULL::int, pl.group_id, pl.person_id, '', '', '', 1, "
        "%(since)s::date, %(today)s::date FROM enrolment_placement pl JOIN "
        "(SELECT p.group_id FROM enrolment_placement p LEFT JOIN heard h USING (person_id) "
        f"WHERE {_NOW.replace('pl.', 'p.')} GROUP BY p.group_id HAVING count(h.person_id) * 100 >= count(*) * %(share)s) lively "
        "ON lively.group_id = pl.group_id LEFT JOIN heard h ON h.person_id = pl.person_id "
        f"WHERE {_NOW} AND pl.starts_on <= %(since)s AND pl.grade >= 2 AND pl.state = 'studying' AND h.person_id IS NULL"
    ),
    Kind.CLASS_SILENT: (
        "SELECT 'class_silent', g.id::text, g.organisation_id, NULL::int, g.id, NULL::uuid, '', '', g.title, count(*), "
        "%(since)s::date, %(today)s::date FROM enrolment_group g JOIN enrolment_placement pl ON pl.group_id = g.id "
        f"WHERE {_NOW} AND g.school_year = %(year)s AND g.closed_on IS NULL AND g.grade >= 1 "
        "AND EXISTS (SELECT 1 FROM told t WHERE t.organisation_id = g.organisation_id) "
        "AND NOT EXISTS (SELECT 1 FROM told t WHERE t.group_id = g.id) AND %(since)s >= %(begins)s GROUP BY g.id"
    ),
    Kind.SUBJECT_MISSING: (
        "WITH taught AS MATERIALIZED (SELECT DISTINCT group_id, subject_code FROM performance_lesson e "
        f"WHERE {_LIVING}), classes AS (SELECT g.id, g.organisation_id, g.grade, g.title FROM enrolment_group g "
        "WHERE g.school_year = %(year)s AND g.closed_on IS NULL AND g.grade >= 1 AND EXISTS (SELECT 1 FROM taught t WHERE t.group_id = g.id)), "
        "parallels AS (SELECT c.organisation_id, c.grade, t.subject_code, count(*) AS have FROM classes c JOIN taught t ON t.group_id = c.id "
        "GROUP BY 1, 2, 3), sizes AS (SELECT organisation_id, grade, count(*) AS classes FROM classes GROUP BY 1, 2) "
        "SELECT 'subject_missing', c.id || ':' || p.subject_code, c.organisation_id, NULL::int, c.id, NULL::uuid, p.subject_code, '', c.title, "
        "1, NULL::date, NULL::date FROM classes c JOIN parallels p USING (organisation_id, grade) JOIN sizes z USING (organisation_id, grade) "
        "WHERE z.classes >= 3 AND p.have * 100 > z.classes * %(share)s AND %(today)s >= %(october)s "
        "AND NOT EXISTS (SELECT 1 FROM taught t WHERE t.group_id = c.id AND t.subject_code = p.subject_code)"
    ),
    Kind.FINALS_MISSING: (
        "WITH given AS MATERIALIZED (SELECT DISTINCT e.group_id, e.person_id, e.subject_code, e.period_code FROM performance_periodmark e "
        f"WHERE {_LIVING} AND e.kind = 'period'), ended AS (SELECT o.id AS organisation_id, p.code, p.ends_on, p.grade_from, p.grade_to "
        "FROM organisations_organisation o JOIN performance_gradingperiod p ON p.school_year = %(year)s AND p.ends_on <= %(today)s "
        "AND p.organisation_id IS NOT DISTINCT FROM (SELECT q.organisation_id FROM performance_gradingperiod q WHERE q.school_year = %(year)s "
        "AND q.organisation_id = o.id LIMIT 1)), sizes AS (SELECT pl.group_id, count(*) AS learners FROM enrolment_placement pl "
        f"WHERE {_NOW} AND pl.group_id IS NOT NULL GROUP BY 1), counted AS (SELECT group_id, subject_code, period_code, count(*) AS have "
        "FROM given GROUP BY 1, 2, 3), lacking AS (SELECT c.group_id, c.subject_code, c.period_code, g.organisation_id, g.title, d.ends_on, "
        "(SELECT count(*) FROM enrolment_placement pl WHERE pl.group_id = c.group_id AND pl.starts_on < d.ends_on "
        f"AND {_NOW} AND NOT EXISTS (SELECT 1 FROM given m WHERE m.person_id = pl.person_id AND m.subject_code = c.subject_code "
        "AND m.period_code = c.period_code)) AS learners "
        "FROM counted c JOIN enrolment_group g ON g.id = c.group_id JOIN sizes z ON z.group_id = c.group_id "
        "JOIN ended d ON d.organisation_id = g.organisation_id AND d.code = c.period_code AND g.grade BETWEEN d.grade_from AND d.grade_to "
        "WHERE c.have < z.learners AND c.have * 100 >= z.learners * %(share)s) "
        "SELECT 'finals_missing', group_id || ':' || period_code, organisation_id, NULL::int, group_id, NULL::uuid, min(subject_code), period_code, "
        "string_agg(subject_code, ',' ORDER BY subject_code), max(learners), NULL::date, ends_on FROM lacking WHERE learners > 0 "
        "GROUP BY group_id, period_code, organisation_id, ends_on"
    ),
    Kind.FINALS_CONTRADICT: (
        "SELECT 'finals_contradict', e.person_id || ':' || e.subject_code || ':' || e.kind || ':' || e.period_code, "
        "min(e.organisation_id::text)::uuid, NULL::int, min(e.group_id::text)::uuid, e.person_id, e.subject_code, e.period_code, "
        "string_agg(DISTINCT j.title, ', '), count(DISTINCT e.journal_id), min(e.given_on), max(e.given_on) "
        f"FROM performance_periodmark e JOIN performance_journal j ON j.id = e.journal_id WHERE {_LIVING} AND e.kind IN ('period', 'year', 'final') "
        "GROUP BY e.person_id, e.subject_code, e.kind, e.period_code HAVING count(DISTINCT e.journal_id) > 1 AND count(DISTINCT e.value) > 1"
    ),
}


class Counted(NamedTuple):
    """How many discrepancies were opened, closed because they are gone, and stand open now."""

    opened: int
    closed: int
    standing: int


def thresholds() -> Thresholds:
    """Return the days and shares of the code list ``reconciliation_threshold``."""

    def of(code: str) -> int:
        return int(codelists.number("reconciliation_threshold", code))

    return Thresholds(of("late_after"), of("silent_after"), of("learner_days"), of("share"))


def days_off(year: SchoolYear) -> frozenset[date]:
    """Return the holidays of a school year by the region's own study periods; none where nobody has set them."""
    periods = GradingPeriod.objects.filter(organisation__isnull=True, school_year=year.begins_in)
    return rules.holidays(periods.values_list("grade_from", "starts_on", "ends_on"))


def find(*, sole: Mapping[int, UUID], organisation_id: UUID | None = None) -> Counted:
    """Find what does not agree today; ``sole`` names the only school of a journal's client, where there is one.

    One transaction of the system. Of one school when it is named; then what names no school is left alone.
    """
    today, now, limits = clock.today(), clock.now(), thresholds()
    year = SchoolYear.of(today)
    given: dict[str, Any] = {
        "today": today, "now": now, "year": year.begins_in, "begins": year.starts_on, "since": rules.days_before(today, limits.learner_days, days_off(year)),
        "october": year.starts_on.replace(month=10), "share": limits.share, "one": organisation_id,
        "sole": "{" + ", ".join(f'"{journal}": "{organisation}"' for journal, organisation in sole.items()) + "}",
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('reconciliation'))")
        _hear(cursor, given)
        for statement in _STATEMENTS.values():
            cursor.execute(
                f"INSERT INTO found SELECT * FROM ({statement}) AS f ({_COLUMNS}) "
                f"WHERE (%(one)s::uuid IS NULL OR organisation_id = %(one)s)",
                given,
            )
        opened = _open(cursor, given)
        closed = _close(cursor, given)
        _count_pulses(cursor, given)
        cursor.execute("SELECT count(*) FROM found")
        standing = int(cursor.fetchone()[0])
        cursor.execute("DROP TABLE found, heard, told")
    return Counted(opened, closed, standing)


def _hear(cursor: Any, given: Mapping[str, Any]) -> None:
    """Lay out of whom and of which classes the journals said anything in the days looked at, whose marks are read once.

    ``CREATE TABLE … AS`` may read in parallel, which an ``INSERT`` may not.
    """
    here = "(%(one)s::uuid IS NULL OR e.organisation_id = %(one)s)"
    said = {
        "performance_mark": "given_on",
        "performance_attendance": "held_on",
        "performance_periodmark": "given_on",
    }
    of_people = " UNION ALL ".join(
        f"SELECT e.person_id, e.group_id, e.organisation_id FROM {table} e WHERE {_LIVING} AND e.{day} >= %(since)s AND {here}"
        for table, day in said.items()
    )
    cursor.execute(
        "SET LOCAL jit = off; CREATE TEMP TABLE found (kind text, key text, organisation_id uuid, journal_id integer, group_id uuid, "
        "person_id uuid, subject_code text, period_code text, said text, rows bigint, first_day date, last_day date) ON COMMIT DROP; "
        "CREATE TEMP TABLE heard (person_id uuid PRIMARY KEY) ON COMMIT DROP; "
        "CREATE TEMP TABLE told (organisation_id uuid, group_id uuid) ON COMMIT DROP"
    )
    cursor.execute(
        f"CREATE TEMP TABLE voices ON COMMIT DROP AS SELECT DISTINCT person_id, group_id, organisation_id FROM ({of_people}) AS p",
        given,
    )
    cursor.execute("INSERT INTO heard SELECT DISTINCT person_id FROM voices")
    cursor.execute(
        "INSERT INTO told SELECT organisation_id, group_id FROM voices UNION "
        f"SELECT e.organisation_id, e.group_id FROM performance_lesson e WHERE {_LIVING} AND e.held_on >= %(since)s AND {here}",
        given,
    )
    cursor.execute("DROP TABLE voices; ANALYZE heard, told")


def _open(cursor: Any, given: Mapping[str, Any]) -> int:
    cursor.execute(
        "WITH told AS (INSERT INTO reconciliation_discrepancy AS d (id, school_year, kind, key, organisation_id, journal_id, group_id, "
        "person_id, subject_code, period_code, said, rows, first_day, last_day, found_at, seen_at, outcome, decided_by_name, reason) "
        "SELECT gen_random_uuid(), %(year)s, kind, left(key, 250), organisation_id, journal_id, group_id, person_id, subject_code, period_code, "
        "left(coalesce(said, ''), 200), rows, first_day, last_day, %(now)s, %(now)s, '', '', '' FROM found "
        "ON CONFLICT (kind, school_year, key) DO UPDATE SET organisation_id = EXCLUDED.organisation_id, group_id = EXCLUDED.group_id, "
        "person_id = EXCLUDED.person_id, said = EXCLUDED.said, rows = EXCLUDED.rows, first_day = EXCLUDED.first_day, "
        "last_day = EXCLUDED.last_day, seen_at = EXCLUDED.seen_at, "
        f"found_at = CASE WHEN d.outcome IN ('{Outcome.GONE}', '{Outcome.MENDED}') THEN EXCLUDED.found_at ELSE d.found_at END, "
        f"closed_at = CASE WHEN d.outcome = '{Outcome.DISMISSED}' THEN d.closed_at END, "
        f"outcome = CASE WHEN d.outcome = '{Outcome.DISMISSED}' THEN d.outcome ELSE '' END "
        "RETURNING found_at) SELECT count(*) FROM told WHERE found_at = %(now)s",
        given,
    )
    return int(cursor.fetchone()[0])


def _close(cursor: Any, given: Mapping[str, Any]) -> int:
    cursor.execute(
        "UPDATE reconciliation_discrepancy d SET closed_at = %(now)s, outcome = %(gone)s WHERE closed_at IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM found f WHERE f.kind = d.kind AND left(f.key, 250) = d.key AND d.school_year = %(year)s) "
        "AND (%(one)s::uuid IS NULL OR organisation_id = %(one)s)",
        {**given, "gone": Outcome.GONE.value},
    )
    return int(cursor.rowcount)


def _count_pulses(cursor: Any, given: Mapping[str, Any]) -> None:
    """Count anew how each school's journal keeps up; a school without classes of this year has no pulse."""
    here = "(%(one)s::uuid IS NULL OR e.organisation_id = %(one)s)"
    latest = " UNION ALL ".join(
        f"SELECT e.organisation_id, max(e.{day}), max(e.recorded_at) FROM {table} e WHERE {_LIVING} AND {here} GROUP BY 1"
        for table, day in (
            ("performance_mark", "given_on"), ("performance_attendance", "held_on"), ("performance_lesson", "held_on"),
            ("performance_periodmark", "given_on"),
        )
    )  # fmt: skip
    cursor.execute(
        "DELETE FROM reconciliation_pulse WHERE (%(one)s::uuid IS NULL OR organisation_id = %(one)s)", given
    )
    cursor.execute(
        "INSERT INTO reconciliation_pulse (organisation_id, school_year, classes, classes_heard, learners, learners_heard, last_day, "
        "last_taken_at, counted_at) SELECT c.organisation_id, %(year)s, c.classes, c.classes_heard, coalesce(n.learners, 0), "
        "coalesce(n.heard, 0), t.day, t.taken_at, %(now)s FROM (SELECT g.organisation_id, count(*) AS classes, "
        "count(*) FILTER (WHERE EXISTS (SELECT 1 FROM told t WHERE t.group_id = g.id)) AS classes_heard FROM enrolment_group g "
        "WHERE g.school_year = %(year)s AND g.closed_on IS NULL AND g.grade >= 1 "
        "AND (%(one)s::uuid IS NULL OR g.organisation_id = %(one)s) GROUP BY 1) c "
        "LEFT JOIN (SELECT pl.organisation_id, count(*) AS learners, count(h.person_id) AS heard FROM enrolment_placement pl "
        f"JOIN enrolment_group g ON g.id = pl.group_id AND g.grade >= 1 LEFT JOIN heard h USING (person_id) WHERE {_NOW} GROUP BY 1) n USING (organisation_id) "
        f"LEFT JOIN (SELECT organisation_id, max(day) AS day, max(taken_at) AS taken_at FROM ({latest}) AS s (organisation_id, day, taken_at) "
        "GROUP BY 1) t USING (organisation_id)",
        given,
    )
