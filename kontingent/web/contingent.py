"""The contingent on any day: a table by any cut, each number opens into its learners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict

from kontingent.codelists import queries as codelists
from kontingent.enrolment import contingent
from kontingent.enrolment.contingent import Dimension, Filter
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue
from kontingent.organisations import queries as organisations
from kontingent.web.request import actor_of, day, moment, page, uuid_of, whole

TITLES = {
    Dimension.GRADE: "Класс",
    Dimension.SEX: "Пол",
    Dimension.AGE: "Возраст",
    Dimension.LEVEL: "Программа",
    Dimension.FORM: "Форма обучения",
    Dimension.STATE: "Состояние",
    Dimension.ADAPTATION: "Адаптация",
    Dimension.ORGANISATION: "Организация",
    Dimension.MUNICIPALITY: "Муниципалитет",
}
_LISTS = {
    Dimension.LEVEL: "education_programme",
    Dimension.SEX: "sex",
    Dimension.FORM: "study_form",
    Dimension.ADAPTATION: "programme_adaptation",
    Dimension.STATE: "learner_state",
}
_PARAMETERS = {Dimension.ORGANISATION: "organisation", Dimension.MUNICIPALITY: "municipality"}
COLUMNS = (Dimension.SEX, Dimension.FORM, Dimension.LEVEL, Dimension.STATE)


def table(request: HttpRequest) -> HttpResponse:
    """Show a count: rows by one dimension, columns by another."""
    actor, on = actor_of(request), day(request)
    known_at = moment(request.GET.get("known_at", ""))
    where = _filter(request.GET)
    rows_by = _dimension(request.GET.get("by", ""), Dimension.GRADE)
    columns_by = _dimension(request.GET.get("columns", ""), Dimension.SEX)
    if rows_by is columns_by:
        columns_by = Dimension.SEX if rows_by is not Dimension.SEX else Dimension.FORM
    rows = contingent.count(actor, on=on, known_at=known_at, where=where, by=(rows_by, columns_by))
    labels = _labels(rows_by, {row.key[0] for row in rows})
    columns = sorted({row.key[1] for row in rows}, key=str)
    cells = {row.key: row.number for row in rows}
    keys = sorted(
        {row.key[0] for row in rows},
        key=lambda key: (key is not None, labels[key] if rows_by in _PARAMETERS else key),
    )
    may_open = actor.may(EnrolmentPermission.VIEW)
    query = _query(request.GET)
    return page(
        request,
        "contingent/table.html",
        on=on,
        known_at=known_at,
        where=where,
        kind=request.GET.get("kind", "main"),
        rows_title=TITLES[rows_by],
        rows_by=rows_by,
        columns_by=columns_by,
        choices=[(d.value, title) for d, title in TITLES.items()],
        column_choices=[(d.value, TITLES[d]) for d in COLUMNS],
        heads=[_label(columns_by, key) for key in columns],
        table=[
            (
                labels[key],
                [
                    (cells.get((key, column), 0), _open(query, rows_by, key, columns_by, column))
                    for column in columns
                ],
                sum(cells.get((key, column), 0) for column in columns),
                _open(query, rows_by, key),
            )
            for key in keys
        ],
        totals=[sum(cells.get((key, column), 0) for key in keys) for column in columns],
        total=sum(cells.values()),
        may_open=may_open,
        place=_place(where),
        persons=contingent.count_persons(actor, on=on, where=replace(where, main=False))
        if where.main is False
        else None,
        drill=_drill(rows_by, query, keys, labels),
    )


def learners(request: HttpRequest) -> HttpResponse:
    """Show the learners behind a number, a page at a time."""
    actor, on = actor_of(request), day(request)
    known_at = moment(request.GET.get("known_at", ""))
    where = _filter(request.GET)
    after = None
    if request.GET.get("after_id", "").isdigit():
        after = (request.GET.get("after_name", ""), int(request.GET["after_id"]))
    found = contingent.learners(
        actor, on=on, known_at=known_at, where=where, after=after, limit=contingent.PAGE + 1
    )
    more, found = len(found) > contingent.PAGE, found[: contingent.PAGE]
    query = _query(request.GET)
    last = found[-1] if found else None
    return page(
        request,
        "contingent/learners.html",
        on=on,
        learners=found,
        total=_total(actor, on, known_at, where),
        place=_place(where),
        described=_described(where),
        back="/contingent/?"
        + urlencode({k: v for k, v in query.items() if k in {"on", "known_at", "kind", "by", "columns"}}),
        more="?" + urlencode({**query, "after_name": last.name_key, "after_id": last.placement_id})
        if more and last
        else "",
    )


def _total(actor: Actor, on: Any, known_at: Any, where: Filter) -> int:
    return contingent.total(actor, on=on, known_at=known_at, where=where)


def _filter(data: QueryDict) -> Filter:
    kind = data.get("kind", "main")
    return Filter(
        organisation_id=uuid_of(data.get("organisation")),
        municipality_id=uuid_of(data.get("municipality")),
        level=data.get("level") or None,
        grade=whole(data.get("grade")),
        sex=data.get("sex") or None,
        age=whole(data.get("age")),
        form=data.get("form") or None,
        adaptation=data.get("adaptation") or None,
        state=data.get("state") or None,
        main={"main": True, "additional": False}.get(kind),
    )


def _dimension(text: str, default: Dimension) -> Dimension:
    try:
        return Dimension(text) if text else default
    except ValueError:
        raise InvalidValue("contingent.dimension", "Такого разреза нет. Выберите из списка.") from None


def _query(data: QueryDict) -> dict[str, str]:
    return {
        key: value
        for key, value in data.items()
        if value and not key.startswith("after_") and isinstance(value, str)
    }


def _open(query: Mapping[str, str], *pairs: Any) -> str:
    """The address of the list behind a cell; a cell of nobody's grade cannot be opened by its value."""
    asked = dict(query)
    for dimension, key in zip(pairs[::2], pairs[1::2], strict=True):
        if key is None:
            return ""
        asked[_PARAMETERS.get(dimension, dimension.value)] = str(key)
    return "learners/?" + urlencode(asked)


def _drill(
    rows_by: Dimension, query: Mapping[str, str], keys: list[Any], labels: Mapping[Any, str]
) -> dict[str, str]:
    """From a municipality down to its organisations, from an organisation to its classes."""
    if rows_by not in _PARAMETERS:
        return {}
    below = "organisation" if rows_by is Dimension.MUNICIPALITY else "grade"
    return {
        labels[key]: "?" + urlencode({**query, _PARAMETERS[rows_by]: str(key), "by": below})
        for key in keys
        if key is not None
    }


def _labels(dimension: Dimension, keys: set[Any]) -> dict[Any, str]:
    if dimension is Dimension.ORGANISATION:
        return dict(organisations.short_names(keys))
    if dimension is Dimension.MUNICIPALITY:
        return organisations.municipality_names(keys)
    return {key: _label(dimension, key) for key in keys}


def _label(dimension: Dimension, key: Any) -> str:
    if key is None:
        return "без номера"
    return codelists.title(_LISTS[dimension], str(key)) if dimension in _LISTS else str(key)


def _place(where: Filter) -> str:
    if where.organisation_id is not None:
        return organisations.get(where.organisation_id).short_name
    if where.municipality_id is not None:
        return organisations.municipality_by_id(where.municipality_id).name
    return ""


def _described(where: Filter) -> str:
    parts = [f"{where.grade} класс"] if where.grade else []
    named = (
        (Dimension.SEX, where.sex),
        (Dimension.LEVEL, where.level),
        (Dimension.FORM, where.form),
        (Dimension.STATE, where.state),
    )
    parts += [_label(dimension, value).lower() for dimension, value in named if value]
    if where.age is not None:
        parts.append(f"возраст {where.age}")
    return ", ".join(parts)
