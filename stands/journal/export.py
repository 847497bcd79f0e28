"""The same days as a workbook that lands in a folder, for a register that reads files: names where the API has identifiers.

The journal that exports knows its pupils by name and class alone, so the file does too. It is written beside and renamed,
and «<name>.done» follows when it is whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from stands.journal.school import USUAL, Day, Rates, Row, SchoolClass, day_of, lessons_over, school_days

#: Sheets by kind of record: columns as people read them, and the fields of a row.
SHEETS = {
    "lessons": ("Уроки", (
        ("Код записи", "id"), ("Версия", "version"), ("ОГРН", "organisation"), ("Класс", "class"), ("Дата", "date"), ("Урок", "number"),
        ("Предмет", "subject"), ("Тема", "topic"), ("Домашнее задание", "homework"),
    )),
    "marks": ("Отметки", (
        ("Код записи", "id"), ("Версия", "version"), ("ФИО", "name"), ("Класс", "class"), ("Дата", "date"), ("Урок", "number"),
        ("Код урока", "lesson"), ("Предмет", "subject"), ("Отметка", "value"), ("Вид работы", "work"), ("Вес", "weight"),
        ("Удалена", "deleted"),
    )),
    "attendance": ("Посещаемость", (
        ("Код записи", "id"), ("Версия", "version"), ("ФИО", "name"), ("Класс", "class"), ("Дата", "date"), ("Урок", "number"),
        ("Код урока", "lesson"), ("Предмет", "subject"), ("Пропуск", "code"), ("Минут", "minutes"),
    )),
}  # fmt: skip


def days_of(
    classes: Sequence[SchoolClass], now: datetime, *, days: int, seed: int, rates: Rates = USUAL
) -> Day:
    """Return the latest school days as they stand at a moment: lessons of today that are not over are not written yet."""
    found = Day()
    for day in school_days(now.date(), days):
        of_day = day_of(classes, day, seed=seed, rates=rates).as_of(now.date(), lessons_over(now))
        found.lessons += of_day.lessons
        found.marks += of_day.marks
        found.attendance += of_day.attendance
    return found


def write(folder: Path, name: str, classes: Sequence[SchoolClass], said: Day) -> Path:
    """Put a workbook into the folder, whole, and its marker beside it; return its path."""
    path = folder / name
    unfinished = folder / f".{name}.part"
    with xlsxwriter.Workbook(unfinished, {"constant_memory": True, "in_memory": False}) as book:
        for records, rows in (
            ("lessons", said.lessons), ("marks", latest(said.marks)), ("attendance", said.attendance),
        ):  # fmt: skip
            title, columns = SHEETS[records]
            sheet = book.add_worksheet(title)
            sheet.write_row(0, 0, [heading for heading, _ in columns])
            for line, row in enumerate(_spoken(classes, said.lessons, rows), start=1):
                sheet.write_row(line, 0, [row.get(field, "") for _, field in columns])
    unfinished.rename(path)
    path.with_name(f"{name}.done").touch()
    return path


def latest(rows: Iterable[Row]) -> list[Row]:
    """Return each record once, as it stands last: a workbook says what is, not what was."""
    found: dict[str, Row] = {}
    for row in rows:
        if row["id"] not in found or row["version"] >= found[row["id"]]["version"]:
            found[row["id"]] = row
    return list(found.values())


def _spoken(
    classes: Sequence[SchoolClass], lessons: Iterable[Row], rows: Iterable[Row]
) -> Iterable[dict[str, Any]]:
    """Say classes and pupils by their names, days as people write them."""
    titles = {one.key: one for one in classes}
    held = {row["id"]: titles[row["class"]].title for row in lessons}
    whose = {pupil.id: (pupil.name or pupil.id, one.title) for one in classes for pupil in one.pupils}
    for row in rows:
        spoken = row | {"date": f"{date.fromisoformat(row['date']):%d.%m.%Y}"}
        if of_class := titles.get(row.get("class", "")):
            spoken |= {"class": of_class.title, "organisation": of_class.ogrn}
        if learner := row.get("learner"):
            spoken["name"], spoken["class"] = whose.get(
                learner, ("Неизвестный Ученик", held.get(row["lesson"], ""))
            )
        if "deleted" in row:
            spoken["deleted"] = "true"
        yield spoken
