"""What may be recorded of health, and how a record takes the place of another. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from kontingent.health.codes import ADULT, CHILD_GROUPS, DISABLED_CHILD, NOT_ADAPTED, Kind
from kontingent.kernel.errors import InvalidValue, RuleViolation

#: A term that ends within so many days is to be renewed.
WARN_DAYS: Final = 60
MOST_TEXT: Final = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of record looks: its code lists, whether several hold at once, whether a document is asked for.

    ``usual_months`` is the term where the document says none.
    """

    kind: Kind
    title: str
    code_list: str
    code_title: str
    document_title: str
    many: bool = False
    needs_document: bool = False
    usual_months: int = 0
    more: tuple[tuple[str, str, str], ...] = ()


#: (column, code list, title) of what a kind says besides its code.
SHAPES: Final[dict[Kind, Shape]] = {
    one.kind: one
    for one in (
        Shape(Kind.HEALTH_GROUP, "Группа здоровья", "health_group", "Группа", "Заключение по осмотру", usual_months=12),
        Shape(Kind.PHYSICAL_GROUP, "Физкультурная группа", "physical_group", "Группа", "Медицинское заключение", usual_months=12),
        Shape(
            Kind.DISABILITY, "Инвалидность", "disability_group", "Группа", "Справка МСЭ", needs_document=True,
            more=(("category_code", "disability_category", "Категория"), ("reason_code", "disability_reason", "Причина")),
        ),
        Shape(
            Kind.ADAPTED_PROGRAMME, "Адаптированная программа", "programme_adaptation", "Вид программы", "Заключение ПМПК",
            needs_document=True, more=(("variant_code", "adaptation_variant", "Вариант"),),
        ),
        Shape(
            Kind.LONG_TREATMENT, "Длительное лечение", "education_place", "Где учится", "Заключение врачебной комиссии",
            needs_document=True,
        ),
        Shape(Kind.HARD_SITUATION, "Трудная жизненная ситуация", "hard_situation", "Вид", "Документ-основание", many=True),
        Shape(Kind.PREVENTION, "Профилактический учёт", "prevention_record", "Вид учёта", "Решение о постановке", many=True),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Details:
    """What is kept encrypted: the document, who issued it, a free text (special conditions, basis, remark)."""

    document: str = ""
    issuer: str = ""
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """True when there is nothing to encrypt."""
        return not (self.document or self.issuer or self.note)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is entered: kind, codes, the half-open term ``[starts_on, ends_on)``, details."""

    kind: Kind
    code: str
    starts_on: date
    ends_on: date | None = None
    category_code: str = ""
    reason_code: str = ""
    variant_code: str = ""
    details: Details = Details()


def coming_of_age(born: date) -> date:
    """Return the day on which somebody turns 18; who was born on 29 February, on 1 March of a common year."""
    try:
        return born.replace(year=born.year + ADULT)
    except ValueError:
        return date(born.year + ADULT, 3, 1)


def with_usual_term(record: Record) -> Record:
    """Return the record with the usual term of its kind where it says none: a health group holds for about a year."""
    months = SHAPES[record.kind].usual_months
    if record.ends_on is not None or not months:
        return record
    start = record.starts_on
    day = date(start.year + months // 12, start.month, min(start.day, 28))
    return Record(
        record.kind, record.code, start, day, record.category_code, record.reason_code, record.variant_code, record.details
    )  # fmt: skip


def check(record: Record, *, born: date | None, today: date, has: Callable[[str, str], bool]) -> None:
    """Refuse a record that cannot be; the value itself never stands in the message.

    Raises:
        InvalidValue: with the field at fault.
    """
    shape = SHAPES[record.kind]
    if not has(shape.code_list, record.code) or (
        record.kind is Kind.ADAPTED_PROGRAMME and record.code == NOT_ADAPTED
    ):
        raise _wrong(shape, "code", f"выберите значение поля «{shape.code_title}» из списка")
    for column, code_list, title in shape.more:
        value = getattr(record, column)
        if value and not has(code_list, value):
            raise _wrong(shape, column, f"выберите значение поля «{title}» из списка")
    if record.starts_on > today:
        raise _wrong(shape, "starts_on", "дата начала ещё не наступила, исправьте её")
    if born is not None and record.starts_on < born:
        raise _wrong(shape, "starts_on", "дата начала раньше рождения, исправьте её")
    if record.ends_on is not None and record.ends_on <= record.starts_on:
        raise _wrong(shape, "ends_on", "окончание не позже начала, исправьте даты")
    if shape.needs_document and not record.details.document.strip():
        raise _wrong(
            shape,
            "document",
            f"укажите документ: {shape.document_title[:1].lower()}{shape.document_title[1:]}, номер и дату",
        )
    if any(
        len(text) > MOST_TEXT
        for text in (record.details.document, record.details.issuer, record.details.note)
    ):
        raise _wrong(shape, "note", f"текст длиннее {MOST_TEXT} знаков, сократите его")
    if born is not None:
        _check_age(record, shape, coming_of_age(born))


def _check_age(record: Record, shape: Shape, adult_on: date) -> None:
    is_child = record.starts_on < adult_on
    if record.kind is Kind.HEALTH_GROUP and is_child is not (record.code in CHILD_GROUPS):
        told = "до 18 лет – группы I–V" if is_child else "с 18 лет – группы I–III взрослого списка"
        raise _wrong(shape, "code", f"{told}; выберите подходящую")
    if record.kind is Kind.DISABILITY and is_child is not (record.code == DISABLED_CHILD):
        told = (
            "до 18 лет устанавливают категорию «ребёнок-инвалид»"
            if is_child
            else "с 18 лет устанавливают группу"
        )
        raise _wrong(shape, "code", f"{told}; выберите подходящее")
    if record.kind is Kind.DISABILITY and is_child and (record.ends_on is None or record.ends_on > adult_on):
        raise _wrong(
            shape, "ends_on", f"срок категории «ребёнок-инвалид» – не позже {adult_on:%d.%m.%Y}, дня восемнадцатилетия; укажите его"
        )  # fmt: skip


def for_age(kind: Kind, code: str, born: date | None, day: date) -> str:
    """Return the code for who is a child or grown up on the day: «II» of a student is the second group of the adult list."""
    if kind is Kind.HEALTH_GROUP and born is not None and day >= coming_of_age(born):
        return {"11": "16", "12": "17", "13": "18"}.get(code, code)
    return code


class RowsRefused(RuleViolation):
    """Some of many records cannot be; ``problems`` says which, by person and kind."""

    def __init__(self, problems: Mapping[UUID, Mapping[str, str]]) -> None:
        """Keep what is wrong where."""
        super().__init__(
            "health.rows",
            "Есть значения, которые нельзя записать: они отмечены. Исправьте их и запишите снова.",
        )
        self.problems = problems


def _wrong(shape: Shape, field: str, remedy: str) -> InvalidValue:
    return InvalidValue("health.record", f"{shape.title}: {remedy}.", field=field)


@dataclass(frozen=True, slots=True)
class Known:
    """A record that is known, for placing another beside it."""

    id: UUID
    code: str
    starts_on: date
    ends_on: date | None


def cut_short(known: Sequence[Known], record: Record) -> list[UUID]:
    """Return which records end where this one begins: the newer takes the place of the older.

    Raises:
        RuleViolation: a record on these days began on the same day or later.
    """
    shape, cut = SHAPES[record.kind], []
    for one in known:
        if shape.many and one.code != record.code:
            continue
        overlaps = (one.ends_on is None or record.starts_on < one.ends_on) and (
            record.ends_on is None or one.starts_on < record.ends_on
        )
        if not overlaps:
            continue
        if one.starts_on >= record.starts_on:
            raise RuleViolation(
                "health.overlaps",
                f"{shape.title}: на эти дни уже есть запись с {one.starts_on:%d.%m.%Y}. Отзовите её, если она ошибочна, "
                "или исправьте даты.",
            )
        cut.append(one.id)
    return cut


def is_expiring(ends_on: date | None, today: date) -> bool:
    """Say whether a term has to be seen to: it ends soon or has ended."""
    return ends_on is not None and ends_on <= today + timedelta(days=WARN_DAYS)
