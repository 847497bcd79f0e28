"""The queue of duplicates: what gets in, what is remembered, whose number it is."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from kontingent.enrolment import queries as enrolment
from kontingent.kernel.errors import Conflict, InvalidValue, KontingentError, NotAllowed
from kontingent.persons import actions, duplicates, likeness, merging, queries
from kontingent.persons.duplicates import Likeness
from kontingent.persons.matching import Fingerprint, Level, judge
from kontingent.persons.models import DuplicatePair, Person
from kontingent.persons.search import understand
from tests import builders as b

pytestmark = pytest.mark.django_db
LIKE = judge(*[Fingerprint.of("Мальцева", "Анна", "Павловна", birth_date=date(2014, 5, 20))] * 2)


def queued() -> list[tuple[UUID, UUID]]:
    return [(one.one_id, one.other_id) for one in duplicates.queue(b.ROOT)]


def test_whoever_resembles_somebody_gets_into_the_queue_when_entered() -> None:
    anna = b.person()
    again = b.person("Мальцова Анна Павловна")
    b.person("Тиунов Олег Игоревич")
    assert queued() == [tuple(sorted((anna, again)))]
    (pair,) = duplicates.queue(b.ROOT)
    assert (pair.level, pair.found_by) == ("possible", "entry")
    assert "фамилия отличается опечаткой" in [reason.text for reason in pair.reasons]


def test_a_provisional_record_finds_its_other_half_when_more_becomes_known() -> None:
    anna = b.person(snils=b.snils_of(1))
    actions.add_document(
        actor=b.ROOT,
        person_id=anna,
        kind_code="11",
        series="II-ВГ",
        number="123456",
        issued_on=None,
        issuer="",
    )
    provisional = b.person("Мальцева Аня", born=date(2014, 5, 21))
    assert queued() == []
    actions.add_document(
        actor=b.ROOT,
        person_id=provisional,
        kind_code="11",
        series="II-ВГ",
        number="123456",
        issued_on=None,
        issuer="",
    )
    assert queued() == [tuple(sorted((anna, provisional)))]
    assert Person.objects.get(pk=provisional).status_code == "1", "found, not joined"


def test_not_the_same_person_is_remembered() -> None:
    anna, again = b.person(), b.person()
    (pair,) = duplicates.queue(b.ROOT)
    duplicates.tell_apart(actor=b.ROOT, pair_id=pair.id, remark="Тёзки, родители разные")
    assert queued() == []
    duplicates.recheck([anna, again], found_by="region")
    duplicates.note([Likeness(again, anna, LIKE)], found_by="region")
    assert queued() == []
    duplicates.reopen(actor=b.ROOT, pair_id=pair.id, remark="Ошиблись")
    assert len(queued()) == 1


def test_a_wrong_merge_undone_is_never_proposed_again() -> None:
    anna, again = b.person(), b.person()
    made = merging.merge(actor=b.ROOT, survivor_id=anna, merged_id=again, basis="Одно свидетельство")
    merging.unmerge(actor=b.ROOT, merge_id=made.id, basis="Тёзки")
    duplicates.recheck([anna, again], found_by="region")
    assert queued() == []


@pytest.mark.parametrize("owner", [0, 1])
def test_a_claimed_number_goes_to_whom_it_belongs(owner: int) -> None:
    pair = [b.person(snils=b.snils_of(1)), b.person("Тиунов Олег Игоревич", snils=b.snils_of(1))]
    (case,) = duplicates.queue(b.ROOT)
    assert case.claimed
    with pytest.raises(InvalidValue, match="кому из двоих"):
        duplicates.tell_apart(actor=b.ROOT, pair_id=case.id, remark="Разные дети")
    duplicates.tell_apart(actor=b.ROOT, pair_id=case.id, remark="По карточке СНИЛС", number_to=pair[owner])
    assert queries.id_by_snils(b.snils_of(1)) == pair[owner]
    assert Person.objects.filter(snils=b.snils_of(1)).count() == 1
    assert queued() == []


def test_who_may_only_propose_does_not_decide() -> None:
    b.person(), b.person()
    (pair,) = duplicates.queue(b.ROOT)
    secretary = b.actor_of(b.school(), "person.view", "person.propose_merge")
    before = list(DuplicatePair.objects.values())
    refused: list[tuple[type[KontingentError], dict[str, object]]] = [
        (NotAllowed, {"actor": secretary, "pair_id": pair.id, "remark": "Разные"}),
        (InvalidValue, {"actor": b.ROOT, "pair_id": pair.id, "remark": " "}),
    ]
    for error, arguments in refused:
        with pytest.raises(error):
            duplicates.tell_apart(**arguments)  # type: ignore[arg-type]
    assert list(DuplicatePair.objects.values()) == before
    duplicates.propose(actor=secretary, pair_id=pair.id, proposal="same", remark="Видела обе папки")
    assert duplicates.queue(secretary)[0].proposal == "same"
    duplicates.tell_apart(actor=b.ROOT, pair_id=pair.id, remark="Разные")
    with pytest.raises(Conflict):
        duplicates.propose(actor=secretary, pair_id=pair.id, proposal="same", remark="")
    with pytest.raises(NotAllowed):
        duplicates.queue(b.actor_of(b.school(), "person.view"))


def test_the_queue_is_narrowed_to_ones_own() -> None:
    five, seven = b.school("Школа № 5"), b.school("Школа № 7", where=b.municipality("lysva", "Лысьва"))
    anna = b.person()
    b.person()
    b.admitted(anna, b.group(five))
    for school, count in ((five, 1), (seven, 0)):
        actor = b.actor_of(school)
        assert len(duplicates.queue(actor, within=enrolment.visible(actor))) == count
        assert duplicates.waiting(actor, within=enrolment.visible(actor)) == count


def test_a_merged_record_goes_on_being_found() -> None:
    anna = b.person("Попова Анна Павловна", snils=b.snils_of(1))
    again = b.person("Мальцева Анна Павловна", snils=b.snils_of(2))
    merging.merge(actor=b.ROOT, survivor_id=anna, merged_id=again, basis="Смена фамилии")
    for text in ("мальцева", b.snils_of(2), b.snils_of(1), "попова"):
        assert [one.id for one in queries.search(understand(text), limit=5)] == [anna], text
    (found,) = likeness.match_one(
        Fingerprint.of("Мальцева", "Анна", "Павловна", birth_date=date(2014, 5, 20), snils=b.snils_of(2))
    )
    assert (found.person_id, found.full_name, found.verdict.level) == (
        anna,
        "Попова Анна Павловна",
        Level.CERTAIN,
    )
