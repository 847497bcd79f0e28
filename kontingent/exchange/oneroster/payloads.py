"""A row as JSON of the REST interface: lists as lists, references with their address. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from kontingent.exchange.oneroster.model import Column, Kind
from kontingent.exchange.oneroster.rules import rest_name

#: What a reference to a row of a file is called.
TYPES: Mapping[str, str] = {
    "academicSessions": "academicSession",
    "categories": "category",
    "classes": "class",
    "courses": "course",
    "lineItems": "lineItem",
    "orgs": "org",
    "scoreScales": "scoreScale",
    "users": "user",
}


#: Files that the gradebook answers for; the rest is rostering.
BOOKS = frozenset({"categories", "lineItems", "scoreScales"})
ROSTERING, GRADEBOOK = "rostering/v1p2", "gradebook/v1p2"


def reference(file: str, key: str, base: str) -> dict[str, str]:
    """Return a reference to an object of a file; ``base`` is that of the service which answers for lists (1.1 has one service for all)."""
    if file in BOOKS and base.endswith(ROSTERING):
        base = f"{base.removesuffix(ROSTERING)}{GRADEBOOK}"
    return {"href": f"{base}/{file}/{key}", "sourcedId": key, "type": TYPES[file]}


def moment(value: datetime) -> str:
    """Return a moment in UTC with milliseconds."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def payload(
    row: Mapping[str, Any], columns: Sequence[Column], wanted: Collection[str], base: str
) -> dict[str, Any]:
    """Return the wanted fields of a row, our own within ``metadata``; what is not known is left out."""
    told: dict[str, Any] = {}
    for one in columns:
        value, (name, _, own) = row.get(one.name), rest_name(one).partition(".")
        if name in wanted and value not in (None, ""):
            (told.setdefault(name, {}) if own else told)[own or name] = _said(one, value, base)
    return told


def _said(column: Column, value: Any, base: str) -> Any:
    if column.kind is Kind.REFERENCE:
        return reference(column.to, str(value), base)
    if column.kind is Kind.REFERENCES:
        return [reference(column.to, one, base) for one in str(value).split(",")]
    if column.kind is Kind.LIST:
        return str(value).split(",")
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value.isoformat() if isinstance(value, date) else value
