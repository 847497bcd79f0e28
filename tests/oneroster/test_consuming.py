"""A journal asked over OneRoster REST: the stand on one side, a source on the other, marks in the register between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import time_machine

from kontingent.exchange.journals.models import JournalSource, RunFinding, SourceRun
from kontingent.exchange.journals.sources import actions, running
from kontingent.exchange.journals.sources.actions import SourceDraft
from kontingent.exchange.oneroster.consuming import rest, rules
from kontingent.kernel.actor import Actor
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.performance.models import Mark
from kontingent.persons.models import SourceKey
from stands.journal.gradebook import Writing, collections_of
from stands.journal.oneroster import Face, Server
from stands.journal.school import Pupil, Rates, SchoolClass
from tests import builders as b

pytestmark = pytest.mark.django_db
NOW = "2025-10-20T19:00:00+05:00"
DAY = date(2025, 10, 20)
RATES = Rates(mark=0.9, absence=0, correction=0.2, mistake=0)
NAMES = ("Мальцева Анна Павловна", "Тиунов Олег Игоревич", "Зубова Вера Ильинична")


class Scene(NamedTuple):
    """A school, its learners, the stand that knows them, the source that asks it."""

    school: Organisation
    learners: list[UUID]
    face: Face
    actor: Actor
    source: JournalSource

    def run(self) -> SourceRun:
        """Read the source."""
        made = running.run(self.source.pk, asked_by_name="Проверка")
        assert made is not None
        return made

    def set(self, **settings: Any) -> None:
        """Change settings of the source."""
        self.source.refresh_from_db()
        actions.change_source(
            actor=self.actor, source_id=self.source.pk, version=self.source.version, every_minutes=60, is_on=True,
            settings={**self.source.settings, **settings},
        )  # fmt: skip

    def standing(self) -> dict[str, str]:
        """Return the marks of the register by the journal's ids."""
        return dict(Mark.objects.filter(withdrawn_at__isnull=True).values_list("external_id", "value"))

    def written(self) -> dict[str, str]:
        """Return the marks of the stand by id."""
        return {one["sourcedId"]: str(one["score"]) for one in self.face.tables["results"] if one["status"] == "active"}  # fmt: skip


def school_class(keys: list[str]) -> SchoolClass:
    return SchoolClass("class-7a-000", "7А", 7, tuple(Pupil(key, 0.6) for key in keys))


def writing(keys: list[str], until: date = DAY, **facts: Any) -> Writing:
    return Writing([school_class(keys)], until, (until - date(2025, 10, 13)).days + 1, rates=RATES, **facts)


@pytest.fixture
def scene(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    with time_machine.travel(NOW, tick=True):
        school = b.school()
        learners = [b.person(name) for name in NAMES]
        group = b.group(school, "7А")
        for one in learners:
            b.admitted(one, group)
        face = Face(collections_of(writing([str(one) for one in learners])), "register", "hush")
        server = Server(face)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        settings.JOURNAL_HOSTS = ("127.0.0.1",)
        settings.JOURNAL_SECRETS = str(tmp_path)
        (tmp_path / "epos-secret").write_text(f"{server.address} hush\n")
        monkeypatch.setattr(rules, "wait_before", lambda _attempt, _said: 0.0)
        actor = Actor(
            "test:school", "Специалист", "Специалист", frozenset({"sources.view", "sources.manage"}),
            Scope.of_organisation(school.pk), school.pk,
        )  # fmt: skip
        said = {"address": server.address, "client_id": "register", "secret": "epos-secret", "page": "40"}
        source = actions.make_source(
            actor=actor,
            draft=SourceDraft(
                code="epos", title="ЭПОС", adapter="oneroster-rest", organisation_id=school.pk, every_minutes=60, settings=said
            ),
        )  # fmt: skip
        yield Scene(school, learners, face, actor, source)
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_stand_s_marks_come_to_stand_in_the_register_and_a_second_run_changes_nothing(
    scene: Scene,
) -> None:
    made = scene.run()
    assert (made.state, made.error, made.refused, made.unread) == ("done", "", 0, 0)
    assert made.taken == len(scene.face.tables["results"]) > 60
    assert scene.standing() == scene.written()
    assert set(Mark.objects.values_list("person_id", flat=True)) == set(scene.learners)
    control = Mark.objects.filter(work_code="control").first()
    assert control is None or float(control.weight) == 2.0
    asked = [one for one in scene.face.asked if "/results?" in one]
    assert len(asked) > 1, "in pages"
    stood = list(Mark.objects.order_by("external_id").values())
    scene.face.asked.clear()
    again = scene.run()
    assert (again.state, again.taken, again.refused) == ("done", 0, 0)
    assert list(Mark.objects.order_by("external_id").values()) == stood
    assert all("filter=dateLastModified" in one for one in scene.face.asked if "/results?" in one)


def test_the_next_day_brings_what_is_new_and_what_was_corrected_and_no_more(scene: Scene) -> None:
    scene.run()
    before = scene.standing()
    keys = [str(one) for one in scene.learners]
    with time_machine.travel(f"{DAY + timedelta(days=1)}T19:00:00+05:00", tick=True):
        scene.face.tables = collections_of(writing(keys, DAY + timedelta(days=1)))
        made = scene.run()
    after = scene.written()
    assert scene.standing() == after
    fresh = {key for key in after if key not in before}
    changed = {key for key in before if after.get(key) != before[key]}
    assert fresh
    assert changed
    assert made.taken == len(fresh) + len(changed)
    assert made.unchanged < len(before), "not everything came again"


def test_learners_of_a_journal_s_own_ids_are_known_by_class_and_name_and_others_are_refused(
    scene: Scene,
) -> None:
    own = ["0d0f0f5e-0000-4000-8000-000000000001", "p-2", "p-3"]
    names = {
        own[0]: ("Мальцева", "Анна", "Павловна"),
        "p-2": ("Тиунов", "Олег", ""),
        "p-3": ("Чужих", "Яна", ""),
    }
    scene.face.tables = collections_of(writing(own, names=names))
    scene.set(learners="own")
    made = scene.run()
    assert made.named == 2
    assert dict(SourceKey.objects.values_list("external_id", "person_id")) == {
        f"or:{own[0]}": scene.learners[0],
        "p-2": scene.learners[1],
    }
    of = {key: sum(one["student"]["sourcedId"] == key for one in scene.face.tables["results"]) for key in own}
    assert made.taken == of[own[0]] + of["p-2"]
    assert made.refused == of["p-3"] > 0
    assert not Mark.objects.filter(person_id=scene.learners[2]).exists()


def test_patience_a_stale_token_and_a_journal_without_links(scene: Scene) -> None:
    scene.face.says_links = False
    scene.face.moods = [429, 503, 500, 200, 401]
    made = scene.run()
    assert (made.state, made.error) == ("done", "")
    assert scene.standing() == scene.written()


def test_a_journal_that_stays_silent_fails_the_run_and_the_next_run_takes_all(scene: Scene) -> None:
    scene.face.moods = [200] * 8 + [503] * 5
    made = scene.run()
    assert (made.state, made.error_code) == ("failed", "oneroster.silent")
    scene.source.refresh_from_db()
    assert (scene.source.failures, scene.source.last_success_at) == (1, None)
    assert scene.run().state == "done"
    assert scene.standing() == scene.written()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"client_id": "somebody"}, "oneroster.no_token"),
        ({"scope": "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"}, "oneroster.refused"),
        ({"scope": "wrong"}, "oneroster.no_token"),
        ({"edition": "1.1"}, "oneroster.not_there"),
        ({"page": "5000"}, "oneroster.refused"),
        ({"secret": "nobody-s"}, "sources.no_secret"),
        ({"address": "http://localhost:1"}, "oneroster.not_https"),
        ({"address": "https://journal.example"}, "oneroster.secret_origin"),
        ({"address": ""}, "oneroster.not_set"),
        ({"address": "file:///etc/passwd"}, "oneroster.address"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told_and_changes_nothing(
    scene: Scene, said: dict[str, str], code: str
) -> None:
    scene.set(**said)
    made = scene.run()
    assert (made.state, made.error_code, made.taken) == ("failed", code, 0)
    assert "hush" not in made.error
    assert not Mark.objects.exists()


def test_a_next_page_elsewhere_is_not_followed(scene: Scene) -> None:
    scene.face.lead_to = "http://169.254.169.254"
    made = scene.run()
    assert made.error_code == "oneroster.page_elsewhere"
    assert not Mark.objects.exists()


def test_an_object_that_is_no_row_is_a_finding_and_the_others_are_taken(scene: Scene) -> None:
    results = scene.face.tables["results"]
    results[0]["dateLastModified"] = "yesterday"
    results[1]["student"] = {"href": "?"}
    del results[2]["scoreDate"]
    results[3]["lineItem"] = {"sourcedId": "nowhere"}
    results[4]["scoreDate"] = "1999-10-13"
    made = scene.run()
    assert made.state == "done"
    assert made.taken == len(results) - 5
    places = {one.place: one.code for one in RunFinding.objects.all()}
    assert places == {
        f"results, {results[0]['sourcedId']}, dateLastModified": "oneroster.no_row",
        f"results, {results[1]['sourcedId']}, student": "oneroster.no_row",
        f"results, {results[2]['sourcedId']}, scoreDate": "oneroster.no_row",
        f"results, {results[3]['sourcedId']}": "oneroster.no_line_item",
        f"results, {results[4]['sourcedId']}": "oneroster.school_year",
    }


def test_windows_bound_what_is_held(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "WINDOW", 30)
    monkeypatch.setattr(rest, "MOST_SINGLE", 3)
    made = scene.run()
    assert made.pieces > 1
    assert scene.standing() == scene.written()
    assert any("/lineItems?" in one for one in scene.face.asked), "all works at once, where many are missing"
