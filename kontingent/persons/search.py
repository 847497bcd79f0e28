"""One search field that understands what was typed (поиск одним полем). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from kontingent.kernel import names, snils
from kontingent.kernel.errors import InvalidValue
from kontingent.persons import rules

_DATE = re.compile(
    r"(?<!\d)(\d{1,2})[./\- ](\d{1,2})[./\- ](\d{4}|\d{2})(?!\d)|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"
)
_SNILS = re.compile(r"(?<!\d)\d{3}[\s\-]?\d{3}[\s\-]?\d{3}[\s\-]?\d{2}(?!\d)")
_LETTERS = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class SearchTerm:
    """What is looked for. Empty when nothing usable was typed."""

    name: str = ""
    birth_date: date | None = None
    snils: str | None = None
    document: str = ""
    hint: str = ""

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to look for."""
        return not (self.name or self.birth_date or self.snils or self.document)


def understand(text: str) -> SearchTerm:
    """Read a search: СНИЛС, a name or a fragment of it, a birth date, both, or a document.

    ``hint`` says in Russian what to correct when digits were typed that make no sense.
    """
    text = text.strip()[:200]
    if not text:
        return SearchTerm()
    if match := _SNILS.fullmatch(text):
        try:
            return SearchTerm(snils=snils.normalise(match.group()))
        except InvalidValue as refusal:
            return SearchTerm(hint=refusal.message)
    try:
        document = rules.parse_document(text)
    except InvalidValue:
        pass
    else:
        return SearchTerm(document=document.key)
    born, hint = None, ""
    if match := _DATE.search(text):
        born = _day(match)
        hint = "" if born else f"Даты {match.group()} не бывает. Проверьте день и месяц."
        text = text[: match.start()] + " " + text[match.end() :]
    if _LETTERS.search(text):
        return SearchTerm(name=names.fold(_as_cyrillic(text)), birth_date=born, hint=hint)
    digits = re.sub(r"\D", "", text)
    if digits and not born:
        return SearchTerm(document=digits, hint=hint)
    return SearchTerm(birth_date=born, hint=hint)


def _as_cyrillic(text: str) -> str:
    """A name with Latin look-alikes among Cyrillic letters is repaired; a Latin one stays."""
    try:
        return " ".join(names.tidy(word) for word in text.split())
    except InvalidValue:
        return text


def _day(match: re.Match[str]) -> date | None:
    day, month, year, iso_year, iso_month, iso_day = match.groups()
    try:
        if iso_year:
            return date(int(iso_year), int(iso_month), int(iso_day))
        number = int(year)
        return date(
            number if number > 99 else 2000 + number if number < 40 else 1900 + number, int(month), int(day)
        )
    except ValueError:
        return None
