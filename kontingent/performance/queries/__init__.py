"""Reading: a learner's diary and results, classes and schools, journals and their late corrections.

``diary``    days, school year and closing marks of a learner
``classes``  the sheet of a class and subject, the class as a whole, who slips, who owes
``quality``  успеваемость and качество by class, subject, school, municipality
``journals`` sources and their names of subjects
``late``, ``history``  what waits for a human, what stood before
"""

from kontingent.performance.queries.classes import (
    ClassResults,
    ClassSheet,
    Owing,
    SheetCell,
    SheetMark,
    Slipping,
    class_results,
    class_sheet,
    debts,
    group_of,
    slipping,
    subjects_of,
)
from kontingent.performance.queries.diary import (
    AttendanceNote,
    ClosingMark,
    Diary,
    DiaryDay,
    DiaryLesson,
    GivenMark,
    SubjectResult,
    YearResults,
    closing_marks,
    columns_of,
    diary,
    thresholds,
    year_results,
)
from kontingent.performance.queries.history import RecordHistory, RecordState, record_history
from kontingent.performance.queries.journals import (
    journal,
    journal_of,
    kept_school_years,
    own_journal,
    subject_names,
)
from kontingent.performance.queries.late import LateRow, late_correction, late_corrections, late_count
from kontingent.performance.queries.periods import grading_periods, said_periods
from kontingent.performance.queries.quality import By, Column, QualityRow, QualityTable, columns, quality

__all__ = [
    "AttendanceNote",
    "By",
    "ClassResults",
    "ClassSheet",
    "ClosingMark",
    "Column",
    "Diary",
    "DiaryDay",
    "DiaryLesson",
    "GivenMark",
    "LateRow",
    "Owing",
    "QualityRow",
    "QualityTable",
    "RecordHistory",
    "RecordState",
    "SheetCell",
    "SheetMark",
    "Slipping",
    "SubjectResult",
    "YearResults",
    "class_results",
    "class_sheet",
    "closing_marks",
    "columns",
    "columns_of",
    "debts",
    "diary",
    "grading_periods",
    "group_of",
    "journal",
    "journal_of",
    "kept_school_years",
    "late_correction",
    "late_corrections",
    "late_count",
    "own_journal",
    "quality",
    "record_history",
    "said_periods",
    "slipping",
    "subject_names",
    "subjects_of",
    "thresholds",
    "year_results",
]
