"""Opening, changing and closing classes and groups."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from kontingent.audit import actions as audit
from kontingent.enrolment.events import GroupChanged, GroupOpened
from kontingent.enrolment.models import Group, Placement
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, NotFound, RuleViolation
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations

CHANGEABLE = frozenset(
    {"title", "letter", "kind_code", "shift_code", "language_code", "regime_code", "teacher_name", "capacity"}
)
_NUMBER = re.compile(r"^\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDraft:
    """What a new group is. ``title`` defaults to grade and letter: «5А»."""

    school_year: int
    programme_id: UUID
    grade: int | None = None
    letter: str = ""
    title: str = ""
    study_form_code: str = "11"
    kind_code: str = "ordinary"
    shift_code: str = "1"
    language_code: str = "rus"
    regime_code: str = ""
    teacher_name: str = ""
    capacity: int | None = None


def title_key(title: str) -> str:
    """Return the folded title with a two-digit number in front, so that 2А sorts before 10А."""
    folded = names.fold(title).replace(" ", "")
    return _NUMBER.sub(lambda m: f"{int(m.group()):02d}", folded)


def open_group(*, actor: Actor, organisation_id: UUID, draft: GroupDraft) -> Group:
    """Open one class (открыть класс, группу)."""
    return open_groups(actor=actor, organisation_id=organisation_id, drafts=[draft])[0]


@transaction.atomic
def open_groups(*, actor: Actor, organisation_id: UUID, drafts: Iterable[GroupDraft]) -> list[Group]:
    """Open several classes at once; one that exists already is a refusal that names it."""
    organisation = organisations.get(organisation_id)
    actor.require(
        EnrolmentPermission.MANAGE_GROUPS,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    groups = [_made(organisation_id, draft) for draft in drafts]
    try:
        with transaction.atomic():
            Group.objects.bulk_create(groups)
    except IntegrityError as error:
        if "group_once_in_school_year" not in str(error):
            raise
        keys = {(group.school_year, group.title_key) for group in groups}
        there = Group.objects.filter(
            organisation_id=organisation_id, title_key__in={key for _, key in keys}
        ).values_list("school_year", "title_key", "title")
        known = sorted(title for year, key, title in there if (year, key) in keys)
        raise RuleViolation(
            "enrolment.group_exists",
            f"Такой класс в этом учебном году уже есть: {', '.join(known) or 'повтор в списке'}. "
            "Откройте его или выберите другую литеру.",
        ) from error
    audit.record_all(
        (
            GroupOpened(
                object_id=group.id,
                organisation_id=organisation_id,
                name=group.title,
                school_year=group.school_year,
            )
            for group in groups
        ),
        actor=actor,
    )
    return groups


def _made(organisation_id: UUID, draft: GroupDraft) -> Group:
    title = draft.title.strip() or f"{draft.grade or ''}{draft.letter}".strip()
    if not title:
        raise RuleViolation("enrolment.group_title_missing", "У класса нет названия. Укажите номер и литеру.")
    return Group(
        organisation_id=organisation_id,
        school_year=draft.school_year,
        grade=draft.grade,
        letter=draft.letter,
        title=title,
        title_key=title_key(title),
        programme_id=draft.programme_id,
        study_form_code=draft.study_form_code,
        kind_code=draft.kind_code,
        shift_code=draft.shift_code,
        language_code=draft.language_code,
        regime_code=draft.regime_code,
        teacher_name=draft.teacher_name,
        capacity=draft.capacity,
    )


def _locked(group_id: UUID, actor: Actor, version: int | None) -> Group:
    try:
        group = Group.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=group_id)
    except Group.DoesNotExist:
        raise NotFound("enrolment.no_such_group", "Такого класса нет. Обновите страницу.") from None
    actor.require(
        EnrolmentPermission.MANAGE_GROUPS,
        organisation_id=group.organisation_id,
        municipality_id=group.organisation.municipality_id,
    )
    if version is not None and group.version != version:
        raise Conflict(
            "enrolment.group_changed", "Класс уже изменил кто-то другой. Обновите страницу и повторите."
        )
    return group


@transaction.atomic
def change_group(
    *, actor: Actor, group_id: UUID, changes: Mapping[str, Any], version: int | None = None
) -> Group:
    """Change attributes of a class; grade, year and programme are changed by orders, not here."""
    group = _locked(group_id, actor, version)
    if unknown := set(changes) - CHANGEABLE:
        raise ValueError(f"not changeable here: {sorted(unknown)}")
    different = {
        name: [getattr(group, name), value]
        for name, value in changes.items()
        if getattr(group, name) != value
    }
    if not different:
        return group
    for name, (_, value) in different.items():
        setattr(group, name, value)
    group.title_key = title_key(group.title)
    group.version += 1
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError:
        raise RuleViolation(
            "enrolment.group_exists",
            f"Класс «{group.title}» в этом учебном году уже есть. Выберите другое название.",
        ) from None
    audit.record(
        GroupChanged(object_id=group.id, organisation_id=group.organisation_id, changes=different),
        actor=actor,
    )
    return group


@transaction.atomic
def close_group(*, actor: Actor, group_id: UUID, closed_on: date, version: int | None = None) -> Group:
    """Close a class from a day on; refused while somebody is placed in it on that day or later."""
    group = _locked(group_id, actor, version)
    if not SchoolYear(group.school_year).period.holds(closed_on):
        raise RuleViolation(
            "enrolment.group_closed_outside_year",
            f"Дата расформирования должна лежать в {SchoolYear(group.school_year)} учебном году.",
        )
    still = Placement.objects.filter(group=group, superseded_at__isnull=True).exclude(ends_on__lte=closed_on)
    if count := still.count():
        raise RuleViolation(
            "enrolment.group_not_empty",
            f"В классе «{group.title}» на {closed_on:%d.%m.%Y} числится учеников: {count}. Сначала переведите их.",
        )
    before, group.closed_on = group.closed_on, closed_on
    group.version += 1
    group.save()
    audit.record(
        GroupChanged(
            object_id=group.id,
            organisation_id=group.organisation_id,
            changes={"closed_on": [before and before.isoformat(), closed_on.isoformat()]},
        ),
        actor=actor,
    )
    return group
