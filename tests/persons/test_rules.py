"""Documents, phones, dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel.errors import InvalidValue
from kontingent.persons import rules


@pytest.mark.parametrize(
    ("series", "kept"),
    [
        ("II-ВГ", "II-ВГ"), ("ii-вг", "II-ВГ"), ("ІІ-ВГ", "II-ВГ"), ("ХII-АБ", "XII-АБ"), ("II ВГ", "II-ВГ"), ("IIВГ", "II-ВГ"),
        ("II–ВГ", "II-ВГ"), ("I-BГ", "I-ВГ"), ("11-ВГ", "II-ВГ"), ("1-ВГ", "I-ВГ"), ("4-АБ", "IV-АБ"),
    ],
)  # fmt: skip
def test_the_series_of_a_birth_certificate_is_repaired(series: str, kept: str) -> None:
    assert rules.normalise_document("11", series, "464423").series == kept


def test_digits_for_roman_numerals_are_told() -> None:
    assert "прочитано как II" in rules.normalise_document("11", "11-ВГ", "464423").warnings[0]
    assert rules.normalise_document("11", "II-ВГ", "464423").warnings == ()


@pytest.mark.parametrize(
    ("kind", "series", "number"),
    [
        ("11", "ВГ", "464423"), ("11", "II-ВГ", "46442"), ("11", "II-5Г", "464423"), ("12", "571", "123456"), ("12", "5714", "12345"),
        ("13", "5", "1234567"), ("21", "", ""), ("22", "", "123"), ("15", "1А", "123456"), ("21", "A" * 31, "1"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_refused(kind: str, series: str, number: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        rules.normalise_document(kind, series, number)
    assert caught.value.code.startswith("document.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I-ИГ № 414898", ("11", "I-ИГ", "414898", "", "")),
        ("св-во II-ИГ № 417199 от 12.03.2015 ЗАГС Дзержинского р-на г. Перми", ("11", "II-ИГ", "417199", "12.03.2015", "ЗАГС Дзержинского р-на г. Перми")),
        ("I-ИГ908210", ("11", "I-ИГ", "908210", "", "")),
        ("5714 123456", ("12", "5714", "123456", "", "")),
        ("паспорт 57 14 № 123456 выдан 01.02.2020 УМВД", ("12", "5714", "123456", "01.02.2020", "УМВД")),
    ],
)  # fmt: skip
def test_a_document_in_one_cell(text: str, expected: tuple[str, ...]) -> None:
    found = rules.parse_document(text)
    assert (found.kind_code, found.series, found.number, found.issued_on, found.issuer) == expected


@pytest.mark.parametrize("text", ["", "утерян", "57 14", "II-ВГ"])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        rules.parse_document(text)


@given(
    roman=st.sampled_from(["I", "II", "III", "IV", "V", "IX", "X"]),
    letters=st.text("АБВГДЕИК", min_size=2, max_size=2),
    number=st.integers(0, 999_999),
)
def test_every_birth_certificate_is_read_back(roman: str, letters: str, number: int) -> None:
    found = rules.parse_document(f"{roman}-{letters} № {number:06d}")
    assert (found.series, found.number) == (f"{roman}-{letters}", f"{number:06d}")
    assert (
        found.key == rules.normalise_document("11", f"{roman.lower()} {letters.lower()}", f"{number:06d}").key
    )


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("8-941-704-28-19", "+79417042819"), ("+7 (977) 5206394", "+79775206394"), ("9417042819", "+79417042819"),
        ("+992 93 123 4567", "+992931234567"),
    ],
)  # fmt: skip
def test_phones(text: str, phone: str) -> None:
    assert rules.normalise_phone(text) == phone


@pytest.mark.parametrize("text", ["", "12345", "звонить маме", "8-941"])
def test_what_is_no_phone_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        rules.normalise_phone(text)


def test_nobody_is_born_tomorrow() -> None:
    rules.check_birth_date(date(2026, 11, 24), today=date(2026, 11, 24))
    for born in (date(2026, 11, 25), date(1890, 1, 1)):
        with pytest.raises(InvalidValue):
            rules.check_birth_date(born, today=date(2026, 11, 24))


@pytest.mark.parametrize(
    ("patronymic", "sex"),
    [
        ("Павлович", "1"),
        ("Павловна", "2"),
        ("Мамед оглы", "1"),
        ("Рашид кызы", "2"),
        ("", None),
        ("Ким", None),
    ],
)
def test_a_patronymic_may_tell_the_sex(patronymic: str, sex: str | None) -> None:
    assert rules.sex_by_patronymic(patronymic) == sex
