"""Closing marks of a graduate: those of the journal, those that a human has brought with a document, and what comes of both.

The journal is never overruled in silence: where both say something and not the same, that is a clash, until somebody has decided with a
reason; and a decision holds against the value it was made against alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from kontingent.achievements.attestation.codes import Word
from kontingent.kernel.errors import InvalidValue
from kontingent.performance.codes import WHOLE_YEAR, MarkSystem

#: Kinds of the journal that close a year; the rest of its marks close a period, or the subject.
_OF_A_YEAR: Final = frozenset({"year", "retake"})
LONGEST_TITLE: Final = 200
_WORDS: Final = {
    "зач": Word.PASSED, "зачет": Word.PASSED, "зачтено": Word.PASSED, "осв": Word.EXEMPT, "освобожден": Word.EXEMPT, "освобождена": Word.EXEMPT,
}  # fmt: skip
_POINTS: Final = frozenset({"3", "4", "5"})
_OF_HUNDRED: Final = "/100"


class Given(NamedTuple):
    """A closing mark: of which grade, subject and kind (``period``, ``year``, ``retake``, ``final``), its value with the scale (``with_scale``).

    ``by`` names the document of a mark that the journal did not deliver, and what of the journal it takes the place of.
    """

    grade: int
    subject_code: str
    kind: str
    period_code: str
    value: str
    by: str = ""


class Slot(NamedTuple):
    """What a mark closes: a year or a period of a subject in a grade."""

    grade: int
    subject_code: str
    period_code: str = WHOLE_YEAR


class Brought(NamedTuple):
    """A mark somebody has brought. With ``title`` it is a line of its own: a course that no subject of the journal is.

    ``against`` is the journal's mark it was decided to prevail over, with the reason; empty where nobody has decided.
    """

    slot: Slot
    title: str
    value: str
    document: str
    against: str = ""
    reason: str = ""


class Clash(NamedTuple):
    """The journal says one mark, a document another, and nobody has decided which counts."""

    slot: Slot
    journal: str
    brought: str
    document: str


@dataclass(frozen=True, slots=True)
class Together:
    """What counts, what nobody has decided, what stands in lines of its own."""

    counted: list[Given] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    additional: list[Brought] = field(default_factory=list)


def with_scale(value: str, system_code: int) -> str:
    """Return a closing mark of the journal so that it says its scale: «87/100» in the system of hundred points, in the others as it is.

    A supplement has marks of five points, and which of them one of hundred is says the school alone (приказ № 546 knows no table):
    such a mark is no number here, until somebody brings what it comes to.
    """
    return f"{value}{_OF_HUNDRED}" if system_code == MarkSystem.HUNDRED and value.isdigit() else value


def is_of_hundred(value: str) -> bool:
    """True for a mark of the system of hundred points."""
    return value.endswith(_OF_HUNDRED)


def slot_of(one: Given) -> Slot | None:
    """Return what a mark of the journal closes, None for one that closes the whole subject or an exam."""
    if one.kind in _OF_A_YEAR:
        return Slot(one.grade, one.subject_code)
    if one.kind == "period":
        return Slot(one.grade, one.subject_code, one.period_code)
    return None


def of_journal(marks: Iterable[Given]) -> dict[Slot, str]:
    """Return what the journal says of each slot; of a year that was made good, the mark that made it good."""
    return {slot: one.value for one in marks if (slot := slot_of(one)) is not None}


def together(journal: Iterable[Given], brought: Iterable[Brought]) -> Together:
    """Lay the marks that were brought beside those of the journal."""
    given = list(journal)
    said = of_journal(given)
    found = Together()
    outdone: set[Slot] = set()
    made: list[Given] = []
    for one in brought:
        if one.title:
            found.additional.append(one)
            continue
        there = said.get(one.slot, "")
        if there == one.value:
            continue
        if there and there != one.against:
            found.clashes.append(Clash(one.slot, there, one.value, one.document))
            continue
        if there:
            outdone.add(one.slot)
        kind = "year" if one.slot.period_code == WHOLE_YEAR else "period"
        instead = f" вместо {there} из журнала: {one.reason}" if there else ""
        made.append(
            Given(one.slot.grade, one.slot.subject_code, kind, one.slot.period_code, one.value, f"внесена{instead}; {one.document}")
        )  # fmt: skip
    found.counted.extend(one for one in given if slot_of(one) not in outdone)
    found.counted.extend(made)
    return found


def read_value(text: str) -> str:
    """Read a closing mark as somebody types it: 3–5, «зачтено», «освобождён»; a debt is made good first and brought then.

    Raises:
        InvalidValue: ``attestation.mark`` for anything else.
    """
    clean = text.strip().lower().replace("ё", "е").rstrip(".")
    if clean in _POINTS:
        return clean
    if clean in _WORDS:
        return _WORDS[clean].value
    raise InvalidValue(
        "attestation.mark", f"Отметки «{text.strip()[:20]}» не бывает: впишите 3–5, «зач» или «осв».", value=text[:20]
    )  # fmt: skip
