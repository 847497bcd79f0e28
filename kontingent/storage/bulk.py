"""COPY on the connection (and in the transaction) that Django uses."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from django.db import connection
from psycopg import sql

from kontingent.storage import row_security, scope

#: Up to so many rows go as values of one INSERT where PostgreSQL takes no COPY.
FEW = 50


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows by ``COPY … FROM STDIN`` and return how many.

    Values are adapted as in any statement; constraints and triggers apply, and what they forbid is raised as Django's own errors. Memory stays flat whatever the
    iterable yields. Within a scope the rows of a protected table go through its policies.
    """
    if scope.is_bound() and table in row_security.protected_tables():
        return _insert_checked(table, columns, iter(rows))
    return _copy(table, columns, rows)


def _insert_checked(table: str, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> int:
    """PostgreSQL refuses COPY into a table with policies: few rows go as values, many through a table of the transaction."""
    first = list(islice(rows, FEW + 1))
    if not first:
        return 0
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.SQL("INSERT INTO {} ({}) ").format(sql.Identifier(table), names)
    if len(first) <= FEW:
        row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
        values = sql.SQL("VALUES {}").format(sql.SQL(", ").join([row] * len(first)))
        with connection.cursor() as cursor:
            cursor.execute(target + values, list(chain.from_iterable(first)))
        return len(first)
    beside = sql.Identifier(f"incoming_{table}")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0").format(
                beside, names, sql.Identifier(table)
            )
        )
        count = _copy(f"incoming_{table}", columns, chain(first, rows))
        cursor.execute(target + sql.SQL("SELECT {} FROM {}").format(names, beside))
        cursor.execute(sql.SQL("DROP TABLE {}").format(beside))
    return count


def _copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        write = copy.write_row
        for row in rows:
            write(row)
            count += 1
    return count


def next_values(sequence_of: str, column: str, count: int) -> list[int]:
    """Take ``count`` numbers from the sequence behind a column."""
    if not count:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [sequence_of, column, count],
        )
        return [row[0] for row in cursor.fetchall()]


def execute(statement: str, parameters: Sequence[Any] | None = None) -> int:
    """Run one statement and return the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
