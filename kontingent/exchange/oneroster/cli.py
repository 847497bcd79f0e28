"""Sets of OneRoster on the command line: check one that came, take its marks, write one of the register."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from kontingent.exchange.journals.adapters import feeding
from kontingent.exchange.journals.adapters.boundary import FETCH, Asked, Finding
from kontingent.exchange.journals.deliverers import deliverer_of
from kontingent.exchange.journals.queries import counts
from kontingent.exchange.oneroster import archives, checking, queries, works, writing
from kontingent.exchange.oneroster.adapter import OneRosterSet
from kontingent.exchange.oneroster.model import Edition, Mode
from kontingent.kernel.actor import system_actor
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.kernel.scope import Scope
from kontingent.organisations import queries as organisations
from kontingent.performance import queries as performance
from kontingent.performance.records import KINDS

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


def export_set(
    path: Path,
    *,
    ogrn: str | None,
    edition: str,
    on: date,
    out: Out,
    since: datetime | None = None,
    journal: str = "",
) -> int:
    """Write the lists of the region or of an organisation: in full, with what a journal delivered, or what changed since a moment."""
    actor = system_actor("cli", "Командная строка")
    if ogrn:
        actor = replace(actor, scope=Scope(organisations=frozenset({organisations.by_ogrn(ogrn).id})))
    if since is not None and journal:
        raise InvalidValue(
            "oneroster.since_of_journal",
            "Изменения (--since) выгружаются только для списков. Уберите --since или --journal.",
        )
    if since is not None:
        content = queries.delta(actor, since=since, on=on, edition=Edition(edition))
        what = f"изменения с {since:%d.%m.%Y %H:%M}"
    elif journal:
        content = works.whole(actor, performance.journal(journal), on=on, edition=Edition(edition))
        what = f"отметок {len(content.rows.get('results', ()))}"
    else:
        content, what = queries.bulk(actor, on=on, edition=Edition(edition)), "полный набор"
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("wb") as file:
        writing.write(content, file)
    unfinished.replace(path)
    out(
        f"{path}: OneRoster {edition}, {what}, учеников {len(content.rows['users'])}, на {on:%d.%m.%Y}. СНИЛС в наборе нет."
    )
    return 0


def load_set(path: Path, *, journal: str, write: bool, on: date, out: Out) -> int:
    """Show which marks, lessons and absences a set holds for the school year; with ``write`` the journal's own client delivers them.

    A set that has any defect writes nothing. The same file again goes on with what was interrupted.
    """
    if check_set(path, out=out):
        return 1
    packed = path.read_bytes()
    content = checking.check(packed).content
    if content is None:  # changed since it was checked
        raise InvalidValue("file.changed", f"Файл {path} изменился во время чтения. Повторите.")
    year = SchoolYear.of(on)
    asked = Asked(school_year=year, since=year.starts_on, until=on)
    adapter = OneRosterSet(content, datetime.fromtimestamp(path.stat().st_mtime, UTC))
    findings: list[Finding] = []
    if write:
        found = performance.journal(journal)
        key = f"or:{hashlib.sha256(packed).hexdigest()[:32]}"
        made = feeding.run(
            actor=deliverer_of(found), journal_code=journal, adapter=adapter, asked=asked, key=key
        )
        findings = made.findings
        for batch in made.batches:
            fared = ", ".join(f"{name} {count}" for name, count in counts(batch).items() if count)
            out(f"{KINDS[batch.records].title}: {fared or 'нет строк'}")
    else:
        for code, fetch in FETCH.items():
            rows = list(fetch(adapter, asked))
            findings += [one for one in rows if isinstance(one, Finding)]
            out(f"{KINDS[code].title}: {sum(not isinstance(one, Finding) for one in rows)}")
        out("Ничего не записано. Чтобы принять, добавьте --write.")
    for one in findings:
        out(f"✗ {one.place} «{one.value}»: {one.message}")
    return 1 if findings else 0
