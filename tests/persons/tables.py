"""Every table that tells of persons, as rows that can be compared: no moments, no versions, no counters."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import AutoField, BigAutoField, Model

from kontingent.persons import references

#: What differs between two ways to the same state without meaning anything.
MOMENTS = frozenset(
    {
        "created_at", "updated_at", "recorded_at", "version", "signed_at", "superseded_number", "title_key", "entered_at", "decided_at",
        "verified_at",
    }
)  # fmt: skip
#: The story of merging itself, and what subscribers were told of it: meant to remain.
STORY = frozenset({"persons.Merge", "persons.MovedRows", "persons.DuplicatePair", "feed.Change"})


def tables() -> list[type[Model]]:
    """Models that hold rows about persons, and persons themselves."""
    found = (
        {one.model for room in references.rooms() for one in room.references}
        - STORY
        - {"audit.Entry", "staging.Row", "attestation.DeliveredRow", "portfolio.ContestRow"}
    )
    return [apps.get_model(model) for model in sorted(found)]


def dump(*, everything: bool = False, without_ids: frozenset[Any] | None = None) -> dict[str, Counter[Any]]:
    """Return the rows of every table. What the register no longer believes (superseded periods) only with ``everything``.

    ``without_ids`` holds the ids that both ways share; any other id was given by chance and is left out.
    """
    found = {}
    for model in tables():
        rows = model._base_manager.all()
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in MOMENTS]
        if any(f.attname == "superseded_at" for f in model._meta.concrete_fields) and not everything:
            rows = rows.filter(superseded_at__isnull=True)
            names = [name for name in names if name not in {"superseded_at", "id"}]
        if without_ids is not None and isinstance(model._meta.pk, AutoField | BigAutoField):
            names = [name for name in names if name != "id"]
        found[model._meta.label] = Counter(
            tuple((name, _shared(value, without_ids)) for name, value in zip(names, row, strict=True))
            for row in rows.values_list(*names)
        )
    return found


def _shared(value: Any, known: frozenset[Any] | None) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, default=str)
    if isinstance(value, list):
        return tuple(value)
    if known is not None and isinstance(value, UUID) and value not in known:
        return "an id"
    return value
