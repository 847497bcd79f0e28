"""The living school of the invented region: a journal that exports workbooks into a folder, and the source that reads them.

The stand (``stands.journal``) writes what the school's teachers write; here it is made a source of the school's municipality, and its
first export is read, so that the page of sources has something to tell. ``runtime.stand`` lets the stand go on beside the demonstration.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from demo.territory import Chunk, Place
from kontingent.enrolment.models import Placement
from kontingent.exchange.journals.models import JournalSource
from kontingent.exchange.journals.sources import actions, folders, running
from kontingent.exchange.journals.sources.actions import SourceDraft
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.performance.models import Lesson
from stands.journal import export
from stands.journal.school import LESSONS_A_DAY, USUAL, Rates, classes_of

CODE = "living-journal"
MAPPING = Path(__file__).with_suffix(".toml")
#: School days of an export, the dice of the stand, and about so many rows of an export that a register must refuse.
DAYS, SEED, MISTAKES = 5, 59, 18


def school_of(chunks: Sequence[Chunk], home: Place) -> Place | None:
    """Return the school that lives: another one than the demonstration begins in, of the same municipality where there is one."""
    others = [school for chunk in chunks for school in chunk.schools if school.id != home.id]
    return min(others, key=lambda one: one.municipality.id != home.municipality.id, default=None)


def write(school: Place) -> None:
    """Make the source, keep how its workbooks are laid out, read the first of them."""
    actor = system_actor("demo", "Вымышленный регион")
    draft = SourceDraft(
        code=CODE, title=f"Журнал школы (стенд): {school.name}", adapter=folders.KIND.code, municipality_id=school.municipality.id,
        every_minutes=15, settings={"needs_marker": True},
    )  # fmt: skip
    source = actions.make_source(actor=actor, draft=draft)
    actions.keep_mapping(actor=actor, source_id=source.pk, text=MAPPING.read_text(encoding="utf-8"))
    of_school = learners(school.id)
    now, classes = clock.now().astimezone(clock.REGION_ZONE), classes_of(of_school, SEED)
    said = export.days_of(classes, now, days=DAYS, seed=SEED, rates=Rates(mistake=mistakes(len(of_school))))
    export.write(folders.folder_of(CODE) / folders.IN, f"журнал {now:%Y-%m-%d %H-%M-%S}.xlsx", classes, said)
    running.run(source.pk, asked_by_name=actor.name)


def mistakes(pupils: int) -> float:
    """Return how often teachers err per mark, so that a school of whatever size shows some refused rows."""
    marks = pupils * DAYS * LESSONS_A_DAY * USUAL.mark
    return min(0.1, MISTAKES / marks) if marks else 0


def command(lists: Path) -> list[str]:
    """Write who studies in the living school, as the API would tell its journal; return how the stand is run, nothing where none lives."""
    source = JournalSource.objects.filter(journal__code=CODE).first()
    held = (
        Lesson.objects.filter(journal_id=source.journal_id).order_by("-held_on").first() if source else None
    )
    if held is None:
        return []
    of_school, inbox = learners(held.organisation_id), folders.folder_of(CODE) / folders.IN
    lists.parent.mkdir(parents=True, exist_ok=True)
    lists.write_text(json.dumps(of_school, ensure_ascii=False), encoding="utf-8")
    return [
        "-m", "stands.journal", "--lists", str(lists), "--export", str(inbox), "--days", str(DAYS), "--seed", str(SEED),
        "--mistakes", str(mistakes(len(of_school))), "--every", "60",
    ]  # fmt: skip


def learners(school_id: UUID) -> list[dict[str, Any]]:
    """Return the learners of the school's classes with the fields of the API that a journal asks for."""
    studying = Placement.objects.filter(
        organisation_id=school_id, superseded_at=None, ends_on=None, is_main=True, group__isnull=False, grade__isnull=False
    )  # fmt: skip
    return [
        {
            "id": str(one.person_id), "family_name": one.person.family_name, "given_name": one.person.given_name,
            "patronymic": one.person.patronymic,
            "places": [
                {"is_main": True, "group": str(one.group_id), "group_title": one.group.title if one.group else "",
                 "grade": one.grade, "ogrn": one.organisation.ogrn}
            ],
        }
        for one in studying.select_related("person", "group", "organisation").order_by("person_id")
    ]  # fmt: skip
