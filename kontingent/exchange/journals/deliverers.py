"""Who delivers for a journal when nobody asks from outside: its own client, within its reach.

Clients belong to ``access``, which this room does not know; ``config`` says by ``JOURNALS_DELIVERER`` who finds them.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from kontingent.kernel.actor import Actor
from kontingent.performance.models import Journal


def deliverer_of(journal: Journal) -> Actor:
    """Return the actor of a journal's client.

    Raises:
        NotAllowed: the client is stopped.
    """
    found: Actor = import_string(settings.JOURNALS_DELIVERER)(journal.client_code)
    return found
