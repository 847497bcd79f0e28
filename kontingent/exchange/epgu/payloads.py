"""What is told: the timetable of ФГИС «Моя школа» (protocols §4.1) and the answer of the service (§4.2). Pure: a diary in, JSON out.

Journals deliver the number of a lesson and not the hour of its bell, so the period of a lesson is its day and ``note`` says the number:
a time that nobody has told is not invented.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from kontingent.codelists import queries as codelists
from kontingent.exchange.epgu.codes import REFUSAL_TOLD, SMEV_REASON, Content, Refusal
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.codes import Absence
from kontingent.performance.models import GradingPeriod
from kontingent.performance.queries.diary import AttendanceNote, ClosingMark, Diary, DiaryLesson, GivenMark

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Child:
    """Of whom an answer is."""

    family_name: str
    given_name: str
    patronymic: str
    born: date | None


@dataclass(frozen=True, slots=True)
class School:
    """Where the learner is on the day of the question."""

    id: UUID
    name: str
    ogrn: str
    class_title: str
    grade: int | None


def schedule(request_id: UUID, school: School, diary: Diary, now: datetime) -> JSON:
    """Return the resource ``Schedule``."""
    year = SchoolYear.of(diary.starts_on)
    lessons = [_timetabled(lesson) for one in diary.days for lesson in one.lessons]
    return {
        "resourceType": "Schedule",
        "id": str(request_id),
        "meta": {"lastUpdated": _moment(now)},
        "school": [
            {
                "id": str(school.id),
                "name": school.name,
                "period": {
                    "start": diary.starts_on.isoformat(),
                    "end": (diary.ends_on - timedelta(days=1)).isoformat(),
                },
                "academYear": f"{year.begins_in}/{(year.begins_in + 1) % 100:02d}",
                "class": [
                    {
                        "class": school.class_title,
                        "grade": "" if school.grade is None else str(school.grade),
                        "lesson": lessons,
                    }
                ],
            }
        ],
    }


def _timetabled(lesson: DiaryLesson) -> JSON:
    start = datetime.combine(lesson.day, time(), clock.REGION_ZONE)
    told: JSON = {
        "id": lesson.external_id or f"{lesson.day}-{lesson.number or 0}-{lesson.subject_code}",
        "subject": lesson.subject,
        "period": {"start": start.isoformat(), "end": (start + timedelta(days=1)).isoformat()},
    }
    told |= {name: text for name, text in (("topic", lesson.topic), ("homework", lesson.homework)) if text}
    if lesson.number is not None:
        told["note"] = f"урок {lesson.number}"
    if lesson.attendance:
        told["attendance"] = {"code": "о" if lesson.attendance[0].code == Absence.LATE else "н"}
    if lesson.marks:
        told["score"] = [_score(one) for one in lesson.marks]
    return told


def _score(mark: GivenMark) -> JSON:
    return {
        "code": mark.work_code, "weight": float(mark.weight), "score": mark.value, "scoreSystem": str(mark.system_code),
    }  # fmt: skip


def answer(
    child: Child,
    school: School,
    periods: Iterable[GradingPeriod],
    diary: Diary,
    closing: Iterable[ClosingMark],
    content: frozenset[Content],
    now: datetime,
) -> JSON:
    """Return the answer of the service: only what was asked for (the composition kid_school_data)."""
    told: JSON = {
        "child": {
            "lastName": child.family_name,
            "firstName": child.given_name,
            "middleName": child.patronymic,
            "birthDate": child.born.isoformat() if child.born else None,
        },
        "organisation": {"id": str(school.id), "name": school.name, "ogrn": school.ogrn},
        "class": school.class_title,
        "grade": school.grade,
        "period": {
            "from": diary.starts_on.isoformat(),
            "to": (diary.ends_on - timedelta(days=1)).isoformat(),
        },
        "periods": [_period(one) for one in periods],
        "lessons": [
            _lesson(one, content) for day in diary.days for one in day.lessons if _is_asked(one, content)
        ],
        "asOf": _moment(now),
    }
    if Content.FINALS in content:
        told["finals"] = [
            {
                "schoolYear": one.school_year, "kind": one.kind, "periodCode": one.period_code, "subject": one.subject,
                "value": one.value, "system": one.system_code,
            }
            for one in closing
        ]  # fmt: skip
    return told


def _period(one: GradingPeriod) -> JSON:
    return {
        "code": one.code, "title": codelists.title("study_period", one.code), "from": one.starts_on.isoformat(),
        "to": (one.ends_on - timedelta(days=1)).isoformat(),
    }  # fmt: skip


def _is_asked(lesson: DiaryLesson, content: frozenset[Content]) -> bool:
    """A lesson is told for its timetable or homework, or for what happened in it that was asked for."""
    return bool(
        Content.SCHEDULE in content
        or (Content.HOMEWORK in content and lesson.homework)
        or (Content.MARKS in content and lesson.marks)
        or (Content.ATTENDANCE in content and lesson.attendance)
    )


def _lesson(lesson: DiaryLesson, content: frozenset[Content]) -> JSON:
    told: JSON = {"date": lesson.day.isoformat(), "number": lesson.number, "subject": lesson.subject}
    if Content.SCHEDULE in content:
        told |= {"topic": lesson.topic, "teacher": lesson.teacher}
    if Content.HOMEWORK in content:
        told["homework"] = lesson.homework
    if Content.MARKS in content:
        told["marks"] = [_mark(one) for one in lesson.marks]
    if Content.ATTENDANCE in content:
        told["attendance"] = [_absence(one) for one in lesson.attendance]
    return told


def _mark(mark: GivenMark) -> JSON:
    return {
        "value": mark.value, "system": mark.system_code, "weight": float(mark.weight), "workType": mark.work, "comment": mark.comment,
    }  # fmt: skip


def _absence(note: AttendanceNote) -> JSON:
    return {
        "code": note.code,
        "title": codelists.title("attendance_code", note.code),
        "minutes": note.minutes,
    }


def told(found: ServiceRequest) -> JSON:
    """Return what the service says of a request: its answer, or why there is none."""
    refusal = Refusal(found.refusal) if found.refusal else None
    return {
        "id": str(found.id),
        "messageId": found.message_id,
        "state": "refused" if refusal else "answered",
        "right": found.right or None,
        "refusal": refusal,
        "reason": SMEV_REASON[refusal] if refusal else None,
        "detail": REFUSAL_TOLD[refusal] if refusal else None,
        "answer": found.answer,
    }


def outcome(request_id: str, code: str, details: str, *, severity: str = "error") -> JSON:
    """Return an ``OperationOutcome``: how the timetable tells what is wrong (code: not-found, structure, expired)."""
    return {
        "resourceType": "OperationOutcome", "id": request_id, "issue": [{"severity": severity, "code": code, "details": details}],
    }  # fmt: skip


def _moment(moment: datetime) -> str:
    return moment.astimezone(clock.REGION_ZONE).isoformat(timespec="seconds")


def days_in_words(starts_on: date, ends_on: date) -> str:
    """Return the days of a question for the journal."""
    return f"{starts_on:%d.%m.%Y}–{ends_on - timedelta(days=1):%d.%m.%Y}"
