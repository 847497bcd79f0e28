"""What the ``next`` link of a OneRoster page carries on: how many objects there are, when they were counted, behind which one to go on.

The number need not be counted anew for each page of a list, nor the pages before be read again. It is signed for this
reader and this page alone: what is altered, comes from elsewhere or is too old is passed over, and the page is found and counted as if
nothing had been carried on.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.core import signing

from kontingent.api.serving import ApiRequest
from kontingent.exchange.oneroster.queries import Begun
from kontingent.kernel import clock

PARAMETER = "continued"
#: So long a number that was counted is told again.
HELD = timedelta(minutes=10)
_LONGEST = 1000


def write(request: ApiRequest, begun: Begun, *, limit: int, offset: int) -> str:
    """Return what the link to the page at ``offset`` carries on."""
    said = [begun.total, int(begun.counted_at.timestamp()), begun.after]
    return _signer(request, limit, offset).sign_object(said)


def read(request: ApiRequest, *, limit: int, offset: int) -> Begun | None:
    """Return what the page before has carried on to the one asked for, if it still holds."""
    text = request.GET.get(PARAMETER, "")
    if not text or len(text) > _LONGEST:
        return None
    try:
        total, counted_at, after = _signer(request, limit, offset).unsign_object(text)
    except signing.BadSignature:
        return None
    begun = Begun(total, datetime.fromtimestamp(counted_at, UTC), after)
    return begun if clock.now() - begun.counted_at < HELD else None


def _signer(request: ApiRequest, limit: int, offset: int) -> signing.Signer:
    query = sorted(
        (name, value)
        for name, value in request.GET.items()
        if name not in {PARAMETER, "limit", "offset", "fields"}
    )
    return signing.Signer(salt=f"oneroster {request.actor.code} {request.path} {limit} {offset} {query}")
