"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateIssued(Event):
    """A certificate of study was issued, to the family or by the school."""

    kind: ClassVar[str] = "certificate.issued"
    title: ClassVar[str] = "Выдана справка об обучении"

    number: str
    ordered_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRevoked(Event):
    """A certificate of study is no longer valid; the reason is kept with the certificate."""

    kind: ClassVar[str] = "certificate.revoked"
    title: ClassVar[str] = "Отозвана справка об обучении"

    number: str
