"""СНИЛС: control number, normalisation, formatting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.kernel import snils
from kontingent.kernel.errors import InvalidValue

NUMBERS = st.integers(snils.UNCHECKED_UP_TO + 1, 999_999_999)


def whole(number: int) -> str:
    return f"{number:09d}{snils.control_number(f'{number:09d}'):02d}"


@pytest.mark.parametrize("text", ["609-465-730 16", "60946573016", "609 465 730 16", "609‑465‑730.16"])
def test_usual_writings_give_eleven_digits(text: str) -> None:
    assert snils.normalise(text) == "60946573016"


@pytest.mark.parametrize(("number", "control"), [("087654303", 0), ("112233445", 95), ("000000001", 1)])
def test_the_control_number_of_known_numbers(number: str, control: int) -> None:
    total = sum(int(d) * w for d, w in zip(number, range(9, 0, -1), strict=True))
    assert snils.control_number(number) == (0 if total % 101 == 100 else total % 101) == control


@pytest.mark.parametrize("text", ["", "1234", "609-465-730 1a", "123456789012", "６０９４６５７３０１６"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="11 цифр"):
        snils.normalise(text)


def test_wrong_control_number_says_what_to_do() -> None:
    with pytest.raises(InvalidValue, match="сверьте номер"):
        snils.normalise("609-465-730 17")


def test_old_numbers_are_not_checked() -> None:
    assert snils.normalise("001-001-998 99") == "00100199899"


@given(NUMBERS)
def test_every_number_is_read_back(number: int) -> None:
    assert snils.normalise(snils.format_snils(whole(number))) == whole(number)


@given(NUMBERS, st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_found(number: int, place: int, shift: int) -> None:
    digits = list(whole(number))
    digits[place] = str((int(digits[place]) + shift) % 10)
    changed = "".join(digits)
    if int(changed[:9]) > snils.UNCHECKED_UP_TO:
        # 101 is a prime and the weights are below it, so a single slip never keeps the sum; only 100 and 0 coincide.
        before = sum(int(d) * w for d, w in zip(whole(number), range(9, 0, -1), strict=False)) % 101
        after = sum(int(d) * w for d, w in zip(changed, range(9, 0, -1), strict=False)) % 101
        if {before, after} != {0, 100}:
            with pytest.raises(InvalidValue):
                snils.normalise(changed)


@given(st.integers(1, 999_999))
def test_zeros_lost_by_a_spreadsheet_come_back(number: int) -> None:
    text = whole(number * 100)
    assert snils.normalise(text.lstrip("0").rjust(9, "0")) == text
