"""Numbers of blanks, results, final marks, honours and medals: by table and by property."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kontingent.achievements.attestation.codes import DocumentKind
from kontingent.achievements.attestation.queries import results as queries
from kontingent.achievements.attestation.rules import final, marks, numbers, results, titles
from kontingent.achievements.attestation.rules.final import Exam, Outcome
from kontingent.achievements.attestation.rules.marks import Brought, Given, Slot
from kontingent.codelists import queries as codelists
from kontingent.kernel.errors import InvalidValue

NOW = date(2026, 11, 20)
BASIC, SECONDARY = final.declared()[1]["12"], final.declared()[1]["11"]


# -- what an exam is called ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "code", "expected"),
    [
        ("oge", "2", "ОГЭ: математика"),
        ("oge", "22", "ОГЭ: математика"),
        ("oge", "1", "ОГЭ: русский язык"),
        ("oge", "29", "ОГЭ: английский язык (устная часть)"),
        ("ege", "2", "ЕГЭ: математика (профильная)"),
        ("ege", "22", "ЕГЭ: математика (базовая)"),
        ("ege", "5", "ЕГЭ: информатика"),
        ("gve9", "52", "ГВЭ (9 класс): математика"),
        ("gve11", "51", "ГВЭ (11 класс): русский язык"),
        ("gve11", "2", "ГВЭ (11 класс): математика"),
        ("interview", "70", "Итоговое собеседование"),
        ("essay", "20", "Итоговое сочинение"),
        ("exposition", "21", "Итоговое изложение"),
    ],
)
def test_an_exam_is_called_by_form_and_subject(form: str, code: str, expected: str) -> None:
    of_form, subject = codelists.title("exam_form", form), codelists.title("exam_subject", code)
    assert titles.exam_title(form, of_form, code, subject) == expected
    assert queries.exam_title(form, code) == expected, "pages say the same"


# -- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "year", "expected"),
    [
        ("12", "05904000123456", 2025, ("", "05904000123456")),
        ("11", "059 04 000123456", 2014, ("", "05904000123456")),
        ("12", "59 АБ № 0012345", 2010, ("59АБ", "0012345")),
        ("12", "59AB0012345", 2007, ("59АВ", "0012345")),  # typed in Latin
        ("11", "Б-1234567", 2001, ("Б", "1234567")),
        ("11", "АБ1234567", 2006, ("АБ", "1234567")),
        ("21", "115904 1234567", 2020, ("115904", "1234567")),
        ("41", "12-А", 2020, ("", "12А")),
    ],
)
def test_a_number_is_read_by_kind_and_year(
    kind: str, text: str, year: int, expected: tuple[str, str]
) -> None:
    assert tuple(numbers.read(kind, text, issued_on=date(year, 6, 25))) == expected


@pytest.mark.parametrize(
    ("kind", "text", "year"),
    [
        ("12", "0590400012345", 2025),  # thirteen
        ("12", "059040001234567", 2025),
        ("12", "05904ОО0123456", 2025),  # letters for noughts
        ("12", "59АБ0012345", 2014),  # of the blanks before
        ("12", "05904000123456", 2013),
        ("21", "05904000123456", 2020),
        ("11", "", 2020),
        ("41", "1" * 21, 2020),
    ],
)
def test_what_no_blank_of_the_year_carries_is_refused(kind: str, text: str, year: int) -> None:
    with pytest.raises(InvalidValue, match="Нужно:"):
        numbers.read(kind, text, issued_on=date(year, 6, 25))


def test_blanks_of_a_pack_follow_one_another() -> None:
    first = numbers.read("12", "05904000123499", issued_on=date(2025, 6, 25))
    assert [one.number for one in numbers.following(first, 3)] == [
        "05904000123499",
        "05904000123500",
        "05904000123501",
    ]
    last = numbers.read("12", "05904999999999", issued_on=date(2025, 6, 25))
    assert numbers.following(last, 1) == [last]
    with pytest.raises(InvalidValue, match="столько бланков нет"):
        numbers.following(last, 2)


@given(some.integers(0, 10**9 - 500), some.integers(1, 500))
def test_a_pack_has_no_number_twice_and_stays_of_its_region(start: int, count: int) -> None:
    first = numbers.BlankNumber("", f"05904{start:09d}")
    pack = numbers.following(first, count)
    assert len(set(pack)) == count
    assert all(one.number[:5] == "05904" and len(one.number) == 14 for one in pack)


@given(some.sampled_from(list(DocumentKind)), some.text(max_size=25), some.integers(1990, 2026))
def test_reading_a_number_gives_one_or_a_refusal(kind: DocumentKind, text: str, year: int) -> None:
    try:
        found = numbers.read(kind, text, issued_on=date(year, 6, 25))
    except InvalidValue:
        return
    assert numbers.read(kind, found.key, issued_on=date(year, 6, 25)) == found


# -- results ------------------------------------------------------------------------------------------


def result(**other: Any) -> results.Result:
    told: dict[str, Any] = {
        "form": "ege",
        "year": 2026,
        "stage_code": "main",
        "subject_code": "1",
        "held_on": date(2026, 6, 1),
        "score": 70,
    }
    return results.Result(**(told | other))


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({}, None),
        ({"score": 0}, None),
        ({"score": 101}, "score"),
        ({"score": None}, "score"),
        ({"score": None, "mark": 5}, None),  # base mathematics
        ({"form": "oge", "score": 50}, "score"),
        ({"form": "oge", "score": None, "mark": 6}, "mark"),
        ({"form": "oge", "score": None, "mark": 2, "passed": True}, "passed"),
        ({"form": "essay", "score": None}, "passed"),
        ({"form": "essay", "score": None, "passed": True, "held_on": date(2025, 12, 3)}, None),
        ({"form": "essay", "score": None, "passed": True, "held_on": date(2026, 11, 5), "year": 2027}, None),
        ({"held_on": date(2025, 12, 3)}, "held_on"),
        ({"held_on": date(2026, 12, 30)}, "held_on"),  # not yet
        ({"year": 2027}, "year"),
        ({"year": 2008, "held_on": date(2008, 6, 1)}, "year"),
        ({"status_code": "absent"}, "status"),
        ({"status_code": "absent", "score": None}, None),
        ({"status_code": "annulled"}, None),
        ({"primary_score": -1}, "primary_score"),
    ],
)
def test_what_a_result_may_say(told: dict[str, Any], field: str | None) -> None:
    fault = results.fault_of(result(**told), today=NOW)
    assert (fault and fault.field) == field


# -- final marks -----------------------------------------------------------------------------------------


def years(
    grade: int = 9, value: str = "5", *, but: dict[str, str] | None = None, level: final.Level = BASIC
) -> list[Given]:
    """A yearly mark of every required subject."""
    codes = [
        one.sources[-1] if one.title == "Математика" else one.sources[0]
        for one in level.subjects
        if one.is_required
    ]
    return [Given(grade, code, "year", "20", (but or {}).get(code, value)) for code in codes]


def oge(*marks: tuple[str, int]) -> list[Exam]:
    return [
        Exam("interview", "70", "valid", None, None, True),
        *(Exam("oge", code, "valid", None, mark, mark > 2) for code, mark in marks),
    ]


def ege(*scores: tuple[str, int]) -> list[Exam]:
    return [
        Exam("essay", "20", "valid", None, None, True),
        *(Exam("ege", code, "valid", score, None, None) for code, score in scores),
    ]


GOOD = oge(("1", 5), ("2", 5))


def mark(outcome: Outcome, subject: str) -> str:
    return next(line.value for line in outcome.lines if line.subject == subject)


def codes(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one.code, one.subject) for one in outcome.errors]


@pytest.mark.parametrize(
    ("year", "exam", "expected"),
    [(4, 5, 5), (5, 4, 5), (3, 4, 4), (4, 3, 4), (3, 3, 3), (5, 3, 4), (3, 5, 4)],
)
def test_a_year_and_an_exam_make_their_mean_rounded_half_up(year: int, exam: int, expected: int) -> None:
    outcome = final.compute(BASIC, years(but={"s01": str(year)}), oge(("1", exam), ("2", 5)))
    assert mark(outcome, "Русский язык") == str(expected)
    assert not outcome.errors


def test_mathematics_is_one_mark_of_its_parts_and_the_exam() -> None:
    marks = [one for one in years() if one.subject_code != "s12"]
    parts = [("s10", "4"), ("s11", "3"), ("s12", "4")]
    marks += [Given(9, code, "year", "20", value) for code, value in parts]
    marks += [Given(6, "s09", "year", "20", "2")]  # a mark of grade 6 no longer counts
    outcome = final.compute(BASIC, marks, oge(("1", 5), ("2", 4)))
    assert mark(outcome, "Математика") == "4"
    (line,) = [one for one in outcome.lines if one.subject == "Математика"]
    assert line.steps[-1] == "(4 + 3 + 4 + 4) / 4 = 3,75, округлено до 4"


def test_a_subject_that_ended_earlier_comes_from_its_last_year() -> None:
    marks = [*years(), Given(7, "s21", "year", "20", "4"), Given(8, "s21", "year", "20", "5")]
    assert mark(final.compute(BASIC, marks, GOOD), "Музыка") == "5"


def test_a_debt_made_good_counts_as_made_good() -> None:
    marks = [*years(but={"s18": "2"}), Given(9, "s18", "retake", "20", "3")]
    outcome = final.compute(BASIC, marks, GOOD)
    assert mark(outcome, "Физика") == "3"
    assert not outcome.errors


def test_an_exam_taken_again_counts_as_it_was_passed() -> None:
    exams = oge(("1", 5), ("2", 2), ("2", 4))
    outcome = final.compute(BASIC, years(), exams)
    assert mark(outcome, "Математика") == "5"
    assert not outcome.errors
    assert not outcome.honours.with_honours, "passed, but not at once"


def _unsaid(marks: Iterable[Given], code: str) -> list[Given]:
    return [one for one in marks if one.subject_code != code]


@pytest.mark.parametrize(
    ("marks", "exams", "expected"),
    [
        (_unsaid(years(), "s19"), GOOD, [("missing", "Химия")]),
        ([*_unsaid(years(), "s19"), Given(9, "s19", "period", "11", "4")], GOOD, [("missing", "Химия")]),
        (years(but={"s19": "2"}), GOOD, [("debt", "Химия")]),
        (years(but={"s19": "н/а"}), GOOD, [("debt", "Химия")]),
        (years(), GOOD[:2], [("exam_missing", "математика")]),
        (years(), oge(("1", 5), ("2", 2)), [("exam_failed", "математика")]),
        (years(), GOOD[1:], [("admission", "")]),
        (years(), [*GOOD[:2], Exam("oge", "2", "annulled", None, 5, True)], [("exam_missing", "математика")]),
    ],
)  # fmt: skip
def test_what_keeps_a_document_from_being_issued(
    marks: Sequence[Given], exams: Sequence[Exam], expected: list[tuple[str, str]]
) -> None:
    assert codes(final.compute(BASIC, marks, exams)) == expected


def test_what_is_settled_among_the_marks_of_the_learner() -> None:
    settled = {
        code: final.Control(code, "", "").is_settled_among_marks
        for code in ("missing", "clash", "debt", "exam_missing", "exam_failed", "admission", "differs", "not_in_plan", "exempt", "scale", "miss", "")
    }  # fmt: skip
    assert {code for code, is_so in settled.items() if is_so} == {"missing", "clash", "debt", "scale"}


def test_a_subject_beyond_the_plan_is_told_and_left_out() -> None:
    outcome = final.compute(BASIC, [*years(), Given(9, "s26", "year", "20", "5")], GOOD)
    assert [one.code for one in outcome.controls] == ["not_in_plan"]
    assert not outcome.errors


def test_an_exempt_pupil_keeps_the_word_and_the_honours() -> None:
    outcome = final.compute(BASIC, years(but={"s24": "осв"}), GOOD)
    assert mark(outcome, "Физическая культура") == "осв"
    assert outcome.honours.with_honours
    assert not outcome.controls


# -- marks of hundred points ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "system", "expected"),
    [
        ("5", 1, "5"),
        ("2", 6, "2/100"),
        ("87", 6, "87/100"),
        ("100", 6, "100/100"),
        ("0", 6, "0/100"),
        ("осв", 6, "осв"),
        ("н/а", 6, "н/а"),
        ("зач", 90, "зач"),
    ],
)
def test_a_mark_of_hundred_points_says_its_scale(value: str, system: int, expected: str) -> None:
    assert marks.with_scale(value, system) == expected
    assert marks.is_of_hundred(expected) == (expected != value)
    assert len(expected) <= 8, "the tables hold so many signs"


CONVERTED = Brought(Slot(9, "s19"), "", "4", "положение", "87/100", "перевод")


@pytest.mark.parametrize(
    ("given_marks", "brought", "expected", "value"),
    [
        (years(but={"s19": "87/100"}), [], [("scale", "Химия")], None),
        (years(but={"s19": "5/100"}), [], [("scale", "Химия")], None),  # «5» of hundred is no «отлично»
        (years(but={"s19": "2/100"}), [], [("scale", "Химия")], None),  # and «2» of hundred no debt
        (years(but={"s19": "87/100"}), [CONVERTED], [], "4"),
        (years(but={"s19": "60/100"}), [CONVERTED], [("clash", "Химия")], None),  # the journal has changed since
        (years(but={"s19": "87/100"}), [CONVERTED._replace(against="", reason="")], [("clash", "Химия")], None),
        ([*years(), Given(8, "s19", "year", "20", "87/100")], [], [], "5"),  # the last year counts alone
        ([*years(), Given(9, "s19", "final", "", "87/100")], [], [], "5"),  # and nothing to compare with
        ([*years(), Given(9, "s19", "period", "11", "87/100")], [], [], "5"),
        ([*years(but={"s19": "87/100"}), Given(9, "s19", "retake", "20", "3")], [], [], "3"),
        ([*years(), Given(9, "s21", "year", "20", "90/100")], [], [("scale", "Музыка")], "5"),  # asked for or not
        ([*years(), Given(9, "s26", "year", "20", "90/100")], [], [], "5"),  # no subject of the level
        (years(but={"s19": "осв"}), [], [], "осв"),
    ],
)  # fmt: skip
def test_a_mark_of_hundred_points_is_never_carried_over_and_never_left_out_in_silence(
    given_marks: Sequence[Given],
    brought: Sequence[Brought],
    expected: list[tuple[str, str]],
    value: str | None,
) -> None:
    outcome = final.compute(BASIC, given_marks, GOOD, brought)
    assert [(one.code, one.subject) for one in outcome.errors] == expected
    assert next((one.value for one in outcome.lines if one.subject == "Химия"), None) == value
    if any(code == "scale" for code, _ in expected):
        assert all(part in outcome.errors[0].message for part in ("стобалльной", "за 9 класс", "/100", "внесите отметку"))  # fmt: skip
        assert outcome.errors[0].is_settled_among_marks
    assert not any("/100" in one.value for one in outcome.lines)


def test_every_mark_of_hundred_points_that_is_lacking_is_named() -> None:
    parts = [Given(9, "s10", "year", "20", "4"), Given(9, "s11", "year", "20", "70/100"), Given(9, "s12", "year", "20", "80/100")]  # fmt: skip
    (error,) = final.compute(BASIC, [*_unsaid(years(), "s12"), *parts], GOOD).errors
    assert "геометрия, годовая за 9 класс 70/100, вероятность и статистика, годовая за 9 класс 80/100" in error.message  # fmt: skip
    assert "алгебра" not in error.message
    halves = [Given(11, "s18", "period", "8", "77/100"), Given(10, "s18", "year", "20", "66/100")]
    marks_ = [one for one in of_two_grades() if (one.grade, one.subject_code) != (10, "s18")] + halves
    (error,) = final.compute(SECONDARY, marks_, ege(("1", 80), ("2", 70))).errors
    assert error.code == "scale"
    assert "годовая за 10 класс 66/100, за период за 11 класс 77/100" in error.message


def test_a_conversion_is_told_in_the_steps() -> None:
    outcome = final.compute(BASIC, years(but={"s19": "87/100"}), GOOD, [CONVERTED])
    (line,) = [one for one in outcome.lines if one.subject == "Химия"]
    assert "внесена вместо 87/100 из журнала: перевод; положение" in line.steps[0]


def test_a_reference_tells_a_mark_of_hundred_points_as_it_is_and_averages_none() -> None:
    level = final.reference_of(BASIC)
    outcome = final.compute(level, years(but={"s19": "87/100"}), [])
    (line,) = [one for one in outcome.lines if one.subject == "Химия"]
    assert (line.value, line.in_words, line.score) == ("87/100", "87 из 100", None)
    assert not outcome.errors
    parts = [Given(9, "s10", "year", "20", "4"), Given(9, "s11", "year", "20", "70/100")]
    outcome = final.compute(level, parts, [])
    assert (outcome.errors[0].code, outcome.errors[0].subject) == ("scale", "Математика")


# -- honours -------------------------------------------------------------------------------------------


def test_honours_of_the_basic_level_need_excellent_marks_alone() -> None:
    assert final.compute(BASIC, years(), GOOD).honours.with_honours
    four = final.compute(BASIC, years(but={"s19": "4"}), GOOD)
    assert not four.honours.with_honours
    assert "Химия" in four.honours.steps[0]


def of_two_grades(value: str = "5", **but: str) -> list[Given]:
    return [*years(10, value, but=but, level=SECONDARY), *years(11, value, but=but, level=SECONDARY)]


def test_a_final_mark_of_the_secondary_level_is_the_mean_of_halves_and_years() -> None:
    marks = _unsaid(of_two_grades(), "s18")
    for grade, values in ((10, "334"), (11, "344")):
        marks += [
            Given(grade, "s18", "period", code, value)
            for code, value in zip(("31", "32"), values, strict=False)
        ]
        marks.append(Given(grade, "s18", "year", "20", values[2]))
    outcome = final.compute(SECONDARY, marks, ege(("1", 80), ("2", 60)))
    assert mark(outcome, "Физика") == "4"
    (line,) = [one for one in outcome.lines if one.subject == "Физика"]
    assert line.steps[-1] == "(3 + 3 + 4 + 3 + 4 + 4) / 6 = 3,50, округлено до 4"


@pytest.mark.parametrize(
    ("but", "exams", "medal", "honours"),
    [
        ({}, ege(("1", 70), ("2", 70)), "1", True),
        ({}, ege(("1", 69), ("2", 99)), "2", False),
        ({}, ege(("1", 70), ("2", 69), ("3", 71)), "1", True),
        ({}, ege(("1", 59), ("2", 99)), "", False),
        ({"s19": "4", "s20": "4"}, ege(("1", 90), ("2", 90)), "2", False),
        ({"s19": "4", "s20": "4", "s18": "4"}, ege(("1", 90), ("2", 90)), "", False),
        ({"s19": "3"}, ege(("1", 90), ("2", 90)), "", False),
        ({}, [*ege(("1", 75)), Exam("ege", "22", "valid", None, 5, True)], "1", True),
        ({}, [*ege(("1", 75)), Exam("ege", "22", "valid", None, 4, True)], "", False),
        ({}, [*ege()[:1], Exam("gve11", "51", "valid", None, 5, True), Exam("gve11", "52", "valid", None, 5, True)], "1", True),
        ({}, [*ege()[:1], Exam("gve11", "51", "valid", None, 5, True), Exam("gve11", "52", "valid", None, 4, True)], "", False),
    ],
)  # fmt: skip
def test_medals(but: dict[str, str], exams: list[Exam], medal: str, honours: bool) -> None:
    outcome = final.compute(SECONDARY, of_two_grades(**but), exams)
    assert (outcome.honours.medal, outcome.honours.with_honours) == (medal, honours)
    assert outcome.honours.steps
    assert not outcome.errors


def test_average_and_median() -> None:
    outcome = final.compute(BASIC, years(but={"s19": "3", "s20": "4", "s24": "зач"}), GOOD)
    scores = [line.score for line in outcome.lines if line.score is not None]
    assert outcome.median == 5
    assert outcome.average == (Decimal(sum(scores)) / len(scores)).quantize(Decimal("0.01"))


@given(some.lists(some.integers(2, 5), min_size=1, max_size=40))
def test_rounding_is_of_the_nearest_whole_and_of_two_the_greater(marks: list[int]) -> None:
    found = final.rounded(sum(marks), len(marks))
    mean = Fraction(sum(marks), len(marks))
    assert -Fraction(1, 2) < found - mean <= Fraction(1, 2)


@given(
    some.lists(
        some.tuples(
            some.sampled_from([f"s{n:02d}" for n in range(1, 27)]),
            some.sampled_from(["2", "3", "4", "5", "зач", "осв", "н/а"]),
            some.integers(5, 11),
            some.sampled_from(["period", "year", "retake", "final"]),
        ),
        max_size=60,
    )
)
def test_whatever_was_given_a_document_without_errors_has_every_required_subject(
    told: list[tuple[str, str, int, str]],
) -> None:
    marks = [
        Given(grade, code, kind, "11" if kind == "period" else "20", value)
        for code, value, grade, kind in told
    ]
    for level in (BASIC, SECONDARY):
        outcome = final.compute(level, marks, GOOD if level is BASIC else ege(("1", 80), ("2", 80)))
        shown = {line.subject for line in outcome.lines}
        excused = {one.subject for one in outcome.errors}
        assert all(one.title in shown | excused for one in level.subjects if one.is_required)
        assert all(line.score is None or 2 <= line.score <= 5 for line in outcome.lines)
