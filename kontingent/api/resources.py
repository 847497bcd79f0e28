"""What machines read: organisations, learners on a day, the contingent on a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse

from kontingent.access.machines import actions as machines
from kontingent.api import cursors, declarations, fields, queries
from kontingent.api.declarations import MOST_CUTS, MOST_ROWS, USUAL_ROWS
from kontingent.api.fields import Learner
from kontingent.api.serving import ApiRequest, answered, bad_parameter, day_of, serves, uuid_of, whole_of
from kontingent.enrolment import contingent
from kontingent.enrolment.contingent import Dimension, Filter
from kontingent.organisations import queries as organisations


@serves(declarations.ORGANISATIONS)
def list_organisations(request: ApiRequest) -> HttpResponse:
    """A page of organisations."""
    page = queries.organisations_page(request.actor, after=cursors.read(request), limit=_limit(request))
    return answered(
        {
            "items": [fields.written(fields.ORGANISATION, one) for one in page.rows],
            "next_cursor": cursors.write(page.next_after),
        }
    )


@serves(declarations.LEARNERS)
def list_learners(request: ApiRequest) -> HttpResponse:
    """A page of learners; the journal keeps whose data went out, in the same transaction."""
    on, organisation_id = day_of(request), _organisation(request)
    after, limit = cursors.read(request), _limit(request)
    with transaction.atomic():
        page = queries.learners_page(
            request.actor, on=on, organisation_id=organisation_id, after=after, limit=limit
        )
        _record(request, page.rows, on, organisation_id)
    return answered(
        {
            "items": [fields.learner(one, request.scopes) for one in page.rows],
            "next_cursor": cursors.write(page.next_after),
        }
    )


@serves(declarations.LEARNER)
def get_learner(request: ApiRequest, person_id: UUID) -> HttpResponse:
    """One learner."""
    on = day_of(request)
    with transaction.atomic():
        found = queries.learner(request.actor, person_id, on=on)
        _record(request, [found], on, None)
    return answered(fields.learner(found, request.scopes))


@serves(declarations.CONTINGENT)
def count_contingent(request: ApiRequest) -> HttpResponse:
    """Numbers, cut as asked."""
    on, organisation_id, by = day_of(request), _organisation(request), _cuts(request)
    rows = contingent.count(request.actor, on=on, where=Filter(organisation_id=organisation_id), by=by)
    return answered(
        {
            "on": on,
            "organisation": organisation_id,
            "total": sum(row.number for row in rows),
            "rows": [
                {**{cut.value: value for cut, value in zip(by, row.key, strict=True)}, "number": row.number}
                for row in rows
                if by
            ],
        }
    )


@serves(declarations.REPORTS)
def list_reports(request: ApiRequest) -> HttpResponse:
    """A page of forms with their cells."""
    form = request.GET.get("form", "")
    if form and not re.fullmatch(r"[a-z0-9-]{1,20}", form):
        raise bad_parameter("form", "form – это имя формы: oo-1, 85-k, 1-dod … Исправьте его.")
    text = request.GET.get("year", "")
    if text and not re.fullmatch(r"20[0-9]{2}|2100", text):
        raise bad_parameter("year", "year – это отчётный год, например 2026. Исправьте его.")
    page = queries.reports_page(
        request.actor, organisation_id=_organisation(request), form=form, year=int(text) if text else None,
        after=cursors.read(request), limit=_limit(request),
    )  # fmt: skip
    return answered(
        {"items": [fields.report(one) for one in page.rows], "next_cursor": cursors.write(page.next_after)}
    )


def _record(request: ApiRequest, rows: Sequence[Learner], on: date, organisation_id: UUID | None) -> None:
    machines.record_given(
        actor=request.actor,
        scopes=[scope for scope in fields.LEARNER if scope in request.scopes],
        on=on,
        person_ids=[one.facts.person.id for one in rows],
        organisation_id=organisation_id,
    )


def _limit(request: ApiRequest) -> int:
    return whole_of(request, "limit", usual=USUAL_ROWS, most=MOST_ROWS)


def _organisation(request: ApiRequest) -> UUID | None:
    """Return the organisation asked for, by ОГРН or by id; it must lie within the client's reach."""
    text = request.GET.get("organisation", "")
    if not text:
        return None
    if re.fullmatch(r"[0-9]{13}", text):
        return organisations.in_scope(request.actor, organisations.by_ogrn(text).id).id
    organisation_id = uuid_of(text)
    if organisation_id is None:
        raise bad_parameter(
            "organisation", "organisation – это ОГРН из 13 цифр или идентификатор организации. Исправьте его."
        )
    return organisations.in_scope(request.actor, organisation_id).id


def _cuts(request: ApiRequest) -> list[Dimension]:
    names = [name for name in request.GET.get("by", "").split(",") if name]
    unknown = [name for name in names if name not in {one.value for one in Dimension}]
    if unknown or len(names) > MOST_CUTS or len(set(names)) < len(names):
        raise bad_parameter(
            "by",
            f"by – до {MOST_CUTS} разных разрезов через запятую: {', '.join(one.value for one in Dimension)}.",
        )
    return [Dimension(name) for name in names]
