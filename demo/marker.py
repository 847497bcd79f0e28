"""Marks a database as a demonstration: the comment on the database begins with ``kontingent demo``.

The access room reads the same comment before it opens the demo's door (ADR 0010).
"""

from django.db import connection

MARK = "kontingent demo"


def mark(note: str) -> None:
    """Write the mark."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('COMMENT ON DATABASE %%I IS %%L', current_database(), %s)", [f"{MARK}: {note}"]
        )
        row = cursor.fetchone()
        if row:
            cursor.execute(row[0])
