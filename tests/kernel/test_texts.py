"""What people write into one field."""

from __future__ import annotations

import pytest

from kontingent.kernel import texts
from kontingent.kernel.errors import InvalidValue


def test_a_text_is_kept_on_one_line() -> None:
    assert texts.required("  обучается\n на  дому ", "x.reason", "Напишите.", 17) == "обучается на дому"


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "Напишите."), (" \n\t", "Напишите."), ("а\x00б", "Напишите."), ("а" * 18, "длиннее 17 знаков")],
)
def test_nothing_and_too_much_are_refused_with_what_to_do(text: str, told: str) -> None:
    with pytest.raises(InvalidValue, match=told) as refused:
        texts.required(text, "x.reason", "Напишите.", 17)
    assert refused.value.code == "x.reason"
