"""The editions that the product ships: folders of ``forms/``, each a ``form.yaml`` and a ``rules.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from kontingent.codelists import queries as codelists
from kontingent.kernel.errors import InvalidValue, NotFound
from kontingent.reports.rules import editions
from kontingent.reports.rules.editions import Edition
from kontingent.reports.rules.predicates import fault

FOLDER = Path(__file__).with_name("forms")
#: The reader in C is there wherever PyYAML's wheel is; forms are a megabyte together.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=1)
def everything() -> tuple[Edition, ...]:
    """Return every edition, forms in the order of their codes, newer editions last."""
    return tuple(load(one.name) for one in sorted(FOLDER.iterdir()) if (one / "rules.yaml").exists())


def load(code: str, folder: Path = FOLDER) -> Edition:
    """Read and check one edition; raise ``InvalidValue`` with the place of a fault."""
    form, rules = _merged(code, folder, ())
    return editions.read(code, form, rules, has=codelists.has)


def get(code: str) -> Edition:
    """Return an edition by its code."""
    found = next((one for one in everything() if one.code == code), None)
    if found is None:
        raise NotFound("reports.no_such_edition", "Такой редакции формы нет. Выберите форму из календаря.")
    return found


@lru_cache(maxsize=64)
def where_closed(code: str, closed: frozenset[str]) -> Edition:
    """Return an edition as it is filled where these fields are closed: what asks for them is entered by hand, or asked otherwise."""
    edition = get(code)
    if not closed:
        return edition
    tables = {one.number: one.where_closed(closed) for one in edition.tables}
    by_code = {name: (tables[table.number], variant) for name, (table, variant) in edition.by_code.items()}
    return replace(edition, tables=tuple(tables.values()), by_code=by_code, by_number=tables)


def forms() -> dict[str, list[Edition]]:
    """Return the editions of each form by the form's slug, the oldest first."""
    found: dict[str, list[Edition]] = {}
    for edition in everything():
        found.setdefault(slug(edition), []).append(edition)
    return {name: sorted(those, key=lambda one: one.valid_from) for name, those in found.items()}


def slug(edition: Edition) -> str:
    """Return the form's name in addresses: «oo-1» of «oo-1.2019»."""
    return edition.code.split(".")[0]


def in_force(form: str, year: int) -> Edition:
    """Return the edition of a form for a reporting year; raise ``NotFound`` when there is none."""
    for edition in reversed(forms().get(form, [])):
        if edition.holds_on(edition.on(year)):
            return edition
    raise NotFound(
        "reports.no_edition_in_force",
        f"Формы «{form}» на {year} год нет: ни одна редакция тогда не действовала.",
    )


def _merged(code: str, folder: Path, seen: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read an edition's two files over those of the edition that it extends: its sections and tables replace theirs."""
    if code in seen:
        raise fault(
            f"Редакция {code}", f"редакции продолжают друг друга по кругу: {' → '.join((*seen, code))}"
        )
    form, rules = _read(folder / code / "form.yaml"), _read(folder / code / "rules.yaml")
    if not (base := form.pop("extends", None)):
        return form, rules
    old_form, old_rules = _merged(str(base), folder, (*seen, code))
    own = {str(section["number"]): section for section in form.get("sections") or []}
    sections = [own.pop(str(old["number"]), old) for old in old_form["sections"]] + list(own.values())
    tables = _by_number(old_rules.get("tables")) | _by_number(rules.get("tables"))
    define = dict(old_rules.get("define") or {}) | dict(rules.get("define") or {})
    return old_form | form | {"sections": sections}, old_rules | rules | {"tables": tables, "define": define}


def _by_number(tables: Mapping[Any, Any] | None) -> dict[str, Any]:
    return {str(number): told for number, told in (tables or {}).items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            content = yaml.load(file, Loader=_LOADER)  # noqa: S506 - the safe loader in C
    except yaml.YAMLError as error:
        raise InvalidValue(
            "reports.yaml", f"{path.parent.name}/{path.name}: {error}. Исправьте файл."
        ) from error
    if not isinstance(content, dict):
        raise InvalidValue("reports.yaml", f"{path.parent.name}/{path.name}: файл пуст. Исправьте файл.")
    return content


def due(year: int, organisation_type: str | None = None) -> list[tuple[str, Edition, date]]:
    """Return the forms of a reporting year, all or those of a type of organisation, by deadline: slug, edition, deadline."""
    found = []
    for name in forms():
        try:
            edition = in_force(name, year)
        except NotFound:
            continue
        if organisation_type is None or organisation_type in edition.organisation_types:
            found.append((name, edition, edition.deadline.of(year)))
    return sorted(found, key=lambda one: one[2])
