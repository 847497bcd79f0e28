"""The search of the whole region: what it finds, what it leaves alone, that nothing stays behind."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from bench import duplicates as measure
from bench.matching import PRECISION, RECALL
from demo import region, words
from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.kernel.errors import Conflict, NotAllowed
from kontingent.organisations import actions as organisations
from kontingent.persons import actions, duplicates, jobs, merging, regional, searching
from kontingent.persons.models import DuplicatePair, DuplicateSearch
from tests import builders as b

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.fixture
def crowd() -> dict[str, Any]:
    """Two hundred people nobody of whom is another, and some who are."""
    drafts = [
        actions.PersonDraft(
            family_name=words.FAMILIES[n % 60], given_name=words.MALE[n % 23], patronymic=words.FATHERS[n % 17][1], sex="1",
            birth_date=date(2010 + n % 7, 1 + n % 12, 1 + n % 28), snils=b.snils_of(n),
        )
        for n in range(200)
    ]  # fmt: skip
    actions.create_many(actor=b.ROOT, drafts=drafts)
    first, again = actions.create_many(
        actor=b.ROOT,
        drafts=[
            actions.PersonDraft(
                family_name=family, given_name="Анна", patronymic="Павловна", sex="2", birth_date=born
            )
            for family, born in (("Мальцева", date(2014, 5, 20)), ("Мальцова", date(2014, 5, 20)))
        ],
    )
    return {"first": first, "again": again}


def searched() -> DuplicateSearch:
    return searching.run(duplicates.ask_for_search(actor=b.ROOT).id)


def test_the_pairs_of_the_region_get_into_the_queue_with_reasons(crowd: dict[str, Any], folder: Path) -> None:
    search = searched()
    assert (search.state, search.done, search.figures["possible"]) == ("done", 100, 1)
    (pair,) = duplicates.queue(b.ROOT)
    assert {pair.one_id, pair.other_id} == {crowd["first"], crowd["again"]}
    assert "фамилия отличается опечаткой" in [reason.text for reason in pair.reasons]
    assert DuplicatePair.objects.get().likelihood is not None
    assert list(folder.iterdir()) == [], "nothing extracted stays behind"
    assert Entry.objects.get(kind="persons.duplicates_searched").data["figures"]["possible"] == 1
    searched()
    assert DuplicatePair.objects.count() == 1


def test_what_was_told_apart_stays_apart_also_under_another_id(crowd: dict[str, Any]) -> None:
    searched()
    duplicates.tell_apart(actor=b.ROOT, pair_id=DuplicatePair.objects.get().id, remark="Двоюродные сёстры")
    aunt = b.person("Попова Вера Ильинична", born=date(1990, 1, 1), snils=b.snils_of(900))
    DuplicatePair.objects.exclude(state="distinct").delete()
    merging.merge(actor=b.ROOT, survivor_id=aunt, merged_id=crowd["again"], basis="Проверка")
    assert searched().figures.get("possible", 0) == 0, (
        "the merged record speaks for another person, yet was told apart"
    )


def test_a_merged_record_speaks_for_whom_it_was_merged_into(crowd: dict[str, Any]) -> None:
    third = b.person("Кузнецова Анна Павловна", born=date(2014, 5, 20), snils=b.snils_of(900))
    DuplicatePair.objects.all().delete()
    merging.merge(actor=b.ROOT, survivor_id=third, merged_id=crowd["again"], basis="Смена фамилии")
    searched()
    found = DuplicatePair.objects.get(state="open")
    assert {found.one_id, found.other_id} == {third, crowd["first"]}


def test_one_search_at_a_time_by_whom_may(crowd: dict[str, Any]) -> None:
    with pytest.raises(NotAllowed):
        duplicates.ask_for_search(actor=b.actor_of(b.school(), "person.merge"))
    duplicates.ask_for_search(actor=b.ROOT)
    with pytest.raises(Conflict):
        duplicates.ask_for_search(actor=b.ROOT)
    DuplicateSearch.objects.update(state="running")
    assert jobs.resume() == 1
    assert DuplicateSearch.objects.get().state == "failed"
    duplicates.ask_for_search(actor=b.ROOT)


def test_a_search_that_breaks_says_so_and_leaves_nothing(
    crowd: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regional, "MEMORY", "1kB")
    with pytest.raises(Exception, match=r"(?i)memory"):
        searched()
    search = DuplicateSearch.objects.get()
    assert (search.state, "Запустите ещё раз" in search.refusal) == ("failed", True)
    assert list(folder.iterdir()) == []


def test_precision_and_recall_on_a_corrupted_copy(folder: Path, tmp_path: Path) -> None:
    codelists.load_all()
    organisations.load_municipalities()
    region.load("XS")
    path = tmp_path / "people.csv"
    regional.extract(path)
    truth = measure.add_copies(path, share=0.4)
    stages: list[int] = []
    quality = measure.quality(
        list(regional.find(path, tmp_path, report=lambda _stage, done: stages.append(done))), truth
    )
    assert len(truth) > 200
    assert quality["precision_certain"] >= PRECISION
    assert quality["recall"] >= RECALL
    assert stages == sorted(stages)
