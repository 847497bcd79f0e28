"""Form ОО-1 counted the way a clerk would: every child of a school in turn, by the words of the form.

Written from the text of the form alone, to check what the product counts by its own rules. It knows the order of
Rosstat № 441 of 2019, and of the edition of 2024 what differs: the terms of programmes in 2.1.3. Cells that people
fill in themselves (licences, trades) and those of state examinations are not counted. What is known of health is told by
whoever counts; of whom nothing is told, nothing is known.

Where the form may be read in two ways, this is the reading that the product takes too:

- totals («всего») hold everybody of the table, also whom no column fits or whose cell is crossed out, so that the
  control sum tells of the wrong record;
- programmes for intellectual disability whose term has no row go with the nearest: shorter than 9 years with 9, in 2019
  11 with 10, since 2024 13 with 12;
- of several orders on promotion in one period the last one says what a learner finished, and an order to repeat the
  grade takes it back;
- 2.1.2 and 2.5.2 name no 12th grade: it goes with the last year of three, column 45;
- 2.10, column 9: who learns the language of the row and two languages or more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from kontingent.codelists import files
from kontingent.enrolment.models import Group, GroupVersion, Movement, Placement, StudyCondition
from kontingent.organisations.models import Organisation
from kontingent.persons.models import PersonCategory
from kontingent.programmes.models import Programme
from kontingent.programmes.rules import TERMS

Cells = Counter[tuple[str, str, int]]


class Health(NamedTuple):
    """What ПМПК (a code of the adapted programme) and МСЭ (adult, child) have said of somebody."""

    needs: str = ""
    disability: str = ""


NOTHING_KNOWN = Health()


SCHOOL_PROGRAMMES = {"12", "13", "14", "15"}
INTELLECTUAL = {"209", "210", "214"}
DEEPENED = {"advanced", "gymnasium", "lyceum"}
#: Form of study of a class → the last figure of the table's number.
VARIANTS = {"11": "1", "12": "2", "13": "3"}
#: Form of study of externs → their row of 2.5.1: family, self-education, a programme without accreditation.
EXTERNS = {"21": "06", "22": "07", "23": "08"}


@dataclass(frozen=True)
class Class:
    """A class as it is on one day."""

    group: Group
    facts: GroupVersion

    @property
    def variant(self) -> str:
        return VARIANTS[self.group.study_form_code]

    @property
    def grade(self) -> int:
        return self.group.grade or 0

    @property
    def is_for_disabled(self) -> bool:
        return self.facts.kind_code == "correctional"

    @property
    def is_for_intellectual(self) -> bool:
        return self.is_for_disabled and self.group.programme.adaptation_code in INTELLECTUAL


@dataclass(frozen=True)
class Child:
    """A learner as they are on one day."""

    placement: Placement
    room: Class
    study: StudyCondition
    is_orphan: bool
    health: Health = NOTHING_KNOWN

    @property
    def variant(self) -> str:
        return self.room.variant

    @property
    def grade(self) -> int:
        return self.placement.grade or 0

    @property
    def kind(self) -> str:
        return self.placement.programme_kind_code

    @property
    def is_girl(self) -> bool:
        return self.placement.sex == "2"

    @property
    def needs(self) -> str:
        """The adapted programme by the conclusion of ПМПК, without one the own; "1" is none."""
        return self.health.needs or self.placement.adaptation_code

    @property
    def is_limited(self) -> bool:
        """Лицо с ограниченными возможностями здоровья."""
        return self.needs != "1"

    @property
    def repeats(self) -> bool:
        return self.placement.state == "repeating"

    def age_on(self, day: date) -> int:
        born = self.placement.birth_date
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def count(
    organisation_id: UUID, year: int, health: Mapping[UUID, Health] | None = None
) -> dict[tuple[str, str, int], int]:
    """Return the cells of a school's form of a year, those that are zero left out; ``health`` is of persons."""
    day, told = date(year, 9, 20), health or {}
    school = Organisation.objects.get(pk=organisation_id)
    children = [
        replace(one, health=told.get(one.placement.person_id, NOTHING_KNOWN))
        for one in _children(organisation_id, day)
    ]
    cells: Cells = Counter()
    for child in children:
        if child.room.is_for_intellectual:
            _child_of_intellectual_class(cells, child, year)
        elif child.room.is_for_disabled:
            _child_of_disabled_class(cells, child)
        else:
            _child_of_ordinary_class(cells, child)
        _conditions(cells, child)
        _funding(cells, child)
        _languages(cells, child)
        _age(cells, child, year)
        _language_of_instruction(cells, child)
    _classes(cells, children, year)
    _limited_among_others(cells, children)
    _joint_classes(cells, children, is_rural=school.is_rural)
    _shifts(cells, children)
    _profiles(cells, children)
    movements = list(_movements(organisation_id, date(year - 1, 9, 20), day))
    _finished(cells, movements)
    for movement in movements:
        _left(cells, movement)
    return {cell: number for cell, number in cells.items() if number}


# -- reading -------------------------------------------------------------------------------------


def _holds(starts_on: date | None, ends_on: date | None, day: date) -> bool:
    return (starts_on is None or starts_on <= day) and (ends_on is None or ends_on > day)


def _children(organisation_id: UUID, day: date) -> Iterator[Child]:
    for placement in Placement.objects.select_related("programme").filter(
        organisation_id=organisation_id, superseded_at=None
    ):
        if _holds(placement.starts_on, placement.ends_on, day) and (child := _child(placement, day)):
            yield child


def _child(placement: Placement, day: date) -> Child | None:
    """Return a learner of a school programme who is in a class; others are on no list of a class."""
    if placement.programme_kind_code not in SCHOOL_PROGRAMMES or placement.group_id is None:
        return None
    group = Group.objects.select_related("programme").get(pk=placement.group_id)
    versions = GroupVersion.objects.filter(group=group, superseded_at=None)
    [facts] = [one for one in versions if _holds(one.starts_on, one.ends_on, day)]
    told = StudyCondition.objects.filter(enrolment_id=placement.enrolment_id, superseded_at=None)
    study = [one for one in told if _holds(one.starts_on, one.ends_on, day)]
    categories = PersonCategory.objects.filter(person_id=placement.person_id, superseded_at=None)
    is_orphan = any(
        one.category_code == "orphan" and _holds(one.starts_on, one.ends_on, day) for one in categories
    )
    nothing = StudyCondition(starts_on=day)
    return Child(placement, Class(group, facts), study[0] if study else nothing, is_orphan)


@dataclass(frozen=True)
class Moved:
    """A movement with what the learner was on the day before it and is since."""

    movement: Movement
    placement: Placement
    before: Child | None
    after: Child | None
    form_before: str
    form_after: str


def _leaver(placement: Placement, eve: date) -> Child | None:
    """Return a learner of the day before a movement; who is between two classes counts by the own form of study."""
    is_school = placement.programme_kind_code in SCHOOL_PROGRAMMES
    if placement.group_id is None and is_school and placement.study_form_code in VARIANTS:
        room = Group(
            study_form_code=placement.study_form_code, programme=placement.programme, grade=placement.grade
        )
        return Child(
            placement, Class(room, GroupVersion(kind_code="ordinary")), StudyCondition(), is_orphan=False
        )
    return _child(placement, eve)


def _movements(organisation_id: UUID, since: date, until: date) -> Iterator[Moved]:
    for movement in Movement.objects.filter(organisation_id=organisation_id, cancelled_at=None):
        day = movement.effective_on
        if not since <= day < until:
            continue
        placements = Placement.objects.select_related("programme").filter(
            enrolment_id=movement.enrolment_id, superseded_at=None
        )
        eve = day - timedelta(days=1)
        was = [one for one in placements if _holds(one.starts_on, one.ends_on, eve)]
        now = [one for one in placements if _holds(one.starts_on, one.ends_on, day)]
        if not was:
            continue
        yield Moved(
            movement,
            was[0],
            _leaver(was[0], eve),
            _child(now[0], day) if now else None,
            was[0].study_form_code,
            now[0].study_form_code if now else "",
        )


# -- columns -------------------------------------------------------------------------------------


def _years(programme: Programme) -> int:
    months = programme.duration_months
    return TERMS[programme.kind_code][0] if months is None else months // 12


def _level(grade: int) -> int:
    """1–4, 5–9 or 10–12 класс."""
    return 0 if grade <= 4 else 1 if grade <= 9 else 2


def _grade_column(grade: int, programme: Programme) -> int:
    """Column of 2.1.1, 2.2 and 2.5.1; the 11th grade is the last one of two years, or not the last of three."""
    if grade <= 10:
        return grade + 3
    if grade == 12:
        return 16
    return 14 if programme.kind_code == "14" and _years(programme) == 2 else 15


def _disabled_column(programme: Programme, grade: int, year_of_grade: str) -> int | None:
    """Column of 2.1.2 and 2.5.2: where grades may take two years, three columns for each."""
    kind, years = programme.kind_code, _years(programme)
    part = int(year_of_grade or 0)
    if kind == "12" and 1 <= grade <= 4:
        return 3 + grade if years == 4 else 8 + 3 * (grade - 1) + part
    if kind == "13" and 5 <= grade <= 9:
        return 15 + grade if years == 5 else 25 + 3 * (grade - 5) + part
    if kind == "14" and 10 <= grade <= 11:
        return 30 + grade if years == 2 else 42 + 3 * (grade - 10) + part
    if kind == "14" and grade == 12 and years == 3 and not part:
        return 45
    return None


def _intellectual_column(grade: int, year_of_grade: str) -> int:
    """Column of 2.1.3 and 2.5.3: only the first grade may take two years."""
    return 4 + int(year_of_grade or 0) if grade == 1 else grade + 5


#: Cells of 2.1.3 and 2.5.3 that are crossed out (2019), by the term of the programme.
CROSSED_OUT: dict[int, set[int]] = {9: {5, 6, 15, 16, 17}, 10: {4, 16, 17}, 12: {5, 6}, 13: {4}}


# -- 2.1.1, 2.1.2, 2.1.3: classes and children in them -------------------------------------------


def _classes(cells: Cells, children: Iterable[Child], year: int) -> None:
    rooms = {child.room.group.id: child.room for child in children}
    for room in rooms.values():
        programme = room.group.programme
        if room.is_for_intellectual:
            column = _intellectual_column(room.grade, room.facts.year_of_grade_code)
            _intellectual(cells, room.variant, _years(programme), column, year, first_row=1)
        elif room.is_for_disabled:
            row = {"204": "01", "203": "03", "213": "03", "202": "05", "201": "08", "207": "11", "206": "13",
                   "208": "15", "212": "17", "205": "19", "211": "21"}[programme.adaptation_code]  # fmt: skip
            at = _disabled_column(programme, room.grade, room.facts.year_of_grade_code)
            for one in (row, "23"):
                cells[f"2.1.2.{room.variant}", one, 3] += 1
                if at:
                    cells[f"2.1.2.{room.variant}", one, at] += 1
        else:
            row = {"advanced": "03", "gymnasium": "05", "lyceum": "07"}.get(room.facts.kind_code, "01")
            for one in (row, "09"):
                cells[f"2.1.1.{room.variant}", one, 3] += 1
                cells[f"2.1.1.{room.variant}", one, _grade_column(room.grade, programme)] += 1


def _child_of_ordinary_class(cells: Cells, child: Child) -> None:
    rows = [
        {"advanced": "04", "gymnasium": "06", "lyceum": "08"}.get(child.room.facts.kind_code, "02"),
        "10",
        {"11": "11", "12": "12", "13": "13"}.get(child.placement.study_form_code, "11"),
    ]
    if child.study.boarding:
        rows.append("14")
    if child.is_girl:
        rows.append("15")
    if child.repeats:
        rows.append("16")
    if child.is_limited:
        rows.append("17")
    rows += _disability(child, first=18)
    if child.is_orphan:
        rows.append("22")
    if child.is_orphan and child.study.boarding:
        rows.append("23")
    for row in rows:
        cells[f"2.1.1.{child.variant}", row, 3] += 1
        cells[f"2.1.1.{child.variant}", row, _grade_column(child.grade, child.placement.programme)] += 1


def _disability(child: Child, *, first: int) -> list[str]:
    """Four rows: with ОВЗ an adult, a child; without ОВЗ an adult, a child."""
    if not child.health.disability:
        return []
    return [f"{first + 2 * (not child.is_limited) + (child.health.disability == 'child'):02d}"]


def _child_of_disabled_class(cells: Cells, child: Child) -> None:
    column = _disabled_column(child.placement.programme, child.grade, child.room.facts.year_of_grade_code)
    of_health = _disability(child, first=28)
    rows = [_row_of_programme(child), "24", *of_health]
    if child.study.boarding:
        rows.append("25")
    if child.is_girl:
        rows.append("26")
    if child.is_limited:
        rows.append("27")
    if child.is_orphan:
        rows.append("32")
    if child.is_orphan and child.study.boarding:
        rows.append("33")
    for one in rows:
        cells[f"2.1.2.{child.variant}", one, 3] += 1
        if column:
            cells[f"2.1.2.{child.variant}", one, column] += 1
        if one == "27" or one in of_health:
            continue  # crossed out
        if child.is_limited:
            cells[f"2.1.2.{child.variant}", one, 48] += 1
        for row_of_health in of_health:
            cells[f"2.1.2.{child.variant}", one, 21 + int(row_of_health)] += 1


def _row_of_programme(child: Child) -> str:
    """Return the row of 2.1.2 by the programme of the class; of the blind and the weak-sighted each may sit with the other."""
    own, of_class = child.needs, child.room.group.programme.adaptation_code
    row = {"204": "02", "203": "04", "213": "04", "207": "12", "206": "14",
           "208": "16", "212": "18", "205": "20", "211": "22"}.get(of_class)  # fmt: skip
    if of_class == "202":
        row = "07" if own == "201" else "06"
    if of_class == "201":
        row = "10" if own == "202" else "09"
    assert row is not None
    return row


def _intellectual(cells: Cells, variant: str, years: int, column: int, year: int, *, first_row: int) -> None:
    """Count one class (first row 1) or child (first row 2) of 2.1.3 in the row of its term and in the sum of terms."""
    row = first_row + 2 * _term_row(years, since_2024=year >= 2024)
    is_open = year >= 2024 or column not in CROSSED_OUT[_term(years)]
    for one in (row, first_row + 8):
        cells[f"2.1.3.{variant}", f"{one:02d}", 3] += 1
        if one != row or is_open:
            cells[f"2.1.3.{variant}", f"{one:02d}", column] += 1


def _term(years: int) -> int:
    """Return the term of 2.1.3 and 2.5.3 (2019) that a programme goes with."""
    return 9 if years <= 9 else 10 if years <= 11 else years


def _term_row(years: int, *, since_2024: bool) -> int:
    return min(max(years - 9, 0), 3) if since_2024 else (9, 10, 12, 13).index(_term(years))


def _child_of_intellectual_class(cells: Cells, child: Child, year: int) -> None:
    column = _intellectual_column(child.grade, child.room.facts.year_of_grade_code)
    years = _years(child.room.group.programme)
    _intellectual(cells, child.variant, years, column, year, first_row=2)
    rows = []
    if child.study.boarding:
        rows.append("11")
    if child.is_girl:
        rows.append("12")
    if child.is_limited:
        rows.append("13")
    rows += _disability(child, first=14)
    if child.is_orphan:
        rows.append("18")
    if child.is_orphan and child.study.boarding:
        rows.append("19")
    for row in rows:
        cells[f"2.1.3.{child.variant}", row, 3] += 1
        cells[f"2.1.3.{child.variant}", row, column] += 1


# -- 2.2: ordinary classes with disabled learners among others -----------------------------------


def _limited_among_others(cells: Cells, children: list[Child]) -> None:
    ordinary = [child for child in children if not child.room.is_for_disabled]
    inclusive = {child.room.group.id: child.room for child in ordinary if child.is_limited}
    for room in inclusive.values():
        cells[f"2.2.{room.variant}", "01", 3] += 1
        cells[f"2.2.{room.variant}", "01", _grade_column(room.grade, room.group.programme)] += 1
    for child in ordinary:
        if child.room.group.id not in inclusive:
            continue
        rows = ["02"]
        if child.is_limited:
            rows.append({"204": "03", "203": "04", "213": "04", "202": "06", "201": "07", "207": "08", "206": "09",
                         "208": "10", "209": "11", "210": "11", "214": "11", "212": "12", "205": "13", "211": "14"}
                        [child.needs])  # fmt: skip
        for row in rows:
            cells[f"2.2.{child.variant}", row, 3] += 1
            cells[f"2.2.{child.variant}", row, _grade_column(child.grade, child.placement.programme)] += 1
            if row != "02" and child.health.disability:
                cells[f"2.2.{child.variant}", row, 17 + (child.health.disability == "child")] += 1


# -- 2.3: how they study; 2.7: who pays -----------------------------------------------------------


def _conditions(cells: Cells, child: Child) -> None:
    study = child.study
    at_home, in_hospital = study.education_place_code == "1", study.education_place_code == "2"
    rows = {
        "01": True,
        "02": study.network_code,
        "03": study.e_learning_code,
        "04": study.distance_code,
        "05": study.individual_plan_code,
        "06": at_home,
        "07": in_hospital,
        "08": (at_home or in_hospital) and study.distance_code,
        "09": (at_home or in_hospital) and study.individual_plan_code,
    }
    everybody = 9 if child.room.is_for_disabled else 3
    for row, is_so in rows.items():
        if is_so:
            cells[f"2.3.{child.variant}", row, everybody] += 1
            if child.is_limited:
                cells[f"2.3.{child.variant}", row, everybody + 1] += 1
            for column in _disability(child, first=everybody + 2):
                cells[f"2.3.{child.variant}", row, int(column)] += 1


def _programme_column(child: Child, *, first: int) -> int | None:
    """Seven columns of 2.7 and 2.8: three levels of ordinary classes, three programmes of the disabled, intellectual."""
    if child.room.is_for_intellectual:
        return first + 6
    if child.room.is_for_disabled:
        return {"12": first + 3, "13": first + 4, "14": first + 5}.get(child.kind)
    return first + _level(child.grade)


def _funding(cells: Cells, child: Child) -> None:
    code = child.placement.funding_code or child.room.facts.funding_code
    row = {
        "11": "02",
        "12": "03",
        "13": "04",
        "1": "04",
        "21": "05",
        "2": "05",
        "22": "06",
        "23": "07",
        "24": "07",
    }
    column = _programme_column(child, first=3)
    if column is None:
        return
    cells[f"2.7.{child.variant}", "01", column] += 1
    if code in row:
        cells[f"2.7.{child.variant}", row[code], column] += 1


# -- 2.4: classes that learn together -------------------------------------------------------------


def _joint_classes(cells: Cells, children: list[Child], *, is_rural: bool) -> None:
    sizes: Counter[UUID] = Counter()
    rooms: dict[UUID, Class] = {}
    for child in children:
        if not child.room.is_for_disabled:
            rooms[child.room.group.id] = child.room
            sizes[child.room.group.id] += 1
    joint: dict[tuple[str, int, str], list[Class]] = defaultdict(list)
    few = 14 if is_rural else 25
    for room in rooms.values():
        if room.facts.combined_key:
            joint[room.variant, room.group.school_year, room.facts.combined_key].append(room)
            continue
        for column in (3, 4):
            cells[f"2.4.{room.variant}", "01", column] += 1
            cells[f"2.4.{room.variant}", f"{2 + _level(room.grade):02d}", column] += 1
            if sizes[room.group.id] < few:
                cells[f"2.4.{room.variant}", "05", column] += 1
    for (variant, _, _), together in joint.items():
        lowest = min(room.grade for room in together)
        rows = ["01", f"{2 + _level(lowest):02d}"]
        for row in rows:
            cells[f"2.4.{variant}", row, 3] += 1
            cells[f"2.4.{variant}", row, 5] += 1
        for room in together:
            cells[f"2.4.{variant}", "01", 6] += 1
            cells[f"2.4.{variant}", f"{2 + _level(room.grade):02d}", 6] += 1
        if sum(sizes[room.group.id] for room in together) < few:
            cells[f"2.4.{variant}", "05", 3] += 1
            cells[f"2.4.{variant}", "05", 5] += 1


# -- 2.5: who finished a grade; 2.8: who left -----------------------------------------------------


def _finished(cells: Cells, movements: Iterable[Moved]) -> None:
    last: dict[UUID, Moved] = {}
    for moved in sorted(movements, key=lambda one: (one.movement.effective_on, one.movement.id)):
        if moved.movement.kind in {"promotion", "conditional_promotion", "graduation", "repeat"}:
            last[moved.movement.enrolment_id] = moved
    for moved in last.values():
        if moved.movement.kind == "repeat":
            continue
        if moved.form_before in EXTERNS:
            _finished_as_extern(cells, moved)
        elif moved.before is not None:
            _finished_in_class(cells, moved.before)


def _finished_in_class(cells: Cells, child: Child) -> None:
    programme, part = child.placement.programme, child.room.facts.year_of_grade_code
    column: int | None
    if child.room.is_for_intellectual:
        term, column = _term(_years(programme)), _intellectual_column(child.grade, part)
        rows = ["01", {9: "02", 10: "03", 12: "04", 13: "05"}[term]]
        table, crossed_out = "2.5.3", {rows[1]: CROSSED_OUT[term]}
    elif child.room.is_for_disabled:
        table, rows, column = "2.5.2", ["01"], _disabled_column(programme, child.grade, part)
        crossed_out = {}
    else:
        table, column, crossed_out = "2.5.1", _grade_column(child.grade, programme), {}
        rows = ["01", {"11": "02", "12": "03", "13": "04"}[child.placement.study_form_code]]
    for row in rows:
        cells[f"{table}.{child.variant}", row, 3] += 1
        if column and column not in crossed_out.get(row, ()):
            cells[f"{table}.{child.variant}", row, column] += 1


def _finished_as_extern(cells: Cells, moved: Moved) -> None:
    """An extern outside classes; 2.5.1.4 is for those. Externs on the list of a class do not occur here."""
    placement = moved.placement
    if placement.group_id is not None or placement.programme_kind_code not in SCHOOL_PROGRAMMES:
        return
    column = _grade_column(placement.grade or 0, placement.programme)
    for row in ("05", EXTERNS[moved.form_before]):
        cells["2.5.1.4", row, 3] += 1
        if not (row == "07" and column <= 12):
            cells["2.5.1.4", row, column] += 1


def _rows_of_leaving(child: Child, reason: str) -> list[str]:
    if reason in {"G1", "G2", "G3", "G4", "G5", "G6", "C1", "P1"}:
        return []
    if reason == "T6":
        return ["01", "05", "06"]
    if reason == "T9" and not child.room.is_for_disabled:
        return ["01", "05", "07"]
    if reason in {"T1", "T2", "T3", "T8", "T9", "L1"}:
        return ["01", "05"]
    row = {"T5": "08", "T51": "08", "T52": "09", "T7": "10", "H1": "11", "E7": "12"}.get(reason, "13")
    return ["01", row]


def _rows_of_staying(child: Child, moved: Moved) -> list[str]:
    """Rows of those who go on in the same school, among disabled learners or in another form of study."""
    after = moved.after
    if after is not None and after.room.is_for_disabled and not child.room.is_for_disabled:
        return ["01", "02", "04"]
    if moved.movement.kind == "study_form" and moved.form_before != moved.form_after:
        return ["01", "02", "03"]
    return []


def _left(cells: Cells, moved: Moved) -> None:
    child, kind = moved.before, moved.movement.kind
    if child is None:
        return
    rows: list[str] = []
    if kind in {"transfer_out", "expulsion", "graduation"}:
        rows = _rows_of_leaving(child, moved.movement.reason_code)
    elif kind in {"study_form", "placement"}:
        rows = _rows_of_staying(child, moved)
    column = _programme_column(child, first=4)
    crossed_out = {"04": {7, 8, 9, 10}, "07": {7, 8, 9, 10}, "08": {7, 10}, "09": {4, 7, 10}}
    is_adult = child.age_on(moved.movement.effective_on) >= 18
    for row in rows:
        cells[f"2.8.{child.variant}", row, 3] += 1
        if column and column not in crossed_out.get(row, ()):
            cells[f"2.8.{child.variant}", row, column] += 1
        if is_adult:
            cells[f"2.8.{child.variant}", row, 11] += 1


# -- 2.9: shifts and after-school groups ----------------------------------------------------------


def _shifts(cells: Cells, children: list[Child]) -> None:
    after_school: set[tuple[int, str]] = set()
    for child in children:
        if child.room.is_for_disabled or child.variant != "1":
            continue
        level = _level(child.grade)
        row = f"{level + 1:02d}"
        cells["2.9", row, {"1": 3, "2": 4, "3": 5}[child.room.facts.shift_code]] += 1
        if child.study.extended_day and level < 2:
            cells["2.9", row, 7] += 1
            after_school.add((level, child.study.extended_day))
    for level, _ in after_school:
        cells["2.9", f"{level + 1:02d}", 6] += 1


# -- 2.10: foreign languages ----------------------------------------------------------------------


def _languages(cells: Cells, child: Child) -> None:
    if child.room.is_for_intellectual:
        return
    if child.room.is_for_disabled:
        kinds = {"12": 6, "13": 7, "14": 8}
        if child.kind not in kinds:
            return
        column = kinds[child.kind]
    else:
        column = 3 + _level(child.grade)
    table = f"2.10.{child.variant}"
    learns, gap = child.study.foreign_languages, child.study.foreign_language_gap_code
    row_of = {"eng": "03", "fra": "04", "deu": "05", "ita": "06", "spa": "07", "zho": "08", "ara": "09", "por": "10",
              "tur": "11", "kor": "12", "jpn": "13", "heb": "14", "other": "15"}  # fmt: skip
    if learns:
        cells[table, "01", column] += 1
        cells[table, "02", column] += 1
        for language in learns:
            cells[table, row_of[language], column] += 1
            if len(learns) >= 2:
                cells[table, row_of[language], 9] += 1
        if len(learns) == 2:
            cells[table, "18", column] += 1
        if len(learns) >= 3:
            cells[table, "19", column] += 1
    elif gap:
        cells[table, "01", column] += 1
        cells[table, "16", column] += 1
        if gap == "no_teacher":
            cells[table, "17", column] += 1


# -- 2.11, 2.12: deepened study and profiles ------------------------------------------------------


def _profiles(cells: Cells, children: list[Child]) -> None:
    deepened = {"humanities": "02", "humanities_english": "03", "humanities_french": "04", "humanities_german": "05",
                "humanities_european": "06", "humanities_oriental": "07", "science": "08", "socioeconomic": "09",
                "technological": "10", "technical": "11", "agricultural": "12", "mathematical": "13", "other": "14"}  # fmt: skip
    profiles = {"technological": "06", "technological_it": "03", "technological_agro": "04",
                "technological_industrial": "05", "technological_other": "06", "physics_mathematics": "07",
                "physics_chemistry": "08", "chemistry_biology": "09", "biology_geography": "10", "socioeconomic": "11",
                "sociohumanitarian": "12", "philology": "13", "arts": "14", "defence_sport": "15", "other": "16"}  # fmt: skip

    def rows_of_profile(code: str) -> list[str]:
        own = profiles[code]
        return ["01", own] if own not in {"03", "04", "05", "06"} else ["01", "02", own]

    rooms: dict[UUID, Class] = {}
    for child in children:
        if child.room.is_for_disabled:
            continue
        facts = child.room.facts
        if facts.kind_code in DEEPENED and facts.advanced_profile_code:
            own = deepened[facts.advanced_profile_code]
            rows = ["01", "02"] if own == "02" else ["01", "02", own] if own <= "07" else ["01", own]
            for row in rows:
                cells[f"2.11.{child.variant}", row, 3 + _level(child.grade)] += 1
        if child.grade < 10:
            continue
        rooms[child.room.group.id] = child.room
        if profile := child.study.profile_code or facts.profile_code:
            for row in rows_of_profile(profile):
                cells[f"2.12.{child.variant}", row, 4] += 1
    for room in rooms.values():
        if room.facts.profile_code:
            for row in rows_of_profile(room.facts.profile_code):
                cells[f"2.12.{room.variant}", row, 3] += 1


# -- 2.14: sex and age ----------------------------------------------------------------------------


def _age(cells: Cells, child: Child, year: int) -> None:
    age = child.age_on(date(year + 1, 1, 1))
    if age >= 30:
        row = "27" if age < 35 else "28" if age < 40 else "29"
    else:
        row = f"{age - 3:02d}" if age >= 5 else ""
    first_year = child.room.facts.year_of_grade_code != "2"
    if child.room.is_for_intellectual:
        table, column, begins = "2.14.2", 12, child.grade == 1 and first_year
    elif child.room.is_for_disabled:
        if child.kind == "15":
            return
        table, column = "2.14.2", {"12": 3, "13": 6, "14": 9}[child.kind]
        begins = child.grade == {"12": 1, "13": 5, "14": 10}[child.kind] and first_year
    else:
        level = _level(child.grade)
        table, column = "2.14.1", 3 + 3 * level
        begins = child.grade == (1, 5, 10)[level] and not child.repeats
    for one in ("01", row):
        if not one or (one in {"02", "03", "04", "05", "06"} and column == 9):
            continue
        cells[f"{table}.{child.variant}", one, column] += 1
        if child.is_girl:
            cells[f"{table}.{child.variant}", one, column + 1] += 1
        if begins:
            cells[f"{table}.{child.variant}", one, column + 2] += 1


# -- 2.15: languages of instruction ---------------------------------------------------------------

#: Codes of ОКИН of rows 01–83 in their order; 84 is Soyot, which has none. Rows 85–167 leave Russian out.
OKIN = [
    "001", "003", "006", "007", "012", "019", "282", "026", "028", "033", "039", "049", "055", "283",
    "061", "071", "066", "076", "078", "075", "085", "086", "089", "096", "097", "098", "099", "102",
    "105", "112", "114", "113", "116", "121", "321", "126", "326", "899", "132", "136", "138", "135",
    "898", "137", "146", "150", "155", "157", "164", "168", "174", "181", "185", "192", "196", "197",
    "199", "202", "206", "217", "219", "211", "238", "897", "243", "244", "262", "265", "261", "267",
    "271", "275", "005", "048", "092", "134", "203", "207", "227", "253", "263", "144", "186",
]  # fmt: skip
RUSSIAN = "155"


def _okin(language: str) -> str:
    languages = files.packaged()["language_of_instruction"].values
    return next(one.external.get("okin", "") for one in languages if one.code == language)


def _language_of_instruction(cells: Cells, child: Child) -> None:
    if child.room.is_for_disabled:
        everybody, kinds = 11, {"12": 12, "13": 13, "14": 14}
        if child.room.is_for_intellectual:
            column = 15
        elif child.kind in kinds:
            column = kinds[child.kind]
        else:
            return
    else:
        everybody = 4
        column = 4 + child.grade if child.grade <= 4 else 9 if child.grade <= 9 else 10
    study, table = child.study, f"2.15.{child.variant}"
    okin = _okin(child.room.facts.language_code)
    rows = [f"{1 + OKIN.index(okin):02d}" if okin else "84"]
    if study.native_language_mode_code == "subject":
        taught = _okin(study.native_language_code)
        native = [code for code in OKIN if code != RUSSIAN]
        rows.append(str(85 + native.index(taught)) if taught else "167")
    if study.native_language_mode_code == "optional" and everybody == 4:
        cells[table, "168", 4] += 1
    for row in rows:
        cells[table, row, everybody] += 1
        cells[table, row, column] += 1
