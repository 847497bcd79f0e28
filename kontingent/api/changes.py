"""The change feed for subscribers, and what МВД must be told of foreign minors."""

from __future__ import annotations

import base64
import re
from typing import Any

from django.db import transaction
from django.http import HttpResponse

from kontingent.api import declarations
from kontingent.api.declarations import MOST_ROWS, PREFIX, USUAL_ROWS
from kontingent.api.serving import ApiRequest, answered, bad_parameter, serves, whole_of
from kontingent.persons.queries import PersonFacts
from kontingent.trajectory.feed import actions, queries
from kontingent.trajectory.feed.codes import Reading
from kontingent.trajectory.feed.queries import Minor, Told
from kontingent.trajectory.feed.rules import BASIS_OF_MINORS

NOW = "now"
_CURSOR = re.compile(r"[A-Za-z0-9_-]{11}")


@serves(declarations.CHANGES)
def list_changes(request: ApiRequest) -> HttpResponse:
    """A page of changes; the journal keeps of whom, in the same transaction."""
    with transaction.atomic():
        page = queries.changes(request.actor, after=_read(request), limit=_limit(request))
        told = [who for one in page.rows for who in (one.person_id, one.other_person_id) if who is not None]
        actions.record_given(
            actor=request.actor, person_ids=told, until=page.until, reading=Reading.CHANGES, anything=bool(page.rows)
        )  # fmt: skip
    return answered(
        {"items": [_change(one) for one in page.rows], "next_cursor": _write(page.until), "more": page.more}
    )


@serves(declarations.FOREIGN_MINORS)
def list_foreign_minors(request: ApiRequest) -> HttpResponse:
    """A page of enrolments and leavings of foreign minors; the journal keeps child and parents, and the law."""
    with transaction.atomic():
        page = queries.foreign_minors(request.actor, after=_read(request), limit=_limit(request))
        told = [one.child.person.id for one in page.rows]
        told += [each.adult_id for one in page.rows for each in one.child.representations]
        actions.record_given(
            actor=request.actor, person_ids=told, until=page.until, reading=Reading.FOREIGN_MINORS, anything=bool(page.rows)
        )  # fmt: skip
    return answered(
        {
            "basis": BASIS_OF_MINORS, "items": [_minor(one) for one in page.rows], "next_cursor": _write(page.until),
            "more": page.more,
        }
    )  # fmt: skip


def _limit(request: ApiRequest) -> int:
    return whole_of(request, "limit", usual=USUAL_ROWS, most=MOST_ROWS)


def _change(one: Told) -> dict[str, Any]:
    return {
        "id": one.position,
        "kind": one.kind,
        "moment": one.moment,
        "person": one.person_id and str(one.person_id),
        "other_person": one.other_person_id and str(one.other_person_id),
        "organisation": one.organisation_id and str(one.organisation_id),
        "movement": None
        if one.movement_kind is None
        else {
            "id": one.movement_id,
            "enrolment": str(one.enrolment_id),
            "kind": one.movement_kind,
            "effective_on": one.effective_on,
            "group": one.group_id and str(one.group_id),
            "grade": one.grade,
            "destination": one.destination_id and str(one.destination_id),
        },
        "group": None
        if one.own_group_id is None
        else {
            "id": str(one.own_group_id),
            "title": one.title,
            "grade": one.own_grade,
            "school_year": one.school_year,
            "closed_on": one.closed_on,
        },
        "enrolment": one.enrolment_id and str(one.enrolment_id),
        "fields": one.fields,
        "learner": one.person_id and f"{PREFIX}/learners/{one.person_id}",
    }


def _minor(one: Minor) -> dict[str, Any]:
    return {
        "id": one.position,
        "kind": one.kind,
        "moment": one.moment,
        "on": one.on,
        "organisation": {"id": str(one.organisation_id), "ogrn": one.ogrn, "name": one.organisation},
        "grade": one.grade,
        "leaving_reason": one.reason_code,
        "child": {
            **_person(one.child),
            "citizenship": one.citizenship_code,
            "country": one.country_code,
            "addresses": [{"kind": each.kind_code, "text": each.text} for each in one.child.addresses],
        },
        "representatives": [
            {
                **_person(one.adults[each.adult_id]),
                "citizenship": one.adults[each.adult_id].person.citizenship_code,
                "country": one.adults[each.adult_id].person.country_code,
                "kinship": each.kinship_code,
            }
            for each in one.child.representations
            if each.adult_id in one.adults
        ],
    }


def _person(facts: PersonFacts) -> dict[str, Any]:
    person = facts.person
    return {
        "id": str(person.id),
        "family_name": person.family_name,
        "given_name": person.given_name,
        "patronymic": person.patronymic,
        "birth_date": person.birth_date,
        "birth_place": person.birth_place,
        "sex": person.sex,
        "documents": [
            {
                "kind": one.kind_code,
                "series": one.series,
                "number": one.number,
                "issued_on": one.issued_on,
                "valid_to": one.valid_to,
            }
            for one in facts.documents
            if one.is_current
        ],
    }


# -- cursors -----------------------------------------------------------------------------------


def _write(position: int) -> str:
    return base64.urlsafe_b64encode(position.to_bytes(8)).rstrip(b"=").decode()


def _read(request: ApiRequest) -> int:
    """Number what has committed, and return the place behind which to read: the newest for ``now``, else the oldest kept."""
    actions.number()
    text = request.GET.get("cursor", "")
    if text in ("", NOW):
        return queries.ends(request.actor)[text == NOW]
    refused = bad_parameter(
        "cursor", "cursor – это next_cursor прошлого ответа без изменений или now. Исправьте его."
    )
    if not _CURSOR.fullmatch(text):
        raise refused
    position = int.from_bytes(base64.urlsafe_b64decode(text + "="))
    if position >= 2**63 or _write(position) != text:
        raise refused
    return position
