"""Reading the lists. They are small and change with a release, so a process keeps them in memory.

A list that the database does not hold (yet) is read from the packaged file: pages and tests need no loading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from django.db.models import Count, QuerySet

from kontingent.codelists import files
from kontingent.codelists.models import CodeList, CodeValue
from kontingent.kernel import names
from kontingent.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class _Index:
    titles: Mapping[str, str]
    by_text: Mapping[str, str]
    values: tuple[files.Value, ...]
    groups: frozenset[str]


@cache
def _index(list_code: str) -> _Index:
    one = files.packaged().get(list_code)
    if one is None:
        raise NotFound("codelists.no_such_list", f"Справочника «{list_code}» нет.")
    by_text: dict[str, str] = {}
    for value in one.values:
        for text in (value.title, *value.aliases):
            by_text.setdefault(names.fold(text), value.code)
    return _Index(
        {value.code: value.title for value in one.values},
        by_text,
        one.values,
        frozenset(value.parent for value in one.values if value.parent),
    )


def forget() -> None:
    """Drop what is remembered, after a loading."""
    _index.cache_clear()


def title(list_code: str, code: str | None) -> str:
    """Return the title of a value; an unknown code comes back as it is, an absent one as an empty string."""
    if not code:
        return ""
    return _index(list_code).titles.get(code, code)


def titles(list_code: str) -> Mapping[str, str]:
    """Return titles by code."""
    return _index(list_code).titles


def has(list_code: str, code: str) -> bool:
    """Say whether the list has the code."""
    return code in _index(list_code).titles


def choices(list_code: str, *, on: date | None = None, leaves_only: bool = True) -> list[tuple[str, str]]:
    """Return (code, title) pairs for a form, those valid on a day, without group headings."""
    index = _index(list_code)
    return [
        (value.code, value.title)
        for value in index.values
        if not (leaves_only and value.code in index.groups)
        and (
            on is None
            or (
                (value.valid_from is None or value.valid_from <= on)
                and (value.valid_to is None or on < value.valid_to)
            )
        )
    ]


def find(list_code: str, text: str) -> str | None:
    """Return the code of a value named by its code, title or alias, whatever the case and ё/е."""
    index = _index(list_code)
    stripped = text.strip()
    return stripped if stripped in index.titles else index.by_text.get(names.fold(text))


def to_external(list_code: str, code: str, counterpart: str) -> str | None:
    """Return how a counterpart calls our value; None when it has no name for it."""
    return next((v.external.get(counterpart) for v in _index(list_code).values if v.code == code), None)


def number(list_code: str, code: str, column: str = "value") -> Decimal:
    """Return the number that a list keeps for a code (``ext:value``): terms, thresholds, what a ministry changes as data.

    Raises:
        NotFound: the list keeps no such number.
    """
    kept = to_external(list_code, code, column)
    if kept is None:
        raise NotFound("codelists.no_number", f"В справочнике «{list_code}» нет значения «{code}».")
    return Decimal(kept)


def from_external(list_code: str, counterpart: str, text: str) -> str | None:
    """Return our code for a counterpart's; None when it cannot be bound."""
    return next((v.code for v in _index(list_code).values if v.external.get(counterpart) == text), None)


# -- pages -------------------------------------------------------------------------------------


def lists() -> QuerySet[CodeList]:
    """Return the loaded lists with the number of their values."""
    return CodeList.objects.annotate(size=Count("values")).order_by("title")


def one_list(code: str) -> CodeList:
    """Return one list or raise ``NotFound``."""
    try:
        return CodeList.objects.get(pk=code)
    except CodeList.DoesNotExist:
        raise NotFound("codelists.no_such_list", f"Справочника «{code}» нет.") from None


def values_of(code: str, text: str = "") -> QuerySet[CodeValue]:
    """Return the values of a list, those whose code or title holds the text."""
    values = CodeValue.objects.filter(code_list_id=code)
    if text.strip():
        values = values.filter(title__icontains=text.strip()) | values.filter(code__startswith=text.strip())
    return values.order_by("position")
