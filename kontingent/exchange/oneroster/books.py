"""The gradebook as collections of OneRoster: the marks of a school year, the works they were given for, categories, scales; lessons and absences
as the extension of ours.

A journal sees its own book under its own ids. Whoever else may read sees the books of all journals within the scope, each id after the code of its
journal (``epos~r1``), since two journals may call two things alike.

The register keeps marks, not works. A work that the journal declared is shown as declared; the other marks are gathered: those of a class, a day, a
subject, a kind of work and a lesson are one work, whose id follows from these (``gradebook.derived_id``) and names its class, so that the work is
found again by the class. Each collection is one SELECT over the year's partition, with columns named as in ``model``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from kontingent.codelists import queries as codelists
from kontingent.enrolment.queries import organisations_condition
from kontingent.exchange.oneroster import gradebook, model, queries
from kontingent.exchange.oneroster.gradebook import PERIOD, SUBJECT, TEXT_SCORE, WEIGHT
from kontingent.exchange.oneroster.model import Column, Edition, Kind
from kontingent.exchange.oneroster.queries import Asked, Page
from kontingent.kernel.actor import Actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import queries as performance
from kontingent.performance.codes import MarkSystem, Word
from kontingent.performance.models import Journal
from kontingent.performance.permissions import PerformancePermission
from kontingent.persons import queries as persons

#: Between the code of a journal, which has no such sign, and an id of its own.
BETWEEN = "~"
#: Before the id of a final mark where a current one of the journal has the same.
FINAL = "final~"
_DERIVED = re.compile(r"w([0-9a-f]{32})[0-9a-f]{24}")


@dataclass(frozen=True, slots=True)
class Book:
    """Whose gradebook it is on a day: of one journal, or of all within the actor's scope."""

    actor: Actor
    on: date
    journal: Journal | None

    @property
    def year(self) -> int:
        """The school year."""
        return SchoolYear.of(self.on).begins_in


def book_of(actor: Actor, *, on: date) -> Book:
    """Return the gradebook that the actor may read."""
    actor.require(PerformancePermission.VIEW)
    return Book(actor, on, performance.own_journal(actor))


def is_derived(source_id: str) -> bool:
    """Say whether an id looks like that of a work gathered from marks."""
    return _DERIVED.fullmatch(source_id) is not None


class Narrow(NamedTuple):
    """Of what part of the book the rows are: everything that is given must hold. ``keys`` are ids as the reader was told them."""

    group: UUID | None = None
    organisation: UUID | None = None
    person: UUID | None = None
    keys: tuple[str, ...] | None = None
    journal: int | None = None


@dataclass(slots=True)
class _Sql:
    """A statement in the making with its parameters in order."""

    text: str = ""
    parameters: list[Any] = field(default_factory=list)

    def add(self, text: str, *parameters: Any) -> _Sql:
        self.text += text
        self.parameters += parameters
        return self

    def join(self, other: _Sql) -> _Sql:
        return self.add(other.text, *other.parameters)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A kind of object of the book: its columns, the SELECTs that it is the union of, whose data it is.

    Of what is kept row by row each SELECT also tells ``journal``, ``own``, the id within it, and ``kept``, the id by which the table has an index.
    """

    name: str
    single: str
    columns: tuple[Column, ...]
    select: Callable[[Book, Narrow], list[_Sql]]
    person: str = ""
    by_row: bool = False

    @property
    def comparable(self) -> list[Column]:
        """The columns one may filter and sort by: all but lists."""
        return [one for one in self.columns if one.kind is not Kind.LIST]


EVERYTHING = Narrow()


def page(book: Book, shelf: Shelf, asked: Asked, narrow: Narrow = EVERYTHING) -> Page:
    """Return a page of a kind of object, in a few statements.

    Of what is kept row by row only the ids are put in order, and the rows of the page are read by them: what it costs to tell a row,
    the digest of its work above all, is spent on the page alone. A journal's own book and that of the whole region are many rows: in the order of
    ids they are read journal by journal along the index, as far as the page and no further, in another order each table gives no more than the
    page may need. A class, a learner and other books are those of few people, by whom they are read.
    """
    condition = _condition(asked)
    is_wide = book.journal is not None or book.actor.scope.whole_region
    if shelf.by_row and is_wide and not (narrow.group or narrow.person):
        if asked.order.column == "sourcedId":
            return _along_the_index(book, shelf, asked, narrow, condition)
        return _by_tables(book, shelf, asked, narrow, condition)
    selected = _union(shelf.select(book, narrow))
    columns = '"sourcedId"' if shelf.by_row else "*"
    counting = "" if asked.begun else ", count(*) OVER () AS total"
    statement = _Sql(f"SELECT {columns}{counting} FROM (").join(selected).add(") AS t").join(condition)
    rows = _rows(
        statement.add(f' ORDER BY {_order(asked)}, "sourcedId" LIMIT %s OFFSET %s', asked.limit, asked.offset)
    )
    known = asked.known_total(len(rows))
    if rows and not asked.begun:
        total = int(rows[0]["total"])
    else:
        total = known if known is not None else _number(book, shelf, narrow, condition)
    if shelf.by_row:
        rows = _told(book, shelf, narrow, [row["sourcedId"] for row in rows])
    return Page(rows, total, is_counted=known is None)


def _order(asked: Asked) -> str:
    """SQL: the column asked for and its direction; what is equal by it is ordered by the caller."""
    direction = "DESC NULLS LAST" if asked.order.descending else "ASC NULLS FIRST"
    return f'"{asked.order.column}" {direction}'


def _number(book: Book, shelf: Shelf, narrow: Narrow, condition: _Sql) -> int:
    """Return how many rows there are: one pass over them all."""
    selected = _union(shelf.select(book, narrow))
    return int(_rows(_Sql("SELECT count(*) AS total FROM (").join(selected).add(") AS t").join(condition))[0]["total"])  # fmt: skip


def _by_tables(book: Book, shelf: Shelf, asked: Asked, narrow: Narrow, condition: _Sql) -> Page:
    """Return a page in an order other than that of ids: no table is put in order further than the page ends.

    Rows that are equal by the column come in the order of what the table keeps, since the id of a final mark costs a look at the marks:
    it is made of those on the page alone.
    """
    order = f'{_order(asked)}, kept COLLATE "C", journal'
    begun = [
        _Sql(f'(SELECT "sourcedId" AS told, "{asked.order.column}", kept, journal, {number} AS place FROM (').join(part).add(") AS t")
        .join(condition).add(f" ORDER BY {order} LIMIT %s)", asked.offset + asked.limit)
        for number, part in enumerate(shelf.select(book, narrow))
    ]  # fmt: skip
    statement = _Sql("SELECT told FROM (").join(_union(begun)).add(f") AS t ORDER BY {order}, place")
    keys = [row["told"] for row in _rows(statement.add(" LIMIT %s OFFSET %s", asked.limit, asked.offset))]
    known = asked.known_total(len(keys))
    total = known if known is not None else _number(book, shelf, narrow, condition)
    return Page(_told(book, shelf, narrow, keys), total, known is None)


def _along_the_index(book: Book, shelf: Shelf, asked: Asked, narrow: Narrow, condition: _Sql) -> Page:
    """Return a page in the order of ids; one that goes on from the page before begins behind its last id, and passes over nothing.

    No sign of a journal's code comes after ``BETWEEN``, so that ids in order are journals in order, and within each its own ids in order.
    """
    if asked.begun:
        keys = _behind(book, shelf, asked, narrow, condition, asked.begun.after)
        if (known := asked.known_total(len(keys))) is not None:
            return Page(_told(book, shelf, narrow, keys), known, is_counted=False)
        return Page(_told(book, shelf, narrow, keys), sum(_numbers(book, shelf, narrow, condition).values()))
    numbers = _numbers(book, shelf, narrow, condition)
    codes = dict(Journal.objects.filter(pk__in=numbers).values_list("pk", "code"))
    keys, skip = [], asked.offset
    for journal in _in_order(codes, asked):
        take = asked.limit - len(keys)
        if take and skip < numbers[journal]:
            keys += _keys(shelf.select(book, narrow._replace(journal=journal)), condition, asked, skip, take)
        skip = max(0, skip - numbers[journal])
    return Page(_told(book, shelf, narrow, keys), sum(numbers.values()))


def _numbers(book: Book, shelf: Shelf, narrow: Narrow, condition: _Sql) -> dict[int, int]:
    """Return how many rows of each journal there are: one pass over them all."""
    selected = _union(shelf.select(book, narrow))
    counted = _Sql("SELECT t.journal, count(*) AS number FROM (").join(selected).add(") AS t").join(condition)
    return {row["journal"]: int(row["number"]) for row in _rows(counted.add(" GROUP BY 1"))}


def _in_order(codes: Mapping[int, str], asked: Asked) -> list[int]:
    return sorted(codes, key=lambda one: codes[one] + BETWEEN, reverse=asked.order.descending)


def _behind(book: Book, shelf: Shelf, asked: Asked, narrow: Narrow, condition: _Sql, after: str) -> list[str]:
    """Return the ids of the page behind an id: the rest of its journal, then the journals after it, as far as the page goes."""
    if book.journal:
        codes, last, own = {book.journal.pk: book.journal.code}, book.journal.code, after
    else:
        codes, (last, _, own) = dict(Journal.objects.values_list("pk", "code")), after.partition(BETWEEN)
    of_last, descending = last + BETWEEN, asked.order.descending
    keys: list[str] = []
    for journal in _in_order(codes, asked):
        code = codes[journal] + BETWEEN
        is_before = code > of_last if descending else code < of_last
        if not is_before and (take := asked.limit - len(keys)):
            beyond = own if code == of_last else ""
            keys += _keys(
                shelf.select(book, narrow._replace(journal=journal)), condition, asked, 0, take, beyond
            )
    return keys


def _keys(
    parts: list[_Sql], condition: _Sql, asked: Asked, skip: int, take: int, behind: str = ""
) -> list[str]:
    """Return ids of one journal, those behind one of them if any: each part is read along its index as far as the page ends."""
    descending = asked.order.descending
    order = f'ORDER BY own COLLATE "C" {"DESC" if descending else "ASC"} LIMIT %s'
    chosen = condition
    if behind:
        chosen = _Sql(
            f'{condition.text or " WHERE true"} AND own COLLATE "C" {"<" if descending else ">"} %s',
            [*condition.parameters, behind],
        )
    begun = [
        _Sql('(SELECT own, "sourcedId" FROM (').join(part).add(") AS t").join(chosen).add(f" {order})", skip + take)
        for part in parts
    ]  # fmt: skip
    statement = (
        _Sql('SELECT "sourcedId" FROM (').join(_union(begun)).add(f") AS t {order} OFFSET %s", take, skip)
    )
    return [row["sourcedId"] for row in _rows(statement)]


def _told(book: Book, shelf: Shelf, narrow: Narrow, keys: list[str]) -> list[dict[str, Any]]:
    """Return the rows of these ids, in their order."""
    if not keys:
        return []
    selected = _union(shelf.select(book, narrow._replace(keys=tuple(keys))))
    found = _rows(_Sql("SELECT * FROM (").join(selected).add(') AS t WHERE "sourcedId" = ANY(%s)', keys))
    by_key = {row["sourcedId"]: row for row in found}
    return [by_key[key] for key in keys if key in by_key]


def _union(parts: list[_Sql]) -> _Sql:
    said = _Sql()
    for number, part in enumerate(parts):
        said.add(" UNION ALL " if number else "").join(part)
    return said


def one(book: Book, shelf: Shelf, source_id: str, narrow: Narrow = EVERYTHING) -> dict[str, Any]:
    """Return an object by its id, or refuse: unknown and out of reach are the same."""
    if "\0" in source_id:
        raise queries.unknown_object()
    selected = _union(shelf.select(book, narrow._replace(keys=(source_id,))))
    rows = _rows(_Sql("SELECT * FROM (").join(selected).add(') AS t WHERE "sourcedId" = %s LIMIT 1', source_id))  # fmt: skip
    if not rows:
        raise queries.unknown_object()
    return rows[0]


def _rows(statement: _Sql) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.parameters)
        names = [one[0] for one in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


_OPERATORS = {"=": "=", "!=": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


def _condition(asked: Asked) -> _Sql:
    told, parameters = [], list[Any]()
    for term in asked.filter.terms:
        if term.operator == "~":
            told.append(
                f'position(lower(%s COLLATE "{queries.LETTERS}") in lower("{term.column}" COLLATE "{queries.LETTERS}")) > 0'
            )
        else:
            told.append(f'"{term.column}" {_OPERATORS[term.operator]} %s')
        parameters.append(term.value)
    chosen = [f"({(' OR ' if asked.filter.either else ' AND ').join(told)})"] if told else []
    for name, key in asked.within.items():
        chosen.append(f'"{name}" = %s')
        parameters.append(key)
    return _Sql(f" WHERE {' AND '.join(chosen)}" if chosen else "", parameters)


# -- ids ---------------------------------------------------------------------------------------


def _id(book: Book, expression: str) -> str:
    """SQL: an id as the reader is told it."""
    told = expression if book.journal else f"j.code || '{BETWEEN}' || {expression}"
    return f'({told})::text COLLATE "C"'


def _own_keys(book: Book, narrow: Narrow) -> list[str]:
    """Return the ids that are asked for as the journals themselves said them."""
    return [key if book.journal else key.partition(BETWEEN)[2] for key in narrow.keys or ()]


def _of_keys(book: Book, narrow: Narrow, column: str, prefix: str = "") -> _Sql:
    """SQL: what is asked for by id, if anything is; before some ids their reader may have been told a prefix."""
    if narrow.keys is None:
        return _Sql()
    keys = _own_keys(book, narrow)
    told = [*keys, *(one.removeprefix(prefix) for one in keys if prefix and one.startswith(prefix))]
    return _Sql(f" AND {column} = ANY(%s)", [told])


def _of_book(book: Book, narrow: Narrow, alias: str, *, kept_by_year: bool = True) -> _Sql:
    """SQL: the rows of a table that belong to the book."""
    said = _Sql()
    said.add(f" JOIN performance_journal j ON j.id = {alias}.journal_id WHERE true")
    if kept_by_year:
        said.add(f" AND {alias}.school_year = %s", book.year)
    for one in {book.journal.pk if book.journal else None, narrow.journal} - {None}:
        said.add(f" AND {alias}.journal_id = %s", one)
    return said


def _derived(alias: str, work: str, weight: str, lesson: str, period: str) -> str:
    """SQL: ``gradebook.derived_id`` of a mark's work."""
    a = alias
    parts = (
        f"{a}.organisation_id::text, {a}.group_id::text, to_char({a}.given_on, 'YYYY-MM-DD'), {a}.subject_code, {a}.system_code::text, "
        f"{work}, {weight}, {lesson}, {period}"
    )
    digest = f"encode(sha256(convert_to(concat_ws(chr(31), {parts}), 'UTF8')), 'hex')"
    return f"'w' || replace({a}.group_id::text, '-', '') || left({digest}, {gradebook.DIGEST})"


_OF_MARK = _derived("m", "m.work_code", "m.weight::text", "m.lesson_key", "''")
_OF_FINAL = _derived("m", "m.kind", "''", "''", "m.period_code")


# -- whose rows --------------------------------------------------------------------------------


def _of_people(book: Book, narrow: Narrow) -> _Sql:
    """SQL: records of those who are in the lists today: what a result names is found among the users."""
    said = _Sql()
    within, parameters = organisations_condition(book.actor, "m")
    said.add(f" AND m.group_id IS NOT NULL{within}", *parameters)
    if narrow.organisation:
        said.add(" AND m.organisation_id = %s", narrow.organisation)
    if narrow.person:
        said.add(" AND m.person_id = %s", narrow.person)
    if narrow.group:  # by the index of a person's days, since there is none of a class's
        said.add(
            " AND m.person_id IN (SELECT s.person_id FROM enrolment_placement s WHERE s.group_id = %s)",
            narrow.group,
        )
    within, parameters = organisations_condition(book.actor, "pl")
    # A journal's whole book is read once, and each row is looked up among the people; left to choose, the planner reads it anew for each of them.
    whole = (narrow.group, narrow.organisation, narrow.person, narrow.keys) == (None, None, None, None)
    once = book.journal is not None and whole
    return said.add(
        f" AND (m.person_id IN (SELECT pl.person_id FROM enrolment_placement pl JOIN persons_person h ON h.id = pl.person_id "
        "AND h.status_code = %s WHERE pl.superseded_at IS NULL AND pl.starts_on <= %s AND (pl.ends_on IS NULL OR pl.ends_on > %s)"
        f"{within})){' IS TRUE' if once else ''}",
        persons.VALID, book.on, book.on, *parameters,
    )  # fmt: skip


def _item_of_mark() -> str:
    """SQL: the declared work of a mark. What was taken back stays with a work that is gone."""
    return (
        " LEFT JOIN oneroster_lineitem i ON i.journal_id = m.journal_id AND i.school_year = m.school_year AND i.final_kind = '' "
        "AND i.source_id = m.lesson_key AND (i.deleted_at IS NULL OR m.withdrawn_at IS NOT NULL)"
    )


def _item_of_final() -> str:
    return (
        " LEFT JOIN oneroster_lineitem i ON i.journal_id = m.journal_id AND i.school_year = m.school_year AND i.final_kind = m.kind "
        "AND i.group_id = m.group_id AND i.subject_code = m.subject_code AND i.period_code = m.period_code AND i.deleted_at IS NULL"
    )


def _marks(book: Book, narrow: Narrow, selected: str, join: str, table: str = "performance_mark") -> _Sql:
    """SQL: marks or final marks with the declared work of each, if any."""
    said = _Sql(f"SELECT {selected} FROM {table} m{join}")
    said.join(_of_book(book, narrow, "m")).join(_of_people(book, narrow))
    if narrow.group:
        said.add(" AND coalesce(i.group_id, m.group_id) = %s", narrow.group)
    return said


def _in_scope(book: Book, narrow: Narrow, alias: str) -> _Sql:
    """SQL: what belongs to a class, within the scope."""
    within, parameters = organisations_condition(book.actor, alias)
    said = _Sql().add(within, *parameters)
    if narrow.organisation:
        said.add(f" AND {alias}.organisation_id = %s", narrow.organisation)
    if narrow.group:
        said.add(f" AND {alias}.group_id = %s", narrow.group)
    return said


def _status(column: str) -> str:
    return f"CASE WHEN {column} IS NULL THEN 'active' ELSE 'tobedeleted' END"


def _titles(list_code: str, code: str) -> tuple[str, str]:
    """SQL: the title of a code, with its parameter."""
    return f"coalesce(%s::jsonb ->> {code}, {code})", json.dumps(dict(codelists.titles(list_code)))


# -- categories --------------------------------------------------------------------------------


def _categories(book: Book, narrow: Narrow) -> list[_Sql]:
    """What the journal declared, and the kinds and weights of marks whose works it did not."""
    said = _Sql(
        f'SELECT {_id(book, "c.source_id")} AS "sourcedId", {_status("c.deleted_at")} AS status, c.changed_at AS "dateLastModified", '
        "c.title::text AS title, c.weight FROM oneroster_category c"
    )
    said.join(_of_book(book, narrow, "c", kept_by_year=False)).join(_of_keys(book, narrow, "c.source_id"))
    if any(gradebook.read_category_id(key) is None for key in _own_keys(book, narrow)):
        return [said]
    if narrow.group:
        said.add(
            " AND EXISTS (SELECT FROM oneroster_lineitem i WHERE i.journal_id = c.journal_id AND i.category_key = c.source_id "
            "AND i.group_id = %s AND i.deleted_at IS NULL)",
            narrow.group,
        )
    return [
        said,
        _undeclared(book, "work_kind", "g.code || '-' || g.weight::text", _gathered(
            _marks(book, narrow, "m.journal_id, m.work_code::text AS code, m.weight, max(m.recorded_at) AS changed_at", _item_of_mark())
        )),
        _undeclared(book, "final_kind", f"'{gradebook.FINAL_CATEGORY}' || g.code", _gathered(
            _marks(
                book, narrow, "m.journal_id, m.kind::text AS code, NULL::numeric AS weight, max(m.recorded_at) AS changed_at",
                _item_of_final(), "performance_periodmark",
            )
        )),
    ]  # fmt: skip


def _gathered(marks: _Sql) -> _Sql:
    """SQL: the kinds and weights of marks that were given for no declared work."""
    return marks.add(" AND i.id IS NULL AND m.withdrawn_at IS NULL GROUP BY 1, 2, 3")


def _undeclared(book: Book, list_code: str, own: str, gathered: _Sql) -> _Sql:
    """SQL: them as categories, but for those that the journal declared under that very id."""
    title, titles = _titles(list_code, "g.code")
    said = _Sql().add(f"SELECT {_id(book, own)}, 'active', g.changed_at, {title}, g.weight FROM (", titles)
    return said.join(gathered).add(
        f") g JOIN performance_journal j ON j.id = g.journal_id WHERE NOT EXISTS (SELECT FROM oneroster_category c "
        f"WHERE c.journal_id = g.journal_id AND c.source_id = {own})"
    )


# -- works -------------------------------------------------------------------------------------


def _line_items(book: Book, narrow: Narrow) -> list[_Sql]:
    """What the journal declared, and the marks that it gave for no declared work, gathered."""
    declared = _Sql(
        f'SELECT {_id(book, "i.source_id")} AS "sourcedId", {_status("i.deleted_at")} AS status, i.changed_at AS "dateLastModified", '
        'i.title::text AS title, i.description::text AS description, i.assigned_on AS "assignDate", i.due_on AS "dueDate", '
        f'i.group_id::text AS "classSourcedId", {_id(book, "i.category_key")} AS "categorySourcedId", '
        'i.session_key::text AS "academicSessionSourcedId", i.lowest AS "resultValueMin", i.highest AS "resultValueMax", '
        'i.organisation_id::text AS "schoolSourcedId", '
        f"CASE WHEN i.scale_key <> '' THEN {_id(book, 'i.scale_key')} END AS \"scoreScaleSourcedId\", "
        f'i.subject_code::text AS "{SUBJECT}", i.period_code::text AS "{PERIOD}" FROM oneroster_lineitem i'
    )
    declared.join(_of_book(book, narrow, "i")).join(_in_scope(book, narrow, "i")).join(
        _of_keys(book, narrow, "i.source_id")
    )
    for key in _own_keys(book, narrow):  # a gathered work is found within its class
        found = _DERIVED.fullmatch(key)
        if found is None or narrow.group not in (None, UUID(found.group(1))):
            return [declared]
        narrow = narrow._replace(group=UUID(found.group(1)))
    grouped = "m.journal_id, m.organisation_id, m.group_id, m.given_on, m.subject_code, m.system_code"
    subject, subjects = _titles("subject", "m.subject_code")
    common = (
        "m.given_on, m.group_id::text, {category}, %s::text, "
        f"{_by_system('lowest')}, {_by_system('highest')}, m.organisation_id::text, NULL::text, m.subject_code::text"
    )
    work, works = _titles("work_kind", "m.work_code")
    of_marks = _Sql().add(
        f"SELECT {_id(book, _OF_MARK)}, 'active', max(m.recorded_at), {work} || ', ' || {subject}, '', m.given_on, "
        + common.format(category=_id(book, "m.work_code || '-' || m.weight::text")) + ", '' FROM (",
        works, subjects, queries.year_key(book.year),
    ).join(_marks(book, narrow, f"{grouped}, m.recorded_at, m.work_code, m.weight, m.lesson_key", _item_of_mark())).add(
        " AND i.id IS NULL AND m.withdrawn_at IS NULL) m JOIN performance_journal j ON j.id = m.journal_id "
        f"GROUP BY j.code, {grouped}, m.work_code, m.weight, m.lesson_key"
    )  # fmt: skip
    kind, kinds = _titles("final_kind", "m.kind")
    period, periods = _titles("study_period", "m.period_code")
    of_finals = _Sql().add(
        f"SELECT {_id(book, _OF_FINAL)}, 'active', max(m.recorded_at), {kind} || ': ' || {period} || ', ' || {subject}, '', m.given_on, "
        + common.format(category=_id(book, f"'{gradebook.FINAL_CATEGORY}' || m.kind")) + ", m.period_code::text FROM (",
        kinds, periods, subjects, queries.year_key(book.year),
    ).join(_marks(book, narrow, f"{grouped}, m.recorded_at, m.kind, m.period_code", _item_of_final(), "performance_periodmark")).add(
        " AND i.id IS NULL AND m.withdrawn_at IS NULL) m JOIN performance_journal j ON j.id = m.journal_id "
        f"GROUP BY j.code, {grouped}, m.kind, m.period_code"
    )  # fmt: skip
    return [declared, of_marks, of_finals]


def _by_system(which: str) -> str:
    """SQL: the lowest or the highest result of a mark's system."""
    end = {"lowest": "Min", "highest": "Max"}[which]
    cases = " ".join(
        f"WHEN {system.value} THEN {gradebook.bounds(system)[f'resultValue{end}']}" for system in MarkSystem
    )
    return f"(CASE m.system_code {cases} END)::numeric"


# -- results -----------------------------------------------------------------------------------


def _results(book: Book, narrow: Narrow) -> list[_Sql]:
    """Marks and final marks; one that the journal took back is there to be deleted."""
    told = (
        f'{_status("m.withdrawn_at")} AS status, m.recorded_at AS "dateLastModified", {{item}} AS "lineItemSourcedId", '
        f"m.person_id::text AS \"studentSourcedId\", CASE WHEN m.withdrawn_at IS NOT NULL THEN '{gradebook.NOT_SUBMITTED}' "
        f"WHEN m.value = '{Word.EXEMPT.value}' THEN '{gradebook.EXEMPT}' ELSE '{gradebook.GRADED}' END AS \"scoreStatus\", "
        'm.score::numeric AS score, m.given_on AS "scoreDate", m.comment::text AS comment, '
        "CASE WHEN m.score IS NULL THEN nullif(m.value, '')::text END AS \"textScore\", "
        'coalesce(i.group_id, m.group_id)::text AS "classSourcedId", m.journal_id AS journal, m.external_id AS kept'
    )
    of_mark, of_final = (_id(book, f"coalesce(i.source_id, {derived})") for derived in (_OF_MARK, _OF_FINAL))
    # Asked of each final mark by the key: an EXISTS the planner may answer by reading the marks of the year at once.
    alike = (
        f"CASE WHEN (SELECT true FROM performance_mark e WHERE e.school_year = {book.year} AND e.journal_id = m.journal_id "
        f"AND e.external_id = m.external_id LIMIT 1) THEN '{FINAL}' || m.external_id ELSE m.external_id END"
    )
    of_marks = (
        f'{_id(book, "m.external_id")} AS "sourcedId", m.external_id AS own, {told.format(item=of_mark)}'
    )
    of_finals = f'{_id(book, alike)} AS "sourcedId", {alike} AS own, {told.format(item=of_final)}'
    return [
        _marks(book, narrow, of_marks, _item_of_mark()).join(_of_keys(book, narrow, "m.external_id")),
        _marks(book, narrow, of_finals, _item_of_final(), "performance_periodmark").join(
            _of_keys(book, narrow, "m.external_id", FINAL)
        ),
    ]


# -- scales ------------------------------------------------------------------------------------


def _score_scales(book: Book, narrow: Narrow) -> list[_Sql]:
    said = _Sql(
        f'SELECT {_id(book, "s.source_id")} AS "sourcedId", {_status("s.deleted_at")} AS status, s.changed_at AS "dateLastModified", '
        "s.title::text AS title, s.type::text AS type, nullif(s.course_key, '')::text AS \"courseSourcedId\", "
        's.group_id::text AS "classSourcedId", s.values AS "scoreScaleValue" FROM oneroster_scorescale s'
    )
    said.join(_of_book(book, narrow, "s")).join(_in_scope(book, narrow, "s"))
    return [said.join(_of_keys(book, narrow, "s.source_id"))]


# -- the extension -----------------------------------------------------------------------------


def _lessons(book: Book, narrow: Narrow) -> list[_Sql]:
    said = _Sql(
        f'SELECT {_id(book, "m.external_id")} AS "sourcedId", {_status("m.withdrawn_at")} AS status, m.recorded_at AS "dateLastModified", '
        'm.group_id::text AS "classSourcedId", m.held_on AS date, m.subject_code::text AS subject, m.number, m.part::text AS part, '
        "m.topic::text AS topic, m.homework::text AS homework, m.teacher_name::text AS teacher, m.journal_id AS journal, m.external_id AS own, m.external_id AS kept "
        "FROM performance_lesson m"
    )
    said.join(_of_book(book, narrow, "m")).join(_in_scope(book, narrow, "m"))
    return [said.join(_of_keys(book, narrow, "m.external_id"))]


def _attendance(book: Book, narrow: Narrow) -> list[_Sql]:
    said = _Sql(
        f'SELECT {_id(book, "m.external_id")} AS "sourcedId", {_status("m.withdrawn_at")} AS status, m.recorded_at AS "dateLastModified", '
        'm.group_id::text AS "classSourcedId", m.person_id::text AS "studentSourcedId", m.held_on AS date, m.subject_code::text AS subject, '
        "m.lesson_number AS number, m.code::text AS code, m.minutes, m.comment::text AS comment, m.journal_id AS journal, m.external_id AS own, m.external_id AS kept "
        "FROM performance_attendance m"
    )
    said.join(_of_book(book, narrow, "m")).join(_of_people(book, narrow))
    if narrow.group:
        said.add(" AND m.group_id = %s", narrow.group)
    return [said.join(_of_keys(book, narrow, "m.external_id"))]


# -- what there is -----------------------------------------------------------------------------


def _columns(file: str, known: str, *more: Column, edition: Edition = Edition.V12) -> tuple[Column, ...]:
    declared = model.file_of(edition, file)
    wanted = {"sourcedId", "status", "dateLastModified", *known.split()}
    return (*(one for one in (declared.columns if declared else ()) if one.name in wanted), *more)


CATEGORIES = Shelf("categories", "category", _columns("categories", "title weight"), _categories)
LINE_ITEMS = Shelf(
    "lineItems", "lineItem",
    _columns(
        "lineItems",
        "title description assignDate dueDate classSourcedId categorySourcedId academicSessionSourcedId resultValueMin resultValueMax "
        "schoolSourcedId",
        Column("scoreScaleSourcedId", Kind.REFERENCE, to="scoreScales"), Column(SUBJECT), Column(PERIOD),
    ),
    _line_items,
)  # fmt: skip
RESULTS = Shelf(
    "results", "result",
    _columns("results", "lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment textScore classSourcedId"),
    _results, person="studentSourcedId", by_row=True,
)  # fmt: skip
SCORE_SCALES = Shelf(
    "scoreScales", "scoreScale", _columns("scoreScales", "title type courseSourcedId classSourcedId scoreScaleValue"), _score_scales
)  # fmt: skip
_EVERYTHING = {one.name: " ".join(one.header) for one in model.EXTENSIONS}
LESSONS = Shelf(
    "lessons", "lesson", _columns("ext_lessons", _EVERYTHING["ext_lessons"]), _lessons, by_row=True
)
ATTENDANCE = Shelf(
    "attendance", "absence", _columns("ext_attendance", _EVERYTHING["ext_attendance"]), _attendance, person="studentSourcedId", by_row=True
)  # fmt: skip


# -- the same as 1.1 says it -------------------------------------------------------------------


def _as_v11(shelf: Shelf, known: str, otherwise: Mapping[str, str], *more: Column) -> Shelf:
    """A kind of object in the columns of 1.1; ``otherwise`` is the SQL of those that 1.2 calls or fills in another way."""
    columns = _columns(shelf.name, known, *more, edition=Edition.V11)
    names = [*(one.name for one in columns), *(("journal", "own", "kept") if shelf.by_row else ())]
    told = ", ".join(f"{otherwise.get(name, quoted)} AS {quoted}" for name, quoted in ((one, f'"{one}"') for one in names))  # fmt: skip

    def select(book: Book, narrow: Narrow) -> list[_Sql]:
        parts = shelf.select(book, narrow)
        whole = parts if shelf.by_row else [_union(parts)]
        return [_Sql(f"SELECT {told} FROM (").join(part).add(") AS told") for part in whole]

    return replace(shelf, columns=columns, select=select)


_FIVE = gradebook.bounds(MarkSystem.FIVE)
CATEGORIES_V11 = _as_v11(CATEGORIES, "title", {WEIGHT: "weight"}, Column(WEIGHT, Kind.NUMBER))
LINE_ITEMS_V11 = _as_v11(
    LINE_ITEMS,
    "title description assignDate dueDate classSourcedId categorySourcedId gradingPeriodSourcedId resultValueMin resultValueMax",
    {
        "gradingPeriodSourcedId": '"academicSessionSourcedId"',
        **{name: f'coalesce("{name}", {usual})' for name, usual in _FIVE.items()},
    },
    Column(SUBJECT), Column(PERIOD),
)  # fmt: skip
RESULTS_V11 = _as_v11(
    RESULTS, "lineItemSourcedId studentSourcedId scoreStatus score scoreDate comment",
    {"score": "coalesce(score, 0)", TEXT_SCORE: '"textScore"'}, Column(TEXT_SCORE),
)  # fmt: skip
