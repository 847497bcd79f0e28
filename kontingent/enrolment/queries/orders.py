"""Orders, groups, and the choices their forms need."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment.models import Group, GroupVersion, Order, OrderLine
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.organisations import queries as organisations

ORDERS_PAGE = 50


def orders(
    actor: Actor, *, organisation_id: UUID | None = None, status: str = "", page: int = 1
) -> tuple[list[Order], bool]:
    """Return a page of orders in scope, newest first, each with the number of its lines; and whether there are more."""
    actor.require(EnrolmentPermission.VIEW)
    found: QuerySet[Order] = Order.objects.filter(organisations.scope_condition(actor.scope))
    if organisation_id is not None:
        found = found.filter(organisation_id=organisation_id)
    if status:
        found = found.filter(status=status)
    start = (max(1, page) - 1) * ORDERS_PAGE
    lines = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")
    rows: list[Order] = list(
        found.select_related("organisation")
        .annotate(size=Coalesce(Subquery(lines.annotate(size=Count("id")).values("size")), 0))
        .order_by("-created_at")[start : start + ORDERS_PAGE + 1]
    )
    return rows[:ORDERS_PAGE], len(rows) > ORDERS_PAGE


def orders_of_batch(batch_id: UUID) -> list[Order]:
    """Return the orders that an import made, the latest first, so that they can be taken back in turn."""
    return list(Order.objects.filter(import_batch=batch_id).order_by("-created_at", "-id"))


def order(actor: Actor, order_id: UUID) -> Order:
    """Return an order in scope."""
    actor.require(EnrolmentPermission.VIEW)
    found = Order.objects.select_related("organisation").filter(pk=order_id).first()
    if found is None:
        raise NotFound("enrolment.no_such_order", "Такого приказа нет: возможно, черновик удалили.")
    actor.require(
        EnrolmentPermission.VIEW,
        organisation_id=found.organisation_id,
        municipality_id=found.organisation.municipality_id,
    )
    return found


def group(actor: Actor, group_id: UUID) -> Group:
    """Return a class in scope."""
    found = Group.objects.select_related("organisation", "programme").filter(pk=group_id).first()
    if found is None:
        raise NotFound("enrolment.no_such_group", "Такого класса нет. Обновите страницу.")
    actor.require(
        EnrolmentPermission.VIEW,
        organisation_id=found.organisation_id,
        municipality_id=found.organisation.municipality_id,
        group_id=found.id,
    )
    return found


def group_versions(group_id: UUID) -> list[GroupVersion]:
    """Return what a class is and was in its school year, the latest first."""
    return list(
        GroupVersion.objects.filter(group_id=group_id, superseded_at__isnull=True).order_by("-starts_on")
    )


class GroupRow(NamedTuple):
    """A class with how many learners it has on a day."""

    id: UUID
    title: str
    grade: int | None
    programme_kind_code: str
    kind_code: str
    shift_code: str
    teacher_name: str
    capacity: int | None
    closed_on: date | None
    size: int


def groups(actor: Actor, organisation_id: UUID, school_year: int, on: date) -> list[GroupRow]:
    """Return the classes of a school year with their sizes on a day; to a class teacher, the own ones."""
    organisation = organisations.get(organisation_id)
    own = list(actor.scope.groups)
    if not own:
        actor.require(
            EnrolmentPermission.VIEW,
            organisation_id=organisation.id,
            municipality_id=organisation.municipality_id,
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.id, g.title, g.grade, r.kind_code, g.kind_code, g.shift_code, g.teacher_name, g.capacity, "
            "g.closed_on, (SELECT count(*) FROM enrolment_placement p WHERE p.group_id = g.id AND p.superseded_at IS NULL "
            "AND p.starts_on <= %s AND (p.ends_on IS NULL OR p.ends_on > %s)) FROM enrolment_group g "
            "JOIN programmes_programme r ON r.id = g.programme_id "
            "WHERE g.organisation_id = %s AND g.school_year = %s AND (%s OR g.id = ANY(%s)) ORDER BY g.title_key",
            [on, on, organisation_id, school_year, not own, own],
        )
        return [GroupRow(*row) for row in cursor.fetchall()]


def school_years(organisation_id: UUID) -> list[int]:
    """Return the school years in which an organisation has classes, newest first."""
    return list(
        Group.objects.filter(organisation_id=organisation_id)
        .order_by("-school_year")
        .values_list("school_year", flat=True)
        .distinct()
    )


class Choice(NamedTuple):
    """A learner who may be put into an order."""

    enrolment_id: UUID
    person_id: UUID
    name: str
    birth_date: date
    group_title: str


def enrolment_choices(
    actor: Actor, organisation_id: UUID, on: date, *, group_id: UUID | None = None
) -> list[Choice]:
    """Return the learners of an organisation (of one class) on a day, for the form of an order."""
    organisation = organisations.get(organisation_id)
    actor.require(
        EnrolmentPermission.VIEW,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.enrolment_id, p.person_id, concat_ws(' ', h.family_name, h.given_name, nullif(h.patronymic, '')), "
            "p.birth_date, coalesce(g.title, '') FROM enrolment_placement p "
            "JOIN persons_person h ON h.id = p.person_id LEFT JOIN enrolment_group g ON g.id = p.group_id "
            "WHERE p.superseded_at IS NULL AND p.organisation_id = %s AND p.starts_on <= %s "
            "AND (p.ends_on IS NULL OR p.ends_on > %s) AND (%s::uuid IS NULL OR p.group_id = %s) "
            "ORDER BY g.title_key NULLS LAST, h.name_key LIMIT 3000",
            [organisation_id, on, on, group_id, group_id],
        )
        found = [Choice(*row) for row in cursor.fetchall()]
    reads.note(
        actor,
        ReadKind.LIST,
        [one.person_id for one in found],
        organisation_id=organisation_id,
        what="выбор для приказа",
    )
    return found


def group_titles(group_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return titles by id."""
    return dict(Group.objects.filter(pk__in=list(group_ids)).values_list("id", "title"))
