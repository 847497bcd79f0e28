"""Years of records: made ahead, destroyed when their term has passed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection, transaction

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import rules
from kontingent.performance.events import YearDestroyed, YearExpired
from kontingent.performance.models import LateCorrection
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.queries.journals import school_years_in
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
        code: int(codelists.number("retention", code, "years")) for code in codelists.titles("retention")
    }
    kept = {one.table: terms[one.retention] for one in KINDS.values()}
    return kept | {table: max(kept.values()) for table in FORMER_TABLES}


class Expired(NamedTuple):
    """A year of a table whose term has passed."""

    school_year: int
    table: str
    kept_years: int


def expired() -> list[Expired]:
    """Return what may be destroyed today: whole partitions, the oldest first."""
    today = clock.today()
    return sorted(
        Expired(year, table, years)
        for table, years in kept_years().items()
        for year in school_years_in(table)
        if rules.kept_until(SchoolYear(year), years) <= today
    )


@transaction.atomic
def destroy_expired(*, actor: Actor, basis: str) -> list[int]:
    """Destroy the records of years whose term has passed, by an act (уничтожить по акту); return the years.

    Partitions are dropped whole, with their indexes; late corrections of the same records go along. For the owner of the tables.
    """
    actor.require(PerformancePermission.DESTROY)
    if not basis.strip():
        raise InvalidValue(
            "performance.destroy_basis",
            "Укажите акт об уничтожении: номер и дату. Без акта сведения не уничтожают.",
        )
    gone = _by_year(one for one in expired() if _drop(one.table, one.school_year))
    for year, _, tables in gone:
        records = [kind.code for kind in KINDS.values() if kind.table in tables]
        LateCorrection.objects.filter(school_year=year, records__in=records).delete()
    audit.record_all(
        [
            YearDestroyed(school_year=year, tables=tables, kept_years=years, basis=basis.strip())
            for year, years, tables in gone
        ],
        actor=actor,
    )
    return sorted({year for year, *_ in gone})


def tell_expired(*, actor: Actor) -> list[Expired]:
    """Say in the journal of acts what waits for an act of destruction; destroys nothing."""
    found = expired()
    audit.record_all(
        [
            YearExpired(school_year=year, tables=tables, kept_years=years)
            for year, years, tables in _by_year(found)
        ],
        actor=actor,
    )
    return found


def _by_year(found: Iterable[Expired]) -> list[tuple[int, int, list[str]]]:
    """School year, term in years, the tables that have both."""
    tables: dict[tuple[int, int], list[str]] = {}
    for one in found:
        tables.setdefault((one.school_year, one.kept_years), []).append(one.table)
    return [(year, years, sorted(names)) for (year, years), names in sorted(tables.items())]


def _drop(table: str, year: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT performance_drop_year(%s, %s)", [table, year])
        return bool(cursor.fetchone()[0])
