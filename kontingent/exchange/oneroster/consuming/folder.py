"""The kind of source that finds sets of OneRoster in its folder (наборы из папки): taken whole, or refused with every defect.

The folder and its four steps are those of tables (``sources.folders``). One step more comes before them: what the set said of works and
classes is remembered, since changes that come later refer to it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from kontingent.exchange.journals.adapters.boundary import Asked
from kontingent.exchange.journals.sources import folders
from kontingent.exchange.journals.sources.registry import Kind, Opening, Receipt, Setting
from kontingent.exchange.oneroster import archives, checking
from kontingent.exchange.oneroster.adapter import OneRosterSet
from kontingent.exchange.oneroster.checking import Checked
from kontingent.exchange.oneroster.consuming import memory
from kontingent.kernel import folders as locks
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.school_year import SchoolYear

ENDINGS: Final = (".zip",)
#: Defects told in the message of a run; the receipt tells all that were found.
FEW: Final = 3


class SetSettings(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a folder of sets needs to be told."""

    quiet_seconds: Annotated[int, Meta(ge=0, le=3600)] = 30
    needs_marker: bool = False
    learners: Literal["register", "own"] = "register"


@dataclass(slots=True)
class SetPiece:
    """One set of the folder."""

    folder: Path
    name: str
    digest: str
    key: str
    asked: Asked
    own_ids: bool
    made_at: datetime
    packed: bytes
    _checked: Checked | None = None
    _known: memory.Known = field(default_factory=dict)

    @property
    def checked(self) -> Checked:
        """The set, or its defects; checked once."""
        if self._checked is None:
            self._checked = checking.check(self.packed)
            self.packed = b""
        return self._checked

    @property
    def adapter(self) -> OneRosterSet:
        """Return the set as a journal.

        Raises:
            InvalidValue: it is defective.
        """
        read = self.checked
        if read.content is None:
            told = " ".join(f"{number}) {one}" for number, one in enumerate(read.defects[:FEW], 1))
            raise InvalidValue(
                "oneroster.defective",
                f"Набор «{self.name}» не принят целиком, дефектов {len(read.defects) + read.more}. {told}"[
                    :1000
                ],
            )
        self._known = memory.recall(memory.path_of(self.folder))
        return OneRosterSet(read.content, self.made_at, known=self._known, own_ids=self.own_ids)

    def taken(self, receipt: Receipt) -> None:
        """Remember what it said, then put it away."""
        content = self.checked.content
        if content is not None:
            memory.keep(memory.path_of(self.folder), memory.added(self._known, content))
        told: dict[str, Any] = {"file": self.name, "sha256": self.digest, "rows": receipt.rows, "unread": receipt.unread, "recognised": receipt.named}  # fmt: skip
        told["findings"] = [{"place": place, "message": message} for place, message in receipt.findings]
        folders.settle(self.folder, self.name, self.digest, folders.TAKEN, told)

    def refused(self, refusal: KontingentError) -> None:
        """Put it away with every defect."""
        read = self.checked
        told = {
            "file": self.name, "sha256": self.digest, "code": refusal.code, "detail": refusal.message,
            "defects": [
                {
                    "file": one.file, "line": one.line, "column": one.column, "value": one.value, "reason": one.reason, "remedy": one.remedy
                }
                for one in read.defects
            ],
            "more": read.more,
        }  # fmt: skip
        folders.settle(self.folder, self.name, self.digest, folders.REFUSED, told)


def pieces(opening: Opening, /) -> Iterator[SetPiece]:
    """Yield the whole sets that lie in the folder, the oldest first: changes come after what they change."""
    said: SetSettings = opening.settings
    folder = folders.folder_of(opening.code)
    with locks.alone(folder / folders.WORK / "lock") as mine:
        if not mine:
            return
        folders.finish(folder)
        inbox = folder / folders.IN
        for name in folders.waiting(
            inbox, needs_marker=said.needs_marker, quiet_seconds=said.quiet_seconds, endings=ENDINGS
        ):
            piece = _piece(folder, name, opening)
            if piece is not None:
                yield piece
                folders.drop_marker(folder, name)


def _piece(folder: Path, name: str, opening: Opening) -> SetPiece | None:
    said: SetSettings = opening.settings
    try:
        opened = os.open(folder / folders.IN / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None  # gone meanwhile, or not ours to read
    with os.fdopen(opened, "rb") as file:
        known = os.fstat(opened)
        if not stat.S_ISREG(known.st_mode):
            return None
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        packed = file.read(archives.MOST_PACKED + 1)
    made_at = datetime.fromtimestamp(known.st_mtime, UTC)
    year = SchoolYear.of(opening.today)
    told = f"{digest}\x1f{made_at.timestamp()}\x1f{year}\x1f{said.learners}"
    return SetPiece(
        folder, name, digest, f"set:{hashlib.sha256(told.encode()).hexdigest()[:40]}",
        Asked(school_year=year, since=year.starts_on, until=opening.today), said.learners == "own", made_at, packed,
    )  # fmt: skip


KIND = Kind(
    code="oneroster-csv",
    title="Наборы OneRoster из папки",
    about="Журнал кладёт наборы OneRoster 1.1 или 1.2 (zip, полные или изменения) в папку сервера, либо файл передают на странице источника.",
    struct=SetSettings,
    fields=(
        Setting("quiet_seconds", "Файл считать готовым, если он не меняется, секунд", "Целое число от 0 до 3600."),
        Setting("needs_marker", "Ждать пометку «имя файла.done»", "true – ждать, false – не ждать."),
        Setting("learners", "Чьи идентификаторы учеников", "register – реестра, own – журнала: учеников узнают по классу и ФИО."),
    ),
    takes_files=True,
    endings=ENDINGS,
    pieces=pieces,
)  # fmt: skip
