"""Taking a chunk of records in: staged by ``COPY``, judged in one statement, written set by set.

A row is judged against the record that stands under its id and against where its learner (or class) was on its day.
An older version is stale; one that says what stands is unchanged, and only its version is noted; a change of a closed period waits
for a human; what is replaced is kept.
Everything happens in the caller's transaction, so that a chunk is taken whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.enrolment.queries import organisations_condition
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.codes import FinalKind, Outcome, Refusal
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.records import FINALS, Records
from kontingent.storage.scope import whole_register

#: The head of a staged row; the day and the columns of its kind follow.
STAGED = (
    ("n", "integer"),
    ("external_id", 'text COLLATE "C"'),
    ("version", "bigint"),
    ("withdrawn", "boolean"),
    ("whose", "uuid"),
    ("whose_key", "text"),
)
#: Advisory locks of this room: one journal is written by one at a time.
_LOCK = 0x6A6F
#: What of the placements says where a learner is: the main ones, as they are known now.
_PLACED = "pl.superseded_at IS NULL AND pl.is_main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Who delivers what: the kind of records, the year, the batch; ``may_be_late`` lets closed periods through."""

    actor: Actor
    journal_id: int
    source: str
    batch_id: int
    records: Records
    school_year: int
    may_be_late: bool = False


class RefusedRecord(NamedTuple):
    """A row that the register refused, and the row as it was staged."""

    n: int
    external_id: str
    refusal: Refusal
    staged: dict[str, Any]


class Span(NamedTuple):
    """From which id to which."""

    lowest: str
    highest: str


class Taken(NamedTuple):
    """What became of a chunk: a letter (``Outcome``) for every staged row in order, and the refused ones.

    ``span`` is where its records stand, if they stand there by themselves and whose they are was said by the register's ids.
    """

    outcomes: str
    refused: list[RefusedRecord]
    span: Span | None = None


def take_copied(delivery: Delivery, data: bytes) -> Taken:
    """Take rows in the text format of ``COPY``, their columns as ``staged_columns`` says."""
    with connection.cursor() as cursor:
        _begin(cursor, delivery)
        with connection.wrap_database_errors, cursor.copy("COPY incoming FROM STDIN") as copy:
            copy.write(data)
        return _take(cursor, delivery)


def take_staged(delivery: Delivery, rows: Sequence[Mapping[str, Any]]) -> Taken:
    """Take rows that were staged before and kept; they are numbered anew from nought."""
    with connection.cursor() as cursor:
        _begin(cursor, delivery)
        cursor.execute(
            "INSERT INTO incoming SELECT (jsonb_populate_record(NULL::incoming, r || jsonb_build_object('n', o - 1))).* "
            "FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS t(r, o)",
            [json.dumps([dict(row) for row in rows])],
        )
        return _take(cursor, delivery)


def still_stands(delivery: Delivery, span: Span, *, rows: int, since: datetime) -> bool:
    """Say whether so many records stand between two ids, not many more, and none of them was written since.

    Records are replaced, never taken away, so that then all that was said of them still holds. Holds the journal's lock.
    """
    delivery.actor.require(PerformancePermission.DELIVER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, delivery.journal_id])
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE recorded_at >= %s) FROM "
            f"(SELECT recorded_at FROM {delivery.records.table} WHERE school_year = %s AND journal_id = %s "
            "AND external_id BETWEEN %s AND %s LIMIT %s) AS s",
            [since, delivery.school_year, delivery.journal_id, span.lowest, span.highest, 2 * rows + 1],
        )
        found, written = cursor.fetchone()
    return rows <= found <= 2 * rows and not written


def stands_at(delivery: Delivery, external_id: str) -> tuple[UUID, UUID] | None:
    """Return the organisation where a record stands, and its municipality, even if the actor cannot see it. Holds the journal's lock."""
    with whole_register(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, delivery.journal_id])
        cursor.execute(
            f"SELECT o.id, o.municipality_id FROM {delivery.records.table} e JOIN organisations_organisation o "
            "ON o.id = e.organisation_id WHERE e.school_year = %s AND e.journal_id = %s AND e.external_id = %s",
            [delivery.school_year, delivery.journal_id, external_id],
        )
        found: tuple[UUID, UUID] | None = cursor.fetchone()
        return found


def staged_columns(records: Records) -> list[str]:
    """Return the names of a staged row's columns in their order."""
    return [name for name, _ in STAGED] + [records.day] + [column.name for column in records.columns]


def _begin(cursor: Any, delivery: Delivery) -> None:
    delivery.actor.require(PerformancePermission.DELIVER)
    columns = [*STAGED, (delivery.records.day, "date"), *(one[:2] for one in delivery.records.columns)]
    cursor.execute(
        f"SET LOCAL jit = off; SELECT pg_advisory_xact_lock({_LOCK}, {delivery.journal_id:d}); "
        f"CREATE TEMP TABLE incoming ({', '.join(f'{name} {kind}' for name, kind in columns)}) ON COMMIT DROP; "
        "CREATE TEMP TABLE judged (n integer, keeper uuid, organisation_id uuid, group_id uuid, held bigint, outcome text) "
        "ON COMMIT DROP"
    )


def _take(cursor: Any, delivery: Delivery) -> Taken:
    stretch = _stretch(cursor, delivery)
    if stretch.has_keys:
        _find_keys(cursor, delivery)
    outcomes, has_newer = _judge(cursor, delivery, stretch)
    if has_newer:
        _note_version(cursor, delivery)
    if Outcome.CHANGED in outcomes or Outcome.WITHDRAWN in outcomes:
        _keep_former(cursor, delivery)
        _replace(cursor, delivery)
    if Outcome.LATE in outcomes:
        _queue_late(cursor, delivery)
    refused = _refused(cursor, delivery) if Outcome.REFUSED in outcomes else []
    cursor.execute("DROP TABLE incoming, judged")
    return Taken(outcomes, refused, stretch.span)


class Stretch(NamedTuple):
    """From which id to which a chunk goes, how many rows it has, and how many records stand there (counted to twice the rows)."""

    has_keys: bool
    rows: int
    lowest: str | None
    highest: str | None
    standing: int

    @property
    def is_dense(self) -> bool:
        """True when what stands there is about what the chunk names."""
        return self.standing <= 2 * self.rows

    @property
    def span(self) -> Span | None:
        """Where the records of the chunk stand, if by themselves."""
        if self.has_keys or not self.is_dense or self.lowest is None or self.highest is None:
            return None
        return Span(self.lowest, self.highest)


def _stretch(cursor: Any, delivery: Delivery) -> Stretch:
    """Look over the ids of the chunk.

    A journal counts its ids up, so that a chunk is a stretch of them: nothing stands there yet, or about the chunk itself, and
    the stretch is read at once. Ids without order make the stretch as wide as the year; then each is looked up.
    """
    cursor.execute(
        "WITH ids AS MATERIALIZED (SELECT count(whose) < count(*) AS has_keys, count(*) AS rows, min(external_id) AS lowest, "
        "max(external_id) AS highest FROM incoming) "
        f"SELECT ids.*, (SELECT count(*) FROM (SELECT FROM {delivery.records.table} WHERE school_year = %s AND journal_id = %s "
        "AND external_id BETWEEN lowest AND highest LIMIT 2 * rows + 1) AS s) FROM ids",
        [delivery.school_year, delivery.journal_id],
    )
    return Stretch(*cursor.fetchone())


def _find_keys(cursor: Any, delivery: Delivery) -> None:
    """Find learners by the journal's own keys, classes by ОГРН and title, or as the journal calls them."""
    if delivery.records.is_personal:
        cursor.execute(
            "UPDATE incoming i SET whose = k.person_id FROM persons_sourcekey k "
            "WHERE i.whose IS NULL AND k.source = %s AND k.external_id = i.whose_key",
            [delivery.source],
        )
    else:
        cursor.execute(
            "UPDATE incoming i SET whose = g.id FROM enrolment_group g "
            "JOIN organisations_organisation o ON o.id = g.organisation_id AND o.parent_id IS NULL "
            "WHERE i.whose IS NULL AND g.school_year = %s AND i.whose_key = o.ogrn || ':' || g.title_key",
            [delivery.school_year],
        )
        cursor.execute(
            "UPDATE incoming i SET whose = c.group_id FROM performance_classname c "
            "JOIN organisations_organisation o ON o.id = c.organisation_id "
            "WHERE i.whose IS NULL AND c.journal_id = %s AND c.school_year = %s AND i.whose_key = o.ogrn || ':' || c.text_key",
            [delivery.journal_id, delivery.school_year],
        )


def _met(delivery: Delivery, stretch: Stretch) -> tuple[str, list[Any]]:
    """SQL: the rows beside what stands under their ids, judged as far as that goes.

    What stands is looked up by index id by id (``LATERAL … LIMIT 1``) where it must be: the planner, which knows nothing of a table
    just filled, would rather read the whole year.
    """
    records = delivery.records
    if not stretch.standing:
        return (
            "NOT MATERIALIZED (SELECT i.*, NULL::bigint AS held, NULL::date AS stood_on, NULL::text AS stood_for, "
            "NULL::uuid AS stood_at, NULL::uuid AS stood_in, NULL::text AS outcome FROM incoming i)",
            [],
        )
    parameters: list[Any] = [delivery.school_year, delivery.journal_id]
    there = f"SELECT * FROM {records.table} WHERE school_year = %s AND journal_id = %s AND external_id "
    if stretch.is_dense:
        join = f"({there}BETWEEN %s AND %s OFFSET 0) e ON e.external_id = i.external_id"
        parameters += [stretch.lowest, stretch.highest]
    else:
        join = f"LATERAL ({there}= i.external_id LIMIT 1) e ON true"
    standing = "CASE WHEN e.withdrawn_at IS NULL THEN {} END"
    period = _period_of("e") if records is FINALS else "NULL"
    return (
        f"MATERIALIZED (SELECT i.*, e.version AS held, {standing.format(f'e.{records.day}')} AS stood_on, "
        f"{standing.format(period)}::text AS stood_for, e.organisation_id AS stood_at, e.group_id AS stood_in, CASE "
        f"WHEN e.version > i.version THEN '{Outcome.STALE}' "
        f"WHEN e.version IS NULL THEN NULL WHEN NOT ({_differs(records)}) THEN '{Outcome.UNCHANGED}' "
        f"WHEN e.version = i.version THEN '{Outcome.REFUSED}' END AS outcome FROM incoming i LEFT JOIN {join})",
        parameters,
    )


def _judge(cursor: Any, delivery: Delivery, stretch: Stretch) -> tuple[str, bool]:
    """Judge every row and write those that are new, in one statement; keep in ``judged`` the others that need something done.

    Where a learner was is asked only for rows that may be written. Returns a letter a row, and whether some say by a newer version
    what stands already.
    """
    records = delivery.records
    met, of_met = _met(delivery, stretch)
    closed, of_closed = _closed(delivery)
    places, of_places = _places(delivery)
    written, of_written = _written(delivery, "verdicts")
    cursor.execute(
        f"WITH met AS {met}, closed AS MATERIALIZED ({closed}), places AS MATERIALIZED ({places}), "
        f"stood AS MATERIALIZED ({_stood(records)}), verdicts AS MATERIALIZED ("
        "SELECT m.*, p.keeper, p.organisation_id, p.group_id, CASE "
        f"WHEN p.keeper IS NULL THEN '{Outcome.REFUSED}' "
        + (f"WHEN p.grade = 1 AND NOT m.withdrawn THEN '{Outcome.REFUSED}' " if records.has_marks else "")
        + f"WHEN {_is_late(records)} THEN '{Outcome.LATE}' "
        f"WHEN m.withdrawn THEN '{Outcome.WITHDRAWN}' "
        f"WHEN m.held IS NULL THEN '{Outcome.CREATED}' ELSE '{Outcome.CHANGED}' END AS verdict "
        f"FROM met m LEFT JOIN places p ON p.whose = m.whose AND m.{records.day} >= p.starts_on AND m.{records.day} < p.ends_on "
        "LEFT JOIN stood s ON s.organisation_id = m.stood_at AND s.group_id IS NOT DISTINCT FROM m.stood_in "
        f"WHERE m.outcome IS NULL), created AS ({written} WHERE verdict = '{Outcome.CREATED}'), "
        "rest AS (INSERT INTO judged SELECT n, keeper, organisation_id, group_id, held, verdict FROM verdicts "
        f"WHERE verdict <> '{Outcome.CREATED}' UNION ALL "
        f"SELECT n, NULL, NULL, NULL, held, outcome FROM met WHERE outcome = '{Outcome.REFUSED}' "
        f"OR outcome = '{Outcome.UNCHANGED}' AND held < version) "
        "SELECT coalesce(string_agg(outcome, '' ORDER BY n), ''), coalesce(bool_or(is_newer), false) FROM "
        f"(SELECT n, outcome, outcome = '{Outcome.UNCHANGED}' AND held < version AS is_newer FROM met WHERE outcome IS NOT NULL "
        "UNION ALL SELECT n, verdict, false FROM verdicts) AS every_row",
        [*of_met, *of_closed, *of_places, *of_written],
    )
    outcomes, has_newer = cursor.fetchone()
    return str(outcomes), bool(has_newer)


def _is_late(records: Records) -> str:
    """SQL: the row changes a closed period: its own day lies there, or the day of what stands under its id, or the period that either closes.

    A quarter's mark is given on its last day or some days after: its day does not tell which period it is of. What stands is asked where
    it stands: it may be another learner's, of a class or a school that has other periods.
    """
    by_day = f"m.{records.day} < p.closed_until OR m.stood_on < s.closed_until"
    if records is not FINALS:
        return f"({by_day})"
    return f"({by_day} OR ARRAY[{_period_of('m')}] && p.closed_periods OR ARRAY[m.stood_for] && s.closed_periods)"


def _period_of(alias: str) -> str:
    """SQL: the study period that a final mark closes, if it closes one; exams and debts made good come when all is closed."""
    return (
        f"CASE WHEN {alias}.kind IN ('{FinalKind.PERIOD}', '{FinalKind.YEAR}') THEN {alias}.period_code END"
    )


def _differs(records: Records) -> str:
    """SQL: the row says something else than the record under its id. A learner's merged record is the learner."""
    names = [records.day, *(column.name for column in records.columns)]
    held, said = (", ".join(f"{alias}.{name}" for name in names) for alias in "ei")
    other = f"e.{records.keeper} IS DISTINCT FROM i.whose"
    if records.is_personal:
        other += " AND NOT EXISTS (SELECT FROM persons_person h WHERE h.id = i.whose AND h.merged_into_id = e.person_id)"
    return f"(e.withdrawn_at IS NOT NULL) <> i.withdrawn OR NOT i.withdrawn AND (({held}) IS DISTINCT FROM ({said}) OR {other})"


def _closed(delivery: Delivery) -> tuple[str, list[Any]]:
    """SQL: whose periods of which grades are closed up to when, and which they are; none of it for a delivery that may be late."""
    today = clock.today()
    return (
        "SELECT organisation_id, grade_from, grade_to, max(ends_on) FILTER (WHERE closes_on <= %s) AS until, "
        "array_agg(code::text) FILTER (WHERE closes_on <= %s) AS periods "
        "FROM performance_gradingperiod WHERE school_year = %s AND NOT %s GROUP BY 1, 2, 3",
        [today, today, delivery.school_year, delivery.may_be_late],
    )


def _closed_at(records: Records, alias: str, of_grade: str) -> str:
    """SQL: up to when the periods are closed for an organisation, and which they are; who has said its own has none of the region's."""
    here = (
        f"{of_grade} AND c.organisation_id IS NOT DISTINCT FROM "
        f"CASE WHEN {alias}.organisation_id IN (SELECT organisation_id FROM closed) THEN {alias}.organisation_id END"
    )
    periods = f"(SELECT array_agg(period) FROM closed c, unnest(c.periods) AS period WHERE {here})"
    return (
        f"(SELECT max(c.until) FROM closed c WHERE {here}) AS closed_until, "
        f"{periods if records is FINALS else 'NULL::text[]'} AS closed_periods"
    )


def _stood(records: Records) -> str:
    """SQL: the classes in which records stand that the chunk would change, and what is closed there; without a class, of any grade."""
    if not records.is_personal:
        return "SELECT NULL::uuid AS organisation_id, NULL::uuid AS group_id, NULL::date AS closed_until WHERE false"
    closed = _closed_at(records, "t", "(t.group_id IS NULL OR g.grade BETWEEN c.grade_from AND c.grade_to)")
    return (
        f"SELECT t.organisation_id, t.group_id, {closed} FROM "
        "(SELECT DISTINCT stood_at AS organisation_id, stood_in AS group_id FROM met WHERE outcome IS NULL AND stood_on IS NOT NULL) t "
        "LEFT JOIN enrolment_group g ON g.id = t.group_id"
    )


def _places(delivery: Delivery) -> tuple[str, list[Any]]:
    """SQL: where each learner (or class) of the chunk was, from when till when, and what is closed there.

    Where a learner is now is one entry of an index that holds nothing else (``placement_person_running``); where they were before is
    asked only of those who are nowhere now or whose place began within the year or after it.
    """
    year = SchoolYear(delivery.school_year)
    if not delivery.records.is_personal:
        condition, parameters = organisations_condition(delivery.actor, "g")
        return (
            "SELECT g.id AS whose, g.id AS keeper, g.organisation_id, g.id AS group_id, g.grade, "
            "date '-infinity' AS starts_on, date 'infinity' AS ends_on, NULL::date AS closed_until, NULL::text[] AS closed_periods "
            "FROM (SELECT DISTINCT whose FROM met WHERE outcome IS NULL) w JOIN enrolment_group g ON g.id = w.whose "
            f"AND g.school_year = %s{condition}",
            [delivery.school_year, *parameters],
        )
    condition, parameters = organisations_condition(delivery.actor, "pl")
    closed = _closed_at(delivery.records, "pl", "pl.grade BETWEEN c.grade_from AND c.grade_to")
    return (
        f"WITH who AS MATERIALIZED ({_who()}), running AS MATERIALIZED ("
        "SELECT w.*, pl.organisation_id, pl.group_id, pl.grade, pl.starts_on FROM who w LEFT JOIN enrolment_placement pl "
        f"ON pl.person_id = w.keeper AND {_PLACED} AND pl.ends_on IS NULL{condition}), placed AS ("
        "SELECT running.*, date 'infinity' AS ends_on FROM running WHERE starts_on < %s "
        "UNION ALL SELECT w.whose, w.keeper, pl.organisation_id, pl.group_id, pl.grade, pl.starts_on, pl.ends_on "
        f"FROM running w JOIN enrolment_placement pl ON pl.person_id = w.keeper AND {_PLACED} AND pl.starts_on < %s "
        f"AND pl.ends_on > %s{condition} WHERE w.starts_on IS NULL OR w.starts_on > %s) "
        f"SELECT pl.*, {closed} FROM placed pl",
        [*parameters, year.ends_on, year.ends_on, year.starts_on, *parameters, year.starts_on],
    )


def _who() -> str:
    """SQL: whose the rows are, and the record that they were merged into.

    In the order of their ids: learner after learner is then looked up on the same page of the index or the next; of a region's ten
    million marks that halves the search. Those who were merged are few and are read at once.
    """
    return (
        "SELECT w.whose, coalesce(h.merged_into_id, w.whose) AS keeper "
        "FROM (SELECT DISTINCT whose FROM met WHERE outcome IS NULL) w "
        "LEFT JOIN (SELECT id, merged_into_id FROM persons_person WHERE merged_into_id IS NOT NULL) h ON h.id = w.whose "
        "ORDER BY keeper"
    )


def _note_version(cursor: Any, delivery: Delivery) -> None:
    """Note the newer version of what stands as it did, and the batch that said so: a message between the two is then known to be older.

    The record is the same: nothing is put away, ``recorded_at`` stays, and no index is touched. A journal whose versions are the moments
    of its exports says all it has by a new version every night.
    """
    cursor.execute(
        f"UPDATE {delivery.records.table} e SET version = i.version, batch_id = %s FROM judged j, incoming i "
        "WHERE e.school_year = %s AND e.journal_id = %s AND e.external_id = i.external_id AND i.n = j.n "
        f"AND j.outcome = '{Outcome.UNCHANGED}'",
        [delivery.batch_id, delivery.school_year, delivery.journal_id],
    )


def _keep_former(cursor: Any, delivery: Delivery) -> None:
    """Put away what stands under the ids that change."""
    records = delivery.records
    cursor.execute(
        f"WITH gone AS (DELETE FROM {records.table} e USING judged j, incoming i "
        "WHERE e.school_year = %s AND e.journal_id = %s AND e.external_id = i.external_id "
        "AND i.n = j.n AND j.outcome IN ('c', 'd') RETURNING e.*) "
        f"INSERT INTO {records.former_table} (school_year, records, journal_id, external_id, version, row, replaced_at, "
        f"replaced_by, {records.keeper}) "
        f"SELECT school_year, %s, journal_id, external_id, version, to_jsonb(gone), %s, %s, {records.keeper} FROM gone",
        [delivery.school_year, delivery.journal_id, records.code, clock.now(), delivery.actor.code],
    )


def _replace(cursor: Any, delivery: Delivery) -> None:
    """Write what takes the place of the records just put away."""
    written, parameters = _written(delivery, "judged JOIN incoming USING (n)")
    cursor.execute(
        f"{written} WHERE outcome IN ('{Outcome.CHANGED}', '{Outcome.WITHDRAWN}')",
        parameters,
    )


def _written(delivery: Delivery, source: str) -> tuple[str, list[Any]]:
    """SQL: rows of a source, which has the columns of both ``incoming`` and ``judged``, written as records."""
    records = delivery.records
    own = ", ".join([records.day, *(column.name for column in records.columns)])
    group = "group_id, " if records.is_personal else ""
    now = clock.now()
    return (
        f"INSERT INTO {records.table} (journal_id, external_id, {records.keeper}, school_year, "
        f"organisation_id, {group}version, batch_id, recorded_at, withdrawn_at, {own}) "
        f"SELECT %s, external_id, keeper, %s, organisation_id, {group}version, %s, %s, "
        f"CASE WHEN withdrawn THEN %s::timestamptz END, {own} FROM {source}",
        [delivery.journal_id, delivery.school_year, delivery.batch_id, now, now],
    )


def _queue_late(cursor: Any, delivery: Delivery) -> None:
    """Let a human decide; a newer message takes the place of one that waits."""
    records = delivery.records
    cursor.execute(
        "INSERT INTO performance_latecorrection AS late (id, journal_id, records, school_year, external_id, person_id, "
        "organisation_id, group_id, day, staged, before, batch_id, received_at, state, decided_by_name, reason) "
        f"SELECT gen_random_uuid(), %s, %s, %s, i.external_id, j.keeper, j.organisation_id, j.group_id, i.{records.day}, "
        f"to_jsonb(i) - 'n', to_jsonb(e), %s, %s, 'waiting', '', '' FROM judged j JOIN incoming i USING (n) "
        f"LEFT JOIN {records.table} e ON e.school_year = %s AND e.journal_id = %s AND e.external_id = i.external_id "
        f"WHERE j.outcome = '{Outcome.LATE}' "
        "ON CONFLICT (journal_id, records, school_year, external_id) WHERE state = 'waiting' DO UPDATE SET "
        "staged = EXCLUDED.staged, before = EXCLUDED.before, day = EXCLUDED.day, person_id = EXCLUDED.person_id, "
        "organisation_id = EXCLUDED.organisation_id, group_id = EXCLUDED.group_id, batch_id = EXCLUDED.batch_id, "
        "received_at = EXCLUDED.received_at "
        "WHERE (late.staged ->> 'version')::bigint <= (EXCLUDED.staged ->> 'version')::bigint",
        [
            delivery.journal_id, records.code, delivery.school_year, delivery.batch_id, clock.now(), delivery.school_year,
            delivery.journal_id,
        ],
    )  # fmt: skip


def _refused(cursor: Any, delivery: Delivery) -> list[RefusedRecord]:
    unknown, known = (
        (Refusal.LEARNER_UNKNOWN, Refusal.LEARNER_NOT_ENROLLED)
        if delivery.records.is_personal
        else (Refusal.CLASS_UNKNOWN, Refusal.CLASS_UNKNOWN)
    )
    closed, of_closed = _closed(delivery)
    places, of_places = _places(delivery)
    cursor.execute(
        "WITH met AS (SELECT i.*, j.held, j.keeper, NULL AS outcome FROM judged j JOIN incoming i USING (n) "
        f"WHERE j.outcome = '{Outcome.REFUSED}'), closed AS ({closed}), places AS MATERIALIZED ({places}) "
        f"SELECT n, external_id, CASE WHEN held = version THEN '{Refusal.VERSION_REUSED}' "
        f"WHEN keeper IS NOT NULL THEN '{Refusal.GRADE_ONE}' WHEN whose IN (SELECT whose FROM places) THEN '{known}' "
        f"ELSE '{unknown}' END, to_jsonb(met) - '{{n,held,keeper,outcome}}'::text[] FROM met ORDER BY n",
        [*of_closed, *of_places],
    )
    return [
        RefusedRecord(n, external_id, Refusal(why), json.loads(staged))
        for n, external_id, why, staged in cursor.fetchall()
    ]
