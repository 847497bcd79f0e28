"""The regional search for duplicates as a background job."""

from __future__ import annotations

from uuid import UUID

from procrastinate.contrib.django import app

from kontingent.persons import duplicates


@app.task(name="persons.search_duplicates", queue="identity")
def search_duplicates(search_id: str) -> None:
    """Search the whole region."""
    from kontingent.persons import searching  # Splink and DuckDB are loaded where they are needed

    searching.run(UUID(search_id))


def resume() -> int:
    """Close the searches that a killed worker had begun; return how many."""
    return duplicates.close_interrupted()
