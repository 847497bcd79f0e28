"""Late corrections that wait for a human, and what each of them would change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment.models import Group
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.organisations.models import Organisation
from kontingent.performance.models import LateCorrection
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.records import KINDS, Records
from kontingent.persons.models import Person

PAGE = 50
STATES = {"waiting": "ждут решения", "accepted": "приняты", "rejected": "отклонены"}


class Told(NamedTuple):
    """One field of a record as people read it: what stands, and what is said instead."""

    title: str
    before: str
    after: str

    @property
    def differs(self) -> bool:
        """True when it would change."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class LateRow:
    """A late correction with whom it is about."""

    late: LateCorrection
    learner: str
    group: str
    subject: str
    fields: list[Told]

    @property
    def kind(self) -> str:
        """What is corrected, in words."""
        return KINDS[self.late.records].title

    @property
    def is_new(self) -> bool:
        """True when nothing stands yet."""
        return self.late.before is None

    @property
    def withdraws(self) -> bool:
        """True when the journal takes the record back."""
        return bool(self.late.staged.get("withdrawn"))

    @property
    def changes(self) -> list[Told]:
        """The fields that would change."""
        return [one for one in self.fields if one.differs]


def late_corrections(actor: Actor, *, state: str = "waiting", skip: int = 0) -> list[LateRow]:
    """Return a page of the late corrections of a state within the actor's scope; those that wait, the oldest first."""
    order = ("received_at", "pk") if state == "waiting" else ("-decided_at", "pk")
    found = _within(actor).filter(state=state).order_by(*order)[skip : skip + PAGE]
    return _rows(actor, list(found), what="поздние правки отметок")


def late_count(actor: Actor, *, state: str = "waiting") -> int:
    """Return how many there are."""
    return _within(actor).filter(state=state).count()


def late_correction(actor: Actor, correction_id: UUID) -> LateRow:
    """Return one late correction within the actor's scope."""
    found = list(_within(actor).filter(pk=correction_id))
    if not found:
        raise NotFound("performance.no_such_late", "Такой поздней правки нет.")
    return _rows(actor, found, what="поздняя правка отметки")[0]


def _within(actor: Actor) -> QuerySet[LateCorrection]:
    actor.require(PerformancePermission.VIEW)
    found = LateCorrection.objects.select_related("journal")
    scope = actor.scope
    if scope.whole_region:
        return found
    here = Q(organisation_id__in=scope.organisations) | Q(group_id__in=scope.groups)
    if scope.municipalities:
        there = Organisation.objects.filter(municipality_id__in=scope.municipalities)
        here |= Q(organisation_id__in=there.values("pk"))
    return found.filter(here)


def _rows(actor: Actor, found: Collection[LateCorrection], *, what: str) -> list[LateRow]:
    whose = [one.person_id for one in found]
    people = {one.pk: one.full_name for one in Person.objects.filter(pk__in=whose)}
    titles = dict(Group.objects.filter(pk__in={one.group_id for one in found}).values_list("pk", "title"))
    reads.note(actor, ReadKind.LIST, [one for one in whose if one in people], what=what)
    return [
        LateRow(
            one,
            people.get(one.person_id, "ученик вне вашего доступа"),
            titles.get(one.group_id, "") if one.group_id else "",
            codelists.title("subject", one.staged.get("subject_code")),
            fields_of(KINDS[one.records], one.before, one.staged),
        )
        for one in found
    ]


def fields_of(
    records: Records, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[Told]:
    """Return the fields of two states of a record in words; what is taken back or not there yet says nothing."""
    day = Told("День", _day(before, records), _day(after, records))
    return [day] + [
        Told(column.title, *(_told(state, column.name, column.code_list) for state in (before, after)))
        for column in records.columns
        if column.title
    ]


def _is_gone(state: Mapping[str, Any] | None) -> bool:
    return state is None or bool(state.get("withdrawn") or state.get("withdrawn_at"))


def _day(state: Mapping[str, Any] | None, records: Records) -> str:
    text = "" if state is None or _is_gone(state) else str(state.get(records.day) or "")
    return ".".join(reversed(text.split("-"))) or "–"


def _told(state: Mapping[str, Any] | None, name: str, code_list: str) -> str:
    value = None if state is None or _is_gone(state) else state.get(name)
    if value in (None, ""):
        return "–"
    if code_list:
        return codelists.title(code_list, str(value))
    return f"{value:g}".replace(".", ",") if isinstance(value, float) else str(value)
