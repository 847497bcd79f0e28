"""Putting names to those whom a statement over the whole register has found, for the scope in force alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.kernel.actor import Actor
from kontingent.persons.models import Person


class Member(NamedTuple):
    """One of those behind a number: who, where now or where last, since when no longer."""

    person_id: UUID
    full_name: str
    birth_date: date | None
    place: str
    left_on: date | None


def members(actor: Actor, rows: Sequence[Sequence[Any]], what: str) -> list[Member]:
    """Return (person, place, left on) with names, of those whom the scope in force shows; the look is journaled."""
    known = {one.id: one for one in Person.objects.filter(pk__in={row[0] for row in rows})}
    found = [
        Member(person_id, known[person_id].full_name, known[person_id].birth_date, place, left_on)
        for person_id, place, left_on in rows
        if person_id in known
    ]
    reads.note(actor, ReadKind.LIST, [one.person_id for one in found], what=what)
    return found
