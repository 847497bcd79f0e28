"""Files of a journal read by a mapping: long rows, wide sheets, ids that stay, findings with their place. No database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from kontingent.exchange.journals.adapters.boundary import Asked, Finding, SeenClass, SeenEnrolment
from kontingent.exchange.journals.adapters.mapped_file import MappedFile
from kontingent.exchange.journals.adapters.mapping import read_mapping, shipped
from kontingent.exchange.journals.adapters.sealing import sealer
from kontingent.exchange.journals.messages import AttendanceMessage, MarkMessage
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear

YEAR = SchoolYear(2025)
SEAL = sealer("проверка", "web2edu")
WHOLE = Asked(school_year=YEAR, since=YEAR.starts_on, until=date(2026, 8, 31))
ROWS = """
code = "rows"
title = "Строками"
[[sheets]]
records = "marks"
constants = { class = "5А" }
learner_within_class = true
values = { "отл" = "5" }
[sheets.columns]
learner = ["Ученик", "ФИО"]
date = ["Дата"]
subject = ["Предмет"]
value = ["Оценка"]
number = ["Урок"]
"""


def workbook(at: Path, **sheets: Sequence[Sequence[Any]]) -> Path:
    with xlsxwriter.Workbook(str(at), {"default_date_format": "dd.mm.yyyy"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for line, row in enumerate(rows):
                sheet.write_row(line, 0, row)
    return at


def csv_of(at: Path, text: str) -> MappedFile:
    at.write_text(text, encoding="utf-8")
    return MappedFile(
        path=at,
        filename="a.csv",
        mapping=read_mapping(ROWS),
        made_at=datetime(2025, 10, 1, tzinfo=UTC),
        school_year=YEAR,
        seal=SEAL,
    )


def web2edu(path: Path, made_at: datetime = datetime(2025, 10, 1, tzinfo=UTC)) -> MappedFile:
    return MappedFile(
        path=path,
        filename=path.name,
        mapping=shipped()["web2edu"],
        made_at=made_at,
        school_year=YEAR,
        seal=SEAL,
    )


WIDE: list[list[Any]] = [
    ["Журнал", "", "", "", "", ""],
    ["", "", "Сентябрь", "", "Январь", ""],
    ["Ученик", "Класс", 5, 5, 12, 13],
    ["у1", "5А", "5/4", "н", "н/а", ""],
    ["у2", "5А", "б", 3, "зач", "оп 2"],
    ["", "5А", 5, "", "", ""],
]


def test_a_wide_sheet_gives_marks_and_absences(tmp_path: Path) -> None:
    source = web2edu(workbook(tmp_path / "a.xlsx", Математика=WIDE))
    marks = [one for one in source.fetch_marks(WHOLE) if isinstance(one, MarkMessage)]
    assert [(one.learner, one.date, one.value) for one in marks] == [
        ("у1", "2025-09-05", "5"), ("у1", "2025-09-05", "4"), ("у1", "2026-01-12", "н/а"),
        ("у2", "2025-09-05", "3"), ("у2", "2026-01-12", "зачёт"), ("у2", "2026-01-13", "2"),
    ]  # fmt: skip
    assert {one.subject for one in marks} == {"Математика"}
    absences = [one for one in source.fetch_attendance(WHOLE) if isinstance(one, AttendanceMessage)]
    assert [(one.learner, one.date, one.code) for one in absences] == [
        ("у1", "2025-09-05", "н"), ("у2", "2025-09-05", "б"), ("у2", "2026-01-13", "о"),
    ]  # fmt: skip
    every = [*(one.id for one in marks), *(one.id for one in absences)]
    assert len(set(every)) == len(every)


def test_a_row_of_nobody_is_told_once_with_its_place(tmp_path: Path) -> None:
    source = web2edu(workbook(tmp_path / "a.xlsx", Математика=WIDE))
    found = [
        one
        for stream in (source.fetch_marks(WHOLE), source.fetch_attendance(WHOLE))
        for one in stream
        if isinstance(one, Finding)
    ]
    assert [(one.place, one.code) for one in found] == [
        ("лист «Математика», строка 6", "journals.no_learner")
    ]


def test_a_corrected_mark_keeps_its_id_and_is_newer(tmp_path: Path) -> None:
    before = web2edu(workbook(tmp_path / "a.xlsx", Математика=WIDE))
    corrected = [list(row) for row in WIDE]
    corrected[3][2] = "5/3"
    after = web2edu(workbook(tmp_path / "b.xlsx", Математика=corrected), datetime(2025, 10, 2, tzinfo=UTC))
    old, new = (
        [one for one in source.fetch_marks(WHOLE) if isinstance(one, MarkMessage)]
        for source in (before, after)
    )
    assert [one.id for one in old] == [one.id for one in new]
    assert [(a.value, b.value) for a, b in zip(old, new, strict=True) if a.value != b.value] == [("4", "3")]
    assert all(a.version < b.version for a, b in zip(old, new, strict=True))


def test_only_the_days_and_the_class_asked_for_come(tmp_path: Path) -> None:
    source = web2edu(workbook(tmp_path / "a.xlsx", Математика=WIDE))
    january = Asked(school_year=YEAR, since=date(2026, 1, 13), until=date(2026, 1, 13))
    assert [one.value for one in source.fetch_marks(january) if isinstance(one, MarkMessage)] == ["2"]
    other = Asked(school_year=YEAR, since=WHOLE.since, until=WHOLE.until, class_key="6Б")
    assert not [one for one in source.fetch_marks(other) if isinstance(one, MarkMessage)]


def test_who_is_in_which_class(tmp_path: Path) -> None:
    source = web2edu(workbook(tmp_path / "a.xlsx", Математика=WIDE, Физика=WIDE))
    assert list(source.list_classes()) == [SeenClass("5А", "5А")]
    assert list(source.list_enrollments()) == [
        SeenEnrolment("у1", "у1", "5А"),
        SeenEnrolment("у2", "у2", "5А"),
    ]
    assert list(source.list_orgs()) == []


@pytest.mark.parametrize("sheet", ["Итоги", "Уроки"])
def test_a_sheet_is_read_by_the_first_mapping_that_covers_it(tmp_path: Path, sheet: str) -> None:
    rows: dict[str, list[list[Any]]] = {
        "Итоги": [
            ["Ученик", "Предмет", "Период", "Оценка", "Дата"],
            ["у1", "Физика", "1-я четверть", 4, date(2025, 10, 26)],
        ],
        "Уроки": [["Класс", "Дата", "Предмет", "ДЗ"], ["5А", "05.09", "Физика", "§ 1"]],
    }
    source = web2edu(workbook(tmp_path / "a.xlsx", **{sheet: rows[sheet]}))
    assert not list(source.fetch_marks(WHOLE))
    finals, lessons = list(source.fetch_finals(WHOLE)), list(source.fetch_lessons(WHOLE))
    if sheet == "Итоги":
        assert [
            (one.value, one.period, one.kind, one.date) for one in finals if not isinstance(one, Finding)
        ] == [("4", "1-я четверть", "period", "2025-10-26")]
        assert not lessons
    else:
        assert [(one.class_, one.date, one.homework) for one in lessons if not isinstance(one, Finding)] == [
            ("5А", "2025-09-05", "§ 1")
        ]
        assert not finals


def test_long_rows_with_the_journals_own_words(tmp_path: Path) -> None:
    source = csv_of(
        tmp_path / "a",
        "ФИО;Дата;Предмет;Оценка;Урок\nНосов Борис;05.09.2025;Физика;отл;2\nНосов Борис;05.09.2025;Физика;4;2\n",
    )
    first, second = source.fetch_marks(WHOLE)
    assert isinstance(first, MarkMessage)
    assert isinstance(second, MarkMessage)
    assert (first.learner, first.value, first.number, second.value) == (
        SEAL("5А", "Носов Борис"),
        "5",
        2,
        "4",
    )
    assert first.id != second.id


@pytest.mark.parametrize(
    ("row", "place", "value", "told"),
    [
        ("Носов;31.02.2025;Физика;5;1", "лист «a», ячейка B2", "31.02.2025", "не дата"),
        ("Носов;;Физика;5;1", "лист «a», ячейка B2", "", "Нет даты"),
        (";05.09.2025;Физика;5;1", "лист «a», ячейка A2", "", "Нет значения поля «learner»"),
        ("Носов;05.09.2025;Физика;5;первый", "лист «a», ячейка E2", "первый", "«первый» не годится для поля «number»"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_by_its_place_and_the_rest_goes_on(
    tmp_path: Path, row: str, place: str, value: str, told: str
) -> None:
    source = csv_of(
        tmp_path / "a", f"Ученик;Дата;Предмет;Оценка;Урок\n{row}\nМальцева;06.09.2025;Физика;5;1\n"
    )
    wrong, right = source.fetch_marks(WHOLE)
    assert isinstance(wrong, Finding)
    assert (wrong.place, wrong.value) == (place, value)
    assert told in wrong.message
    assert isinstance(right, MarkMessage)


def test_a_sheet_without_the_header_is_told(tmp_path: Path) -> None:
    (found,) = csv_of(tmp_path / "a", "Кто;Когда\nНосов;05.09.2025\n").fetch_marks(WHOLE)
    assert isinstance(found, Finding)
    assert found.code == "journals.no_header"
    assert "«Ученик / ФИО»" in found.message


def test_a_wide_sheet_without_days_is_told(tmp_path: Path) -> None:
    source = web2edu(
        workbook(tmp_path / "a.xlsx", Физика=[["Ученик", "Класс", "Средний балл"], ["у1", "5А", 4]])
    )
    assert [one.code for one in source.fetch_marks(WHOLE) if isinstance(one, Finding)] == ["journals.no_days"]


def test_a_preview_tells_rows_and_findings_by_kind_and_no_more_than_asked(tmp_path: Path) -> None:
    found = web2edu(workbook(tmp_path / "a.xlsx", Математика=WIDE)).preview(WHOLE, most=2)
    assert [kind for kind, _ in found] == ["marks", "marks", "attendance", "attendance"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("[[sheets]]", "[[sheets"), "это не TOML, строка [0-9]+, столбец [0-9]+"),
        (("[[sheets]]", 'note = "\n[[sheets]]'), "это не TOML, строка"),
        (("[[sheets]]", "note = [\n"), "это не TOML"),
        (("[[sheets]]", f"note = {'[' * 20_000}\n[[sheets]]"), "слишком сложно"),
        (("[[sheets]]", "note = 7\n[[sheets]]"), r"значение не того вида \(note\)"),
        (("[[sheets]]", "noté = 7\n[[sheets]]"), "это не TOML"),
        (("[[sheets]]", "notes = 7\n[[sheets]]"), "поля «notes» не бывает"),
        (("[[sheets]]", "[[pages]]"), "поля «pages» не бывает"),
        (("[sheets.columns]", "[columns]"), "нет поля «columns»|поля «columns» не бывает"),
        (('records = "marks"', 'records = "stars"'), r"значения «stars» не бывает \(sheets\[0\]\.records\)"),
        (("number =", "nubmer ="), "поля «nubmer» нет"),
        (('subject = ["Предмет"]', ""), "где взять поле «subject»"),
        (('constants = { class = "5А" }', ""), "ученик различается внутри класса"),
        (('records = "marks"', 'records = "finals"\nlayout = "wide"'), "не для finals"),
    ],
)
def test_a_mapping_is_refused_with_what_is_wrong(change: tuple[str, str], told: str) -> None:
    with pytest.raises(InvalidValue, match=told):
        read_mapping(ROWS.replace(*change))


def test_the_profile_of_web2edu_says_that_it_is_reconstructed() -> None:
    profile = shipped()["web2edu"]
    assert profile.reconstructed
    assert "восстановлен" in profile.note
