"""Match before create (сопоставление): are these two records one person? Pure.

Every channel that could create a person asks here first. The verdict is *certain* (acted upon), *possible* (a human
decides, side by side, with the reasons) or *none*. Each field's weight is in ``WEIGHTS`` and is explained in words.
ADR 0009.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from rapidfuzz.distance import DamerauLevenshtein

from kontingent.kernel import names


class Level(StrEnum):
    """How sure."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    NONE = "none"


class Reason(NamedTuple):
    """What one field says: its weight and the sentence for the human who decides."""

    field: str
    weight: int
    text: str


class Verdict(NamedTuple):
    """The level, the score (sum of weights, 0–100) and the reasons."""

    level: Level
    score: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What two records are compared by. Keys are folded (``kernel.names.fold``); absent is empty or None."""

    family: str
    given: str
    patronymic: str = ""
    birth_date: date | None = None
    sex: str = ""
    snils: str | None = None
    documents: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(
        cls,
        family: str,
        given: str,
        patronymic: str = "",
        *,
        birth_date: date | None = None,
        sex: str = "",
        snils: str | None = None,
        documents: frozenset[str] = frozenset(),
    ) -> Fingerprint:
        """Make one from names as written."""
        return cls(
            names.fold(family), names.fold(given), names.fold(patronymic), birth_date, sex, snils, documents
        )


#: What each comparison adds. Chosen so that СНИЛС or a document with a fitting name and birth date pass ``CERTAIN_FROM``,
#: a full name with a birth date is certain only where neither side has a СНИЛС to differ, and name alone never is.
WEIGHTS = {
    "snils_same": 45,
    "snils_differs": -70,
    "document_same": 35,
    "family_same": 20,
    "family_close": 14,
    "family_changed": -4,
    "family_differs": -25,
    "given_same": 18,
    "given_close": 10,
    "given_differs": -40,
    "patronymic_same": 10,
    "patronymic_close": 7,
    "patronymic_absent": 2,
    "patronymic_differs": -18,
    "birth_same": 40,
    "birth_swapped": 26,
    "birth_slip": 18,
    "birth_differs": -45,
    "birth_absent": -10,
    "sex_differs": -20,
}
CERTAIN_FROM = 84
POSSIBLE_FROM = 50
_TEXTS = {
    "snils_same": "СНИЛС совпадает",
    "snils_differs": "СНИЛС разные: это почти наверняка разные люди или опечатка",
    "document_same": "совпадает документ",
    "family_same": "фамилия совпадает",
    "family_close": "фамилия отличается опечаткой",
    "family_changed": "фамилия другая, остальное совпадает: возможно, сменена",
    "family_differs": "фамилия другая",
    "given_same": "имя совпадает",
    "given_close": "имя отличается опечаткой",
    "given_differs": "имя другое: возможно, близнец или брат (сестра)",
    "patronymic_same": "отчество совпадает",
    "patronymic_close": "отчество отличается опечаткой",
    "patronymic_absent": "отчество указано не у обоих",
    "patronymic_differs": "отчество другое",
    "birth_same": "дата рождения совпадает",
    "birth_swapped": "в дате рождения переставлены день и месяц",
    "birth_slip": "дата рождения отличается одной цифрой",
    "birth_differs": "дата рождения другая",
    "birth_absent": "дата рождения известна не у обоих",
    "sex_differs": "пол другой",
}


def judge(one: Fingerprint, other: Fingerprint) -> Verdict:
    """Compare two records field by field and return the verdict with every field's weight in words."""
    codes = [
        code
        for code in (
            _snils(one, other),
            "document_same" if one.documents & other.documents else None,
            _name("given", one.given, other.given),
            _patronymic(one.patronymic, other.patronymic),
            _birth(one.birth_date, other.birth_date),
            "sex_differs" if one.sex and other.sex and one.sex != other.sex else None,
        )
        if code
    ]
    codes.append(_family(one, other, codes))
    score = max(0, min(100, sum(WEIGHTS[code] for code in codes)))
    return Verdict(
        _level(score, set(codes), one, other), score, tuple(Reason(c, WEIGHTS[c], _TEXTS[c]) for c in codes)
    )


def _level(score: int, codes: set[str], one: Fingerprint, other: Fingerprint) -> Level:
    """The score decides, but some contradictions forbid certainty, and a shared number always deserves a look."""
    contradicted = codes & {
        "snils_differs",
        "given_differs",
        "birth_differs",
        "sex_differs",
        "patronymic_differs",
    }
    identity_shared = codes & {"snils_same", "document_same"}
    full_name_and_birth = {"family_same", "given_same", "birth_same"} <= codes and codes & {
        "patronymic_same",
        "patronymic_absent",
    }
    if score >= CERTAIN_FROM and not contradicted:
        if identity_shared and codes & {"birth_same", "birth_swapped", "birth_slip"}:
            return Level.CERTAIN
        if full_name_and_birth and "patronymic_same" in codes:
            return Level.CERTAIN
    if identity_shared or score >= POSSIBLE_FROM:
        return Level.POSSIBLE
    # A namesake born on the same day with another СНИЛС: nearly always another person, yet worth one look.
    if "snils_differs" in codes and full_name_and_birth:
        return Level.POSSIBLE
    return Level.NONE


def _snils(one: Fingerprint, other: Fingerprint) -> str | None:
    if not one.snils or not other.snils:
        return None
    return "snils_same" if one.snils == other.snils else "snils_differs"


def _family(one: Fingerprint, other: Fingerprint, codes: list[str]) -> str:
    code = _name("family", one.family, other.family)
    rest_fits = {"given_same", "birth_same"} <= set(codes) and set(codes) & {"patronymic_same", "snils_same"}
    if code == "family_differs" and (rest_fits or _shares_a_part(one.family, other.family)):
        return "family_changed"
    return code


def _shares_a_part(one: str, other: str) -> bool:
    """Double surnames: «Иванова Петрова» and «Петрова»."""
    return bool(set(one.split()) & set(other.split()))


def _name(what: str, one: str, other: str) -> str:
    if one == other:
        return f"{what}_same"
    return f"{what}_close" if _close(one, other) else f"{what}_differs"


def _close(one: str, other: str) -> bool:
    """One slip in a short word, two in a long one."""
    allowed = 1 if min(len(one), len(other)) < 8 else 2
    return (
        min(len(one), len(other)) > 2
        and DamerauLevenshtein.distance(one, other, score_cutoff=allowed) <= allowed
    )


def _patronymic(one: str, other: str) -> str | None:
    if not one and not other:
        return None
    if not one or not other:
        return "patronymic_absent"
    return _name("patronymic", one, other)


def _birth(one: date | None, other: date | None) -> str:
    if one is None or other is None:
        return "birth_absent"
    if one == other:
        return "birth_same"
    if one.year == other.year and (one.day, one.month) == (other.month, other.day):
        return "birth_swapped"
    digits = sum(a != b for a, b in zip(f"{one:%Y%m%d}", f"{other:%Y%m%d}", strict=True))
    return "birth_slip" if digits == 1 else "birth_differs"
