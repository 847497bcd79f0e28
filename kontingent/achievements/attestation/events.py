"""What the room records in the journal. Numbers of documents stay in their table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamsDelivered(Event):
    """A file of exam results or education documents was received."""

    kind: ClassVar[str] = "attestation.received"
    title: ClassVar[str] = "Принят файл об аттестации"

    what: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryApplied(Event):
    """A checked file was applied: how many rows became what."""

    kind: ClassVar[str] = "attestation.applied"
    title: ClassVar[str] = "Применён файл об аттестации"

    what: str
    created: int
    changed: int
    unchanged: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredRowsPurged(Event):
    """The rows of a file were removed because their term has passed; what it wrote and its numbers stay."""

    kind: ClassVar[str] = "attestation.purged"
    title: ClassVar[str] = "Удалены по сроку строки файла об аттестации"

    what: str
    rows: int
    kept_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsIssued(Event):
    """Education documents were issued to graduates."""

    kind: ClassVar[str] = "attestation.issued"
    title: ClassVar[str] = "Выданы документы об образовании"

    document_kind: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarksBrought(Event):
    """Closing marks that the journal lacks were brought with a document, or taken back; the marks stay in their table."""

    kind: ClassVar[str] = "attestation.marks_brought"
    title: ClassVar[str] = "Внесены отметки по документу"

    source: str
    brought: int
    taken_back: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDecided(Event):
    """Journal and document did not agree on a closing mark; a human decided which counts."""

    kind: ClassVar[str] = "attestation.mark_decided"
    title: ClassVar[str] = "Решено, какая отметка считается"

    subject: str
    counts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateIssued(Event):
    """A duplicate took the place of a document."""

    kind: ClassVar[str] = "attestation.duplicate_issued"
    title: ClassVar[str] = "Выдан дубликат документа об образовании"

    document_kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentStateChanged(Event):
    """A document was told to be lost, exchanged, destroyed or annulled."""

    kind: ClassVar[str] = "attestation.document_state"
    title: ClassVar[str] = "Изменено состояние документа об образовании"

    state: str
    before: str
