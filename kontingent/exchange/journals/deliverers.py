"""Who delivers for a journal when nobody asks from outside: its own client, within its reach, or its source, within its place.

Clients belong to ``access``, which this room does not know; ``config`` says by ``JOURNALS_DELIVERER`` who finds them.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.utils.module_loading import import_string

from kontingent.exchange.journals.models import JournalSource
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.performance.models import Journal
from kontingent.performance.permissions import PerformancePermission

#: How the actor of a source begins; a client's begins otherwise.
SOURCE: Final = "source:"


def deliverer_of(journal: Journal) -> Actor:
    """Return the actor of a journal's client, or of its source.

    Raises:
        NotAllowed: the client is stopped; the source is not there.
    """
    if journal.client_code.startswith(SOURCE):
        return _of_source(journal)
    found: Actor = import_string(settings.JOURNALS_DELIVERER)(journal.client_code)
    return found


def _of_source(journal: Journal) -> Actor:
    source = JournalSource.objects.filter(journal=journal).first()
    if source is None:
        raise NotAllowed(
            "sources.no_such_source", "Источника этого журнала нет: от его имени ничего не принимается."
        )
    return Actor(
        code=journal.client_code, name=journal.title, role="Источник журнала",
        permissions=frozenset({PerformancePermission.DELIVER.value}), scope=scope_of(source),
        organisation_id=source.organisation_id, post=journal.title, purpose="exchange",
    )  # fmt: skip


def scope_of(source: JournalSource) -> Scope:
    """Return whose data a source may bring."""
    if source.organisation_id is not None:
        return Scope.of_organisation(source.organisation_id)
    if source.municipality_id is not None:
        return Scope.of_municipality(source.municipality_id)
    return Scope.region()
