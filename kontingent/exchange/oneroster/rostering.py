"""A set of rosters on its way into the register (сверка списков): checked whole, compared like any list, applied by a human as a draft.

It goes the way of every list (``exchange.staging``): matched without СНИЛС, shown as differences, decided, applied, undone. One thing is
otherwise: whom a journal believes to be in a class is not enrolled by that; an order is drafted, and a human signs it or does not.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.models import Placement
from kontingent.exchange.oneroster import checking
from kontingent.exchange.oneroster.checking import Defect
from kontingent.exchange.oneroster.rosters import (
    Gone,
    Known,
    Listed,
    Roster,
    changes_of,
    is_changes,
    named_in,
    roster_of,
)
from kontingent.exchange.staging import reading
from kontingent.exchange.staging.models import Batch, Row
from kontingent.exchange.staging.permissions import StagingPermission
from kontingent.kernel import clock, names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons
from kontingent.persons.models import Person

HEADINGS = ("Фамилия", "Имя", "Отчество", "Дата рождения", "Пол", "Класс", "Строка users.csv")
#: So many learners whom the set lacks are shown by name; all are counted.
MOST_ABSENT = 200


class RosterRefused(InvalidValue):
    """The set is defective: nothing of it was taken."""

    def __init__(self, defects: Sequence[Defect], more: int = 0) -> None:
        """Keep the defects for the page."""
        self.defects, self.more = list(defects), more
        super().__init__(
            "oneroster.defective",
            f"Набор не принят, ничего не записано: дефектов {len(self.defects) + more}. {self.defects[0]}",
        )


class Absent(NamedTuple):
    """A learner of the register whom a full set does not name, or of whom changes say that they left; without a class they have left here too."""

    person_id: UUID
    name: str
    class_title: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What a compared set says of classes, and whom it lacks; of changes, who left and what could not be told.

    ``unknown`` are places in the set of those who left and whom the register does not recognise, ``of_nobody`` how many users were told of
    who may be no learners at all.
    """

    classes: Sequence[Sequence[Any]]
    absent: Sequence[Absent]
    absent_in_all: int
    is_changes: bool = False
    unknown: Sequence[str] = ()
    of_nobody: int = 0


def receive(*, actor: Actor, organisation_id: UUID, packed: bytes, filename: str) -> Batch:
    """Take a set in for comparison (принять набор на сверку); the worker compares, a human decides.

    Raises:
        RosterRefused: every defect with file, line and column; nothing was taken.
    """
    organisation = organisations.get(organisation_id)
    actor.require(
        StagingPermission.IMPORT,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    read = checking.check(packed)
    if read.content is None:
        raise RosterRefused(read.defects, read.more)
    today = clock.today()
    changes = is_changes(read.content)
    if changes:
        roster = changes_of(
            read.content, organisation.ogrn, _known(actor, organisation_id, named_in(read.content), today)
        )
    else:
        roster = roster_of(read.content, organisation.ogrn)
    if roster.defects:
        raise RosterRefused(
            roster.defects[: checking.MOST_TOLD], max(0, len(roster.defects) - checking.MOST_TOLD)
        )
    year = SchoolYear(roster.school_year) if roster.school_year is not None else SchoolYear.of(today)
    effective_on = today if year.period.holds(today) else year.starts_on
    there = {one.title for one in enrolment.groups(actor, organisation_id, year.begins_in, effective_on)}
    options: dict[str, Any] = {
        "school_year": year.begins_in, "effective_on": effective_on.isoformat(), "drafts": True,
        "roster": [[title, count, title in there] for title, count in sorted(roster.classes.items(), key=_by_grade)],
    }  # fmt: skip
    if changes:
        options |= {
            "may_be_empty": True, "of_nobody": roster.of_nobody,
            "gone": [[f"{one.file}, строка {one.line}", _recognised(one, organisation_id)] for one in roster.gone],
        }  # fmt: skip
    return reading.receive(
        actor=actor, organisation_id=organisation_id, file=io.BytesIO(_list_of(roster)),
        filename=f"OneRoster {filename.rpartition('.')[0] or 'набор'}.csv", options=options,
    )  # fmt: skip


def _here(organisation_id: UUID, on: date) -> QuerySet[Placement]:
    """Who is in a class of the organisation on a day by their main programme."""
    return Placement.objects.filter(
        organisation_id=organisation_id, superseded_at__isnull=True, is_main=True, starts_on__lte=on, group__isnull=False
    ).exclude(ends_on__lte=on)  # fmt: skip


def _known(actor: Actor, organisation_id: UUID, named: set[str], on: date) -> Known:
    """Return what the register knows of those whom a set names by ids of ours."""
    year = SchoolYear.of(on).begins_in
    classes = {str(one.id): one.title for one in enrolment.groups(actor, organisation_id, year, on)}
    ids = [one for one in map(_uuid, named) if one is not None]
    learners = {
        str(one.person_id): Listed(
            0, str(one.person_id), one.person.family_name, one.person.given_name, one.person.patronymic,
            f"{one.person.birth_date:%Y-%m-%d}", _SEXES.get(one.person.sex, ""), one.group.title if one.group else "",
        )
        for one in _here(organisation_id, on).filter(person_id__in=ids, person__birth_date__isnull=False).select_related("person", "group")
    }  # fmt: skip
    return Known(str(organisation_id), classes, learners)


#: A code of the classifier as a class list writes it.
_SEXES = {"1": "м", "2": "ж"}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _recognised(one: Gone, organisation_id: UUID) -> str | None:
    """Return who of the school left: by our own id, or alone of that name, and birthday if it is told, among those who study or studied here."""
    of_school = Placement.objects.filter(organisation_id=organisation_id, superseded_at__isnull=True)
    if (own := _uuid(one.key)) is not None:
        return one.key if of_school.filter(person_id=own).exists() else None
    if not any(one.name):
        return None
    named = of_school.filter(person__name_key=names.full_key(*one.name), person__status_code=persons.VALID)
    if one.birth_date:
        named = named.filter(person__birth_date=one.birth_date)
    found = set(named.values_list("person_id", flat=True))
    return str(found.pop()) if len(found) == 1 else None


def _by_grade(one: tuple[str, int]) -> tuple[int, str]:
    digits = one[0].rstrip("АБВГДЕЁЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return int(digits or 0), one[0]


def _list_of(roster: Roster) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    for one in roster.learners:
        born = f"{date.fromisoformat(one.birth_date):%d.%m.%Y}"
        writer.writerow(
            [one.family_name, one.given_name, one.patronymic, born, one.sex, one.class_title, one.line]
        )
    return text.getvalue().encode("utf-8-sig")


def overview(actor: Actor, batch: Batch) -> Overview | None:
    """Return what a compared set says of classes, and the school's learners whom it does not name; None for another list."""
    if "roster" not in batch.options or batch.state != "checked":
        return None
    on = date.fromisoformat(batch.options["effective_on"])
    seen = _told_to_have_left(batch, on) if "gone" in batch.options else _not_named(batch, on)
    reads.note(
        actor, ReadKind.COMPARE, [one.person_id for one in seen.absent], object_id=batch.pk, organisation_id=batch.organisation_id,
        what="сверка списков OneRoster",
    )  # fmt: skip
    return seen


def _not_named(batch: Batch, on: date) -> Overview:
    named = Row.objects.filter(batch=batch, person_id__isnull=False).values("person_id")
    candidates = {
        UUID(one["person"])
        for row in Row.objects.filter(batch=batch, status="possible").only("candidates")
        for one in row.candidates
    }
    here = _here(batch.organisation_id, on).exclude(person_id__in=named).exclude(person_id__in=candidates)
    here = here.order_by("group__grade", "group__title", "person__name_key", "person_id")
    shown = [
        Absent(one.person_id, one.person.full_name, one.group.title if one.group else "")
        for one in here.select_related("person", "group")[:MOST_ABSENT]
    ]
    return Overview(batch.options["roster"], shown, here.count())


def _told_to_have_left(batch: Batch, on: date) -> Overview:
    gone = batch.options["gone"]
    ids = [UUID(person) for _, person in gone if person]
    classes = {
        one.person_id: one.group.title if one.group else ""
        for one in _here(batch.organisation_id, on).filter(person_id__in=ids).select_related("group")
    }
    people = Person.objects.filter(pk__in=ids).order_by("name_key", "pk")
    shown = [Absent(one.pk, one.full_name, classes.get(one.pk, "")) for one in people[:MOST_ABSENT]]
    unknown = [place for place, person in gone if not person]
    return Overview(
        batch.options["roster"], shown, len(ids), is_changes=True, unknown=unknown, of_nobody=batch.options["of_nobody"]
    )  # fmt: skip
