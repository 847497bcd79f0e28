"""What a list says of health: the columns of a kind as records. Pure; no value stands in a problem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from kontingent.codelists import queries as codelists
from kontingent.exchange.spreadsheets import cells
from kontingent.exchange.spreadsheets.fields import HEALTH_PARTS
from kontingent.exchange.spreadsheets.problems import Problem, Severity
from kontingent.health import rules
from kontingent.health.codes import Kind
from kontingent.health.rules import SHAPES, Details, Record
from kontingent.kernel.errors import InvalidValue

#: Stands for a value that whoever sees the list need not see.
HIDDEN: Final = "(не показывается)"
#: What schools write where there is nothing to tell.
NOTHING: Final = frozenset({"нет", "-", "–", "—", "не имеет", "0"})
_SEVERAL = re.compile(r"[;\n]+")


def read(
    kind: Kind, texts: Mapping[str, str], *, since: date, born: date | None, today: date
) -> tuple[list[Record], list[Problem]]:
    """Return the records that the cells of a kind say, and what is wrong; of a kind that may hold several at once, one a part.

    ``since`` is the day from which a record holds that names none.
    """
    written = texts.get(kind, "")
    parts = {part: text for part in HEALTH_PARTS if (text := texts.get(f"{kind}_{part}", ""))}
    if not written or written.lower().strip(" .") in NOTHING:
        return [], [_lonely(kind)] if parts and not written else []
    records: list[Record] = []
    problems: list[Problem] = []
    several = (
        [one.strip() for one in _SEVERAL.split(written) if one.strip()] if SHAPES[kind].many else [written]
    )
    for text in several:
        try:
            record = _record(kind, text, parts, since=since, born=born, today=today)
            rules.check(rules.with_usual_term(record), born=born, today=today, has=codelists.has)
        except InvalidValue as refusal:
            problems.append(_wrong(kind, refusal))
        else:
            records.append(record)
    return records, problems


def _record(
    kind: Kind, text: str, parts: Mapping[str, str], *, since: date, born: date | None, today: date
) -> Record:
    shape = SHAPES[kind]
    starts_on = _day(parts, "since", "дата начала", today) or since
    code = codelists.find(shape.code_list, text) or ""
    return Record(
        kind,
        rules.for_age(kind, code, born, starts_on),
        starts_on,
        _day(parts, "until", "срок", today),
        details=Details(*(parts.get(name, "") for name in ("document", "issuer", "note"))),
        **dict(_codes(kind, parts)),
    )


def _codes(kind: Kind, parts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the codes beside the main one: (column of the record, code); what the list does not know reads as no code at all."""
    for column, code_list, title in SHAPES[kind].more:
        if text := parts.get(column.removesuffix("_code"), ""):
            code = codelists.find(code_list, text)
            if code is None:
                raise InvalidValue(
                    "health.record", f"{SHAPES[kind].title}: выберите значение поля «{title}» из списка.", field=column
                )  # fmt: skip
            yield column, code


def _day(parts: Mapping[str, str], part: str, title: str, today: date) -> date | None:
    text = parts.get(part, "")
    try:
        return cells.read_day(text, today).value if text else None
    except InvalidValue:
        raise InvalidValue(
            "health.day", f"{title.capitalize()} не разобрана: напишите её как 20.09.2027.", field=part
        ) from None


def _wrong(kind: Kind, refusal: InvalidValue) -> Problem:
    return Problem(
        Severity.ERROR.value, refusal.code, f"{refusal.code}@{kind}", kind.value, HIDDEN, refusal.message,
        "Исправьте в файле и загрузите снова; можно загрузить без этого значения.",
    )  # fmt: skip


def _lonely(kind: Kind) -> Problem:
    title = SHAPES[kind].title
    return Problem(
        Severity.WARNING.value, "health.no_code", f"health.no_code@{kind}", kind.value, HIDDEN,
        f"{title}: заполнены документ или срок, а сам столбец «{title}» пуст. Не загружено.",
    )  # fmt: skip
