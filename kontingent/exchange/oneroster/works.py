"""What a journal delivered, as tables of OneRoster: categories, works, results, and our two extensions.

The register keeps marks, not works. A work that the journal declared by REST is told as declared; otherwise a work is what the marks of a class, a day, a subject and a kind of work have in common. Its id is the
journal's own, where the journal said one and meant one work by it; otherwise it follows from what the work is. So a set that was
written, taken in elsewhere and written again is the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.exchange.oneroster import gradebook, model, queries
from kontingent.exchange.oneroster.gradebook import FINAL_CATEGORY, PERIOD, SUBJECT, TEXT_SCORE
from kontingent.exchange.oneroster.model import Edition, Mode
from kontingent.exchange.oneroster.models import Category, LineItem
from kontingent.exchange.oneroster.writing import RosterSet
from kontingent.kernel.actor import Actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.performance.codes import MarkSystem
from kontingent.performance.models import Attendance, Journal, Lesson, Mark, PeriodMark
from kontingent.performance.permissions import PerformancePermission

Rows = list[dict[str, str]]


class _Work(NamedTuple):
    """What marks of one work have in common."""

    organisation: UUID
    group: UUID
    day: date
    subject: str
    system: int
    work: str
    weight: str
    lesson: str
    period: str


class _Declared(NamedTuple):
    """What the journal declared by REST: works by id, those that close something by what it is, categories by id."""

    items: dict[str, LineItem]
    closing: dict[tuple[UUID, str, str, str], LineItem]
    categories: dict[str, Category]

    def item_of(self, work: _Work) -> LineItem | None:
        """Return the declared work of a mark."""
        if work.period:
            return self.closing.get((work.group, work.subject, work.work, work.period))
        return self.items.get(work.lesson)


@dataclass(slots=True)
class _Tables:
    edition: Edition
    year: int
    categories: dict[str, dict[str, str]] = field(default_factory=dict)
    items: dict[str, dict[str, str]] = field(default_factory=dict)
    results: Rows = field(default_factory=list)
    declared: _Declared = field(default_factory=lambda: _Declared({}, {}, {}))

    @property
    def v11(self) -> bool:
        return self.edition is Edition.V11

    def put(self, marks: Iterable[tuple[_Work, Any]], works_of_lesson: Counter[str]) -> None:
        for work, mark in marks:
            item = self.declared.item_of(work)
            if item is not None:
                key = self._as_declared(item)
            else:
                own = work.lesson and works_of_lesson[work.lesson] == 1
                key = work.lesson if own else gradebook.derived_id(work.group, *work)
                self._item(key, work)
            row = {
                "sourcedId": mark.external_id, "lineItemSourcedId": key, "studentSourcedId": str(mark.person_id),
                "scoreDate": mark.given_on.isoformat(), "comment": mark.comment,
                **gradebook.score_columns(mark.system_code, mark.value, mark.score, v11=self.v11),
            }  # fmt: skip
            if not self.v11:
                row["classSourcedId"] = str(item.group_id if item else work.group)
            self.results.append(row)

    def _as_declared(self, item: LineItem) -> str:
        """Tell a work as the journal declared it."""
        key, usual = item.source_id, gradebook.bounds(MarkSystem.FIVE)
        if key in self.items:
            return key
        category = self.declared.categories[item.category_key]
        self.categories[category.source_id] = {"sourcedId": category.source_id, "title": category.title}
        if not self.v11:
            self.categories[category.source_id]["weight"] = (
                "" if category.weight is None else f"{category.weight:.2f}"
            )
        self.items[key] = {
            "sourcedId": key, "title": item.title, "description": item.description, "assignDate": item.assigned_on.isoformat(),
            "dueDate": item.due_on.isoformat(), "classSourcedId": str(item.group_id), "categorySourcedId": category.source_id,
            "schoolSourcedId": str(item.organisation_id), "academicSessionSourcedId": item.session_key,
            "gradingPeriodSourcedId": item.session_key, SUBJECT: item.subject_code, PERIOD: item.period_code,
            "resultValueMin": usual["resultValueMin"] if item.lowest is None else f"{item.lowest.normalize():f}",
            "resultValueMax": usual["resultValueMax"] if item.highest is None else f"{item.highest.normalize():f}",
        }  # fmt: skip
        return key

    def _item(self, key: str, work: _Work) -> None:
        if key in self.items:
            return
        subject = codelists.title("subject", work.subject)
        if work.period:
            category, title = f"{FINAL_CATEGORY}{work.work}", codelists.title("final_kind", work.work)
            name = f"{title}: {codelists.title('study_period', work.period)}, {subject}"
        else:
            title = codelists.title("work_kind", work.work)
            category, name = (
                (work.work if self.v11 else gradebook.category_id(work.work, work.weight)),
                f"{title}, {subject}",
            )
        self.categories[category] = {"sourcedId": category, "title": title}
        if not self.v11:
            self.categories[category]["weight"] = "" if work.period else work.weight
        year = queries.year_key(self.year)
        self.items[key] = {
            "sourcedId": key, "title": name, "assignDate": work.day.isoformat(), "dueDate": work.day.isoformat(),
            "classSourcedId": str(work.group), "categorySourcedId": category, "schoolSourcedId": str(work.organisation),
            "academicSessionSourcedId": year, "gradingPeriodSourcedId": year, SUBJECT: work.subject, PERIOD: work.period,
            **gradebook.bounds(work.system),
        }  # fmt: skip


def whole(actor: Actor, journal: Journal, *, on: date, edition: Edition = Edition.V12) -> RosterSet:
    """Return a full set with what a journal delivered this school year of who is in the lists of it, in a fixed number of statements."""
    actor.require(PerformancePermission.VIEW)
    rosters = queries.bulk(actor, on=on, edition=edition)
    year = SchoolYear.of(on).begins_in
    people = {UUID(row["sourcedId"]) for row in rosters.rows["users"]}
    groups = {UUID(row["sourcedId"]) for row in rosters.rows["classes"]}
    tables = _Tables(edition, year, declared=_declared(journal, year))
    _marks(actor, journal, tables, people, groups)
    extras: dict[str, tuple[str, ...]] = {"lineItems": (SUBJECT, PERIOD)}
    if tables.v11:
        extras["results"] = (TEXT_SCORE,)
    told: dict[str, Rows] = {
        "categories": [tables.categories[key] for key in sorted(tables.categories)],
        "lineItems": [tables.items[key] for key in sorted(tables.items)],
        "results": tables.results,
        "ext_lessons": _lessons(actor, journal, year, groups),
        "ext_attendance": _attendance(actor, journal, year, people, groups),
    }
    told = {name: rows for name, rows in told.items() if rows}
    reads.note(actor, ReadKind.EXPORT, sorted(people), what="набор OneRoster с отметками")
    return replace(
        rosters,
        modes={**rosters.modes, **dict.fromkeys(told, Mode.BULK)},
        rows={
            **rosters.rows,
            **{name: [_filled(edition, name, row, extras) for row in rows] for name, rows in told.items()},
        },
        extras={**rosters.extras, **{name: columns for name, columns in extras.items() if name in told}},
    )


def _declared(journal: Journal, year: int) -> _Declared:
    items = list(LineItem.objects.filter(journal=journal, school_year=year, deleted_at__isnull=True))
    return _Declared(
        {one.source_id: one for one in items if not one.final_kind},
        {
            (one.group_id, one.subject_code, one.final_kind, one.period_code): one
            for one in items
            if one.final_kind
        },
        {one.source_id: one for one in Category.objects.filter(journal=journal)},
    )


def _filled(
    edition: Edition, name: str, row: dict[str, str], extras: dict[str, tuple[str, ...]]
) -> dict[str, str]:
    declared = model.file_of(edition, name)
    header = (*(declared.header if declared else ()), *extras.get(name, ()))
    return {column: row.get(column, "") for column in header}


def _own(found: QuerySet[Any], actor: Actor, journal: Journal, year: int) -> QuerySet[Any]:
    mine = organisations.own(actor.scope).order_by().values("pk")
    return found.filter(
        journal_id=journal.pk, school_year=year, withdrawn_at__isnull=True, organisation_id__in=mine
    ).order_by("external_id")


def _marks(actor: Actor, journal: Journal, tables: _Tables, people: set[UUID], groups: set[UUID]) -> None:
    current = [
        (
            _Work(
                one.organisation_id, one.group_id, one.given_on, one.subject_code, one.system_code, one.work_code,
                f"{one.weight:.2f}", one.lesson_key, "",
            ),
            one,
        )
        for one in _own(Mark.objects.all(), actor, journal, tables.year)
        if one.person_id in people and one.group_id in groups
    ]  # fmt: skip
    meant: dict[str, set[_Work]] = defaultdict(set)
    for work, _ in current:
        meant[work.lesson].add(work)
    tables.put(current, Counter({key: len(works) for key, works in meant.items()}))
    closing = [
        (
            _Work(
                one.organisation_id, one.group_id, one.given_on, one.subject_code, one.system_code, one.kind, "", "",
                one.period_code,
            ),
            one,
        )
        for one in _own(PeriodMark.objects.all(), actor, journal, tables.year)
        if one.person_id in people and one.group_id in groups
    ]  # fmt: skip
    tables.put(closing, Counter())


def _lessons(actor: Actor, journal: Journal, year: int, groups: set[UUID]) -> Rows:
    return [
        {
            "sourcedId": one.external_id, "classSourcedId": str(one.group_id), "date": one.held_on.isoformat(),
            "subject": one.subject_code, "number": _whole(one.number), "part": one.part, "topic": one.topic,
            "homework": one.homework, "teacher": one.teacher_name,
        }
        for one in _own(Lesson.objects.all(), actor, journal, year)
        if one.group_id in groups
    ]  # fmt: skip


def _attendance(actor: Actor, journal: Journal, year: int, people: set[UUID], groups: set[UUID]) -> Rows:
    return [
        {
            "sourcedId": one.external_id, "classSourcedId": str(one.group_id), "studentSourcedId": str(one.person_id),
            "date": one.held_on.isoformat(), "subject": one.subject_code, "number": _whole(one.lesson_number), "code": one.code,
            "minutes": _whole(one.minutes), "comment": one.comment,
        }
        for one in _own(Attendance.objects.all(), actor, journal, year)
        if one.person_id in people and one.group_id in groups
    ]  # fmt: skip


def _whole(number: int | None) -> str:
    return "" if number is None else str(number)
