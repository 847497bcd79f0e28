"""The adapter of a watched folder: an export that lands in it is taken once (приём из папки).

    <folders>/<journal>/in        the journal puts files here
    <folders>/<journal>/taken     a file that was taken, and «….receipt.json» beside it
    <folders>/<journal>/refused   a file that cannot be read at all, and the receipt that says why
    <folders>/<journal>/work      ours: receipts on their way, the lock

A file is whole when nothing of it has changed for a while – by the time of its inode, which no copying program can set back –
or, where the source asks for one, when «<name>.done» lies beside it. It is taken in four steps, as ``epgu.dropping`` takes requests:

    1  its rows stand: batches under a key made of the file's content, so that it may be delivered again and again
    2  the receipt stands complete in ``work``, under the name and digest of its file
    3  the file leaves ``in``
    4  the receipt is renamed to where it belongs
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from django.conf import settings
from msgspec import Meta, Struct

from kontingent.exchange.journals.adapters.boundary import Asked
from kontingent.exchange.journals.adapters.mapped_file import MOST_BYTES, MappedFile
from kontingent.exchange.journals.adapters.mapping import Mapping
from kontingent.exchange.journals.sources.registry import Kind, Opening, Receipt, Setting
from kontingent.exchange.spreadsheets.problems import FileRefused
from kontingent.kernel import clock, folders
from kontingent.kernel.errors import KontingentError, RuleViolation
from kontingent.kernel.school_year import SchoolYear

IN, TAKEN, REFUSED, WORK = "in", "taken", "refused", "work"
MARKER: Final = ".done"
#: Files of one run; the rest is taken by the next.
MOST_A_RUN: Final = 200
#: A name with what is put before and behind it must fit into what file systems allow.
LONGEST_NAME: Final = 120
_RECEIPT = re.compile(r"(?P<digest>[0-9a-f]{64})\.(?P<where>taken|refused)\.(?P<name>.+)", re.DOTALL)
#: How tables end.
TABLES: Final = (".xlsx", ".xls", ".ods", ".csv", ".txt")


class FolderSettings(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What a watched folder needs to be told."""

    quiet_seconds: Annotated[int, Meta(ge=0, le=3600)] = 30
    needs_marker: bool = False
    school_year: Annotated[int, Meta(ge=2000, le=2200)] | None = None


@dataclass(frozen=True, slots=True)
class FilePiece:
    """One file of the folder."""

    folder: Path
    name: str
    key: str
    digest: str
    adapter: MappedFile
    asked: Asked

    def taken(self, receipt: Receipt) -> None:
        """Steps 2 to 4; a file that gave no row at all is refused."""
        told: dict[str, Any] = {"file": self.name, "sha256": self.digest, "rows": receipt.rows, "unread": receipt.unread, "recognised": receipt.named}  # fmt: skip
        told["findings"] = [{"place": place, "message": message} for place, message in receipt.findings]
        where = TAKEN if receipt.rows else REFUSED
        if where == REFUSED:
            told["detail"] = (
                "В файле не нашлось ни одной записи. Проверьте описание столбцов и положите файл ещё раз."
            )
        settle(self.folder, self.name, self.digest, where, told)

    def refused(self, refusal: KontingentError) -> None:
        """Steps 2 to 4."""
        told = {"file": self.name, "sha256": self.digest, "code": refusal.code, "detail": refusal.message}
        settle(self.folder, self.name, self.digest, REFUSED, told)


def folder_of(code: str) -> Path:
    """Return the folder of a journal; its parts are made where they are missing."""
    if not settings.JOURNAL_FOLDERS:
        raise RuleViolation(
            "sources.no_folders",
            "На сервере не указан каталог для файлов журналов. Администратор сервера задаёт KONTINGENT_JOURNAL_FOLDERS.",
        )
    folder = Path(settings.JOURNAL_FOLDERS) / code
    for name in (IN, TAKEN, REFUSED, WORK):
        (folder / name).mkdir(mode=0o770, parents=True, exist_ok=True)
    return folder


def leave(code: str, filename: str, content: Iterator[bytes], *, endings: Sequence[str] = TABLES) -> str:
    """Put a file into the folder, whole; return its digest. The name is kept as far as it is one."""
    name = re.sub(r"[^\w. -]+", "_", Path(filename).name).strip(". ")[-LONGEST_NAME:]
    if not name.lower().endswith(tuple(endings)):
        raise FileRefused("kind", f"Файл «{filename[:80]}» не того вида. Принимаются {', '.join(endings)}.")
    folder, said = folder_of(code), hashlib.sha256()
    unfinished = folder / WORK / f"{os.getpid()}.part"
    with unfinished.open("wb") as file:
        for block in content:
            said.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / IN / f"{clock.now().astimezone(clock.REGION_ZONE):%Y%m%d-%H%M%S-%f} {name}")
    folders.sync(folder / IN)
    return said.hexdigest()


def pieces(opening: Opening, /) -> Iterator[FilePiece]:
    """Yield the whole files that lie in the folder, the oldest first."""
    said: FolderSettings = opening.settings
    if opening.mapping is None:
        raise RuleViolation(
            "sources.no_mapping",
            "Описания столбцов у источника нет. Откройте «Описание файлов», попробуйте его на образце и сохраните.",
        )
    folder = folder_of(opening.code)
    with folders.alone(folder / WORK / "lock") as mine:
        if not mine:
            return
        finish(folder)
        year = SchoolYear(said.school_year) if said.school_year else SchoolYear.of(opening.today)
        for name in waiting(folder / IN, needs_marker=said.needs_marker, quiet_seconds=said.quiet_seconds):
            piece = _piece(folder, name, opening, opening.mapping, year)
            if piece is not None:
                yield piece
                drop_marker(folder, name)


def _piece(folder: Path, name: str, opening: Opening, mapping: Mapping, year: SchoolYear) -> FilePiece | None:
    path = folder / IN / name
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None  # gone meanwhile, or not ours to read
    with os.fdopen(opened, "rb") as file:
        known = os.fstat(opened)
        if not stat.S_ISREG(known.st_mode):
            return None
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    made_at = datetime.fromtimestamp(known.st_mtime, UTC)
    said = f"{digest}\x1f{made_at.timestamp()}\x1f{year}\x1f{mapping!r}"
    adapter = MappedFile(
        path=path, filename=name, mapping=mapping, made_at=made_at, school_year=year, seal=opening.seal
    )
    asked = Asked(school_year=year, since=year.starts_on, until=opening.today)
    key = f"file:{hashlib.sha256(said.encode()).hexdigest()[:40]}"
    return FilePiece(folder, name, key, digest, adapter, asked)


def waiting(
    inbox: Path, *, needs_marker: bool, quiet_seconds: int, endings: Sequence[str] = TABLES
) -> list[str]:
    """Return the names of whole files, the oldest first."""
    now, found = clock.now().timestamp(), list[tuple[float, str]]()
    with os.scandir(inbox) as entries:
        there = {one.name: one for one in entries}
    for name, one in there.items():
        if not name.lower().endswith(tuple(endings)) or len(os.fsencode(name)) > 2 * LONGEST_NAME:
            continue
        try:
            known = one.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        whole = (
            f"{name}{MARKER}" in there
            if needs_marker
            else now - max(known.st_mtime, known.st_ctime) >= quiet_seconds
        )
        if whole and stat.S_ISREG(known.st_mode):
            found.append((known.st_mtime, name))
    return [name for _, name in sorted(found)[:MOST_A_RUN]]


# -- steps that survive a kill ---------------------------------------------------------------------


def settle(folder: Path, name: str, digest: str, where: str, told: dict[str, Any]) -> None:
    """Step 2: the receipt is there whole and on the disk, or not at all; then 3 and 4."""
    unfinished = folder / WORK / "receipt.part"
    with unfinished.open("wb") as file:
        file.write(json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / WORK / f"{digest}.{where}.{name}")
    folders.sync(folder / WORK)
    finish(folder)


def finish(folder: Path) -> None:
    """Steps 3 and 4 for every receipt that stands complete. A name that was used before gets the digest in front."""
    for receipt in sorted((folder / WORK).iterdir()):
        if (said := _RECEIPT.fullmatch(receipt.name)) is None:
            continue
        name, where, digest = said["name"], said["where"], said["digest"]
        target = f"{digest[:12]} {name}"
        path = folder / IN / name
        if _digest(path) == digest:
            path.rename(folder / where / target)
            folders.sync(folder / where)
            folders.sync(folder / IN)
        receipt.rename(folder / where / f"{target}.receipt.json")
        folders.sync(folder / where)
        drop_marker(folder, name)


def drop_marker(folder: Path, name: str) -> None:
    """The marker goes when its file is gone."""
    if not (folder / IN / name).exists():
        (folder / IN / f"{name}{MARKER}").unlink(missing_ok=True)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def sample(path: Path, filename: str, mapping: Mapping, opening: Opening) -> MappedFile:
    """Return the adapter of a sample that is tried and forgotten."""
    year = SchoolYear.of(opening.today)
    return MappedFile(
        path=path, filename=filename, mapping=mapping, made_at=clock.now(), school_year=year, seal=opening.seal,
        max_bytes=MOST_BYTES,
    )  # fmt: skip


KIND = Kind(
    code="folder",
    title="Таблицы из папки",
    about="Журнал или школа кладёт выгрузку (xlsx, xls, ods, csv) в папку сервера, либо файл передают на странице источника.",
    struct=FolderSettings,
    fields=(
        Setting("quiet_seconds", "Файл считать готовым, если он не меняется, секунд", "Целое число от 0 до 3600."),
        Setting("needs_marker", "Ждать пометку «имя файла.done»", "true – ждать, false – не ждать."),
        Setting("school_year", "Учебный год файлов (год начала; пусто – текущий)", "Четыре цифры, например 2025."),
    ),
    needs_mapping=True,
    takes_files=True,
    pieces=pieces,
)  # fmt: skip
