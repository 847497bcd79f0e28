"""Sets of OneRoster in a source's folder: taken, refused with every defect, changes that refer to what was said before."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from kontingent.exchange.journals.models import RunFinding
from kontingent.exchange.journals.sources import actions, folders, running
from kontingent.exchange.journals.sources.actions import SourceDraft
from kontingent.performance.models import Lesson, Mark
from tests import builders as b
from tests.oneroster.sets import files_of, zipped

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(tmp_path: Path, settings: Any) -> Any:
    settings.JOURNAL_FOLDERS = str(tmp_path)
    with time_machine.travel("2026-09-20T09:00:00+05:00", tick=True):
        school = b.school()
        anna = b.person("Иванова Анна Петровна")
        b.admitted(anna, b.group(school, "5А", year=2026), on=date(2026, 9, 1))
        source = actions.make_source(
            actor=b.ROOT,
            draft=SourceDraft(
                code="sets", title="Наборы", adapter="oneroster-csv", organisation_id=school.pk, settings={"needs_marker": "true"}
            ),
        )  # fmt: skip
        yield school, anna, source, folders.folder_of("sets")


def full(ogrn: str) -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = dict(files_of())
    found["orgs.csv"] = str(found["orgs.csv"]).replace("1025900000001", ogrn)
    items = str(found["lineItems.csv"])
    found["lineItems.csv"] = items.replace("schoolSourcedId\r", "schoolSourcedId,metadata.subject\r").replace("5,s1\r", "5,s1,Математика\r")  # fmt: skip
    return found


def put(folder: Path, name: str, files: dict[str, str | bytes]) -> None:
    path = folder / "in" / name
    path.write_bytes(zipped(files))
    made = datetime(2026, 9, 15, tzinfo=UTC).timestamp()
    os.utime(path, (made, made))
    (folder / "in" / f"{name}.done").touch()


def changes(work: str = "l1") -> dict[str, str | bytes]:
    """A changed result alone: what it refers to was said before, or never."""
    delta = files_of(delta=True)
    manifest = (
        str(delta["manifest.csv"])
        .replace(",delta", ",absent")
        .replace("file.results,absent", "file.results,delta")
    )
    rows = str(delta["results.csv"]).replace("fully graded,4", "fully graded,5").replace(",l1,", f",{work},").replace("09-12T10", "09-19T10")  # fmt: skip
    return {"manifest.csv": manifest, "results.csv": rows}


def test_a_set_is_taken_and_changes_refer_to_what_it_said(scene: Any) -> None:
    school, anna, source, folder = scene
    put(folder, "a.zip", full(school.ogrn))
    made = running.run(source.pk, asked_by_name="Проверка")
    assert made is not None
    assert (made.state, made.error, made.named, made.refused) == ("done", "", 1, 0)
    assert [(one.person_id, one.value) for one in Mark.objects.all()] == [(anna, "4")]
    assert Lesson.objects.count() == 1
    assert "Анна" not in (folder / "work" / "known.json").read_text(), "nobody is remembered by name"
    put(folder, "b.zip", changes())
    assert (again := running.run(source.pk, asked_by_name="Проверка")) is not None
    assert (again.taken, again.unread, again.error) == (1, 0, "")
    assert [one.value for one in Mark.objects.all()] == ["5"]
    put(folder, "c.zip", changes("l9"))
    assert (third := running.run(source.pk, asked_by_name="Проверка")) is not None
    assert (third.taken, third.unread) == (0, 1)
    finding = RunFinding.objects.get()
    assert (finding.place, finding.value, finding.code) == (
        "results.csv, строка 2",
        "l9",
        "oneroster.no_line_item",
    )
    assert len(list((folder / "taken").glob("*.zip"))) == 3


def test_a_defective_set_is_refused_with_every_defect_and_the_next_is_taken(scene: Any) -> None:
    school, _, source, folder = scene
    spoilt = full(school.ogrn)
    spoilt["users.csv"] = str(spoilt["users.csv"]).replace("true", "да", 1)
    spoilt["results.csv"] = str(spoilt["results.csv"]).replace("2026-09-11", "11.09.2026", 1)
    put(folder, "a.zip", spoilt)
    put(folder, "b.zip", full(school.ogrn))
    made = running.run(source.pk, asked_by_name="Проверка")
    assert made is not None
    assert (made.state, made.error_code, made.pieces) == ("failed", "oneroster.defective", 2)
    assert Mark.objects.count() == 1, "of the second"
    receipt = json.loads(next((folder / "refused").glob("*.receipt.json")).read_text())
    assert {(one["file"], one["line"], one["column"]) for one in receipt["defects"]} == {
        ("users.csv", 2, "enabledUser"), ("results.csv", 2, "scoreDate"),
    }  # fmt: skip


def test_a_set_is_handed_over_on_the_page_s_action_and_a_table_is_not(scene: Any) -> None:
    _, _, source, folder = scene
    actions.leave_file(actor=b.ROOT, source_id=source.pk, filename="набор.zip", content=iter([b"zip"]))
    assert [one.suffix for one in (folder / "in").iterdir()] == [".zip"]
    with pytest.raises(Exception, match=r"Принимаются \.zip"):
        actions.leave_file(actor=b.ROOT, source_id=source.pk, filename="набор.xlsx", content=iter([b"x"]))
