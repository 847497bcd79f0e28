"""Match before create (сопоставление): are these two records one person? Pure.

Every channel that could create a person asks here first. The verdict is *certain* (acted upon), *possible* (a human
decides, side by side, with the reasons) or *none*. Each field's weight is in ``WEIGHTS`` and is explained in words.
ADR 0009.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import product
from typing import NamedTuple

from rapidfuzz.distance import DamerauLevenshtein

from kontingent.kernel import names
from kontingent.kernel.names import FullName


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
    former: frozenset[FullName] = field(default_factory=frozenset)

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
        former: frozenset[FullName] = frozenset(),
    ) -> Fingerprint:
        """Make one from names as written."""
        return cls(
            names.fold(family), names.fold(given), names.fold(patronymic), birth_date, sex, snils, documents,
            frozenset(FullName(*map(names.fold, one)) for one in former),
        )  # fmt: skip

    @property
    def name(self) -> FullName:
        """The present name, folded."""
        return FullName(self.family, self.given, self.patronymic)


#: What each comparison adds. Chosen so that СНИЛС or a document with a fitting name and birth date pass ``CERTAIN_FROM``,
#: a full name with a birth date is certain only where neither side has a number to differ, and name alone never is.
WEIGHTS = {
    "snils_same": 45,
    "snils_differs": -70,
    "document_same": 35,
    "document_differs": -8,
    "family_same": 20,
    "family_former": 16,
    "family_part": 14,
    "family_close": 14,
    "family_latin": 14,
    "family_changed": -4,
    "family_differs": -25,
    "given_same": 18,
    "given_close": 10,
    "given_latin": 10,
    "given_differs": -40,
    "names_swapped": 30,
    "patronymic_same": 10,
    "patronymic_close": 7,
    "patronymic_latin": 7,
    "patronymic_form": 7,
    "patronymic_absent": 2,
    "patronymic_differs": -18,
    "birth_same": 40,
    "birth_swapped": 26,
    "birth_slip": 18,
    "birth_differs": -45,
    "birth_absent": -10,
    "sex_differs": -20,
    "several": 0,
}
CERTAIN_FROM = 84
POSSIBLE_FROM = 50
_TEXTS = {
    "snils_same": "СНИЛС совпадает",
    "snils_differs": "СНИЛС разные: это почти наверняка разные люди или опечатка",
    "document_same": "совпадает документ",
    "document_differs": "свидетельства о рождении разные",
    "family_same": "фамилия совпадает",
    "family_former": "фамилия совпадает с прежней",
    "family_part": "совпадает часть двойной фамилии",
    "family_close": "фамилия отличается опечаткой",
    "family_latin": "фамилия та же, но записана латиницей",
    "family_changed": "фамилия другая, остальное совпадает: возможно, сменена",
    "family_differs": "фамилия другая",
    "given_same": "имя совпадает",
    "given_close": "имя отличается опечаткой",
    "given_latin": "имя то же, но записано латиницей",
    "given_differs": "имя другое: возможно, близнец или брат (сестра)",
    "names_swapped": "фамилия и имя переставлены местами",
    "patronymic_same": "отчество совпадает",
    "patronymic_close": "отчество отличается опечаткой",
    "patronymic_latin": "отчество то же, но записано латиницей",
    "patronymic_form": "отчество в другой форме (–ович, оглы, угли)",
    "patronymic_absent": "отчество указано не у обоих",
    "patronymic_differs": "отчество другое",
    "birth_same": "дата рождения совпадает",
    "birth_swapped": "в дате рождения переставлены день и месяц",
    "birth_slip": "дата рождения отличается одной цифрой",
    "birth_differs": "дата рождения другая",
    "birth_absent": "дата рождения известна не у обоих",
    "sex_differs": "пол другой",
    "several": "одинаково подходят несколько записей: решает человек",
}
_CONTRADICTIONS = frozenset(
    {"snils_differs", "given_differs", "birth_differs", "sex_differs", "patronymic_differs"}
)
_SHARED_NUMBER = frozenset({"snils_same", "document_same"})
_BIRTH_FITS = frozenset({"birth_same", "birth_swapped", "birth_slip"})
_FULL_NAME_AND_BIRTH = frozenset({"family_same", "given_same", "patronymic_same", "birth_same"})
#: Documents that a person has one of for life: Russian and foreign birth certificates.
_FOR_LIFE = ("11:", "31:")


def judge(one: Fingerprint, other: Fingerprint) -> Verdict:
    """Compare two records field by field and return the verdict with every field's weight in words.

    Former names count as well: of all pairs of names the two have borne, the one that fits best speaks.
    """
    others = [
        code
        for code in (
            _snils(one, other),
            _documents(one.documents, other.documents),
            _birth(one.birth_date, other.birth_date),
            "sex_differs" if one.sex and other.sex and one.sex != other.sex else None,
        )
        if code
    ]
    named = max((_names(a, b, others) for a, b in _borne(one, other)), key=_weight)
    if named[0] == "family_same" and one.family != other.family:
        named[0] = "family_former"
    codes = [*named, *others]
    score = max(0, min(100, _weight(codes)))
    return Verdict(_level(score, set(codes)), score, tuple(map(_reason, codes)))


def settle(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Judge the verdicts of one question together: of several that are certain, at most one stays so.

    Namesakes born on one day are told apart by a shared number; where that does not decide, a human does.
    """
    certain = [one for one in verdicts if one.level is Level.CERTAIN]
    if len(certain) < 2:
        return list(verdicts)
    numbered = [one for one in certain if shares_number(one)]
    kept = numbered[0] if len(numbered) == 1 else None
    return [
        one
        if one is kept or one.level is not Level.CERTAIN
        else Verdict(Level.POSSIBLE, one.score, (*one.reasons, _reason("several")))
        for one in verdicts
    ]


def shares_number(verdict: Verdict) -> bool:
    """Say whether СНИЛС or a document is the same."""
    return any(reason.field in _SHARED_NUMBER for reason in verdict.reasons)


def _weight(codes: Sequence[str]) -> int:
    return sum(WEIGHTS[code] for code in codes)


def _reason(code: str) -> Reason:
    return Reason(code, WEIGHTS[code], _TEXTS[code])


def _level(score: int, codes: set[str]) -> Level:
    """The score decides, but some contradictions forbid certainty, and a shared number always deserves a look."""
    if score >= CERTAIN_FROM and not codes & _CONTRADICTIONS:
        if codes & _SHARED_NUMBER and codes & _BIRTH_FITS:
            return Level.CERTAIN
        if codes >= _FULL_NAME_AND_BIRTH and "document_differs" not in codes:
            return Level.CERTAIN
    if codes & _SHARED_NUMBER or score >= POSSIBLE_FROM:
        return Level.POSSIBLE
    # A namesake born on the same day with another СНИЛС: nearly always another person, yet worth one look.
    if "snils_differs" in codes and {"family_same", "given_same", "birth_same"} <= codes:
        return Level.NONE if "patronymic_differs" in codes else Level.POSSIBLE
    return Level.NONE


# -- numbers and days ----------------------------------------------------------------------------


def _snils(one: Fingerprint, other: Fingerprint) -> str | None:
    if not one.snils or not other.snils:
        return None
    return "snils_same" if one.snils == other.snils else "snils_differs"


def _documents(one: frozenset[str], other: frozenset[str]) -> str | None:
    if not one or not other:
        return None
    if one & other:
        return "document_same"
    both = any(
        any(key.startswith(kind) for key in one) and any(key.startswith(kind) for key in other)
        for kind in _FOR_LIFE
    )
    return "document_differs" if both else None


def _birth(one: date | None, other: date | None) -> str:
    if one is None or other is None:
        return "birth_absent"
    if one == other:
        return "birth_same"
    if one.year == other.year and (one.day, one.month) == (other.month, other.day):
        return "birth_swapped"
    digits = sum(a != b for a, b in zip(one.isoformat(), other.isoformat(), strict=True))
    return "birth_slip" if digits == 1 else "birth_differs"


# -- names ---------------------------------------------------------------------------------------


def _borne(one: Fingerprint, other: Fingerprint) -> Iterator[tuple[FullName, FullName]]:
    """Every pair of names the two have borne, the present ones first."""
    if not one.former and not other.former:
        return iter(((one.name, other.name),))
    return product((one.name, *sorted(one.former)), (other.name, *sorted(other.former)))


def _names(one: FullName, other: FullName, others: Sequence[str]) -> list[str]:
    """The codes of family, given name and patronymic, the family's first."""
    patronymic = _patronymic(one.patronymic, other.patronymic)
    tail = [patronymic] if patronymic else []
    given = _name("given", one.given, other.given)
    family = _family(one.family, other.family)
    if given == "given_differs" and (one.family, one.given) == (other.given, other.family):
        return ["names_swapped", *tail]
    if family == "family_differs" and given == "given_same" and "birth_same" in others:
        if patronymic == "patronymic_same" or "snils_same" in others:
            family = "family_changed"
    return [family, given, *tail]


def _family(one: str, other: str) -> str:
    code = _name("family", one, other)
    if code == "family_differs" and set(one.split()) & set(other.split()):
        return "family_part"
    return code


def _name(what: str, one: str, other: str) -> str:
    if one == other:
        return f"{what}_same"
    if _close(one, other):
        return f"{what}_close"
    if one.isascii() != other.isascii() and _same_sounds(one, other):
        return f"{what}_latin"
    return f"{what}_differs"


def _close(one: str, other: str) -> bool:
    """One slip in a short word, two in a long one."""
    allowed = 1 if min(len(one), len(other)) < 8 else 2
    return (
        min(len(one), len(other)) > 2
        and DamerauLevenshtein.distance(one, other, score_cutoff=allowed) <= allowed
    )


def _same_sounds(one: str, other: str) -> bool:
    a, b = names.sounds(one), names.sounds(other)
    return a == b or _close(a, b)


#: How a patronymic ends, the longest first; what is left is the father's name.
_ENDINGS = (
    " оглы", " оглу", " кызы", " гызы", " угли", " уулу", " кизи", "ович", "евич", "овна", "евна", "ична", "ич",
)  # fmt: skip


def _patronymic(one: str, other: str) -> str | None:
    if not one and not other:
        return None
    if not one or not other:
        return "patronymic_absent"
    code = _name("patronymic", one, other)
    if code == "patronymic_differs" and _father(one) == _father(other):
        return "patronymic_form"
    return code


def _father(patronymic: str) -> str:
    ending = next((one for one in _ENDINGS if patronymic.endswith(one)), "")
    return patronymic.removesuffix(ending)
