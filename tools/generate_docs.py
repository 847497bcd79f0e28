"""Writes the generated pages of ``docs/``, or (``--check``) says which of them are out of date.

A page is generated where a list in prose would rot: audit events, permissions of roles, code lists, the
table of movements.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path

import django

from kontingent.audit.event import Event

ROOT = Path(__file__).resolve().parent.parent


def _pages() -> dict[str, Callable[[], str]]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from kontingent.codelists import catalogue
    from kontingent.enrolment import diagram

    return {
        "docs/reference/audit-events.md": audit_events,
        "docs/reference/permissions.md": permissions,
        "docs/reference/purposes.md": purposes,
        "docs/reference/codelists.md": catalogue.render,
        "docs/domain/movements.md": diagram.render,
    }


def audit_events() -> str:
    """The catalogue of audit events: code, Russian title, fields."""
    from kontingent.audit import catalogue

    common = {field.name for field in dataclasses.fields(Event)}
    lines = [
        "# Журнал действий: виды событий",
        "",
        "Страница создаётся командой `make docs`. У каждого события есть также: момент, кто (код, имя, роль), организация,",
        "субъекты, объект и основание.",
        "",
        "| код | событие | поля |",
        "|---|---|---|",
    ]
    for kind in catalogue.kinds():
        own = [f.name for f in dataclasses.fields(kind) if f.name not in common]
        lines.append(f"| `{kind.kind}` | {kind.title} | {', '.join(f'`{name}`' for name in own)} |")
    return "\n".join(lines) + "\n"


def permissions() -> str:
    """The matrix role × permission."""
    from kontingent.access import roles

    every = sorted({permission for role in roles.ROLES.values() for permission in role.permissions})
    titles = [role.title for role in roles.ROLES.values()]
    lines = [
        "# Роли и права",
        "",
        "Страница создаётся командой `make docs` из `kontingent/access/roles.py`.",
        "",
        f"| право | {' | '.join(titles)} |",
        f"|---|{'---|' * len(titles)}",
    ]
    for permission in every:
        marks = ["да" if permission in role.permissions else "" for role in roles.ROLES.values()]
        lines.append(f"| `{permission}` | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


def purposes() -> str:
    """What personal data are looked at for: purposes with their bases, who has them, what families see."""
    from kontingent.access import roles
    from kontingent.audit.purposes import PURPOSES

    lines = [
        "# Цели просмотра и их основания",
        "",
        "Страница создаётся командой `make docs` из `kontingent/audit/purposes.py` и `kontingent/access/roles.py`. Эти слова видит",
        "семья на странице «Кто смотрел». Статьи подобраны разработчиками; до работы с настоящими данными их сверяет юрист региона.",
        "",
        "| код | цель | основание | у кого | видит ли семья |",
        "|---|---|---|---|---|",
    ]
    for one in PURPOSES.values():
        held = ", ".join(role.title for role in roles.ROLES.values() if role.purpose == one.code)
        lines.append(
            f"| `{one.code}` | {one.title} | {one.basis} | {held} | {'да' if one.shown else 'нет'} |"
        )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    stale = []
    for name, render in _pages().items():
        path, text = ROOT / name, render()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{'устарела' if arguments.check else 'записана'}: {name}")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
