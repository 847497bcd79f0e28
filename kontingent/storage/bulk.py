"""COPY on the connection (and in the transaction) that Django uses."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from psycopg import sql


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write rows by ``COPY … FROM STDIN`` and return how many.

    Values are adapted as in any statement; constraints and triggers apply, and what they forbid is raised as Django's own errors. Memory stays flat whatever the
    iterable yields.
    """
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
