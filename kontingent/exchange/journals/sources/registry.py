"""Kinds of adapters (виды адаптеров): what reads a source, and which settings it takes.

A kind is an object named in ``settings.JOURNAL_ADAPTERS``; nothing else need know of it. It declares its settings as a
``msgspec.Struct``, which is also what checks them, and yields pieces: a file, or an answer of the journal. Every piece is
fed to the intake under its own key, so that one that comes again, or was interrupted, is taken once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
from django.conf import settings
from django.utils.module_loading import import_string

from kontingent.exchange.journals.adapters.boundary import Asked, JournalAdapter
from kontingent.exchange.journals.adapters.mapping import Mapping as FileMapping
from kontingent.exchange.journals.adapters.sealing import Seal
from kontingent.kernel.errors import InvalidValue, KontingentError, NotFound

_SECRET = re.compile(r"[a-z][a-z0-9-]{0,59}")


class Setting(NamedTuple):
    """How a page asks for a setting: the field of the struct, its label and a hint. ``secret``: the name of one is asked for."""

    name: str
    title: str
    hint: str = ""
    is_secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a kind is given to read a source by."""

    code: str
    settings: Any
    mapping: FileMapping | None
    today: date
    last_success_at: datetime | None
    seal: Seal

    def secret(self, name: str) -> str:
        """Return a secret by its name: read where it is used, kept nowhere."""
        return secret(name)


class Receipt(NamedTuple):
    """What became of a piece, for whoever left it."""

    rows: Mapping[str, Mapping[str, int]]
    unread: int
    findings: tuple[tuple[str, str], ...]
    named: int = 0


class Piece(Protocol):
    """Something to take: a file, or what the journal answers."""

    @property
    def name(self) -> str:
        """Say what people call it."""

    @property
    def key(self) -> str:
        """Say what it is known by when it comes again."""

    @property
    def adapter(self) -> JournalAdapter:
        """Return what reads it."""

    @property
    def asked(self) -> Asked:
        """Return which of its records are wanted."""

    def taken(self, receipt: Receipt) -> None:
        """All of it stands, or is refused row by row: it need not come again."""

    def refused(self, refusal: KontingentError) -> None:
        """It cannot be read at all, and will not be when tried again. A piece that can be tried again raises the refusal."""


class Pieces(Protocol):
    """Opens a source."""

    def __call__(self, opening: Opening, /) -> Iterator[Piece]:
        """Yield the pieces; each is settled before the next is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of adapter; ``endings`` of the files it takes, where they are not tables."""

    code: str
    title: str
    about: str
    struct: type[msgspec.Struct]
    fields: tuple[Setting, ...] = ()
    needs_mapping: bool = False
    takes_files: bool = False
    endings: tuple[str, ...] = ()
    pieces: Pieces

    def read_settings(self, said: Mapping[str, Any]) -> msgspec.Struct:
        """Return settings as the kind declares them; raise ``InvalidValue`` with the label of the one that is wrong."""
        known = {one.encode_name: one.required for one in msgspec.structs.fields(self.struct)}
        titles = {one.name: one.title for one in self.fields}
        filled = {name: value for name, value in said.items() if value not in ("", None)}
        for name in filled:
            if name not in known:
                raise InvalidValue(
                    "sources.setting", f"Настройки «{name[:40]}» у этого вида источника нет. Уберите её."
                )
        for one in self.fields:
            if one.is_secret and one.name in filled:
                _check_secret_name(str(filled[one.name]))
        try:
            return msgspec.convert(filled, self.struct, strict=False)
        except msgspec.ValidationError as error:
            name = next((one for one in known if f"`$.{one}`" in str(error) or f"`{one}`" in str(error)), "")
            raise InvalidValue(
                "sources.setting",
                f"Настройка «{titles.get(name, name) or 'источника'}» не подходит: «{str(filled.get(name, ''))[:80]}». "
                + next((one.hint for one in self.fields if one.name == name), "Исправьте её."),
            ) from error


@cache
def kinds() -> dict[str, Kind]:
    """Return the kinds of this installation by code."""
    found: list[Kind] = [import_string(path) for path in settings.JOURNAL_ADAPTERS]
    return {one.code: one for one in found}


def kind(code: str) -> Kind:
    """Return a kind."""
    try:
        return kinds()[code]
    except KeyError:
        raise NotFound(
            "sources.no_such_kind",
            f"Вида источника «{code[:40]}» в этой установке нет. Выберите из списка: {', '.join(kinds())}.",
        ) from None


def _check_secret_name(name: str) -> None:
    if not _SECRET.fullmatch(name):
        raise InvalidValue(
            "sources.secret_name",
            "Здесь называют имя секрета, не сам секрет: строчные латинские буквы, цифры, дефис. "
            "Значение администратор сервера кладёт в файл с этим именем.",
        )


def secret(name: str) -> str:
    """Return what stands in the file of a secret; nobody but the service reads that folder."""
    _check_secret_name(name)
    path = Path(settings.JOURNAL_SECRETS) / name
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(opened, encoding="utf-8") as file:
            found = file.read(10_000).strip()
    except OSError:
        found = ""
    if not found:
        raise InvalidValue(
            "sources.no_secret",
            f"Секрета «{name}» на сервере нет. Администратор сервера кладёт его в файл {name} каталога KONTINGENT_JOURNAL_SECRETS.",
        )
    return found
