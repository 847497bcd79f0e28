"""Whose changes a scope shows: those of its organisations, and those of whom it knows, to subscribers alone. Triggers write them."""

from kontingent.storage.row_security import Rule, holds, in_scope, not_personal
from kontingent.trajectory.feed.permissions import FeedPermission

_KNOWN = (
    "({t}.organisation_id IS NULL AND (scope.sees({t}.person_id) OR "
    "({t}.other_person_id IS NOT NULL AND scope.sees({t}.other_person_id))))"
)
_FOLLOWS = f"({holds(FeedPermission.FOLLOW.value)} OR {holds(FeedPermission.FOREIGN_MINORS.value)})"
RULES: tuple[Rule, ...] = (
    Rule(
        model="feed.Change", about="кто, когда и куда зачислен и отчислен", reads=f"{_FOLLOWS} AND ({in_scope()} OR {_KNOWN})",
        grants="SELECT, UPDATE, DELETE",
    ),
    not_personal("feed.Follower", "какая система до какого места прочла ленту", door=""),
    not_personal("feed.Horizon", "до какого места лента пронумерована и забыта", door=""),
)  # fmt: skip
