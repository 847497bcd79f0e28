"""Identifiers that sort by time of birth (UUID version 7, RFC 9562 §5.7).

Outward every object is addressed by such an id: it tells nothing of the person, unlike a СНИЛС,
and inserts at the end of its index, unlike a random UUID.
"""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_ms = 0
_counter = 0


def new_id() -> UUID:
    """Return a fresh UUIDv7; ids made by one process within a millisecond keep their order."""
    global _last_ms, _counter  # noqa: PLW0603 - the counter is what keeps ids in order
    with _lock:
        ms = time.time_ns() // 1_000_000
        if ms > _last_ms:
            _last_ms, _counter = ms, int.from_bytes(os.urandom(2)) & 0x7FF
        else:
            _counter += 1
            if _counter > 0xFFF:
                _last_ms, _counter = _last_ms + 1, 0
        head = (_last_ms << 16) | 0x7000 | _counter
    tail = (int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000
    return UUID(int=(head << 64) | tail)
