"""An adapter feeds the intake: what it reads stands in the register, what it could not is told, a second run changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from kontingent.access.machines.queries import actor_of
from kontingent.access.machines.rules import MachineScope
from kontingent.exchange.journals.adapters.boundary import (
    Asked,
    Finding,
    SeenClass,
    SeenEnrolment,
    SeenOrganisation,
)
from kontingent.exchange.journals.adapters.feeding import MOST_FINDINGS, Run, run
from kontingent.exchange.journals.messages import AttendanceMessage, FinalMessage, LessonMessage, MarkMessage
from kontingent.exchange.journals.models import JournalBatch, RefusedRow
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.models import Attendance, Lesson, Mark
from tests import builders as b
from tests.exchange.journals.journal import YEAR, Sender

pytestmark = pytest.mark.django_db
ASKED = Asked(school_year=SchoolYear(YEAR), since=SchoolYear(YEAR).starts_on, until=SchoolYear(YEAR).ends_on)


@dataclass
class Remembered:
    """A journal that answers what it was given."""

    lessons: list[Any] = field(default_factory=list)
    marks: list[Any] = field(default_factory=list)
    attendance: list[Any] = field(default_factory=list)

    def list_orgs(self) -> Iterator[SeenOrganisation]:
        return iter(())

    def list_classes(self) -> Iterator[SeenClass]:
        return iter(())

    def list_enrollments(self) -> Iterator[SeenEnrolment]:
        return iter(())

    def fetch_lessons(self, asked: Asked) -> Iterator[LessonMessage | Finding]:
        return iter(self.lessons)

    def fetch_marks(self, asked: Asked) -> Iterator[MarkMessage | Finding]:
        return iter(self.marks)

    def fetch_attendance(self, asked: Asked) -> Iterator[AttendanceMessage | Finding]:
        return iter(self.attendance)

    def fetch_finals(self, asked: Asked) -> Iterator[FinalMessage | Finding]:
        return iter(())


class Scene(NamedTuple):
    """A learner, the class, and what delivers for the school's journal."""

    anna: UUID
    group: UUID
    actor: Actor

    def run(self, adapter: Remembered, key: str = "r1") -> Run:
        return run(actor=self.actor, journal_code="epos", adapter=adapter, asked=ASKED, key=key)

    def mark(self, number: int, **facts: Any) -> MarkMessage:
        usual: dict[str, Any] = {
            "id": f"m{number}",
            "version": 1,
            "learner": str(self.anna),
            "date": "2025-10-10",
            "subject": "s09",
            "value": "5",
        }
        return MarkMessage(**(usual | facts))


@pytest.fixture
def scene() -> Scene:
    school = b.school()
    group = b.group(school, "5А")
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, group)
    sender = Sender(school)
    return Scene(anna, group.id, actor_of(sender.client, frozenset({MachineScope.JOURNALS})))


def test_every_kind_is_taken_and_what_could_not_be_read_is_told(scene: Scene) -> None:
    finding = Finding("лист «Физика», ячейка C4", "шесть", "journals.row", "не годится")
    made = scene.run(
        Remembered(
            lessons=[
                LessonMessage(
                    id="l1",
                    version=1,
                    class_=str(scene.group),
                    date="2025-10-10",
                    subject="s09",
                    topic="Дроби",
                )
            ],
            marks=[scene.mark(1), finding, scene.mark(2, value="4")],
            attendance=[
                AttendanceMessage(
                    id="a1", version=1, learner=str(scene.anna), date="2025-10-11", subject="s09", code="б"
                )
            ],
        )
    )
    assert [(one.key, one.state, one.taken_rows) for one in made.batches] == [
        ("r1:lessons", "done", 1), ("r1:marks", "done", 2), ("r1:attendance", "done", 1),
    ]  # fmt: skip
    assert (made.findings, made.unread) == ([finding], 1)
    assert list(Mark.objects.order_by("external_id").values_list("external_id", "value")) == [
        ("m1", "5"),
        ("m2", "4"),
    ]
    assert Attendance.objects.get().person_id == scene.anna
    assert Lesson.objects.get().topic == "Дроби"


def test_a_second_run_changes_nothing_and_a_correction_does(scene: Scene) -> None:
    scene.run(Remembered(marks=[scene.mark(1)]))
    (again,) = scene.run(Remembered(marks=[scene.mark(1)]), "r2").batches
    assert again.state == "done"
    assert Mark.objects.get().version == 1
    scene.run(Remembered(marks=[scene.mark(1, version=2, value="3")]), "r3")
    assert Mark.objects.get().value == "3"
    scene.run(Remembered(marks=[scene.mark(1)]), "r4")
    assert Mark.objects.get().value == "3"


def test_a_stranger_to_the_register_is_kept_for_repair(scene: Scene) -> None:
    scene.run(Remembered(marks=[scene.mark(1, learner="ученик-77"), scene.mark(2)]))
    assert Mark.objects.get().external_id == "m2"
    assert RefusedRow.objects.get().external_id == "m1"


def test_nothing_to_take_makes_no_batch_and_findings_are_bounded(scene: Scene) -> None:
    many = [Finding("", "", "journals.row", "")] * (MOST_FINDINGS + 5)
    made = scene.run(Remembered(marks=many))
    assert (len(made.findings), made.unread) == (MOST_FINDINGS, MOST_FINDINGS + 5)
    assert not JournalBatch.objects.exists()


def test_another_journal_is_not_there(scene: Scene) -> None:
    with pytest.raises(NotFound):
        run(
            actor=scene.actor,
            journal_code="other",
            adapter=Remembered(marks=[scene.mark(1)]),
            asked=ASKED,
            key="r1",
        )
    assert not Mark.objects.exists()
