"""Puts rows into the journal; what every row takes from its actor and its request is added here."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from kontingent.audit import context
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor


def actor_fields(actor: Actor, *, organisation_id: UUID | None = None) -> dict[str, Any]:
    """Return the columns that tell who acts, as what, for whom and what for."""
    return {
        "actor_code": actor.code,
        "actor_name": actor.name,
        "actor_role": actor.role,
        "actor_post": actor.post,
        "organisation_id": organisation_id or actor.organisation_id,
        "purpose": actor.purpose,
    }


#: Rows of one statement.
AT_ONCE = 1000
_COLUMNS = (
    "moment", "kind", "actor_code", "actor_name", "actor_role", "actor_post", "organisation_id", "subjects", "object_id",
    "purpose", "basis", "data", "request_id", "address",
)  # fmt: skip
_CASTS = {"subjects": "::uuid[]", "data": "::jsonb", "address": "::inet"}
_ROW = "(" + ", ".join("%s" + _CASTS.get(name, "") for name in _COLUMNS) + ")"
_INSERT = f"INSERT INTO audit_entry ({', '.join(_COLUMNS)}) VALUES "


def write(entries: list[Entry]) -> None:
    """Insert rows of one moment, with the id and the address of the request under way.

    Every page writes here, so it is one plain statement: the ids of those shown go as one text, without a pass of the ORM
    over each.
    """
    if not entries:
        return
    moment, request = clock.now(), context.current()
    with connection.cursor() as cursor:
        for start in range(0, len(entries), AT_ONCE):
            part = entries[start : start + AT_ONCE]
            cursor.execute(
                _INSERT + ", ".join([_ROW] * len(part)),
                [value for entry in part for value in _values(entry, moment, request)],
            )


def _values(entry: Entry, moment: datetime, request: context.Request | None) -> tuple[Any, ...]:
    return (
        moment, entry.kind, entry.actor_code, entry.actor_name, entry.actor_role, entry.actor_post, entry.organisation_id,
        "{" + ",".join(map(str, entry.subjects)) + "}", entry.object_id, entry.purpose, entry.basis,
        json.dumps(entry.data, ensure_ascii=False), request.id if request else None, request.address if request else None,
    )  # fmt: skip
