"""СНИЛС: control number, normalisation, formatting."""

import pytest

from kontingent.kernel import snils
from kontingent.kernel.errors import InvalidValue


@pytest.mark.parametrize("text", ["609-465-730 16", "60946573016", "609 465 730 16", "609‑465‑730.16"])
def test_usual_writings_give_eleven_digits(text: str) -> None:
    assert snils.normalise(text) == "60946573016"


def test_wrong_control_number_says_what_to_do() -> None:
    with pytest.raises(InvalidValue, match="сверьте номер"):
        snils.normalise("609-465-730 17")
