"""Cells as people write them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.exchange.spreadsheets import cells, fields, representatives
from kontingent.kernel.errors import InvalidValue

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "day", "assumed"),
    [
        ("17.07.15", date(2015, 7, 17), True), ("28/10/2014 г.", date(2014, 10, 28), False), ("42118", date(2015, 4, 24), False),
        ("2014-12-31", date(2014, 12, 31), False), ("2014-12-31 00:00:00", date(2014, 12, 31), False),
        ("5 мая 2015 г.", date(2015, 5, 5), False), ("05032015", date(2015, 3, 5), False), ("1.9.26", date(2026, 9, 1), True),
        ("01.09.27", date(1927, 9, 1), True), ("12 сент. 2014", date(2014, 9, 12), False), (" 01-02-2015 ", date(2015, 2, 1), False),
        ("03,04,2015", date(2015, 4, 3), False), ("06.02.2019 года", date(2019, 2, 6), False),
    ],
)  # fmt: skip
def test_a_date_in_any_usual_writing(text: str, day: date, assumed: bool) -> None:
    assert cells.read_day(text, TODAY) == (day, assumed)


@pytest.mark.parametrize(
    "text", ["31.02.2015", "00.01.2015", "13.13.2015", "вчера", "2015", "1/2", "32 мая 2015"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        cells.read_day(text, TODAY)


@given(
    day=st.dates(date(1930, 1, 1), date(2026, 11, 1)),
    shape=st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y г.", "%d-%m-%Y"]),
)
def test_every_day_is_read_back(day: date, shape: str) -> None:
    assert cells.read_day(day.strftime(shape), TODAY).value == day


@given(days=st.integers(cells.EARLIEST_SERIAL, cells.LATEST_SERIAL))
def test_every_excel_serial_is_a_day(days: int) -> None:
    assert cells.read_day(str(days), TODAY).value == date(1899, 12, 30) + timedelta(days=days)


@given(day=st.dates(date(1927, 11, 25), TODAY))
def test_a_two_digit_year_means_the_latest_that_is_not_in_the_future(day: date) -> None:
    read = cells.read_day(day.strftime("%d.%m.%y"), TODAY)
    assert read.assumed
    assert read.value.year <= TODAY.year
    assert (read.value.day, read.value.month) == (day.day, day.month)


@pytest.mark.parametrize("text", ['5 "А"', "5а", "05-А", "5 «А» класс", "5 А", "5А класс", "5 кл. А", "5A"])
def test_a_class_in_any_usual_writing(text: str) -> None:
    assert cells.read_class(text) == (5, "А")


@given(grade=st.integers(1, 12), letter=st.sampled_from("АБВГДЕ"))
def test_every_class_is_read_back(grade: int, letter: str) -> None:
    assert cells.read_class(f"{grade} «{letter}»") == (grade, letter)
    assert cells.read_class(str(grade), letter) == (grade, letter)


@pytest.mark.parametrize(
    ("text", "sex"), [("м", "1"), ("Муж.", "1"), ("мальчик", "1"), ("Ж", "2"), ("жен", "2"), ("девочка", "2")]
)
def test_sex(text: str, sex: str) -> None:
    assert cells.read_sex(text) == sex


@pytest.mark.parametrize("text", ["нет", "—", "-", "  ", "н/д", "Отсутствует"])
def test_nothing_in_its_many_writings(text: str) -> None:
    assert cells.plain(text) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(42.0, "42"), (10666652766.0, "10666652766"), (True, "True"), (" а\u00a0 б ", "а б"), (None, "")],
)
def test_a_cell_as_text(value: object, text: str) -> None:
    assert cells.plain(value) == text


def test_a_guardian_with_kinship_and_paper() -> None:
    adult = representatives.read_adult(
        "опекун Мальцева Нина Ивановна (бабушка), пост. № 112 от 03.02.2021", "1"
    )
    assert str(adult.name) == "Мальцева Нина Ивановна"
    assert (adult.kind_code, adult.kinship_code, adult.document) == ("2", "8", "пост. № 112 от 03.02.2021")


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("Ф.И.О. ребёнка", "full_name"), ("Дата рожд.", "birth_date"), ("Св-во о рождении / паспорт", "document"),
        ("Мать (ФИО, телефон)", "mother"), ("Прим.", "note"), ("Приказ №", "order"), ("Представитель СНИЛС", "representative_snils"),
        ("СНИЛС", "snils"), ("Адрес фактический", "address_residence"),
    ],
)  # fmt: skip
def test_headings_are_recognised(heading: str, code: str) -> None:
    found = fields.recognise(heading)
    assert found is not None
    assert found[0] == code


def test_an_unknown_heading_is_not_guessed() -> None:
    assert fields.recognise("Любимый цвет") is None
