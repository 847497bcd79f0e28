"""Sets of OneRoster on the command line: check one that came, write one of the register."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

from kontingent.exchange.oneroster import archives, checking, queries, writing
from kontingent.exchange.oneroster.model import Edition, Mode
from kontingent.kernel.actor import system_actor
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.scope import Scope
from kontingent.organisations import queries as organisations

Out = Callable[[str], None]


def check_set(path: Path, *, out: Out) -> int:
    """Say everything that is wrong with a set; exit code 1 when anything is."""
    if not path.is_file():
        raise InvalidValue("file.missing", f"Файла {path} нет. Проверьте путь.")
    with path.open("rb") as file:
        read = checking.check(file.read(archives.MOST_PACKED + 1))
    for one in read.defects:
        out(f"✗ {one}")
    if read.more:
        out(f"… и ещё {read.more}. Исправьте названные и проверьте снова.")
    if read.content is None:
        out("Набор не принят, ничего не записано.")
        return 1
    out(f"OneRoster {read.content.edition}: набор верен.")
    for name, mode in sorted(read.content.modes.items()):
        if mode is not Mode.ABSENT:
            out(f"  {name:<20} {mode:<6} строк {len(read.content.rows[name])}")
    return 0


def export_set(path: Path, *, ogrn: str | None, edition: str, on: date, out: Out) -> int:
    """Write the full set of rostering of the region or of an organisation as of a day."""
    actor = system_actor("cli", "Командная строка")
    if ogrn:
        actor = replace(actor, scope=Scope(organisations=frozenset({organisations.by_ogrn(ogrn).id})))
    content = queries.bulk(actor, on=on, edition=Edition(edition))
    path.write_bytes(writing.pack(content))
    out(
        f"{path}: OneRoster {edition}, учеников {len(content.rows['users'])}, на {on:%d.%m.%Y}. СНИЛС в наборе нет."
    )
    return 0
