"""A line of a table by its profile: who it is of, days, numbers, words of a code list; what cannot be read is said by its column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from kontingent.codelists import queries as codelists
from kontingent.exchange.spreadsheets import cells
from kontingent.exchange.spreadsheets.profiles import Profile
from kontingent.kernel import names, snils
from kontingent.kernel.errors import InvalidValue

YES: Final = frozenset({"да", "зачет", "зач", "1", "преодолен", "есть", "true", "сдан", "с отличием", "+"})
NO: Final = frozenset({"нет", "незачет", "незач", "0", "не преодолен", "false", "не сдан", "-", "–"})


class WrongCell(Exception):
    """A value that is none: its field, the value, what to do."""

    def __init__(self, field: str, value: str, message: str) -> None:
        """Keep of the value what a person needs to find it."""
        super().__init__(message)
        self.field, self.value, self.message = field, value[:80], message


@dataclass(slots=True)
class LineReader:
    """Reads values of the lines of one table."""

    profile: Profile
    mapping: Mapping[int, str]
    today: date
    #: Words of the file that were found in a code list before, or were not.
    _codes: dict[tuple[str, str], str | None] = field(default_factory=dict, init=False)

    def told(self, texts: list[str]) -> dict[str, str]:
        """Return what a line says, by field."""
        return {
            name: texts[index] for index, name in self.mapping.items() if index < len(texts) and texts[index]
        }

    def name(self, told: Mapping[str, str]) -> tuple[str, str, str, str]:
        """Return family name, given name, patronymic and their key."""
        try:
            if "family_name" in told:
                family, given, patronymic = (
                    names.tidy(told.get(one, "")) for one in ("family_name", "given_name", "patronymic")
                )
                if not given:
                    raise WrongCell("given_name", "", "Имя не указано. Впишите имя.")
            else:
                family, given, patronymic = names.split_full_name(told.get("full_name", ""))
        except InvalidValue as refusal:
            raise WrongCell(
                "name", told.get("full_name", told.get("family_name", "")), refusal.message
            ) from refusal
        return family, given, patronymic, names.full_key(family, given, patronymic)

    def snils(self, told: Mapping[str, str]) -> str:
        """Return СНИЛС as digits, or nothing."""
        if not (text := told.get("snils")):
            return ""
        try:
            return snils.normalise(text)
        except InvalidValue as refusal:
            raise WrongCell("snils", f"…{text[-4:]}", refusal.message) from refusal

    def code(self, told: Mapping[str, str], name: str, list_code: str) -> str:
        """Return the code of a word; where the cell is empty, of what the profile says of absent ones."""
        text = told.get(name) or self.profile.absent.get(name, "")
        known = self._codes
        if (list_code, text) not in known:
            known[list_code, text] = codelists.find(list_code, text) if text else None
        code = known[list_code, text]
        if code is None:
            raise WrongCell(
                name,
                text,
                f"Такого значения нет в справочнике «{list_code}». Посмотрите его в разделе «Справочники».",
            )
        return code

    def day(self, told: Mapping[str, str], name: str) -> date:
        """Return a day that must be there."""
        text = told.get(name, "")
        try:
            return cells.read_day(text, self.today).value
        except InvalidValue as refusal:
            raise WrongCell(
                name, text, refusal.message if text else "Дата не указана. Впишите её."
            ) from refusal

    def whole(self, told: Mapping[str, str], name: str) -> int | None:
        """Return a whole number of at most four digits, or nothing."""
        text = told.get(name)
        if not text:
            return None
        if not text.isdecimal() or len(text) > 4:
            raise WrongCell(name, text, "Нужно целое число.")
        return int(text)

    def flag(self, told: Mapping[str, str], name: str) -> bool | None:
        """Return yes, no or nothing."""
        text = told.get(name)
        if not text:
            return None
        word = names.fold(text) or text
        if word in YES:
            return True
        if word in NO:
            return False
        raise WrongCell(name, text, "Напишите «да» или «нет» (у допуска – «зачёт» или «незачёт»).")
