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

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.models import Placement
from kontingent.exchange.oneroster import checking
from kontingent.exchange.oneroster.checking import Defect
from kontingent.exchange.oneroster.rosters import Roster, roster_of
from kontingent.exchange.staging import reading
from kontingent.exchange.staging.models import Batch, Row
from kontingent.exchange.staging.permissions import StagingPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations

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
    """A learner of the register whom the set does not name."""

    person_id: UUID
    name: str
    class_title: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What a compared set says of classes, and whom it lacks."""

    classes: Sequence[Sequence[Any]]
    absent: Sequence[Absent]
    absent_in_all: int


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
    roster = roster_of(read.content, organisation.ogrn)
    if roster.defects:
        raise RosterRefused(
            roster.defects[: checking.MOST_TOLD], max(0, len(roster.defects) - checking.MOST_TOLD)
        )
    today = clock.today()
    year = SchoolYear(roster.school_year) if roster.school_year is not None else SchoolYear.of(today)
    effective_on = today if year.period.holds(today) else year.starts_on
    there = {one.title for one in enrolment.groups(actor, organisation_id, year.begins_in, effective_on)}
    return reading.receive(
        actor=actor, organisation_id=organisation_id, file=io.BytesIO(_list_of(roster)),
        filename=f"OneRoster {filename.rpartition('.')[0] or 'набор'}.csv",
        options={
            "school_year": year.begins_in, "effective_on": effective_on.isoformat(), "drafts": True,
            "roster": [[title, count, title in there] for title, count in sorted(roster.classes.items(), key=_by_grade)],
        },
    )  # fmt: skip


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
    named = Row.objects.filter(batch=batch, person_id__isnull=False).values("person_id")
    here = (
        Placement.objects.filter(
            organisation_id=batch.organisation_id, superseded_at__isnull=True, is_main=True, starts_on__lte=on,
            group__isnull=False,
        )
        .exclude(ends_on__lte=on)
        .exclude(person_id__in=named)
        .order_by("group__grade", "group__title", "person__name_key", "person_id")
    )  # fmt: skip
    candidates = {
        UUID(one["person"])
        for row in Row.objects.filter(batch=batch, status="possible").only("candidates")
        for one in row.candidates
    }
    here = here.exclude(person_id__in=candidates)
    shown = [
        Absent(one.person_id, one.person.full_name, one.group.title if one.group else "")
        for one in here.select_related("person", "group")[:MOST_ABSENT]
    ]
    reads.note(
        actor, ReadKind.COMPARE, [one.person_id for one in shown], object_id=batch.pk, organisation_id=batch.organisation_id,
        what="сверка списков OneRoster",
    )  # fmt: skip
    return Overview(batch.options["roster"], shown, here.count())
