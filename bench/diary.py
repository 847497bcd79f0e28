"""The diary of a child with eleven years of marks and the sheet of a class, beside the raw indexed statements they need.

Before measuring, the school of the personas is given marks, absences and closing marks of eleven years, its classes daily
lessons of a subject, and every other learner of the region marks of the present year, so that the partition is as big as the
region: by the database itself, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import psutil
from django.db import connection

from bench.installation import Site, resident_mb
from bench.measure import Result, interleaved, page_result
from demo.personas import snils_of
from kontingent.access.models import Appointment
from kontingent.kernel import clock
from kontingent.performance import actions
from kontingent.performance.models import Journal

NAMES = {"diary", "diary_year", "class_sheet"}
REPEAT = 120
PRESENT, FIRST = 2026, 2016
#: Marks a year of a learner of the school, and of every other learner in the present year.
MARKS, ELSEWHERE = 600, 30
MONDAY, NEXT = date(2026, 11, 16), date(2026, 11, 23)
FROM, TO = date(2026, 9, 1), date(2026, 11, 23)
SUBJECT = "s09"
_MARK = (
    "INSERT INTO performance_mark (journal_id, external_id, person_id, school_year, organisation_id, subject_code, version, batch_id, "
    "recorded_at, group_id, comment, lesson_number, lesson_key, system_code, value, score, given_on, weight, work_code) "
)


def run(size: str, site: Site, server: psutil.Process, only: str | None) -> Iterator[Result]:
    """Load what is missing, measure each page in turn with its floor."""
    school = _school("secretary")
    journal = _load(school)
    for name, measure in (("diary", _week), ("diary_year", _year), ("class_sheet", _sheet)):
        if only in (None, name):
            ours, floor = measure(site, school)
            page, raw = interleaved(ours, floor, repeat=REPEAT)
            yield page_result(name, size, page, raw, rss_mb=resident_mb(server))
    print(
        f"  отметок этого журнала: {_rows('SELECT count(*) FROM performance_mark WHERE journal_id = %s', [journal])[0][0]:,}"
    )


def _rows(statement: str, parameters: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


def _school(persona: str) -> UUID:
    found = Appointment.objects.get(snils=snils_of(persona)).organisation_id
    assert found is not None  # noqa: S101 - appointed in a school
    return found


def _learners(school: UUID) -> list[UUID]:
    """Those of grades 2 to 11, whom the journal tells about."""
    return [
        row[0]
        for row in _rows(
            "SELECT person_id FROM enrolment_placement WHERE organisation_id = %s AND superseded_at IS NULL AND ends_on IS NULL "
            "AND grade BETWEEN 2 AND 11 AND is_main AND starts_on <= %s ORDER BY person_id",
            [school, FROM],
        )
    ]


def _load(school: UUID) -> int:
    """Write the marks, unless they are there; return the journal's id."""
    made, _ = Journal.objects.get_or_create(
        code="bench-diary", defaults={"title": "Замер", "client_code": "client:bench-diary", "created_at": clock.now()}
    )  # fmt: skip
    journal = int(made.pk)
    present = "SELECT EXISTS (SELECT 1 FROM performance_mark WHERE journal_id = %s AND school_year = %s)"
    if _rows(present, [journal, PRESENT])[0][0]:
        return journal
    actions.make_years(*range(FIRST, PRESENT + 1))
    for table in (
        "performance_mark",
        "performance_periodmark",
        "performance_attendance",
        "performance_lesson",
    ):
        _rows(f"DELETE FROM {table} WHERE journal_id = %s", [journal])
    seated = (
        "FROM enrolment_placement p WHERE p.superseded_at IS NULL AND p.ends_on IS NULL AND p.is_main AND p.grade BETWEEN 2 AND 11 "
        "AND p.starts_on <= '2026-09-01' AND p.organisation_id {} %s"
    )
    value = "(2 + (n * 7 + y) %% 4)"
    day = "make_date(y, 9, 1) + (n * 240 / {})::int"
    key = "y || '-' || n || '-' || left(p.person_id::text, 8) || right(p.person_id::text, 12)"
    columns = (
        f"SELECT %s, {key}, p.person_id, y, p.organisation_id, 's' || lpad((1 + n %% 24)::text, 2, '0'), 1, 0, now(), p.group_id, '', "
        f"1 + n %% 7, '', 1, {value}::text, {value}, {{}}, 1, 'answer' "
    )
    years = f"CROSS JOIN generate_series({FIRST}, {PRESENT}) y CROSS JOIN generate_series(1, {MARKS}) n"
    own = seated.format("=").replace(" WHERE", f" {years} WHERE", 1)
    until = " AND (y < 2026 OR n < 200)"
    _rows(_MARK + columns.format(day.format(MARKS)) + own + until, [journal, school])
    others = seated.format("<>").replace(
        " WHERE",
        f" CROSS JOIN (SELECT {PRESENT} AS y) z CROSS JOIN generate_series(1, {ELSEWHERE}) n WHERE",
        1,
    )
    _rows(
        _MARK + columns.format(f"make_date(y, 9, 1) + (n * 80 / {ELSEWHERE})::int") + others,
        [journal, school],
    )
    _closing_and_absences(journal, school, seated.format("="), key)
    lessons = (
        "INSERT INTO performance_lesson (journal_id, external_id, group_id, school_year, organisation_id, subject_code, version, batch_id, "
        "recorded_at, held_on, number, part, topic, homework, teacher_name) SELECT %s, d::date || '-' || s || '-' || g.id, g.id, g.school_year, "
        "g.organisation_id, 's' || lpad(s::text, 2, '0'), 1, 0, now(), d::date, s %% 7 + 1, '', 'Тема урока', '§ 12', 'Тиунова Вера Павловна' "
        "FROM enrolment_group g CROSS JOIN generate_series('2026-09-01'::date, '2026-11-27'::date, '1 day') d CROSS JOIN generate_series(8, 14) s "
        "WHERE g.organisation_id = %s AND g.school_year = 2026 AND extract(isodow FROM d) < 6"
    )
    _rows(lessons, [journal, school])
    daily = (
        "SELECT %s, 'd' || d::date || '-' || right(p.person_id::text, 20), p.person_id, 2026, p.organisation_id, 's09', 1, 0, now(), p.group_id, "
        "'', 3, '', 1, '4', 4, d::date, 1, 'answer' FROM enrolment_placement p CROSS JOIN generate_series('2026-09-01'::date, '2026-11-20'::date, "
        "'1 day') d WHERE p.superseded_at IS NULL AND p.ends_on IS NULL AND p.is_main AND p.grade BETWEEN 2 AND 11 AND p.starts_on <= '2026-09-01' "
        "AND p.organisation_id = %s AND extract(isodow FROM d) < 6"
    )
    _rows(_MARK + daily, [journal, school])
    _rows("ANALYZE performance_mark, performance_lesson, performance_periodmark, performance_attendance", [])
    return journal


def _closing_and_absences(journal: int, school: UUID, seated: str, key: str) -> None:
    closing = (
        "INSERT INTO performance_periodmark (journal_id, external_id, person_id, school_year, organisation_id, subject_code, version, batch_id, "
        f"recorded_at, group_id, comment, system_code, value, score, given_on, kind, period_code) SELECT %s, {key}, p.person_id, y, "
        "p.organisation_id, 's' || lpad((1 + n %% 15)::text, 2, '0'), 1, 0, now(), p.group_id, '', 1, '4', 4, make_date(y + 1, 5, 26), "
        "CASE WHEN n <= 60 THEN 'period' ELSE 'year' END, CASE WHEN n <= 60 THEN (1 + (n - 1) / 15)::text ELSE '20' END "
    )
    years = f"CROSS JOIN generate_series({FIRST}, {PRESENT - 1}) y CROSS JOIN generate_series(1, 75) n"
    _rows(closing + seated.replace(" WHERE", f" {years} WHERE", 1), [journal, school])
    absent = (
        "INSERT INTO performance_attendance (journal_id, external_id, person_id, school_year, organisation_id, subject_code, version, batch_id, "
        f"recorded_at, group_id, comment, lesson_number, lesson_key, held_on, code, minutes) SELECT %s, {key}, p.person_id, y, "
        "p.organisation_id, 's09', 1, 0, now(), p.group_id, '', 3, '', make_date(y, 9, 1) + n * 2, 'б', NULL "
    )
    years = f"CROSS JOIN generate_series({FIRST}, {PRESENT}) y CROSS JOIN generate_series(1, 40) n"
    _rows(absent + seated.replace(" WHERE", f" {years} WHERE", 1), [journal, school])


def _week(site: Site, school: UUID) -> Any:
    """A week of a child with eleven years of marks."""
    site.sign_in("secretary")
    ids = _learners(school)

    def page(i: int) -> None:
        site.get(f"/diary/{ids[i % len(ids)]}/?on={MONDAY}")

    def floor(i: int) -> None:
        who = ids[i % len(ids)]
        groups = _rows(
            "SELECT group_id FROM enrolment_placement WHERE person_id = %s AND superseded_at IS NULL", [who]
        )
        of_person = "SELECT * FROM {} WHERE person_id = %s AND school_year = 2026 AND {} >= %s AND {} < %s"
        _rows(
            "SELECT * FROM performance_lesson WHERE group_id = ANY(%s) AND school_year = 2026 AND held_on >= %s AND held_on < %s",
            [[row[0] for row in groups], MONDAY, NEXT],
        )
        _rows(of_person.format("performance_mark", "given_on", "given_on"), [who, MONDAY, NEXT])
        _rows(of_person.format("performance_attendance", "held_on", "held_on"), [who, MONDAY, NEXT])

    return page, floor


def _year(site: Site, school: UUID) -> Any:
    """The year of a child and the closing marks of all eleven."""
    site.sign_in("secretary")
    ids = _learners(school)

    def page(i: int) -> None:
        site.get(f"/diary/{ids[i % len(ids)]}/results/?year={PRESENT}")

    def floor(i: int) -> None:
        who = ids[i % len(ids)]
        _rows("SELECT * FROM performance_mark WHERE person_id = %s AND school_year = 2026", [who])
        _rows("SELECT * FROM performance_attendance WHERE person_id = %s AND school_year = 2026", [who])
        _rows("SELECT * FROM performance_periodmark WHERE person_id = %s ORDER BY school_year", [who])

    return page, floor


def _sheet(site: Site, school: UUID) -> Any:
    """The sheet of the class teacher: all learners of the class, sixty lessons."""
    site.sign_in("teacher")
    group = Appointment.objects.get(snils=snils_of("teacher")).groups[0]

    def page(_: int) -> None:
        site.get(f"/groups/{group}/sheet/?subject={SUBJECT}&from={FROM}&to={TO}")

    def floor(_: int) -> None:
        who = [
            row[0]
            for row in _rows(
                "SELECT p.person_id, h.name_key FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id "
                "WHERE p.group_id = %s AND p.superseded_at IS NULL ORDER BY 2",
                [group],
            )
        ]
        _rows(
            "SELECT * FROM performance_lesson WHERE group_id = %s AND school_year = 2026 AND subject_code = %s ORDER BY held_on",
            [group, SUBJECT],
        )
        for table, day in (("performance_mark", "given_on"), ("performance_attendance", "held_on")):
            _rows(
                f"SELECT * FROM {table} WHERE person_id = ANY(%s) AND school_year = 2026 AND subject_code = %s AND {day} >= %s AND {day} <= %s",
                [who, SUBJECT, FROM, TO],
            )

    return page, floor
