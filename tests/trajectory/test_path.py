"""A learner's path: stays and gaps on one line, nothing drawn over another, the same in the table, for family and school."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.achievements.attestation.models import EducationDocument, ExamResult
from kontingent.achievements.portfolio.models import Achievement
from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.enrolment.codes import MovementKind
from kontingent.kernel import clock
from kontingent.kernel.ids import new_id
from kontingent.trajectory.flows.queries.attained import Milestone
from kontingent.trajectory.flows.rules import Closing, Gap, Stay, gaps, years_of_marks
from kontingent.web import charts
from tests import builders as b
from tests.attestation import town as attestation
from tests.performance import records as r

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


def mark(subject: str, kind: str, score: int | None, year: int = 2024, *, debt: bool = False) -> Closing:
    return Closing(year, subject, kind, score, debt)


@pytest.mark.parametrize(
    ("closing", "expected"),
    [
        ([], []),
        ([mark("s01", "period", 5), mark("s01", "exam", 5)], []),
        ([mark("s01", "year", 5), mark("s09", "year", 5)], [("5.00", 2, 0, "на «отлично»")]),
        ([mark("s01", "year", 5), mark("s09", "year", 4)], [("4.50", 2, 0, "на «хорошо» и «отлично»")]),
        ([mark("s01", "year", 3), mark("s09", "year", 4)], [("3.50", 2, 0, "")]),
        (
            [mark("s01", "year", 2, debt=True), mark("s09", "year", 5)],
            [("3.50", 2, 1, "неудовлетворительных: 1")],
        ),
        # A retake takes the place of the year's mark, the final mark that of both, in whatever order they are told.
        ([mark("s01", "retake", 4), mark("s01", "year", 2, debt=True)], [("4.00", 1, 0, "на «хорошо» и «отлично»")]),
        ([mark("s01", "final", 5), mark("s01", "year", 4)], [("5.00", 1, 0, "на «отлично»")]),
        # Passed without a mark says nothing of the average.
        ([mark("s01", "year", None)], [(None, 1, 0, "")]),
    ],
)  # fmt: skip
def test_what_the_closing_marks_of_a_year_come_to(
    closing: list[Closing], expected: list[tuple[Any, ...]]
) -> None:
    found = [
        (None if one.average is None else str(one.average), one.subjects, one.debts, one.told)
        for one in years_of_marks(closing)
    ]
    assert found == expected


def test_years_of_marks_stand_in_their_order() -> None:
    found = years_of_marks([mark("s01", "year", 4, 2025), mark("s01", "year", 5, 2023)])
    assert [one.school_year for one in found] == [2023, 2025]


@given(
    st.lists(
        st.builds(
            Milestone, DAYS, st.sampled_from(["exam", "document", "achievement"]), st.just("ОГЭ"), st.just("5"), st.just(""), st.booleans()
        ),
        max_size=12,
    ),
    st.sets(st.integers(2010, 2030), max_size=4),
)  # fmt: skip
def test_every_result_is_drawn_once_and_within_the_line(milestones: list[Milestone], years: set[int]) -> None:
    marks = years_of_marks([mark("s01", "year", 4, year) for year in years])
    line = charts.path_line(
        [stay(date(2018, 9, 1), None)], [], TODAY, years_of_marks=marks, milestones=milestones
    )
    assert line is not None
    points = [one for one in line.marks if not one.width]
    assert sum(int(one.label or 1) for one in points) == len(milestones)
    assert len(line.marks) - len(points) == len(years)
    assert len(line.captions) == bool(years) + len({one.kind == "achievement" for one in milestones})
    for one in line.marks:
        assert 0 <= float(one.x) <= line.width
        assert one.y + line.lane <= line.height


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


@pytest.fixture
def graduate() -> dict[str, Any]:
    """A ninth-former with yearly marks, an exam passed and one not, a document, an achievement; stage three is open here."""
    codelists.load_all()
    town = attestation.built()
    for year, value in ((2023, "4"), (2024, "5")):
        r.closing(
            town.anna,
            town.nine,
            date(year + 1, 5, 25),
            "s09",
            value,
            kind="year",
            period="20",
            school_year=year,
        )
    for subject, told in (("1", 5), ("2", 2)):
        ExamResult.objects.create(
            person_id=town.anna, organisation=town.five, year=2025, form="oge", stage_code="main", subject_code=subject, mark=told,
            held_on=date(2025, 6, 3), passed=told > 2, status_code="valid", recorded_at=clock.now(), recorded_by="РЦОИ",
        )  # fmt: skip
    EducationDocument.objects.create(
        document_id=new_id(), person_id=town.anna, organisation=town.five, kind_code="12", with_honours=True, number="00924001234567",
        registration_number="17", issued_on=date(2025, 6, 25), graduated_in=2025, family_name="Мальцева", given_name="Анна",
        birth_date=date(2009, 5, 20), sex="2", recorded_at=clock.now(), recorded_by="Школа",
    )  # fmt: skip
    Achievement.objects.create(
        person_id=town.anna, organisation=town.five, kind_code="100", title="Эврика", title_key="эврика", happened_on=date(2024, 11, 10),
        level_code="400", result_code="prize", state="accepted", by_family=False, entered_at=clock.now(), entered_by_name="Школа",
    )  # fmt: skip
    return {"town": town, "address": f"/learners/{town.anna}/path/"}


@pytest.mark.django_db
def test_results_stand_on_the_path_and_the_reads_are_journaled(graduate: dict[str, Any]) -> None:
    town = graduate["town"]
    answer = b.browser(b.appointed("head", at=town.five)).get(graduate["address"])
    page = answer.content.decode()
    assert answer.status_code == 200, page
    assert "Не показано" not in page
    assert "средняя 5,00, на «отлично»" in page
    assert "средняя 4,00" in page
    assert "с отличием" in page
    assert "Эврика" in page
    assert page.count('class="badge no"') == 1, "the exam that was not passed"
    read = set(
        Entry.objects.filter(kind="read.card", subjects__contains=[town.anna]).values_list(
            "data__what", flat=True
        )
    )
    assert {
        "путь: итоговые отметки",
        "результаты экзаменов",
        "путь: документы об образовании",
        "портфолио",
    } <= read


@pytest.mark.django_db
def test_what_may_not_be_seen_is_named_and_not_shown(graduate: dict[str, Any]) -> None:
    town = graduate["town"]
    attestation.opened(town.five, close=True)
    head = b.browser(b.appointed("head", at=town.five)).get(graduate["address"]).content.decode()
    assert (
        "экзамены (этап не открыт); документы об образовании (этап не открыт); достижения (этап не открыт)"
        in head
    )
    assert "с отличием" not in head
    assert "Эврика" not in head
    assert "средняя 5,00" in head
    stranger = b.browser(b.appointed("head", at=town.seven)).get(graduate["address"])
    assert stranger.status_code == 403
    assert "Мальцева" not in stranger.content.decode()


@pytest.mark.django_db
def test_a_family_sees_its_own_path_with_results_and_no_other(graduate: dict[str, Any]) -> None:
    from kontingent.persons import actions as persons

    town = graduate["town"]
    mother = b.person("Мальцева Ольга Юрьевна", born=date(1985, 1, 1), snils=b.snils_of(33))
    persons.add_representation(
        actor=b.ROOT, draft=persons.RepresentationDraft(child_id=town.anna, adult_id=mother)
    )
    family = b.client_of(b.snils_of(33), capacity="family")
    page = family.get(f"/family/{town.anna}/path/").content.decode()
    assert "с отличием" in page
    assert "Эврика" in page
    assert family.get(f"/family/{town.oleg}/path/").status_code in {403, 404}
    assert family.get(graduate["address"]).status_code in {403, 404}
