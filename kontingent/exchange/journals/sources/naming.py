"""Whose names a source says: a learner who is the only one of that name in that class of the source's place.

Sealed keys cannot be read back: they are recognised while the file is open, and again when refused rows are taken again, by sealing the
names of the place's learners. Who is not alone in bearing the name is left to a human: reconciliation shows the key and its days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from kontingent.audit import actions as audit
from kontingent.enrolment.actions.groups import title_key
from kontingent.enrolment.models import Placement
from kontingent.exchange.journals.adapters.boundary import SeenEnrolment
from kontingent.exchange.journals.adapters.sealing import PREFIX, Seal
from kontingent.exchange.journals.events import LearnersNamed
from kontingent.exchange.journals.messages import is_id
from kontingent.exchange.journals.models import JournalSource, RefusedRow
from kontingent.kernel import names
from kontingent.kernel.actor import Actor
from kontingent.persons import actions as persons
from kontingent.persons.models import SourceKey


def remember(actor: Actor, source: JournalSource, seen: Iterable[SeenEnrolment], on: date) -> int:
    """Recognise learners whose keys are not known yet; return how many."""
    fresh = {
        one.learner_key: one
        for one in seen
        if one.learner_key.startswith(PREFIX) or (one.is_told and not is_id(one.learner_key))
    }
    if not fresh:
        return 0
    with transaction.atomic():
        known = SourceKey.objects.filter(source=source.journal.source, external_id__in=fresh)
        for key in known.values_list("external_id", flat=True):
            fresh.pop(key, None)
        found = recognise(source, fresh.values(), on)
        _remember(actor, source, found)
    return len(found)


def remember_refused(actor: Actor, source: JournalSource, seal: Seal, on: date) -> int:
    """Recognise those whose rows were refused, now that the register may know them: names are sealed anew and compared."""
    waiting = RefusedRow.objects.filter(
        journal=source.journal_id, repaired_at__isnull=True, staged__whose_key__startswith=PREFIX
    )
    wanted = set(waiting.values_list("staged__whose_key", flat=True))
    known = SourceKey.objects.filter(source=source.journal.source, external_id__in=wanted)
    wanted -= set(known.values_list("external_id", flat=True))
    if not wanted:
        return 0
    bearers: defaultdict[str, set[UUID]] = defaultdict(set)
    rows = _studying(source, on).values_list(
        "group__title", "person_id", "person__family_name", "person__given_name", "person__patronymic"
    )
    for title, person_id, family, given, patronymic in rows.iterator(chunk_size=5000):
        for name in (f"{family} {given}", f"{family} {given} {patronymic}"):
            for of_class in (title, ""):
                if (key := seal(of_class, name)) in wanted:
                    bearers[key].add(person_id)
    found = {key: next(iter(alone)) for key, alone in bearers.items() if len(alone) == 1}
    with transaction.atomic():
        _remember(actor, source, found)
    return len(found)


def _remember(actor: Actor, source: JournalSource, found: Mapping[str, UUID]) -> None:
    if not found:
        return
    persons.remember_source_keys(source.journal.source, found)
    audit.record(
        LearnersNamed(
            subjects=tuple(sorted(set(found.values()))), object_id=source.pk,
            organisation_id=source.organisation_id, source=source.journal.code,
        ),
        actor=actor,
    )  # fmt: skip


def _studying(source: JournalSource, on: date) -> QuerySet[Placement]:
    """Who studies in a class of the source's place on a day."""
    studying = Placement.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=on),
        starts_on__lte=on, superseded_at__isnull=True, is_main=True, group__isnull=False,
    )  # fmt: skip
    if source.organisation_id is not None:
        return studying.filter(organisation_id=source.organisation_id)
    if source.municipality_id is not None:
        return studying.filter(organisation__municipality_id=source.municipality_id)
    return studying


def recognise(source: JournalSource, seen: Iterable[SeenEnrolment], on: date) -> dict[str, UUID]:
    """Return the learners by the key a file gives them: of those the scope in force shows, and the source's place has."""
    wanted = list(seen)
    studying = _studying(source, on)
    classes = {_class_of(one) for one in wanted}
    if "" not in classes:
        studying = studying.filter(group__title_key__in=classes)
    bearers: defaultdict[tuple[str, str], set[UUID]] = defaultdict(set)
    rows = studying.values_list(
        "group__title_key", "person_id", "person__family_name", "person__given_name", "person__patronymic"
    )
    for class_key, person_id, family, given, patronymic in rows.iterator(chunk_size=5000):
        for name in {names.fold(f"{family} {given}"), names.fold(f"{family} {given} {patronymic}")}:
            bearers[class_key, name].add(person_id)
            bearers["", name].add(person_id)
    found: dict[str, UUID] = {}
    for one in wanted:
        alone = bearers.get((_class_of(one), names.fold(one.name)), set())
        if len(alone) == 1:
            found[one.learner_key] = next(iter(alone))
    return found


def _class_of(one: SeenEnrolment) -> str:
    return title_key(one.class_title or one.class_key)
