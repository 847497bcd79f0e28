"""Entering how learners study (условия обучения): a class at once, one learner, or a whole list by an import."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.enrolment.actions import timelines
from kontingent.enrolment.actions.signing import SUBJECTS_OF_AN_EVENT, lock_persons
from kontingent.enrolment.actions.timelines import Stored, Table
from kontingent.enrolment.events import StudyConditionsChanged
from kontingent.enrolment.models import Enrolment, Placement
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.rules import conditions as rules
from kontingent.enrolment.rules import timeline
from kontingent.enrolment.rules.conditions import BLANK, StudyFacts
from kontingent.enrolment.rules.timeline import Span
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, NotFound, RuleViolation
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons

CONDITIONS = Table("enrolment_studycondition", "enrolment_id", StudyFacts)
#: What a page says it saw where nothing was recorded.
NOTHING_RECORDED = 0
#: For writers that have looked at no page: what stands may be amended whatever it is.
ANYTHING = -1


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """What is to hold of one enrolment: typed values by fact; ``seen`` is the number of the record the page showed."""

    enrolment_id: UUID
    values: Mapping[str, str]
    seen: int = ANYTHING


class Refused(RuleViolation):
    """Values that cannot be kept: ``problems`` by enrolment and fact ("" where a combination is refused)."""

    def __init__(self, problems: Mapping[UUID, Mapping[str, str]], names: Mapping[UUID, str]) -> None:
        """Say how many and the first few."""
        listed = [f"{names[who]}: {text}" for who, found in problems.items() for text in found.values()]
        more = f" И ещё: {len(listed) - 3}." if len(listed) > 3 else ""
        super().__init__(
            "enrolment.conditions_refused",
            f"Ничего не записано, ошибок: {len(listed)}. {' '.join(listed[:3])}{more}",
        )
        self.problems = problems


@transaction.atomic
def record_conditions(
    *,
    actor: Actor,
    organisation_id: UUID,
    since: date,
    changes: Sequence[ConditionChange],
    group_id: UUID | None = None,
) -> int:
    """Record how learners of an organisation study from a day on (записать условия обучения); return how many changed.

    For who came later the facts hold from the day they came. Each changed fact holds until the next day on which it was
    recorded to change. All or nothing: one wrong value, or one record that somebody else changed meanwhile, refuses all.
    With ``group_id`` all of them are of that class, which its teacher may enter.
    """
    if not changes:
        return 0
    organisation = organisations.get(organisation_id)
    streams = _locked_streams(organisation_id, group_id, changes)
    actor.require(
        EnrolmentPermission.CONDITIONS,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
        group_id=group_id,
    )
    stored = timelines.current(CONDITIONS, streams.keys())
    work = _Work(streams, stored, since)
    for change in changes:
        work.take(change)
    work.refuse_if_anything_is_wrong()
    if not work.changed:
        return 0
    timelines.write(
        CONDITIONS,
        (
            (
                {"enrolment_id": i, "person_id": streams[i].person_id, "organisation_id": organisation_id},
                stored.get(i, []),
                spans,
            )
            for i, spans in work.changed.items()
        ),
        moment=clock.now(),
    )
    audit.record_all(_events(work, organisation_id), actor=actor)
    return len(work.changed)


@dataclass(frozen=True, slots=True)
class _Stream:
    person_id: UUID
    starts_on: date
    ends_on: date | None


def _locked_streams(
    organisation_id: UUID, group_id: UUID | None, changes: Iterable[ConditionChange]
) -> dict[UUID, _Stream]:
    """Lock the learners, so that two who amend one child wait for each other, and return their enrolments."""
    ids = {change.enrolment_id for change in changes}
    rows = Enrolment.objects.filter(
        enrolment_id__in=ids, organisation_id=organisation_id, superseded_at__isnull=True
    ).values_list("enrolment_id", "person_id", "starts_on", "ends_on")
    streams = {row[0]: _Stream(row[1], row[2], row[3]) for row in rows}
    here = set(streams) if group_id is None else _of_class(group_id, ids)
    if ids - (here & set(streams)):
        raise NotFound(
            "enrolment.no_such_enrolment",
            "Кто-то из этих учеников здесь уже не числится. Обновите страницу.",
        )
    lock_persons([stream.person_id for stream in streams.values()])
    return streams


def _of_class(group_id: UUID, enrolment_ids: Collection[UUID]) -> set[UUID]:
    rows = Placement.objects.filter(
        enrolment_id__in=enrolment_ids, group_id=group_id, superseded_at__isnull=True
    )
    return set(rows.values_list("enrolment_id", flat=True))


class _Work:
    """What is gathered while the changes go by."""

    def __init__(
        self,
        streams: Mapping[UUID, _Stream],
        stored: Mapping[UUID, list[Stored[StudyFacts]]],
        since: date,
    ) -> None:
        self.streams, self.stored, self.since = streams, stored, since
        self.changed: dict[UUID, list[Span[StudyFacts]]] = {}
        self.differences: dict[UUID, dict[str, list[object]]] = {}
        self.problems: dict[UUID, dict[str, str]] = defaultdict(dict)
        self.stale: list[UUID] = []

    def take(self, change: ConditionChange) -> None:
        """Amend the timeline of one enrolment, or note what is wrong."""
        stream = self.streams[change.enrolment_id]
        stored = self.stored.get(change.enrolment_id, [])
        since = max(self.since, stream.starts_on)
        if change.seen != ANYTHING and change.seen != seen_of(stored):
            self.stale.append(stream.person_id)
            return
        if stream.ends_on is not None and since >= stream.ends_on:
            self.problems[change.enrolment_id][""] = (
                f"К {since:%d.%m.%Y} ученик уже выбыл. Выберите более раннюю дату."
            )
            return
        values = self._read(change)
        if change.enrolment_id in self.problems:
            return
        before = [one.span for one in stored]
        facts = timeline.at(before, since, BLANK)
        different = {name: value for name, value in values.items() if getattr(facts, name) != value}
        if not different:
            return
        after = timeline.amend(before, since=since, changes=different, blank=BLANK)
        for span in after:
            if found := rules.examine(span.facts):
                self.problems[change.enrolment_id][""] = found[0].message
                return
        self.changed[change.enrolment_id] = after
        self.differences[stream.person_id] = {n: [getattr(facts, n), v] for n, v in different.items()}

    def _read(self, change: ConditionChange) -> dict[str, Any]:
        values = {}
        for name, text in change.values.items():
            try:
                values[name] = rules.read(name, text, find=codelists.find)
            except ValueError as error:
                self.problems[change.enrolment_id][name] = str(error)
        return values

    def refuse_if_anything_is_wrong(self) -> None:
        """Raise what was noted, by the learners' names."""
        who = persons.names_of([*self.stale, *(self.streams[i].person_id for i in self.problems)])
        if self.stale:
            raise Conflict(
                "enrolment.conditions_changed",
                f"Условия обучения уже изменил кто-то другой: {', '.join(who[p] for p in self.stale[:3])}. "
                "Обновите страницу и внесите правки ещё раз.",
                persons=self.stale,
            )
        if self.problems:
            raise Refused(self.problems, {i: who[self.streams[i].person_id] for i in self.problems})


def seen_of(stored: Collection[Stored[StudyFacts]]) -> int:
    """Return the number that stands for what is recorded now: that of the newest row."""
    return max((one.row_id for one in stored), default=NOTHING_RECORDED)


def _events(work: _Work, organisation_id: UUID) -> Iterable[StudyConditionsChanged]:
    who = list(work.differences)
    for start in range(0, len(who), SUBJECTS_OF_AN_EVENT):
        part = who[start : start + SUBJECTS_OF_AN_EVENT]
        yield StudyConditionsChanged(
            organisation_id=organisation_id,
            subjects=tuple(part),
            since=work.since,
            changes={str(person): work.differences[person] for person in part},
        )
