"""Whose a file is: of whoever sent it and of the organisation it was sent for."""

from __future__ import annotations

from kontingent.achievements.incoming.models import IncomingFile
from kontingent.kernel.actor import Actor
from kontingent.organisations import queries as organisations
from kontingent.storage.row_security import Rule, in_scope

_SENT = f"({{t}}.sent_by = (SELECT scope.actor()) OR {in_scope()})"


def is_reached(actor: Actor, one: IncomingFile) -> bool:
    """Say whether a file is the actor's own or of an organisation of the scope."""
    if one.sent_by == actor.code or actor.scope.whole_region:
        return True
    if one.organisation_id is None:
        return False
    where = organisations.get(one.organisation_id)
    return actor.scope.covers(where.id, where.municipality_id)


def rules(file: str, row: str) -> tuple[Rule, Rule]:
    """Return the same for PostgreSQL, of the tables of a room by the names of their models."""
    table = file.replace(".", "_").lower()
    part = f"EXISTS (SELECT 1 FROM public.{table} w WHERE w.id = {{t}}.delivery_id AND {_SENT.format(t='w')})"
    return (
        Rule(model=file, about="имя файла, кто загрузил, заголовки", reads=_SENT, writes=_SENT),
        Rule(model=row, about="строки файлов с людьми", reads=part, writes=part),
    )
