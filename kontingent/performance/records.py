"""The four kinds of record that a journal delivers: their tables, columns and keys, declared once.

The messages of the wire, the staging of a chunk, what is compared, kept of former states and destroyed after its
term all follow from here. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Column(NamedTuple):
    """A column that comes as the journal says it, and how it is told to people: a title, the code list of its codes."""

    name: str
    sql_type: str
    title: str
    code_list: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """One kind of record.

    ``keeper`` is whose record it is, a person's or a group's, and the key by which it is distributed; ``day`` is the
    column of the day it belongs to; ``has_marks`` says that the first grade has none of it; ``retention`` is the code of its
    term in the code list ``retention``.
    """

    code: str
    title: str
    table: str
    former_table: str
    keeper: str
    day: str
    columns: tuple[Column, ...]
    retention: str
    has_marks: bool = False

    @property
    def is_personal(self) -> bool:
        """True when the record is a person's."""
        return self.keeper == "person_id"

    def partition(self, school_year: int) -> str:
        """Return the partition of a school year."""
        return f"{self.table}_{school_year}"


_SUBJECT = Column("subject_code", "text", "Предмет", "subject")
_MARK = (
    Column("system_code", "smallint", "Система оценивания", "mark_system"),
    Column("value", "text", "Отметка"),
    Column("score", "smallint", ""),
)
_LESSON = (Column("lesson_number", "smallint", "Урок по счёту"), Column("lesson_key", "text", ""))
_COMMENT = Column("comment", "text", "Комментарий")

LESSONS = Records(
    "lessons", "уроки", "performance_lesson", "performance_formerlesson", "group_id", "held_on",
    (
        _SUBJECT, Column("number", "smallint", "Урок по счёту"), Column("part", "text", "Подгруппа"), Column("topic", "text", "Тема"),
        Column("homework", "text", "Домашнее задание"), Column("teacher_name", "text", "Учитель"),
    ),
    "journal",
)  # fmt: skip
MARKS = Records(
    "marks", "отметки", "performance_mark", "performance_formerrecord", "person_id", "given_on",
    (_SUBJECT, *_LESSON, *_MARK, Column("weight", "numeric", "Вес"), Column("work_code", "text", "Вид работы", "work_kind"), _COMMENT),
    "journal", has_marks=True,
)  # fmt: skip
ATTENDANCE = Records(
    "attendance", "посещаемость", "performance_attendance", "performance_formerrecord", "person_id", "held_on",
    (_SUBJECT, *_LESSON, Column("code", "text", "Посещаемость", "attendance_code"), Column("minutes", "smallint", "Минут"), _COMMENT),
    "journal",
)  # fmt: skip
FINALS = Records(
    "finals", "итоговые отметки", "performance_periodmark", "performance_formerrecord", "person_id", "given_on",
    (_SUBJECT, Column("kind", "text", "Вид", "final_kind"), Column("period_code", "text", "Период", "study_period"), *_MARK, _COMMENT),
    "summary", has_marks=True,
)  # fmt: skip

KINDS: dict[str, Records] = {one.code: one for one in (LESSONS, MARKS, ATTENDANCE, FINALS)}
#: Former states are kept as long as the longest-lived of what they were.
FORMER_TABLES = ("performance_formerrecord", "performance_formerlesson")
