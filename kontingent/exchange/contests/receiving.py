"""Files of results of olympiads and contests on their way in (``exchange.incoming``)."""

from __future__ import annotations

from typing import BinaryIO, Final
from uuid import UUID

from kontingent.achievements.portfolio.actions import contests
from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.models import ContestFile
from kontingent.exchange.contests.profiles import profile_of
from kontingent.exchange.contests.rows import RowReader
from kontingent.exchange.incoming.receiving import Receiving
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor

FILES: Final = Receiving(
    intake=contests.INTAKE,
    profile_of=lambda kind: profile_of(FileKind(kind)),
    reader=lambda one, profile, mapping: RowReader(profile, mapping, clock.today(), one.document),
)
read, apply = FILES.read, FILES.apply


def receive(
    *,
    actor: Actor,
    kind: FileKind,
    organisation_id: UUID | None,
    file: BinaryIO,
    filename: str,
    document: str = "",
    verified: bool = False,
) -> ContestFile:
    """Take a file in (принять файл): ``document`` is the organiser's protocol, ``verified`` says that the file was checked against it."""
    return FILES.receive(
        actor=actor, kind=kind, organisation_id=organisation_id, file=file, filename=filename, verified=verified,
        document=" ".join(document.split())[:200],
    )  # fmt: skip
