"""Reading: journals, a learner's diary and results."""

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
    grading_periods,
    year_results,
)
from kontingent.performance.queries.journals import journal, journal_of, subject_names

__all__ = [
    "AttendanceNote",
    "ClosingMark",
    "Diary",
    "DiaryDay",
    "DiaryLesson",
    "GivenMark",
    "SubjectResult",
    "YearResults",
    "closing_marks",
    "columns_of",
    "diary",
    "grading_periods",
    "journal",
    "journal_of",
    "subject_names",
    "year_results",
]
