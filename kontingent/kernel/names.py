"""Names of people: tidied for keeping, folded for comparing.

Keeping preserves what the document says, except for what is never meant: Latin letters that look
Cyrillic, doubled spaces, spaces round hyphens, and a whole name typed in capitals. Comparing
additionally ignores case, ё/е and hyphens.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from kontingent.kernel.errors import InvalidValue

_LOOKALIKES = str.maketrans("AaBCcEeHKkMOoPpTXxYy", "АаВСсЕеНКкМОоРрТХхУу")
_CYRILLIC = re.compile(r"[А-Яа-яЁё]")
_LATIN = re.compile(r"[A-Za-z]")
_FOREIGN = re.compile(r"[^A-Za-zА-Яа-яЁёІіЇїҐґӘәҖҗҢңӨөҮүҺһÀ-ž' .\-()]")
_SPACES = re.compile(r"\s+")
_HYPHENS = re.compile(r"\s*[-‐‑‒–—]+\s*")
_NOT_LETTERS = re.compile(r"[^0-9a-zа-яёіїґәҗңөүһà-ž]+")
MAX_LENGTH = 100
#: Second parts of names that stay in lower case: «Мамед оглы», «Рашид кызы».
PARTICLES = frozenset(
    {
        "оглы",
        "кызы",
        "оглу",
        "гызы",
        "заде",
        "уулу",
        "угли",
        "кизи",
        "ибн",
        "бин",
        "де",
        "фон",
        "ван",
        "ди",
        "да",
        "аль",
        "эль",
    }
)


class FullName(NamedTuple):
    """Фамилия, имя и отчество (при наличии); an absent part is the empty string."""

    family: str
    given: str
    patronymic: str = ""

    def __str__(self) -> str:
        """Return the parts joined by single spaces."""
        return " ".join(part for part in self if part)

    @property
    def short(self) -> str:
        """Return «Фамилия И. О.»."""
        initials = "".join(f" {part[0]}." for part in (self.given, self.patronymic) if part)
        return f"{self.family}{initials}"


def _capitalised(word: str) -> str:
    if word.lower() in PARTICLES:
        return word.lower()
    return word[:1].upper() + word[1:].lower()


@lru_cache(maxsize=65536)
def tidy(text: str) -> str:
    """Return one part of a name as it is kept; raise ``InvalidValue`` for what is no name at all.

    «  СЕМЁНОВ -  оглы» → «Семёнов-Оглы»; «Мaльцeв» with Latin a, e → «Мальцев». Case is touched
    only where the whole part was typed in capitals or in small letters: «МакКлейн» stays.
    """
    name = unicodedata.normalize("NFC", text)
    name = _SPACES.sub(" ", name).strip(" ,;")
    name = _HYPHENS.sub("-", name).strip("-")
    if _CYRILLIC.search(name) and _LATIN.search(name):
        name = name.translate(_LOOKALIKES)
    if not name:
        return ""
    if found := _FOREIGN.search(name.replace("’", "'").replace("`", "'")):
        raise InvalidValue(
            "name.letters",
            f"В имени «{text.strip()}» недопустимый знак «{found.group()}». "
            "Оставьте буквы, пробел, дефис и апостроф.",
            value=text,
        )
    if len(name) > MAX_LENGTH:
        raise InvalidValue(
            "name.length",
            f"Имя длиннее {MAX_LENGTH} знаков: «{name[:40]}…». Сократите его.",
            value=text,
        )
    if name.isupper() or name.islower():
        words = name.split(" ")
        name = " ".join(
            "-".join(part[:1].upper() + part[1:].lower() for part in w.split("-"))
            if "-" in w
            else _capitalised(w)
            for w in words
        )
    return name


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return the key by which names are compared and sorted: lower case, ё→е, no signs but spaces."""
    folded = text.lower().replace("ё", "е")
    return _NOT_LETTERS.sub(" ", folded).strip()


def split_full_name(text: str) -> FullName:
    """Split «Фамилия Имя Отчество» written in one cell.

    Everything after the second word is the patronymic («Мамед оглы» included). One word alone is
    refused: a person has at least a family and a given name (or a given name only, entered apart).
    """
    words = tidy_words(text)
    if len(words) < 2:
        raise InvalidValue(
            "name.incomplete",
            f"В «{text.strip()}» нужны хотя бы фамилия и имя через пробел.",
            value=text,
        )
    return FullName(tidy(words[0]), tidy(words[1]), tidy(" ".join(words[2:])))


def tidy_words(text: str) -> list[str]:
    """Return the words of a name with hyphens glued to their neighbours."""
    return _HYPHENS.sub("-", _SPACES.sub(" ", text).strip(" ,;")).split(" ") if text.strip(" ,;") else []


def full_key(family: str, given: str, patronymic: str) -> str:
    """Return the folded full name, the key of search and of sorting."""
    return " ".join(part for part in (fold(family), fold(given), fold(patronymic)) if part)


def has_lookalikes(text: str) -> bool:
    """Say whether a name mixes Latin letters into Cyrillic ones, which ``tidy`` repairs."""
    return bool(_LATIN.search(text) and _CYRILLIC.search(text))


#: What each letter sounds like when a name is spelled in the other alphabet, letters that passports vary left coarse.
_SOUNDS = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяіїґәҗңөүһ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "z",
            "z",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "c",
            "c",
            "s",
            "s",
            "",
            "i",
            "",
            "e",
            "u",
            "a",
            "i",
            "i",
            "g",
            "a",
            "z",
            "n",
            "o",
            "u",
            "h",
        ],
        strict=True,
    )
)
_LATIN_SOUNDS = (
    ("shch", "s"), ("sch", "s"), ("kh", "h"), ("zh", "z"), ("ts", "c"), ("tz", "c"), ("ch", "c"), ("sh", "s"), ("yu", "u"),
    ("ju", "u"), ("iu", "u"), ("ya", "a"), ("ja", "a"), ("ia", "a"), ("ye", "e"), ("je", "e"), ("ie", "e"), ("yo", "e"),
    ("jo", "e"), ("ks", "x"), ("ph", "f"), ("gh", "g"), ("dj", "z"), ("j", "z"), ("q", "k"), ("w", "v"), ("y", "i"), ("'", ""),
)  # fmt: skip


@lru_cache(maxsize=65536)
def sounds(text: str) -> str:
    """Return roughly how a folded name sounds, the same for «рахимов» and «rakhimov», for comparing across alphabets."""
    if text.isascii():
        for letters, sound in _LATIN_SOUNDS:
            text = text.replace(letters, sound)
    else:
        text = "".join(_SOUNDS.get(letter, letter) for letter in text).replace("ks", "x")
    return re.sub(r"(.)\1+", r"\1", text)
