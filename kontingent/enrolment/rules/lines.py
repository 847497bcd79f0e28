"""What may be said of one learner in one order: everything the table of transitions cannot see.

``examine`` returns findings and never raises, so that a preview shows all of them at once. The sequence of
movements itself is judged by ``log.fold``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from kontingent.enrolment.codes import (
    CLOSING,
    MAIN_GENERAL_PROGRAMMES,
    OPENING,
    PRESCHOOL,
    VOCATIONAL,
    MovementKind,
    OrderKind,
)
from kontingent.enrolment.rules import reasons
from kontingent.enrolment.rules.findings import Finding, refusal, warning
from kontingent.enrolment.rules.log import PlacementFacts
from kontingent.enrolment.rules.orders import LINES_OF_ORDER
from kontingent.kernel.school_year import SchoolYear
from kontingent.programmes.rules import ADDITIONAL

#: Ст. 67 ч. 1 273-ФЗ: a child enters grade 1 from 6 years 6 months to 8 years on 1 September.
YOUNGEST_FIRST_GRADER_MONTHS = 78
OLDEST_FIRST_GRADER_MONTHS = 96
#: An order that takes effect this many days before its date is asked about.
BACK_DATED_DAYS = 30


class PersonFacts(NamedTuple):
    """The learner, as far as rules care."""

    name: str
    birth_date: date | None
    died_on: date | None = None


class GroupFacts(NamedTuple):
    """The group a line leads to."""

    id: UUID
    title: str
    organisation_id: UUID
    school_year: int
    grade: int | None
    programme_kind_code: str
    closed_on: date | None
    capacity: int | None
    size: int


class OtherEnrolment(NamedTuple):
    """Another main enrolment of the same child."""

    organisation: str
    starts_on: date
    ends_on: date | None


class LineFacts(NamedTuple):
    """One line with what it refers to. ``before`` is the placement it changes, None for an opening line."""

    order_kind: str
    organisation_id: UUID
    dated: date | None
    kind: str
    effective_on: date
    person: PersonFacts
    group: GroupFacts | None = None
    group_wanted: bool = False
    grade: int | None = None
    programme_kind_code: str = ""
    reason_code: str = ""
    destination_id: UUID | None = None
    destination_text: str = ""
    before: PlacementFacts | None = None
    before_group: GroupFacts | None = None
    others: Sequence[OtherEnrolment] = ()


def examine(line: LineFacts) -> list[Finding]:
    """Return every finding on the line, refusals and warnings."""
    kind = MovementKind(line.kind)
    found: list[Finding] = []
    if kind not in LINES_OF_ORDER[OrderKind(line.order_kind)]:
        found.append(
            refusal(
                "kind_unfit",
                "Такое движение не может стоять в приказе этого вида. Создайте отдельный приказ.",
            )
        )
    found += _dates(line)
    found += _group(line)
    if kind in OPENING:
        found += _opening(line)
    elif kind in CLOSING:
        found += _closing(line, kind)
    else:
        found += _moving(line, kind)
    return found


# -- parts ---------------------------------------------------------------------------------------


def _dates(line: LineFacts) -> Iterator[Finding]:
    if line.person.birth_date is None:
        yield refusal("birth_date_unknown", "У ученика не указана дата рождения. Заполните её в карточке.")
    elif line.effective_on <= line.person.birth_date:
        yield refusal(
            "before_birth",
            f"Дата движения {line.effective_on:%d.%m.%Y} раньше даты рождения. Исправьте одну из них.",
        )
    if line.person.died_on is not None and line.effective_on > line.person.died_on:
        yield refusal(
            "after_death", "В карточке указана дата смерти раньше этого движения. Проверьте карточку."
        )
    if line.dated is not None and (line.dated - line.effective_on).days > BACK_DATED_DAYS:
        yield warning(
            "back_dated",
            f"Движение вступает в силу {line.effective_on:%d.%m.%Y}, задолго до даты приказа "
            f"{line.dated:%d.%m.%Y}. Отчёты за прошедшие дни изменятся. Проверьте дату.",
        )


def _group(line: LineFacts) -> Iterator[Finding]:
    group = line.group
    if group is None:
        if line.group_wanted:
            yield refusal("group_unknown", "Указанного класса больше нет. Выберите класс заново.")
        return
    if group.organisation_id != line.organisation_id:
        yield refusal("group_foreign", f"Класс «{group.title}» другой организации. Выберите свой класс.")
    if not SchoolYear(group.school_year).period.holds(line.effective_on):
        yield refusal(
            "group_of_other_year",
            f"Класс «{group.title}» – {SchoolYear(group.school_year)} учебного года, а движение "
            f"{line.effective_on:%d.%m.%Y}. Выберите класс этого года или исправьте дату.",
        )
    if group.closed_on is not None and line.effective_on >= group.closed_on:
        yield refusal(
            "group_closed",
            f"Класс «{group.title}» расформирован с {group.closed_on:%d.%m.%Y}. Выберите другой класс.",
        )
    if group.capacity is not None and group.size >= group.capacity:
        yield warning(
            "group_full",
            f"В классе «{group.title}» уже {group.size} из {group.capacity}. Проверьте наполняемость.",
        )


def _opening(line: LineFacts) -> Iterator[Finding]:
    programme = line.group.programme_kind_code if line.group else line.programme_kind_code
    if not programme:
        yield refusal("programme_missing", "Не указана программа. Выберите класс или программу.")
    if programme in MAIN_GENERAL_PROGRAMMES:
        yield from _already_enrolled(line)
        if programme != PRESCHOOL and (line.group.grade if line.group else line.grade) is None:
            yield refusal(
                "grade_missing", "Не указан класс или параллель. Выберите, в какой класс зачислить."
            )
        yield from _age(line, programme)


def _already_enrolled(line: LineFacts) -> Iterator[Finding]:
    for other in line.others:
        if other.ends_on is None or other.ends_on > line.effective_on:
            until = f" по {other.ends_on:%d.%m.%Y}" if other.ends_on else ""
            yield refusal(
                "already_enrolled",
                f"Ученик уже числится в «{other.organisation}» с {other.starts_on:%d.%m.%Y}{until}. "
                "Сначала нужен приказ о выбытии оттуда или запрос на перевод.",
            )


def _age(line: LineFacts, programme: str) -> Iterator[Finding]:
    grade = line.group.grade if line.group else line.grade
    if grade != 1 or programme == PRESCHOOL or line.person.birth_date is None:
        return
    months = _months(line.person.birth_date, SchoolYear.of(line.effective_on).starts_on)
    if months < YOUNGEST_FIRST_GRADER_MONTHS:
        yield warning(
            "too_young",
            "На 1 сентября ребёнку меньше 6 лет 6 месяцев: нужно разрешение учредителя (ст. 67 ч. 1 273-ФЗ).",
        )
    elif months > OLDEST_FIRST_GRADER_MONTHS:
        yield warning(
            "too_old",
            "На 1 сентября ребёнку больше 8 лет: нужно разрешение учредителя (ст. 67 ч. 1 273-ФЗ).",
        )


def _closing(line: LineFacts, kind: MovementKind) -> Iterator[Finding]:
    reason = line.reason_code
    if not reason:
        yield refusal("reason_missing", "Не указана причина выбытия. Выберите её из списка.")
        return
    if reason not in reasons.FITTING[kind]:
        yield refusal(
            "reason_unfit", "Эта причина не подходит к виду приказа. Выберите другую причину или вид приказа."
        )
    named = line.destination_id is not None or bool(line.destination_text.strip())
    if reason in reasons.NEEDS_ORGANISATION and not named:
        yield refusal(
            "destination_missing",
            "Не указано, в какую организацию выбывает ученик. Выберите её из реестра или впишите название.",
        )
    if reason in reasons.NEEDS_PLACE and not line.destination_text.strip():
        yield refusal(
            "place_missing",
            "Не указано, куда выезжает ученик. Впишите населённый пункт и регион (страну).",
        )
    if line.destination_id == line.organisation_id:
        yield refusal(
            "destination_is_here", "Ученик не может выбыть в ту же организацию. Исправьте место выбытия."
        )
    if kind is MovementKind.GRADUATION:
        yield from _graduation(line, reason)


def _graduation(line: LineFacts, reason: str) -> Iterator[Finding]:
    if line.before is None:
        return
    programme, grade = line.before.programme_kind_code, line.before.grade
    if reason == "G3" and programme != PRESCHOOL:
        yield refusal(
            "not_preschool", "Выпуск из детского сада возможен только для воспитанника. Исправьте причину."
        )
    elif reason in reasons.GRADUATION_GRADES and programme in MAIN_GENERAL_PROGRAMMES - {PRESCHOOL}:
        if grade not in reasons.GRADUATION_GRADES[reason]:
            yield refusal(
                "grade_does_not_graduate",
                f"Из {grade or '–'} класса так не выпускают. Исправьте причину или уберите ученика из приказа.",
            )
    elif programme == PRESCHOOL and reason != "G3":
        yield refusal(
            "preschool_graduation", "Для воспитанника детского сада причина выпуска – «выпуск из ДОО»."
        )


def _moving(line: LineFacts, kind: MovementKind) -> Iterator[Finding]:
    needs_group = {MovementKind.CLASS_FORMATION, MovementKind.PLACEMENT}
    if kind in needs_group and line.group is None and not line.group_wanted:
        yield refusal("group_missing", "Не указан класс. Выберите, в какой класс перевести.")
    if kind is MovementKind.ACADEMIC_LEAVE and line.before is not None:
        if line.before.programme_kind_code not in VOCATIONAL:
            yield refusal(
                "leave_only_vocational",
                "Академический отпуск предоставляют студентам СПО (приказ 455). Уберите ученика из приказа.",
            )
    if line.before is not None:
        yield from _programmes(line, line.before)
        yield from _grades(line, kind, line.before)
    if kind is MovementKind.PLACEMENT and line.group is not None and line.before is not None:
        if line.group.id == line.before.group_id:
            yield refusal("same_group", f"Ученик уже в классе «{line.group.title}». Выберите другой класс.")


def _programmes(line: LineFacts, before: PlacementFacts) -> Iterator[Finding]:
    """One enrolment is of main programmes or of additional ones, from its first day to its last (273-ФЗ, art. 23, 75).

    A circle beside the classes of a school, also of one that was joined to a club, is an enrolment of its own.
    """
    there = {line.group.programme_kind_code if line.group else "", line.programme_kind_code} - {""}
    was_additional = before.programme_kind_code in ADDITIONAL
    if all((kind in ADDITIONAL) == was_additional for kind in there):
        return
    title = f"«{line.group.title}»" if line.group else "указанная программа"
    if was_additional:
        yield refusal(
            "additional_to_main",
            f"Ученик занимается по дополнительной программе, а {title} – основная. Одно обучение не переходит в другое: "
            "зачислите его в класс приказом о зачислении, а из объединения, если он его оставляет, отчислите.",
        )
    else:
        yield refusal(
            "main_to_additional",
            f"Ученик учится по основной программе, а {title} – дополнительная. Одно обучение не переходит в другое: "
            "запишите его в объединение приказом о зачислении, из класса он при этом не выбывает.",
        )


def _grades(line: LineFacts, kind: MovementKind, before: PlacementFacts) -> Iterator[Finding]:
    old = before.grade
    new = line.group.grade if line.group is not None else line.grade
    if kind in {MovementKind.PROMOTION, MovementKind.CONDITIONAL_PROMOTION}:
        if before.programme_kind_code == PRESCHOOL:
            if line.group is None:
                yield refusal("group_missing", "Не указана группа. Выберите, в какую группу перевести.")
        elif new is None:
            yield refusal(
                "grade_missing", "Не указан класс или параллель. Выберите, в какой класс перевести."
            )
        elif old is not None and new != old + 1:
            yield refusal(
                "grade_jump",
                f"Перевод из {old} класса возможен только в {old + 1}, а не в {new}. Исправьте класс.",
            )
    elif kind is MovementKind.REPEAT:
        # After a conditional promotion the learner goes back to the grade that was not finished.
        allowed = {old, old - 1} if old is not None and before.state == "conditional" else {old}
        if new is not None and new not in allowed:
            yield refusal(
                "repeat_other_grade",
                f"На повторное обучение оставляют в том же {old} классе. Исправьте класс.",
            )
    elif kind in {MovementKind.PLACEMENT, MovementKind.CLASS_FORMATION}:
        if new is not None and old is not None and new != old:
            yield refusal(
                "placement_other_grade",
                f"Ученик {old} класса не может быть переведён в {new} таким приказом. Нужен приказ о переводе "
                "в следующий класс или о повторном обучении.",
            )


def _months(born: date, day: date) -> int:
    return (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
