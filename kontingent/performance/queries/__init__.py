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
    thresholds,
    year_results,
)
from kontingent.performance.queries.history import RecordHistory, RecordState, record_history
from kontingent.performance.queries.journals import journal, journal_of, kept_school_years, subject_names
from kontingent.performance.queries.late import (
    LateRow,
    late_correction,
    late_corrections,
    late_count,
)

__all__ = [
    "AttendanceNote",
    "ClosingMark",
    "Diary",
    "DiaryDay",
    "DiaryLesson",
    "GivenMark",
    "LateRow",
    "RecordHistory",
    "RecordState",
    "SubjectResult",
    "YearResults",
    "closing_marks",
    "columns_of",
    "diary",
    "grading_periods",
    "journal",
    "journal_of",
    "kept_school_years",
    "late_correction",
    "late_corrections",
    "late_count",
    "record_history",
    "subject_names",
    "thresholds",
    "year_results",
]
