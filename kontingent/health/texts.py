"""Details of a record to and from their encrypted form."""

from __future__ import annotations

import json
from uuid import UUID

from kontingent.health.cipher import Sealed, cipher
from kontingent.health.rules import Details


def about(person_id: UUID, kind: str) -> bytes:
    """Return what binds a text to whose and what kind of record it is: moved elsewhere, it does not decrypt."""
    return f"{person_id}/{kind}".encode()


def seal(details: Details, *, person_id: UUID, kind: str) -> Sealed | None:
    """Encrypt details; None when there is nothing in them."""
    if details.is_empty:
        return None
    told = json.dumps([details.document, details.issuer, details.note], ensure_ascii=False)
    return cipher().seal(told.encode(), about=about(person_id, kind))


def unseal(sealed: Sealed, *, person_id: UUID, kind: str) -> Details:
    """Decrypt details; raise ``LostKey`` or ``Damaged``."""
    return Details(*json.loads(cipher().open(sealed, about=about(person_id, kind))))
