"""Two schools in two municipalities, stage three open in one of them; a graduating class with everything it needs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

from kontingent.access.roles import ROLES
from kontingent.achievements.attestation import actions
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import Delivery, ExamResult
from kontingent.enrolment.models import Group
from kontingent.exchange.attestation import receiving
from kontingent.exchange.staging import wire
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Person
from kontingent.stages import actions as stages
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.performance import records

DAY = date(2025, 6, 3)
HEAD = ("Фамилия", "Имя", "Отчество", "Дата рождения", "СНИЛС", "Форма", "Год", "Этап", "Предмет", "Дата экзамена", "Первичный балл", "Тестовый балл", "Отметка", "Порог преодолён", "Статус", "Апелляция")  # fmt: skip
DOCUMENT_HEAD = (
    "Вид документа", "Статус документа", "Серия документа", "Номер документа", "Дата выдачи", "Регистрационный номер", "С отличием", "Медаль",
    "Год окончания", "Фамилия получателя", "Имя получателя", "Отчество получателя", "Дата рождения получателя", "СНИЛС", "ОГРН организации",
)  # fmt: skip


@dataclass(slots=True)
class Town:
    """Who is where."""

    five: Organisation
    seven: Organisation
    nine: Group
    anna: UUID
    oleg: UUID
    stranger: UUID
    more: dict[str, Any] = field(default_factory=dict)


def opened(where: Organisation | None = None, *, close: bool = False) -> None:
    """Open stage three where a school lies, or everywhere."""

    today = clock.today()
    (stages.close_stage if close else stages.open_stage)(
        actor=b.ROOT, stage="3", municipality_id=where.municipality_id if where else None, starts_on=today, number="3-э", dated=today,
    )  # fmt: skip


def built(*, open_here: bool = True) -> Town:
    """Пятая школа (этап открыт) и седьмая (закрыт); девятый класс 2024/25 года."""
    five = b.school("Школа № 5")
    seven = b.school("Школа № 7", where=b.municipality("lysva", "Лысьвенский округ"))
    nine = b.group(five, "9А", year=2024)
    anna = b.person("Мальцева Анна Павловна", born=date(2009, 5, 20), snils=b.snils_of(1))
    oleg = b.person("Тиунов Олег Игоревич", born=date(2009, 2, 3), snils=b.snils_of(2))
    stranger = b.person("Чужова Мария Ильинична", born=date(2009, 3, 4), snils=b.snils_of(3))
    b.admitted(anna, nine, on=date(2024, 9, 1))
    b.admitted(oleg, nine, on=date(2024, 9, 1))
    b.admitted(stranger, b.group(seven, "9Б", year=2024), on=date(2024, 9, 1))
    if open_here:
        opened(five)
    return Town(five, seven, nine, anna, oleg, stranger)


def worker(role: str, at: Organisation, *more: str) -> Actor:
    """Somebody of a school with the rights of a role."""
    held = ROLES[role]
    return Actor(
        f"test:{role}:{at.id}",
        "Кто-то",
        held.title,
        held.permissions | set(more),
        Scope.of_organisation(at.id),
        at.id,
    )


def region(*more: str) -> Actor:
    """Somebody of the ministry."""
    held = ROLES["ministry"]
    return Actor("test:ministry", "Министерство", held.title, held.permissions | set(more), Scope.region())


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A file as a РЦОИ would save it."""
    output = io.StringIO(newline="")
    csv.writer(output, delimiter=";").writerows([head, *rows])
    return output.getvalue().encode("utf-8-sig")


def exam(
    who: UUID,
    subject: str = "1",
    *,
    form: str = "ОГЭ",
    day: date = DAY,
    mark: Any = 4,
    score: Any = "",
    **other: Any,
) -> tuple[Any, ...]:
    """A line of results."""
    p = Person.objects.get(pk=who)
    told: Mapping[str, Any] = {
        "family": p.family_name, "given": p.given_name, "patronymic": p.patronymic, "born": f"{p.birth_date:%d.%m.%Y}", "snils": p.snils,
        "year": day.year, "stage": "основной", "primary": "", "passed": "", "status": "действует", "appeal": "",
    } | other  # fmt: skip
    return (
        told["family"], told["given"], told["patronymic"], told["born"], told["snils"], form, told["year"], told["stage"], subject,
        f"{day:%d.%m.%Y}", told["primary"], score, mark, told["passed"], told["status"], told["appeal"],
    )  # fmt: skip


def document(
    who: UUID,
    number: str,
    *,
    at: Organisation,
    registration: str = "1",
    day: date = date(2025, 6, 25),
    **other: Any,
) -> tuple[Any, ...]:
    """A line of the register of documents."""
    p = Person.objects.get(pk=who)
    told: Mapping[str, Any] = {
        "kind": "Аттестат об основном общем образовании",
        "form": "Оригинал",
        "honours": "нет",
        "medal": "",
        "series": "",
    } | other
    return (
        told["kind"], told["form"], told["series"], number, f"{day:%d.%m.%Y}", registration, told["honours"], told["medal"], day.year,
        p.family_name, p.given_name, p.patronymic, f"{p.birth_date:%d.%m.%Y}", p.snils, at.ogrn,
    )  # fmt: skip


def sent(
    actor: Actor,
    content: bytes,
    *,
    kind: DeliveryKind = DeliveryKind.RESULTS,
    at: Organisation | None = None,
    name: str = "результаты.csv",
) -> Delivery:
    """A file received and checked."""
    with scoped(actor):
        one = receiving.receive(
            actor=actor, kind=kind, organisation_id=at.id if at else None, file=BytesIO(content), filename=name
        )  # fmt: skip
    return receiving.read(one.id)


def applied(actor: Actor, one: Delivery) -> Delivery:
    """Apply a checked file."""
    with scoped(actor):
        actions.INTAKE.claim(actor=actor, file_id=one.id, asked_by=wire.actor_to_json(actor))
    return receiving.apply(one.id)


#: The subjects that a supplement of the ninth grade must have; mathematics by its last part.
REQUIRED = ("s01", "s03", "s12", "s13", "s15", "s16", "s17", "s18", "s19", "s20", "s24", "s25")


def finished(
    town: Town,
    who: UUID,
    *,
    mark: str = "5",
    but: dict[str, str] | None = None,
    exams: dict[str, int] | None = None,
) -> None:
    """Yearly marks of the ninth grade, and what admits to exams, and exams."""
    for subject in REQUIRED:
        records.closing(
            who,
            town.nine,
            date(2025, 5, 24),
            subject,
            (but or {}).get(subject, mark),
            kind="year",
            period="20",
        )
    known: dict[str, Any] = {
        "person_id": who,
        "organisation_id": town.five.id,
        "year": 2025,
        "stage_code": "main",
        "status_code": "valid",
        "recorded_at": clock.now(),
        "recorded_by": "Проверка",
    }
    ExamResult.objects.create(
        **known, form="interview", subject_code="70", held_on=date(2025, 2, 12), passed=True
    )
    for subject, got in (exams if exams is not None else {"1": 5, "2": 5}).items():
        ExamResult.objects.create(
            **known, form="oge", subject_code=subject, held_on=DAY, mark=got, passed=got > 2
        )


def graduated(town: Town) -> None:
    """Anna has everything, with excellent marks alone; Oleg has a debt in chemistry."""
    finished(town, town.anna)
    finished(town, town.oleg, mark="4", but={"s19": "2"})


def how(**other: Any) -> actions.Issue:
    """How documents are issued."""
    told: dict[str, Any] = {
        "issued_on": date(2025, 6, 25),
        "first_number": "05904000123456",
        "first_registration": "1",
        "basis": "Протокол педсовета № 9 от 24.06.2025",
    }
    return actions.Issue(**(told | other))
