"""Refused rows are taken again after the register was mended; what is still wrong stays, and nothing is taken twice."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import pytest

from kontingent.access.machines.queries import actor_of
from kontingent.access.machines.rules import MachineScope
from kontingent.audit.models import Entry
from kontingent.exchange.journals import chunks, repairing
from kontingent.exchange.journals.models import JournalBatch, RefusedRow
from kontingent.exchange.journals.repairing import Retaken, retake
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.performance import actions
from kontingent.performance.models import Mark
from kontingent.persons.models import SourceKey
from tests import builders as b
from tests.exchange.journals.journal import Sender, mark

pytestmark = pytest.mark.django_db


class Scene(NamedTuple):
    """A learner, the journal of the school, and the actor who delivers for it."""

    anna: UUID
    journal: Sender
    actor: Actor

    def retake(self) -> Retaken:
        return retake(actor=self.actor, journal_code="epos")


@pytest.fixture
def scene() -> Scene:
    school = b.school()
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, b.group(school, "5А"))
    sender = Sender(school)
    return Scene(anna, sender, actor_of(sender.client, frozenset({MachineScope.JOURNALS})))


def standing() -> list[tuple[str, str]]:
    return list(Mark.objects.order_by("external_id").values_list("external_id", "value"))


def left() -> list[tuple[str, str]]:
    return list(
        RefusedRow.objects.filter(repaired_at__isnull=True).order_by("pk").values_list("external_id", "code")
    )


def test_a_subject_is_mapped_and_its_marks_come_in(scene: Scene) -> None:
    scene.journal.send(
        [
            mark(1, scene.anna, subject="Матем. (баз.)"),
            mark(2, scene.anna, subject="Ритмика"),
            mark(3, scene.anna),
        ]
    )
    assert [one for one, _ in standing()] == ["m3"]
    actions.map_subject(actor=b.ROOT, journal_code="epos", text="Матем. (баз.)", subject_code="s09")
    assert scene.retake() == Retaken(2, 1, {"created": 1, "refused": 1})
    assert standing() == [("m1", "5"), ("m3", "5")]
    assert left() == [("m2", "subject_unknown")]
    assert Mark.objects.get(external_id="m1").person_id == scene.anna


def test_a_contradiction_within_a_batch_stays_on_the_list(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two rows of one version comes in another chunk; what stands under the batch is the first."""
    monkeypatch.setattr(chunks, "ROWS", 1)
    scene.journal.send([mark(1, scene.anna, value="4"), mark(1, scene.anna, value="2")])
    assert (standing(), left()) == ([("m1", "4")], [("m1", "version_reused")])
    scene.journal.send([mark(1, scene.anna, version=2, value="2")], key="k2")
    assert (standing(), left()) == ([("m1", "2")], [])


def test_an_older_row_that_is_taken_leaves_the_newer_refused_one_on_the_list(scene: Scene) -> None:
    scene.journal.send([mark(1, "ученик-17", version=3, value="4")])
    scene.journal.send([mark(1, scene.anna, version=2, value="3")], key="k2")
    assert left() == [("m1", "learner_unknown")]
    SourceKey.objects.create(source="journal:epos", external_id="ученик-17", person_id=scene.anna)
    assert scene.retake().outcomes == {"changed": 1}
    assert (standing(), left()) == ([("m1", "4")], [])


def test_a_learner_is_linked_and_their_marks_come_in_the_newest_of_each_id(scene: Scene) -> None:
    scene.journal.send([mark(1, "ученик-17"), mark(2, "ученик-18")])
    scene.journal.send([mark(1, "ученик-17", version=2, value="3")], key="k2")
    SourceKey.objects.create(source="journal:epos", external_id="ученик-17", person_id=scene.anna)
    assert scene.retake() == Retaken(3, 2, {"created": 1, "refused": 1})
    assert standing() == [("m1", "3")]
    assert left() == [("m2", "learner_unknown")]


def test_a_row_that_lacked_something_is_kept_as_an_object(scene: Scene) -> None:
    scene.journal.send([mark(1, "ученик-17")])
    kept = RefusedRow.objects.get().staged
    assert isinstance(kept, dict)
    assert (kept["whose_key"], kept["subject_code"], kept["value"]) == ("ученик-17", "s09", "5")


def test_what_has_two_faults_is_told_the_second_when_the_first_is_mended(scene: Scene) -> None:
    scene.journal.send([mark(1, "ученик-17", subject="Ритмика")])
    actions.map_subject(actor=b.ROOT, journal_code="epos", text="Ритмика", subject_code="s09")
    assert scene.retake().repaired == 0
    assert left() == [("m1", "learner_unknown")]
    assert not standing()


def test_what_is_wrong_in_itself_is_not_looked_at(scene: Scene) -> None:
    scene.journal.send([mark(1, scene.anna, value="6"), mark(2, scene.anna, date="2024-01-10")])
    assert scene.retake() == Retaken(0, 0, {})
    assert len(left()) == 2


def test_an_old_row_never_overwrites_what_came_since(scene: Scene) -> None:
    scene.journal.send([mark(1, "ученик-17", value="2")])
    SourceKey.objects.create(source="journal:epos", external_id="ученик-17", person_id=scene.anna)
    refused = RefusedRow.objects.get()
    scene.journal.send([mark(1, "ученик-17", version=2, value="4")], key="k2")
    RefusedRow.objects.filter(pk=refused.pk).update(repaired_at=None)
    assert scene.retake().outcomes == {"stale": 1}
    assert standing() == [("m1", "4")]
    assert not left()


def test_nothing_mended_leaves_no_trace_but_the_list(scene: Scene) -> None:
    scene.journal.send([mark(1, "ученик-17")])
    batches, entries, open_rows = JournalBatch.objects.count(), Entry.objects.count(), left()
    assert scene.retake() == Retaken(1, 0, {"refused": 1})
    assert (JournalBatch.objects.count(), Entry.objects.count(), left()) == (batches, entries, open_rows)


def test_pages_follow_one_another(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairing, "ROWS", 2)
    scene.journal.send([mark(number, "ученик-17") for number in range(5)])
    SourceKey.objects.create(source="journal:epos", external_id="ученик-17", person_id=scene.anna)
    assert scene.retake() == Retaken(5, 5, {"created": 5})
    assert scene.retake() == Retaken(0, 0, {})
    assert len(standing()) == 5


def test_a_line_of_csv_must_come_again(scene: Scene) -> None:
    body = f"id,version,learner,date,subject,value\nm1,1,{scene.anna},2025-10-10,Ритмика,5\n".encode()
    assert scene.journal.post(body, kind="text/csv").status_code == 200
    actions.map_subject(actor=b.ROOT, journal_code="epos", text="Ритмика", subject_code="s09")
    assert scene.retake().repaired == 0
    assert left() == [("m1", "subject_unknown")]


def test_only_the_journal_itself_may(scene: Scene) -> None:
    scene.journal.send([mark(1, "ученик-17")])
    SourceKey.objects.create(source="journal:epos", external_id="ученик-17", person_id=scene.anna)
    with pytest.raises((NotAllowed, NotFound)):
        retake(actor=b.ROOT, journal_code="epos")
    other = Sender(b.school(), code="other")
    with pytest.raises(NotFound):
        retake(actor=actor_of(other.client, frozenset({MachineScope.JOURNALS})), journal_code="epos")
    assert not standing()
    assert left() == [("m1", "learner_unknown")]
