"""Own tables: an officer cuts what forms count by any facts of the vocabulary, saves the question and shares it (свои запросы).

Whoever may not see children is not shown small numbers: a cell of fewer than ``SMALL`` is hidden, and with it every total
from which it could be worked out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed, NotFound
from kontingent.kernel.period import years_before
from kontingent.organisations import queries as organisations
from kontingent.persons.permissions import PersonPermission
from kontingent.reports import facts
from kontingent.reports.codes import BEGINNING
from kontingent.reports.facts import Asked
from kontingent.reports.models import SavedQuestion
from kontingent.reports.permissions import ReportPermission
from kontingent.reports.queries import NEEDS, OPENED, counted_for
from kontingent.reports.rules.predicates import (
    All,
    Between,
    OneOf,
    Predicate,
    facts_of,
    sql,
    told,
    value_told,
)
from kontingent.reports.rules.vocabulary import FACTS, Fact, Kind, Source
from kontingent.storage import scope

SMALL = 5
MOST_LINES = 2000
#: Cuts that are no facts of a child but of where the child is.
PLACES = {"municipality": "Муниципалитет", "organisation": "Организация"}
_COLUMN = {"municipality": "municipality_id", "organisation": "organisation_id"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is counted, cut by what, of whom, when."""

    source: Source
    rows: str
    columns: str
    where: tuple[tuple[str, str], ...]
    on: date
    since: date

    def data(self) -> dict[str, Any]:
        """Return the question as it is stored."""
        return {
            "source": self.source.value, "rows": self.rows, "columns": self.columns, "where": [list(one) for one in self.where],
            "on": self.on.isoformat(), "since": self.since.isoformat(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """The table: titles of rows and columns, numbers (None is hidden), totals, and the rule in plain Russian."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    numbers: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int | None, ...]
    column_totals: tuple[int | None, ...]
    total: int | None
    rule: str
    hidden: int


def cuts(source: Source) -> list[tuple[str, str]]:
    """Return what a table may be cut by: name and title."""
    known = [
        (one.name, one.title)
        for one in FACTS.values()
        if source in one.sources and one.is_known and one.kind is not Kind.CODES
    ]
    return [*PLACES.items(), *sorted(known, key=lambda one: one[1])]


def filters(source: Source) -> list[tuple[str, str]]:
    """Return what a table may be narrowed by."""
    known = [(one.name, one.title) for one in FACTS.values() if source in one.sources and one.is_known]
    return sorted(known, key=lambda one: one[1])


def read(data: Mapping[str, Any]) -> Question:
    """Return the question of a form; raise ``InvalidValue`` with field, value and remedy."""
    try:
        source = Source(str(data.get("source") or Source.LEARNERS))
    except ValueError:
        raise InvalidValue("own.source", "Выберите из списка, кого считать.", field="source") from None
    possible = dict(cuts(source))
    rows, columns = str(data.get("rows") or "grade"), str(data.get("columns") or "")
    for field, name in (("rows", rows), ("columns", columns)):
        if name and name not in possible:
            raise InvalidValue(
                "own.cut", f"По признаку «{name}» здесь не режут. Выберите из списка.", field=field
            )
    if rows == columns:
        raise InvalidValue(
            "own.cut", "Строки и столбцы – один и тот же признак. Выберите разные.", field="columns"
        )
    on, since = _day(data.get("on"), "on") or clock.today(), _day(data.get("since"), "since")
    since = since or years_before(on, 1)
    if on < BEGINNING:
        raise InvalidValue(
            "own.before", f"Реестр ведётся с {BEGINNING:%d.%m.%Y}. Выберите день не раньше.", field="on"
        )
    if since >= on:
        raise InvalidValue("own.period", "Начало периода не раньше даты. Исправьте даты.", field="since")
    where = tuple((str(name), str(value).strip()) for name, value in data.get("where") or () if name)
    question = Question(source, rows, columns, where, on, since)
    _predicate(question)
    return question


def _day(value: Any, field: str) -> date | None:
    try:
        return value if isinstance(value, date) else date.fromisoformat(value) if value else None
    except ValueError:
        raise InvalidValue(
            "own.day", f"«{value}» – не дата. Напишите её как 2026-09-20.", field=field
        ) from None


def _predicate(question: Question) -> Predicate:
    return All(tuple(_condition(question.source, name, text) for name, text in question.where))


def _condition(source: Source, name: str, text: str) -> Predicate:
    fact = FACTS.get(name)
    if fact is None or source not in fact.sources or not fact.is_known:
        raise InvalidValue("own.fact", f"Условия «{name}» здесь нет. Выберите из списка.", field=name)
    if fact.kind is Kind.NUMBER:
        low, _, high = text.replace("–", "-").partition("-")
        if not low.strip().isdigit() or (high and not high.strip().isdigit()):
            raise InvalidValue(
                "own.number", f"{fact.title}: «{text}» – не число. Напишите 5 или 5–9.", field=name
            )
        return Between(name, int(low), int(high or low))
    if fact.kind is Kind.FLAG:
        if text.lower() not in {"да", "нет"}:
            raise InvalidValue("own.flag", f"{fact.title}: напишите «да» или «нет».", field=name)
        return OneOf(name, (text.lower() == "да",))
    return OneOf(name, tuple(_code(fact, one) for one in text.split(",")))


def _code(fact: Fact, text: str) -> str:
    text = text.strip()
    if not fact.code_list:
        found = next((code for code, title in fact.codes if text.lower() in {code, title.lower()}), None)
    else:
        found = codelists.find(fact.code_list, text)
    if found is None:
        raise InvalidValue(
            "own.value",
            f"{fact.title}: значения «{text}» нет в справочнике. Посмотрите справочник и исправьте.",
            field=fact.name,
        )
    return found


# -- counting ------------------------------------------------------------------------------------


def count(actor: Actor, question: Question, *, known_at: datetime | None = None) -> Answer:
    """Count a table over the organisations of the scope in one pass."""
    actor.require(ReportPermission.VIEW)
    where = _predicate(question)
    for name in sorted((facts_of(where) | {question.rows, question.columns}) & NEEDS.keys()):
        if not actor.may(NEEDS[name]):
            raise NotAllowed(
                "own.needs", f"«{FACTS[name].title}» видят только те, кому открыты {OPENED[NEEDS[name]]}."
            )
    keys = [_COLUMN.get(name, name) for name in (question.rows, question.columns) if name]
    parameters: list[Any] = []
    condition = sql(where, parameters)
    asked = Asked(question.on, question.since, question.on, known_at, counted_for(actor))
    with facts.built(asked, {question.source}), scope.whole_register(), connection.cursor() as cursor:
        named = ", ".join(keys)
        cursor.execute(
            f"SELECT {named}, count(*)::int FROM {facts.table_of(question.source)} WHERE {condition} GROUP BY {named}",
            parameters,
        )
        groups = cursor.fetchall()
    if len(groups) > MOST_LINES:
        raise InvalidValue(
            "own.too_many", "Таблица вышла слишком длинной. Добавьте условие или выберите другой разрез."
        )
    return _table(actor, question, groups, told(where, codelists.title))


def _table(actor: Actor, question: Question, groups: list[tuple[Any, ...]], rule: str) -> Answer:
    cells = {(group[0], group[1] if question.columns else ""): group[-1] for group in groups}
    rows = _sorted(question.rows, {key[0] for key in cells})
    columns = _sorted(question.columns, {key[1] for key in cells}) if question.columns else [("", "Всего")]
    hides = not actor.may(PersonPermission.VIEW)
    numbers = [[cells.get((row, column), 0) for column, _ in columns] for row, _ in rows]
    shown = [[None if hides and 0 < number < SMALL else number for number in line] for line in numbers]
    hidden = sum(number is None for line in shown for number in line)
    return Answer(
        rows=tuple(title for _, title in rows),
        columns=tuple(title for _, title in columns),
        numbers=tuple(tuple(line) for line in shown),
        row_totals=tuple(None if None in line else sum(filter(None, line)) for line in shown),
        column_totals=tuple(
            None if None in column else sum(filter(None, column)) for column in zip(*shown, strict=True)
        ),
        total=None if hidden else sum(sum(line) for line in numbers),
        rule=rule,
        hidden=hidden,
    )


def _sorted(name: str, values: set[Any]) -> list[tuple[Any, str]]:
    titles = _titles(name, values)
    return sorted(
        titles.items(), key=lambda one: (one[0] is None, one[0] if isinstance(one[0], int) else one[1])
    )


def _titles(name: str, values: set[Any]) -> dict[Any, str]:
    if name == "organisation":
        return dict(organisations.short_names(values))
    if name == "municipality":
        return dict(organisations.municipality_names(values))
    fact = FACTS[name]
    return {value: value_told(fact, value, codelists.title) for value in values}


# -- saved ---------------------------------------------------------------------------------------


@transaction.atomic
def save(*, actor: Actor, name: str, question: Question, is_shared: bool) -> SavedQuestion:
    """Keep a question under a name (сохранить); a shared one is seen by everybody who counts."""
    actor.require(ReportPermission.VIEW)
    name = " ".join(name.split())
    if not name:
        raise InvalidValue("own.name", "Назовите запрос, чтобы найти его потом.", field="name")
    kept, _ = SavedQuestion.objects.update_or_create(
        owner=actor.code, name=name[:120],
        defaults={
            "question": question.data(), "is_shared": is_shared, "owner_name": actor.name, "saved_at": clock.now(),
        },
    )  # fmt: skip
    return kept


def saved(actor: Actor) -> QuerySet[SavedQuestion]:
    """Return the actor's questions and those that others share, by name."""
    actor.require(ReportPermission.VIEW)
    return SavedQuestion.objects.filter(Q(owner=actor.code) | Q(is_shared=True)).order_by("name")


@transaction.atomic
def remove(*, actor: Actor, question_id: UUID) -> None:
    """Remove a question of one's own (удалить)."""
    found = SavedQuestion.objects.filter(pk=question_id, owner=actor.code).first()
    if found is None:
        raise NotFound("own.no_such", "Такого запроса у вас нет. Обновите страницу.")
    found.delete()
