"""Objects of the REST interface as rows of a set, column by column of ``model``; the way back of ``payloads``. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from kontingent.exchange.oneroster.model import STATUS, Column, File, Kind
from kontingent.exchange.oneroster.rules import rest_name
from kontingent.kernel.clock import REGION_ZONE

LONGEST = 10_000
#: Ids longer than the intake's keys could not be kept.
LONGEST_ID = 64
MOST_METADATA = 40


class NoRow(Exception):
    """An object is no row: which field, what stands there, and what to do."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.value = str(value)[:80]
        self.message = message


def row_of(
    told: Any, declared: File, *, columns: Collection[str] = (), needed: Collection[str] = ()
) -> dict[str, str]:
    """Return an object as a row; with ``columns`` only those of it; ``needed`` may not be empty.

    Raises:
        NoRow: what must be there is not, or is something else.
    """
    if not isinstance(told, Mapping):
        raise NoRow("", told, "Это не объект JSON. Сообщите оператору журнала.")
    row: dict[str, str] = {}
    for column in declared.columns:
        if columns and column.name not in columns:
            continue
        name = rest_name(column)
        value = told.get(name)
        row[column.name] = "" if value is None else _text(column, name, value)
    _check_base(row)
    for name in needed:
        if not row[name]:
            raise NoRow(name, "", "Обязательное значение пусто. Заполните его в журнале.")
    metadata = told.get("metadata")
    if isinstance(metadata, Mapping):
        for name, value in list(metadata.items())[:MOST_METADATA]:
            if isinstance(value, str | int | float):
                row[f"metadata.{name}"] = _plain("metadata", value)
    return row


def _check_base(row: Mapping[str, str]) -> None:
    key = row["sourcedId"]
    if not key or len(key) > LONGEST_ID:
        raise NoRow(
            "sourcedId", key, f"Идентификатор пуст или длиннее {LONGEST_ID} знаков. Исправьте его в журнале."
        )
    if row["status"] not in STATUS:
        raise NoRow("status", row["status"], "Состояние – active или tobedeleted. Исправьте его в журнале.")
    if not row["dateLastModified"]:
        raise NoRow(
            "dateLastModified", "", "Не сказано, когда запись изменена, и неизвестно, новее ли она. Журнал должен передавать dateLastModified."
        )  # fmt: skip


def _text(column: Column, name: str, value: Any) -> str:
    match column.kind:
        case Kind.REFERENCE:
            return _reference(name, value)
        case Kind.REFERENCES:
            if not isinstance(value, list):
                raise NoRow(name, value, "Ожидается список ссылок. Сообщите оператору журнала.")
            return ",".join(_reference(name, one) for one in value)
        case Kind.LIST:
            if not isinstance(value, list):
                raise NoRow(name, value, "Ожидается список. Сообщите оператору журнала.")
            return ",".join(_plain(name, one) for one in value if isinstance(one, str | int | float))
        case Kind.DAY:
            return _day(name, _plain(name, value))
        case Kind.MOMENT:
            return _moment(name, _plain(name, value))
        case Kind.NUMBER:
            return _number(name, value)
        case _:
            return _plain(name, value)


def _plain(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise NoRow(name, type(value).__name__, "Ожидается простое значение. Сообщите оператору журнала.")
    text = str(value)
    if "\0" in text or len(text) > LONGEST:
        raise NoRow(name, text, f"Значение длиннее {LONGEST} знаков или содержит нулевой символ. Исправьте его в журнале.")  # fmt: skip
    return text


def _reference(name: str, value: Any) -> str:
    key = value.get("sourcedId") if isinstance(value, Mapping) else None
    if not isinstance(key, str) or not key or len(key) > LONGEST_ID:
        raise NoRow(name, key, "В ссылке нет sourcedId. Сообщите оператору журнала.")
    return key


def _number(name: str, value: Any) -> str:
    text = _plain(name, value)
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e9:
        raise NoRow(name, text, "Это не число. Исправьте его в журнале.")
    return text


def _day(name: str, text: str) -> str:
    """A day; many journals write a moment where the standard says a day: it is that of the region."""
    try:
        if len(text) == 10:
            return date.fromisoformat(text).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _no_day(name, text) from None
    if moment.tzinfo is None:
        raise _no_day(name, text)
    return moment.astimezone(REGION_ZONE).date().isoformat()


def _no_day(name: str, text: str) -> NoRow:
    return NoRow(name, text, "Это не день. Журнал должен передавать его как 2026-09-01.")


def _moment(name: str, text: str) -> str:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return text
    except ValueError:
        pass
    raise NoRow(
        name, text, "Это не момент с часовым поясом. Журнал должен передавать его как 2026-09-01T08:00:00Z."
    )
