"""Years of records: made ahead, destroyed when their term has passed."""

from __future__ import annotations

from django.db import connection, transaction

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import rules
from kontingent.performance.events import YearDestroyed
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.records import FORMER_TABLES, KINDS


def make_years(*years: int) -> int:
    """Make the partitions of school years (this one and the next by default); return how many were missing."""
    present = SchoolYear.of(clock.today())
    wanted = years or (present.begins_in, present.next.begins_in)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(performance_make_year(y)) FROM unnest(%s::int[]) AS y", [list(wanted)])
        return int(cursor.fetchone()[0])


def kept_years() -> dict[str, int]:
    """Return for how many years each table is kept, as the code list ``retention`` says."""
    terms = {
        code: int(codelists.to_external("retention", code, "years") or 0)
        for code in codelists.titles("retention")
    }
    kept = {one.table: terms[one.retention] for one in KINDS.values()}
    return kept | {table: max(kept.values()) for table in FORMER_TABLES}


@transaction.atomic
def destroy_expired(*, actor: Actor, basis: str) -> list[int]:
    """Destroy the records of years whose term has passed (уничтожить); return the years."""
    actor.require(PerformancePermission.DESTROY)
    today = clock.today()
    gone: dict[tuple[int, int], list[str]] = {}
    for table, years in kept_years().items():
        for year in _years_of(table):
            if rules.kept_until(SchoolYear(year), years) <= today and _drop(table, year):
                gone.setdefault((year, years), []).append(table)
    audit.record_all(
        [
            YearDestroyed(school_year=year, tables=sorted(tables), kept_years=years, basis=basis)
            for (year, years), tables in sorted(gone.items())
        ],
        actor=actor,
    )
    return sorted({year for year, _ in gone})


def _years_of(table: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substring(c.relname from '[0-9]{4}$')::int FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = %s::regclass ORDER BY 1",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


def _drop(table: str, year: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT performance_drop_year(%s, %s)", [table, year])
        return bool(cursor.fetchone()[0])
