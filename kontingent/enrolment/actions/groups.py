"""Opening, changing and closing classes and groups."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from kontingent.audit import actions as audit
from kontingent.codelists import files
from kontingent.codelists import queries as codelists
from kontingent.enrolment.actions import timelines
from kontingent.enrolment.actions.timelines import Table
from kontingent.enrolment.events import GroupChanged, GroupOpened
from kontingent.enrolment.models import Group, Placement
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.rules import classes, timeline
from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.enrolment.rules.timeline import Span
from kontingent.kernel import clock, names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.programmes import queries as programmes

#: What is the same on every day of the year; the rest of what may be changed is dated (``ClassFacts``).
UNDATED = frozenset({"title", "letter", "teacher_name"})
CHANGEABLE = UNDATED | set(ClassFacts._fields)
VERSIONS = Table("enrolment_groupversion", "group_id", ClassFacts)
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
    teacher_name: str = ""
    facts: ClassFacts = classes.ORDINARY


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
    _refuse_what_does_not_fit([(group, facts_of(group)) for group in groups])
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
    _write_first_versions(groups)
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
        teacher_name=draft.teacher_name,
        **draft.facts._asdict(),
    )


def facts_of(group: Group) -> ClassFacts:
    """Return the dated attributes of a class as they are now."""
    return ClassFacts(*(getattr(group, name) for name in ClassFacts._fields))


def _refuse_what_does_not_fit(groups: Sequence[tuple[Group, ClassFacts]]) -> None:
    programmes_of = programmes.kinds_of({group.programme_id for group, _ in groups})
    for group, facts in groups:
        _refuse_unknown_codes(facts)
        kind, adaptation = programmes_of.get(group.programme_id, ("", classes.NOT_ADAPTED))
        if found := classes.examine(facts, programme_kind_code=kind, adaptation_code=adaptation):
            raise RuleViolation(found[0].code, f"Класс «{group.title}». {found[0].message}")


def _refuse_unknown_codes(facts: ClassFacts) -> None:
    for name, list_code in classes.LISTS.items():
        code = getattr(facts, name)
        if code and not codelists.has(list_code, code):
            raise InvalidValue(
                "enrolment.group_code",
                f"Значения «{code}» нет в справочнике «{files.packaged()[list_code].title}». Выберите из списка.",
            )


def _write_first_versions(groups: Sequence[Group]) -> None:
    """A class is what it was opened as from the first day of its school year on."""
    timelines.write(
        VERSIONS,
        (
            ({"group_id": g.id}, [], [Span(SchoolYear(g.school_year).starts_on, None, facts_of(g))])
            for g in groups
        ),
        moment=clock.now(),
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
    *,
    actor: Actor,
    group_id: UUID,
    changes: Mapping[str, Any],
    since: date | None = None,
    version: int | None = None,
) -> Group:
    """Change attributes of a class; grade, year and programme are changed by orders, not here.

    Dated attributes hold from ``since`` on; without it they are corrected for the whole school year.
    """
    group = _locked(group_id, actor, version)
    if unknown := set(changes) - CHANGEABLE:
        raise ValueError(f"not changeable here: {sorted(unknown)}")
    year = SchoolYear(group.school_year)
    since = since or year.starts_on
    if not year.period.holds(since):
        raise RuleViolation(
            "enrolment.group_change_outside_year",
            f"Дата {since:%d.%m.%Y} не лежит в {year} учебном году класса «{group.title}». Исправьте её.",
        )
    stored = timelines.current(VERSIONS, [group.id])[group.id]
    before = [one.span for one in stored]
    dated = {name: value for name, value in changes.items() if name not in UNDATED}
    after = timeline.amend(before, since=since, changes=dated, blank=classes.NOTHING) if dated else before
    different = {
        name: [getattr(group, name), value]
        for name, value in changes.items()
        if name in UNDATED and getattr(group, name) != value
    }
    facts = timeline.at(before, since, facts_of(group))
    different |= {n: [getattr(facts, n), v] for n, v in dated.items() if getattr(facts, n) != v}
    if not different and after == before:
        return group
    for name in different.keys() & UNDATED:
        setattr(group, name, changes[name])
    for name, value in timeline.at(after, _today_in(year), facts_of(group))._asdict().items():
        setattr(group, name, value)
    _refuse_what_does_not_fit([(group, span.facts) for span in after])
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
    timelines.write(VERSIONS, [({"group_id": group.id}, stored, after)], moment=clock.now())
    audit.record(
        GroupChanged(
            object_id=group.id, organisation_id=group.organisation_id, since=since, changes=different
        ),
        actor=actor,
    )
    return group


def _today_in(year: SchoolYear) -> date:
    """Return today, or the nearest day of the year: the day whose attributes the class shows as its present ones."""
    return min(max(clock.today(), year.starts_on), year.ends_on - timedelta(days=1))


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
            since=closed_on,
            changes={"closed_on": [before and before.isoformat(), closed_on.isoformat()]},
        ),
        actor=actor,
    )
    return group
