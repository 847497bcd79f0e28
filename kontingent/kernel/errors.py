"""The errors that rooms raise and doors translate.

A rule that is broken is said with a stable code and the facts of the case; the Russian sentence
for the user is composed here, once, from the template registered beside the code. Doors (pages,
API, command line) only choose the shape: an alert, problem+json, a line on standard error.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID


class KontingentError(Exception):
    """Base of everything the product refuses on purpose: ``code``, facts and a Russian sentence."""

    code: str
    facts: Mapping[str, Any]

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        """Keep ``code`` (stable, dotted, ``room.what``), the ``message`` for the user and the facts."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts = facts


class RuleViolation(KontingentError):
    """May not be done to this object in this state: a rule of the domain says no."""


class NotAllowed(KontingentError):
    """This actor may not do it: no permission, or the object lies outside the scope."""


class NotFound(KontingentError):
    """No such object, or none the actor may know of."""


class Moved(NotFound):
    """The record answers under another id since it was merged: ``successor`` is among the facts; doors lead there."""

    def __init__(self, successor: UUID) -> None:
        """Keep where it went."""
        super().__init__(
            "persons.merged",
            "Эта запись объединена с другой. Откройте запись, которая её заменила.",
            successor=successor,
        )
        self.successor = successor


class Conflict(KontingentError):
    """Someone else changed the object first; the message says who and when where that is known."""


class Gone(KontingentError):
    """It was here once and can no longer be had; the message says how to begin anew."""


class InvalidValue(KontingentError, ValueError):
    """A value that cannot be what it claims: place, value and remedy are in the message."""


class TryLater(KontingentError):
    """Not now: the same request may be repeated in ``retry_after`` seconds."""

    retry_after = 5


class Unavailable(TryLater):
    """Something that the request needs does not answer."""
