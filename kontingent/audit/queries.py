"""Reading the journal: about a person, about an object, by the security officer's filters."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, IntegerField, Max, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from kontingent.audit.models import Entry
from kontingent.audit.permissions import AuditPermission
from kontingent.audit.reads import ReadKind
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.storage import scope

PAGE = 100
READS = "read."
#: Kinds besides ``read.*`` by which somebody learned of a person.
SHOWING = (
    "machines.personal_data_given", "feed.changes_given", "feed.foreign_minors_given", "access.emergency_opened",
)  # fmt: skip


def entries_about_person(person_id: UUID, *, most: int = 1000) -> list[Entry]:
    """Return what was done to a person whom the scope shows, newest first; who looked is told elsewhere."""
    about = Entry.objects.filter(subjects__contains=[person_id]).exclude(kind__startswith=READS)
    with scope.journal(about=[person_id]):
        return list(about.order_by("-moment", "-id")[:most])


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """What the security officer looks for; what is None does not narrow."""

    since: date | None = None
    until: date | None = None
    person_id: UUID | None = None
    actor: str = ""
    organisation_id: UUID | None = None
    kind: str = ""
    purpose: str = ""
    request_id: UUID | None = None

    def told(self) -> dict[str, str]:
        """Return the filters in use, for the journal's own row."""
        return {one.name: str(value) for one in fields(self) if (value := getattr(self, one.name))}


def search(
    actor: Actor, where: JournalFilter, *, before: tuple[datetime, int] | None = None, limit: int = PAGE
) -> list[Entry]:
    """Return a page of the journal, newest first; ``before`` is (moment, id) of the last row seen."""
    actor.require(AuditPermission.READ_JOURNAL)
    rows = Entry.objects.filter(**_conditions(where)).order_by("-moment", "-id")
    if before is not None:
        rows = rows.filter(moment__lte=before[0]).exclude(moment=before[0], id__gte=before[1])
    with scope.journal(permission=AuditPermission.READ_JOURNAL.value):
        return list(rows[:limit])


class Given(NamedTuple):
    """What a machine was given in a while: answers with personal data, people in them, the last time."""

    answers: int
    people: int
    last: datetime


def given_to(actor: Actor, codes: Collection[str], *, since: datetime) -> dict[str, Given]:
    """Return what machines were given since a moment, by the code of each; one statement, nobody is named."""
    actor.require(AuditPermission.READ_JOURNAL)
    rows = Entry.objects.filter(
        kind="machines.personal_data_given", actor_code__in=codes, moment__gte=since
    ).values_list("actor_code")
    people = Sum(Cast(KeyTextTransform("count", "data"), IntegerField()))
    with scope.journal(permission=AuditPermission.READ_JOURNAL.value):
        told = list(rows.annotate(answers=Count("pk"), people=people, last=Max("moment")))
    return {code: Given(answers, count or 0, last) for code, answers, count, last in told}


def _conditions(where: JournalFilter) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if where.since:
        found["moment__gte"] = datetime.combine(where.since, time(), clock.REGION_ZONE)
    if where.until:
        found["moment__lt"] = datetime.combine(where.until + timedelta(days=1), time(), clock.REGION_ZONE)
    if where.person_id:
        found["subjects__contains"] = [where.person_id]
    if where.actor.startswith(("account:", "client:", "system:", "door")):
        found["actor_code"] = where.actor
    elif where.actor:
        found["actor_name__icontains"] = where.actor
    if where.kind.endswith("."):
        found["kind__startswith"] = where.kind
    elif where.kind:
        found["kind"] = where.kind
    for name in ("organisation_id", "purpose", "request_id"):
        if value := getattr(where, name):
            found[name] = value
    return found


def viewings(person_ids: Collection[UUID], *, hidden: list[str], limit: int) -> list[Entry]:
    """Return by whom a person was seen, newest first: the family's own looks and hidden purposes left out.

    ``person_ids`` are the person's record and those that were merged into it; the scope must show them.
    """
    rows = Entry.objects.filter(subjects__overlap=list(person_ids)).exclude(kind=ReadKind.FAMILY)
    rows = rows.exclude(purpose__in=[*hidden, "family"])
    shown = rows.filter(kind__startswith=READS) | rows.filter(kind__in=SHOWING)
    with scope.journal(about=person_ids):
        return list(shown.order_by("-moment", "-id")[:limit])
