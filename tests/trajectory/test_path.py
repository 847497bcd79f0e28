"""A learner's path: stays and gaps on one line, nothing drawn over another, the same in the table, for family and school."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.codelists import actions as codelists
from kontingent.enrolment.codes import MovementKind
from kontingent.trajectory.flows.rules import Gap, Stay, gaps
from kontingent.web import charts
from tests import builders as b

TODAY = date(2026, 11, 1)


def stay(starts_on: date, ends_on: date | None, *, is_main: bool = True, is_finish: bool = False) -> Stay:
    return Stay(starts_on, ends_on, is_main, "12" if is_main else "41", "Школа", "НОО", is_finish)


@pytest.mark.parametrize(
    ("stays", "expected"),
    [
        ([], []),
        ([stay(date(2025, 9, 1), None)], []),
        ([stay(date(2024, 9, 1), date(2025, 2, 1)), stay(date(2025, 2, 1), None)], []),
        (
            [stay(date(2025, 3, 1), None), stay(date(2024, 9, 1), date(2025, 2, 1))],
            [Gap(date(2025, 2, 1), date(2025, 3, 1), is_summer=False, is_open=False)],
        ),
        (
            [stay(date(2022, 9, 1), date(2025, 6, 1)), stay(date(2025, 9, 1), None)],
            [Gap(date(2025, 6, 1), date(2025, 9, 1), is_summer=True, is_open=False)],
        ),
        (
            [stay(date(2024, 9, 1), date(2026, 10, 1))],
            [Gap(date(2026, 10, 1), TODAY, is_summer=False, is_open=True)],
        ),
        ([stay(date(2024, 9, 1), date(2026, 6, 25), is_finish=True)], []),
        ([stay(date(2024, 9, 1), date(2025, 1, 1), is_main=False)], []),
        (
            [stay(date(2024, 9, 1), None), stay(date(2025, 1, 1), date(2025, 2, 1))],
            [],
        ),  # a college beside a school
    ],
)
def test_gaps_between_main_programmes(stays: list[Stay], expected: list[Gap]) -> None:
    assert gaps(stays, TODAY) == expected


DAYS = st.integers(0, 3000).map(lambda number: date(2017, 1, 1) + timedelta(days=number))
ADDITIONAL = st.builds(
    lambda day, length: stay(day, day + timedelta(days=length), is_main=False), DAYS, st.integers(1, 900)
)


@given(st.lists(ADDITIONAL, max_size=8), st.lists(DAYS, min_size=2, max_size=6, unique=True))
def test_nothing_is_drawn_over_another(additional: list[Stay], days: list[date]) -> None:
    days.sort()
    main = [stay(one, two) for one, two in zip(days[::2], days[1::2], strict=False)]
    found = gaps(main, TODAY)
    line = charts.path_line([*main, *additional], found, TODAY)
    assert line is not None
    assert len(line.parts) == len(main) + len(additional) + len(found)
    lanes: dict[int, list[tuple[float, float]]] = {}
    for part in line.parts:
        lanes.setdefault(part.y, []).append((float(part.x), float(part.width)))
        assert part.y + line.lane <= line.height
    for parts in lanes.values():
        parts.sort()
        for (x, width), (following, _) in pairwise(parts):
            assert x + width <= following + 2.2  # the least width of a bar
    assert charts.path_line([], [], TODAY) is None


@pytest.mark.django_db
def test_the_card_tells_the_path_with_its_gap_and_so_does_the_family() -> None:
    codelists.load_all()
    garden, school = b.school("Детский сад № 1"), b.school("Школа № 5")
    anna, mother = (
        b.person(born=date(2018, 5, 20)),
        b.person("Мальцева Ольга Юрьевна", born=date(1990, 1, 1), snils=b.snils_of(3)),
    )
    stream = b.admitted(anna, b.group(garden, "Солнышко", kind="11", year=2024), on=date(2024, 9, 1))
    b.left(anna, stream, garden, on=date(2025, 2, 1))
    stream = b.admitted(anna, b.group(school, "1А"), on=date(2025, 9, 1))
    b.moved(
        anna, stream, school, MovementKind.PLACEMENT, on=date(2025, 12, 1), group_id=b.group(school, "1Б").id
    )
    page = b.browser(b.appointed("head", at=school)).get(f"/learners/{anna}/").content.decode()
    assert 'class="path-line"' in page
    assert "перерыв: 212 дн., 01.02.2025 – 01.09.2025" in page
    assert "1А → 1Б" in page
    assert "Детский сад № 1" in page
    from kontingent.persons import actions as persons

    persons.add_representation(
        actor=b.ROOT, draft=persons.RepresentationDraft(child_id=anna, adult_id=mother)
    )
    family = b.client_of(b.snils_of(3), capacity="family").get(f"/family/{anna}/").content.decode()
    assert "перерыв: 212 дн." in family
