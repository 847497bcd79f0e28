"""When a stage is open: the orders folded for a territory and a day. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from kontingent.kernel.errors import InvalidValue, RuleViolation
from kontingent.stages.fields import FIELDS, FROM_THE_START, STAGES, Field, Stage


@dataclass(frozen=True, slots=True)
class Said:
    """What one order says: the stage opens or closes, for a municipality or (None) for the whole region, from a day on."""

    stage: Stage
    opens: bool
    municipality_id: UUID | None
    starts_on: date
    recorded_at: datetime
    number: str = ""
    dated: date | None = None

    @property
    def order(self) -> str:
        """The order by number and date."""
        return f"приказ № {self.number} от {self.dated:%d.%m.%Y}" if self.dated else f"приказ № {self.number}"


def last_word(orders: Iterable[Said], stage: Stage, municipality_id: UUID | None, day: date) -> Said | None:
    """Return the order in force for a territory on a day: the one that takes effect last; of a day, the one recorded last."""
    heard = [
        one
        for one in orders
        if one.stage is stage and one.municipality_id in {None, municipality_id} and one.starts_on <= day
    ]
    return max(heard, key=lambda one: (one.starts_on, one.recorded_at), default=None)


def is_open(orders: Iterable[Said], stage: Stage, municipality_id: UUID | None, day: date) -> bool:
    """Say whether a stage is open for a territory on a day."""
    if stage in FROM_THE_START:
        return True
    word = last_word(orders, stage, municipality_id, day)
    return word is not None and word.opens


@dataclass(frozen=True, slots=True)
class Gate:
    """Which stages are open in one place on one day: what every door asks."""

    place: str
    open_stages: frozenset[Stage]

    def allows(self, field: str) -> bool:
        """Say whether a field may be entered, received and shown here."""
        return FIELDS[field].stage in self.open_stages

    def require(self, field: str) -> None:
        """Refuse a field whose stage is not open.

        Raises:
            RuleViolation: ``stages.closed``.
        """
        if not self.allows(field):
            raise closed(FIELDS[field], self.place)

    def shown(self) -> list[Field]:
        """Return the fields that are open here."""
        return [one for one in FIELDS.values() if one.stage in self.open_stages]


def closed(field: Field, place: str) -> RuleViolation:
    """Return the refusal of a field by name: what, where, and what to do."""
    return RuleViolation(
        "stages.closed",
        f"«{field.title}» относится к полям, которые открывает приказ ({STAGES[field.stage].lower()}). На территории «{place}» этот этап "
        "не открыт: такие сведения здесь не вносят, не загружают и не показывают. Этап открывает министерство приказом: раздел «Этапы».",
        field=field.code,
    )


def check_order(orders: Iterable[Said], word: Said, *, today: date) -> None:
    """Refuse an order that says nothing new, or says it wrongly.

    Raises:
        InvalidValue: no number, a date that cannot be.
        RuleViolation: the stage needs no order, or stands so already.
    """
    if not word.number.strip():
        raise InvalidValue("stages.no_number", "Укажите номер приказа.")
    if word.dated is None or word.dated > today:
        raise InvalidValue("stages.order_date", "Дата приказа не указана или ещё не наступила. Исправьте её.")
    if word.starts_on < word.dated:
        raise InvalidValue(
            "stages.before_order",
            f"Приказ от {word.dated:%d.%m.%Y} не может действовать раньше: с {word.starts_on:%d.%m.%Y}. Исправьте дату начала.",
        )
    if word.stage in FROM_THE_START:
        raise RuleViolation("stages.from_start", f"«{STAGES[word.stage]}» открыт с началом работы системы.")
    # An order for the whole region is never idle: it takes the place of what was ordered for municipalities.
    if word.municipality_id is None and word.opens:
        return
    if is_open(orders, word.stage, word.municipality_id, word.starts_on) is word.opens:
        state = "уже открыт" if word.opens else "и так не открыт"
        raise RuleViolation(
            "stages.already", f"На этой территории этап с {word.starts_on:%d.%m.%Y} {state}. Приказ не нужен."
        )
