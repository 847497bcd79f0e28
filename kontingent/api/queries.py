"""Pages of what an actor may read, in the order of ids: a page costs the same number of statements whatever its size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from kontingent.api.fields import Learner
from kontingent.enrolment.models import Placement
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Moved, NotFound
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.organisations.permissions import OrganisationPermission
from kontingent.persons import queries as persons
from kontingent.persons.permissions import PersonPermission
from kontingent.reports.models import Report
from kontingent.reports.permissions import ReportPermission

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """Some rows, and after which id the next ones begin; None at the end."""

    rows: Sequence[T]
    next_after: UUID | None


def organisations_page(actor: Actor, *, after: UUID | None, limit: int) -> Page[Organisation]:
    """Return organisations within the actor's scope, in one statement."""
    actor.require(OrganisationPermission.VIEW)
    found = organisations.own(actor.scope).select_related("municipality").order_by("id")
    if after is not None:
        found = found.filter(pk__gt=after)
    rows = list(found[: limit + 1])
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def learners_page(
    actor: Actor, *, on: date, organisation_id: UUID | None, after: UUID | None, limit: int
) -> Page[Learner]:
    """Return who studies within the actor's scope on a day, each person once, in seven statements."""
    found = _placements(actor, on)
    if organisation_id is not None:
        found = found.filter(organisation_id=organisation_id)
    ahead = found.filter(person_id__gt=after) if after is not None else found
    ids = list(ahead.order_by("person_id").values_list("person_id", flat=True).distinct()[: limit + 1])
    rows = _learners(found, ids[:limit])
    return Page(rows, ids[limit - 1] if len(ids) > limit else None)


def reports_page(
    actor: Actor, *, organisation_id: UUID | None, form: str, year: int | None, after: UUID | None, limit: int
) -> Page[Report]:
    """Return forms of the actor's scope with their last versions, in one statement."""
    actor.require(ReportPermission.VIEW)
    found = Report.objects.filter(organisations.scope_condition(actor.scope), version__isnull=False)
    asked = {"organisation_id": organisation_id, "form": form or None, "year": year, "pk__gt": after}
    found = found.filter(**{name: value for name, value in asked.items() if value is not None})
    rows = list(found.select_related("version").order_by("id")[: limit + 1])
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def learner(actor: Actor, person_id: UUID, *, on: date) -> Learner:
    """Return one of those who study within the actor's scope on a day; whoever does not is not known here."""
    within = _placements(actor, on)
    rows = _learners(within, [person_id])
    if not rows:
        successor = persons.successor_of(person_id)
        if successor is not None and within.filter(person_id=successor).exists():
            raise Moved(successor)
        raise NotFound(
            "api.no_such_learner",
            f"На {on:%d.%m.%Y} такого обучающегося в доступных вам организациях нет.",
            remedy="Проверьте идентификатор и день (параметр on).",
        )
    return rows[0]


def _placements(actor: Actor, on: date) -> QuerySet[Placement]:
    actor.require(PersonPermission.VIEW)
    actor.require(EnrolmentPermission.VIEW)
    return Placement.objects.filter(
        organisations.scope_condition(actor.scope),
        Q(ends_on__isnull=True) | Q(ends_on__gt=on),
        starts_on__lte=on,
        superseded_at__isnull=True,
        person__status_code=persons.VALID,
    )


def _learners(within: QuerySet[Placement], ids: Sequence[UUID]) -> list[Learner]:
    if not ids:
        return []
    places: dict[UUID, list[Placement]] = defaultdict(list)
    rows = within.filter(person_id__in=ids).select_related("organisation", "group")
    for place in rows.order_by("-is_main", "starts_on", "id"):
        places[place.person_id].append(place)
    facts = persons.snapshot(list(places))
    return [Learner(facts[one], places[one]) for one in ids if one in places]
