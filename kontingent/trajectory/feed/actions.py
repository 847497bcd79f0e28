"""Giving changes their positions, forgetting old ones, recording what was given away."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection, transaction

from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.storage import scope
from kontingent.trajectory.feed.codes import Reading
from kontingent.trajectory.feed.events import ChangesGiven, ForeignMinorsGiven
from kontingent.trajectory.feed.models import Follower
from kontingent.trajectory.feed.rules import BASIS_OF_MINORS, KEPT

_NUMBER = """
WITH fresh AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM feed_change WHERE position IS NULL),
numbered AS (UPDATE feed_change c SET position = %s + fresh.n FROM fresh WHERE fresh.id = c.id RETURNING 1)
UPDATE feed_horizon SET newest = newest + (SELECT count(*) FROM numbered) WHERE id = 1
"""
_FORGET = """
WITH kept AS (SELECT coalesce(min(c.position) - 1, (SELECT newest FROM feed_horizon WHERE id = 1)) AS edge
    FROM feed_change c WHERE c.moment >= %s AND c.position IS NOT NULL),
gone AS (DELETE FROM feed_change c USING kept WHERE c.position <= kept.edge RETURNING 1)
UPDATE feed_horizon h SET forgotten = greatest(h.forgotten, kept.edge) FROM kept WHERE h.id = 1
RETURNING (SELECT count(*) FROM gone)
"""


@transaction.atomic
@scope.whole_register()
def number() -> None:
    """Put the changes of every transaction that has committed behind those already numbered (пронумеровать).

    Only committed changes are seen, and one numberer is at work at a time: its lock on the horizon comes in a statement of its
    own, so that the next one sees whatever the former numberer has done. Whoever finds somebody else numbering goes on.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM feed_change WHERE position IS NULL)")
        if not (cursor.fetchone() or (False,))[0]:
            return
        cursor.execute(
            "INSERT INTO feed_horizon (id, newest, forgotten) SELECT 1, 0, 0 "
            "WHERE NOT EXISTS (SELECT 1 FROM feed_horizon WHERE id = 1) ON CONFLICT DO NOTHING"
        )
        cursor.execute("SELECT newest FROM feed_horizon WHERE id = 1 FOR UPDATE SKIP LOCKED")
        if (row := cursor.fetchone()) is not None:
            cursor.execute(_NUMBER, [row[0]])


@transaction.atomic
@scope.whole_register()
def forget() -> int:
    """Delete changes older than they are kept, from the beginning on; return how many."""
    number()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM feed_horizon WHERE id = 1 FOR UPDATE")
        cursor.execute(_FORGET, [clock.now() - KEPT])
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def record_given(
    *, actor: Actor, person_ids: Collection[UUID], until: int, reading: Reading, anything: bool
) -> None:
    """Keep how far a subscriber has come, and record whose changes went to it. Part of the reading's transaction."""
    now = clock.now()
    said: dict[str, object] = {"until": until, "asked_at": now}
    if anything:
        said["given_at"] = now
    Follower.objects.update_or_create(actor_code=actor.code, reading=reading, defaults=said)
    if not person_ids:
        return
    subjects = tuple(dict.fromkeys(person_ids))
    kind, basis = (
        (ForeignMinorsGiven, BASIS_OF_MINORS)
        if reading is Reading.FOREIGN_MINORS
        else (ChangesGiven, actor.purpose)
    )
    audit.record(
        kind(subjects=subjects, organisation_id=actor.organisation_id, basis=basis, count=len(subjects), until=until),
        actor=actor,
    )  # fmt: skip
