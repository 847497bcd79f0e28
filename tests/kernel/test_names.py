"""Names: tidied for keeping, folded for comparing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel import names
from kontingent.kernel.errors import InvalidValue

CYRILLIC = "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
WORDS = st.text(CYRILLIC + CYRILLIC.upper(), min_size=2, max_size=12)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  Васильев ", "Васильев"), ("ТИУНОВ", "Тиунов"), ("семёнов - оглы", "Семёнов-Оглы"), ("Мaльцeв", "Мальцев"),
        ("ИВАНОВА-ПЕТРОВА", "Иванова-Петрова"), ("МакКлейн", "МакКлейн"), ("Петров  Водкин", "Петров Водкин"),
        ("О'Коннор", "О'Коннор"), ("рашид кызы", "Рашид кызы"), ("Smith", "Smith"), ("", ""), ("Ёлкин,", "Ёлкин"),
        ("Иванова – Петрова", "Иванова-Петрова"),
    ],
)  # fmt: skip
def test_a_part_of_a_name_is_tidied(text: str, kept: str) -> None:
    assert names.tidy(text) == kept


@pytest.mark.parametrize("text", ["Ан7на", "Анна!", "a" * 101, "<b>"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        names.tidy(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Васильев  Иван   Денисович", ("Васильев", "Иван", "Денисович")),
        ("Семёнов-Оглы Максим", ("Семёнов-Оглы", "Максим", "")),
        ("Алиев Вагиф Мамед оглы", ("Алиев", "Вагиф", "Мамед оглы")),
        ("Иванова - Петрова Анна Юрьевна", ("Иванова-Петрова", "Анна", "Юрьевна")),
    ],
)
def test_a_full_name_is_split(text: str, parts: tuple[str, str, str]) -> None:
    assert tuple(names.split_full_name(text)) == parts


@pytest.mark.parametrize("text", ["Иванов", " ", ""])
def test_a_single_word_is_no_full_name(text: str) -> None:
    with pytest.raises(InvalidValue, match="фамилия и имя"):
        names.split_full_name(text)


@given(WORDS)
def test_tidying_twice_is_tidying_once(word: str) -> None:
    assert names.tidy(names.tidy(word)) == names.tidy(word)


@given(WORDS)
def test_folding_forgets_case_and_yo(word: str) -> None:
    assert (
        names.fold(word) == names.fold(word.upper()) == names.fold(word.replace("ё", "е").replace("Ё", "Е"))
    )
    assert names.fold(names.fold(word)) == names.fold(word)


@given(st.lists(WORDS, min_size=2, max_size=3))
def test_a_split_name_is_the_name(words: list[str]) -> None:
    assert names.fold(str(names.split_full_name(" ".join(words)))) == names.fold(" ".join(words))


def test_short_form() -> None:
    assert names.FullName("Мальцева", "Анна", "Павловна").short == "Мальцева А. П."
