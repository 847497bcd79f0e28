"""A source is read in its time, one run at a time; a file of its folder is taken once, whatever dies when; others do not suffer."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from django.db import connection

from kontingent.audit.models import Entry
from kontingent.exchange.journals import jobs, repairing
from kontingent.exchange.journals.adapters import feeding
from kontingent.exchange.journals.deliverers import deliverer_of
from kontingent.exchange.journals.models import JournalSource, RefusedRow, RunFinding, SourceRun
from kontingent.exchange.journals.sources import actions, folders, queries, running
from kontingent.exchange.journals.sources.actions import SourceDraft
from kontingent.kernel import clock
from kontingent.kernel import folders as kernel_folders
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import (
    Conflict,
    InvalidValue,
    KontingentError,
    NotAllowed,
    NotFound,
    RuleViolation,
)
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.performance.models import Mark
from kontingent.persons.models import SourceKey
from tests import builders as b

pytestmark = pytest.mark.django_db
MAPPING = """
code = "school"
title = "Журнал школы"
[[sheets]]
records = "marks"
learner_within_class = true
[sheets.columns]
learner = ["ФИО"]
class = ["Класс"]
date = ["Дата"]
subject = ["Предмет"]
value = ["Оценка"]
"""
HEAD = "ФИО;Класс;Дата;Предмет;Оценка\n"
MAY = frozenset({"sources.view", "sources.manage"})


class Scene(NamedTuple):
    """A school with a learner, its source, who manages it, and the folder."""

    school: Organisation
    anna: UUID
    actor: Actor
    source: JournalSource
    folder: Path

    def put(self, text: str, name: str = "отметки.csv", *, age: int = 600) -> Path:
        path = self.folder / "in" / name
        path.write_text(text, encoding="utf-8")
        moment = time.time() - age
        os.utime(path, (moment, moment))
        return path

    def run(self) -> SourceRun:
        made = running.run(self.source.pk, asked_by_name="Проверка")
        assert made is not None
        return made


@pytest.fixture
def scene(tmp_path: Path, settings: Any) -> Scene:
    settings.JOURNAL_FOLDERS = str(tmp_path / "sources")
    school = b.school()
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, b.group(school, "5А"))
    actor = manager(school)
    source = actions.make_source(actor=actor, draft=draft(school))
    actions.keep_mapping(actor=actor, source_id=source.pk, text=MAPPING)
    source.refresh_from_db()
    return Scene(school, anna, actor, source, folders.folder_of("school-5"))


def manager(school: Organisation, name: str = "test:municipal") -> Actor:
    return Actor(name, "Специалист", "Специалист", MAY, Scope.of_municipality(school.municipality_id))


def draft(school: Organisation, code: str = "school-5", **facts: Any) -> SourceDraft:
    usual: dict[str, Any] = {"every_minutes": 15, "organisation_id": school.pk, "settings": {"quiet_seconds": "0"}}  # fmt: skip
    return SourceDraft(code=code, title="Журнал школы № 5", adapter="folder", **usual | facts)


def day(offset: int = 0) -> str:
    return f"{clock.today() - timedelta(days=offset):%d.%m.%Y}"


def row(name: str = "Мальцева Анна", value: str = "5", offset: int = 0) -> str:
    return f"{name};5А;{day(offset)};Математика;{value}\n"


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_file_becomes_marks_and_the_learner_is_known_by_class_and_name(scene: Scene) -> None:
    scene.put(HEAD + row() + row("Тиунов Олег") + "Мальцева Анна;5А;35.09.2026;Математика;5\n")
    made = scene.run()
    assert (made.state, made.pieces, made.taken, made.refused, made.unread, made.named) == (
        "done",
        1,
        1,
        1,
        1,
        1,
    )
    assert list(Mark.objects.values_list("person_id", "value")) == [(scene.anna, "5")]
    finding = RunFinding.objects.get()
    assert (finding.run_id, finding.value) == (made.pk, "35.09.2026")
    assert "строка" not in finding.place
    assert "C4" in finding.place
    receipt = json.loads(next((scene.folder / "taken").glob("*.receipt.json")).read_text())
    assert receipt["rows"] == {"marks": {"created": 1, "refused": 1}}
    assert names(scene.folder / "in") == []
    scene.source.refresh_from_db()
    assert scene.source.last_success_at == made.started_at
    assert scene.source.next_at is not None


def test_no_name_lies_in_keys_or_refused_rows(scene: Scene) -> None:
    scene.put(HEAD + row() + row("Тиунов Олег"))
    scene.run()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id FROM persons_sourcekey UNION ALL SELECT staged::text || line FROM journals_refusedrow"
        )
        kept = " ".join(str(one) for (one,) in cursor.fetchall())
    assert "имя:" in kept
    assert "льцев" not in kept.lower()
    assert "тиунов" not in kept.lower()
    assert Entry.objects.get(kind="sources.learners_named").subjects == [scene.anna]


def test_the_same_file_again_changes_nothing_and_a_corrected_cell_changes_its_mark(scene: Scene) -> None:
    moment = scene.put(HEAD + row()).stat().st_mtime
    scene.run()
    os.utime(scene.put(HEAD + row()), (moment, moment))
    again = scene.run()
    assert (again.taken, again.unchanged, Mark.objects.count()) == (0, 1, 1)
    scene.put(HEAD + row(), age=300)
    nightly = scene.run()
    assert (nightly.taken, nightly.unchanged) == (0, 1), "exported anew, and nothing in it is new"
    scene.put(HEAD + row(value="4"), age=100)
    assert scene.run().taken == 1
    assert [one.value for one in Mark.objects.all()] == ["4"]
    assert len(names(scene.folder / "taken")) == 4, "the same content twice is one file and one receipt"


def test_two_of_a_name_are_left_to_a_human(scene: Scene) -> None:
    other = b.person("Мальцева Анна Юрьевна")
    b.admitted(other, b.group(scene.school, "5Б"))
    scene.put(HEAD + row())
    assert scene.run().named == 1, "one in her class"
    twin = b.person("Мальцева Анна Олеговна")
    b.admitted(twin, b.group(scene.school, "6А"))
    namesake = b.person("Мальцева Анна Игоревна")
    b.admitted(namesake, _group(scene.school, "6А"))
    scene.put(HEAD + row().replace("5А", "6А"), "шестой.csv")
    made = scene.run()
    assert (made.named, made.refused) == (0, 1)
    assert not Mark.objects.filter(person_id__in=[twin, namesake]).exists()


def _group(at: Organisation, title: str) -> Any:
    from kontingent.enrolment.models import Group

    return Group.objects.get(organisation=at, title=title)


def test_a_file_that_still_grows_waits_and_a_marker_is_waited_for(scene: Scene) -> None:
    actions.change_source(
        actor=scene.actor, source_id=scene.source.pk, version=scene.source.version, every_minutes=15, is_on=True,
        settings={"quiet_seconds": "600"},
    )  # fmt: skip
    scene.put(HEAD + row(), age=10_000)  # a copying program may set the time back, the inode's it cannot
    assert scene.run().pieces == 0
    scene.source.refresh_from_db()
    actions.change_source(
        actor=scene.actor, source_id=scene.source.pk, version=scene.source.version, every_minutes=15, is_on=True,
        settings={"needs_marker": "true"},
    )  # fmt: skip
    assert scene.run().pieces == 0
    (scene.folder / "in" / "отметки.csv.done").touch()
    assert scene.run().taken == 1
    assert names(scene.folder / "in") == []


def test_what_is_no_table_is_refused_with_its_reason_and_the_next_file_is_taken(scene: Scene) -> None:
    scene.put("%PDF-1.4 not a table\x00\x01", "a.xlsx")
    scene.put(HEAD + row(), "б.csv")
    (scene.folder / "in" / "в.csv").symlink_to("/etc/passwd")
    made = scene.run()
    assert (made.state, made.pieces, made.taken) == ("failed", 2, 1)
    assert made.error
    (refused,) = (scene.folder / "refused").glob("*.receipt.json")
    assert json.loads(refused.read_text())["detail"] == made.error
    assert names(scene.folder / "in") == ["в.csv"], "a link is no file"


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("step", range(1, 9))
def test_killed_at_any_step_every_mark_stands_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Steps: renames, syncs and the feeding itself; the process dies at the first, second … of them and is started again."""
    left = [step]

    def mortal(real: Any) -> Any:
        def act(*args: Any, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return real(*args, **kwargs)

        return act

    scene.put(HEAD + "".join(row(offset=n) for n in range(5)))
    with monkeypatch.context() as patched:
        patched.setattr(kernel_folders, "sync", mortal(kernel_folders.sync))
        patched.setattr(folders, "finish", mortal(folders.finish))
        patched.setattr(feeding, "run", mortal(feeding.run))
        patched.setattr(running, "_close", mortal(running._close))
        try:
            running.run(scene.source.pk, asked_by_name="x")
        except Killed:
            pass
        else:
            assert left[0] > 0
    scene.run()
    assert Mark.objects.count() == 5
    assert names(scene.folder / "in") == []
    assert len(names(scene.folder / "taken")) == 2
    assert [one for one in names(scene.folder / "work") if one.endswith((".csv", ".part"))] == []
    assert not SourceRun.objects.filter(state="running").exists()


def test_a_failing_source_is_tried_ever_later_and_the_others_go_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = actions.make_source(actor=scene.actor, draft=draft(scene.school, "other"))
    scene.put(HEAD + row())
    JournalSource.objects.update(next_at=clock.now())
    asked: list[str] = []
    monkeypatch.setattr(jobs, "ask", lambda one: asked.append(str(one)))
    jobs.due(0)
    assert set(asked) == {str(other.pk), str(scene.source.pk)}
    for one in asked:
        jobs.run(one)
    other.refresh_from_db()
    run = other.runs.get()
    assert (other.failures, run.state, run.error_code) == (1, "failed", "sources.no_mapping")
    assert "Описание" in run.error
    assert Mark.objects.count() == 1
    waits = []
    for _ in range(3):
        running.run(other.pk)
        other.refresh_from_db()
        assert other.next_at is not None
        waits.append(other.next_at - clock.now())
    assert waits == sorted(waits)
    assert other.last_success_at is None


def test_an_unforeseen_error_of_an_adapter_is_told_and_goes_no_further(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> Iterator[Any]:
        raise ZeroDivisionError("Мальцева Анна")

    monkeypatch.setattr(feeding, "run", breaks)
    scene.put(HEAD + row())
    made = scene.run()
    assert (made.state, made.error_code) == ("failed", "sources.broken")
    assert "Мальцева" not in made.error
    assert names(scene.folder / "in") == ["отметки.csv"]


def test_what_is_off_is_not_read_but_by_hand(scene: Scene) -> None:
    JournalSource.objects.filter(pk=scene.source.pk).update(is_on=False)
    scene.put(HEAD + row())
    assert running.run(scene.source.pk) is None
    assert running.run(scene.source.pk, asked_by_name="Специалист") is not None
    assert Mark.objects.count() == 1


def test_the_register_is_mended_and_refused_rows_are_taken_again(scene: Scene) -> None:
    scene.put(HEAD + row("Тиунов Олег"))
    scene.run()
    refused = queries.refusals(scene.actor, scene.source.pk)
    assert [(one.code, one.rows, one.may_mend) for one in refused] == [("learner_unknown", 1, True)]
    oleg = b.person("Тиунов Олег Ильич")
    b.admitted(oleg, _group(scene.school, "5А"))
    jobs.again(str(scene.source.pk))
    assert queries.refusals(scene.actor, scene.source.pk) == []
    assert Mark.objects.get().person_id == oleg
    assert Entry.objects.get(kind="sources.learners_named").subjects == [oleg]


def test_of_two_namesakes_none_is_recognised_in_refused_rows(scene: Scene) -> None:
    scene.put(HEAD + row("Тиунов Олег"))
    scene.run()
    for name in ("Тиунов Олег Ильич", "Тиунов Олег Петрович"):
        b.admitted(b.person(name), _group(scene.school, "5А"))
    jobs.again(str(scene.source.pk))
    assert RefusedRow.objects.get().repaired_at is None
    assert not Mark.objects.exists()


def test_a_source_brings_nothing_of_another_school(scene: Scene) -> None:
    seven = b.school("Школа № 7")
    oleg = b.person("Тиунов Олег Ильич")
    b.admitted(oleg, b.group(seven, "5А"))
    SourceKey.objects.create(source="journal:school-5", external_id="77", person_id=oleg)
    text = MAPPING.replace("learner_within_class = true\n", "")
    actions.keep_mapping(actor=scene.actor, source_id=scene.source.pk, text=text)
    scene.put(HEAD + row("77"))
    assert scene.run().refused == 1
    assert not Mark.objects.exists()
    assert deliverer_of(scene.source.journal).scope == Scope.of_organisation(scene.school.pk)


def state() -> list[Any]:
    return [
        list(JournalSource.objects.values()),
        list(Entry.objects.values_list("pk", flat=True)),
        list(SourceRun.objects.values()),
    ]


def refusals(scene: Scene) -> Iterator[tuple[type[KontingentError], Any]]:
    far = b.school("Школа № 9", where=b.municipality("far", "Дальний округ"))
    stranger, reader = (
        manager(far, "test:far"),
        Actor("test:r", "", "", frozenset({"sources.view"}), scene.actor.scope),
    )
    key = scene.source.pk
    for actor, why in ((stranger, NotFound), (reader, NotAllowed)):
        yield why, lambda a=actor: actions.keep_mapping(actor=a, source_id=key, text=MAPPING)
        yield why, lambda a=actor: actions.take_up_mapping(actor=a, source_id=key, number=1)
        yield why, lambda a=actor: actions.ask(actor=a, source_id=key, what="run")
        yield (
            why,
            lambda a=actor: actions.leave_file(
                actor=a, source_id=key, filename="a.csv", content=iter([b"x"])
            ),
        )
        yield (
            why,
            lambda a=actor: actions.change_source(
                actor=a, source_id=key, version=1, every_minutes=5, is_on=False, settings={}
            ),
        )
    yield NotAllowed, lambda: actions.make_source(actor=reader, draft=draft(scene.school, "new"))
    yield NotAllowed, lambda: actions.make_source(actor=scene.actor, draft=draft(far, "new"))
    yield (
        NotAllowed,
        lambda: actions.make_source(actor=scene.actor, draft=draft(far, "new", organisation_id=None)),
    )
    yield Conflict, lambda: actions.make_source(actor=scene.actor, draft=draft(scene.school))
    yield (
        InvalidValue,
        lambda: actions.make_source(actor=scene.actor, draft=draft(scene.school, "new", every_minutes=7)),
    )
    yield (
        InvalidValue,
        lambda: actions.make_source(
            actor=scene.actor, draft=draft(scene.school, "new", settings={"quiet_seconds": "x"})
        ),
    )
    yield (
        InvalidValue,
        lambda: actions.make_source(actor=scene.actor, draft=draft(scene.school, "Код с пробелом")),
    )
    yield (
        InvalidValue,
        lambda: actions.make_source(
            actor=scene.actor, draft=draft(scene.school, "new", municipality_id=scene.school.municipality_id)
        ),
    )
    yield InvalidValue, lambda: actions.keep_mapping(actor=scene.actor, source_id=key, text="code =")
    yield InvalidValue, lambda: actions.keep_mapping(actor=scene.actor, source_id=key, text="#" * 60_000)
    yield NotFound, lambda: actions.take_up_mapping(actor=scene.actor, source_id=key, number=77)
    yield (
        Conflict,
        lambda: actions.change_source(
            actor=scene.actor, source_id=key, version=77, every_minutes=5, is_on=False, settings={}
        ),
    )
    yield (
        KontingentError,
        lambda: actions.leave_file(actor=scene.actor, source_id=key, filename="a.exe", content=iter([b"x"])),
    )


def test_every_refusal_says_what_to_do_and_changes_nothing(scene: Scene) -> None:
    asked = list(refusals(scene))
    before = state()
    for number, (why, act) in enumerate(asked):
        with pytest.raises(why) as refused:
            act()
        assert len(refused.value.message) > 20, number
        assert state() == before, number
        assert names(scene.folder / "in") == []
    assert len(asked) == 23


def test_a_mapping_is_undone_by_taking_up_an_earlier_version(scene: Scene) -> None:
    wrong = MAPPING.replace('["Дата"]', '["День"]')
    assert actions.keep_mapping(actor=scene.actor, source_id=scene.source.pk, text=wrong).number == 2
    scene.put(HEAD + row())
    assert scene.run().taken == 0
    assert names(scene.folder / "refused"), "no row at all: the file and its receipt say so"
    actions.take_up_mapping(actor=scene.actor, source_id=scene.source.pk, number=1)
    scene.put(HEAD + row(), age=60)
    assert scene.run().taken == 1
    assert [one.number for one in queries.mappings(scene.actor, scene.source.pk)] == [2, 1]


def test_two_runs_of_a_source_do_not_meet(scene: Scene) -> None:
    number = scene.source.pk.int & 0x7FFF_FFFF
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [running._SOURCE, number])
        assert running.run(scene.source.pk) is None
    finally:
        other.close()
    assert not SourceRun.objects.exists()


def test_a_file_without_a_mapping_or_without_folders_is_refused(scene: Scene, settings: Any) -> None:
    bare = actions.make_source(actor=scene.actor, draft=draft(scene.school, "bare"))
    with pytest.raises(RuleViolation, match="Описание"):
        actions.leave_file(actor=scene.actor, source_id=bare.pk, filename="a.csv", content=iter([b"x"]))
    settings.JOURNAL_FOLDERS = ""
    with pytest.raises(RuleViolation, match="KONTINGENT_JOURNAL_FOLDERS"):
        actions.leave_file(
            actor=scene.actor, source_id=scene.source.pk, filename="a.csv", content=iter([b"x"])
        )
    assert repairing.MENDABLE
