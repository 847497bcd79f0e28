"""Merge and unmerge: what moves, what is refused, and that nothing is lost."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from kontingent.audit.models import Entry
from kontingent.enrolment.codes import MovementKind
from kontingent.enrolment.models import Enrolment, Movement, Placement
from kontingent.kernel.errors import Conflict, InvalidValue, KontingentError, NotAllowed, RuleViolation
from kontingent.persons import actions, merging, queries
from kontingent.persons.actions import RepresentationDraft
from kontingent.persons.models import Contact, DuplicatePair, IdentityDocument, Merge, Person, Representation
from tests import builders as b
from tests.persons.tables import dump

pytestmark = pytest.mark.django_db
REASON = "Свидетельство о рождении одно"


@pytest.fixture
def two() -> tuple[UUID, UUID]:
    """The same girl twice: with a mother and a document, and without but enrolled."""
    anna = b.person("Мальцева Анна Павловна", snils=b.snils_of(1))
    again = b.person("Мальцова Анна Павловна", birth_place="г. Пермь")
    return anna, again


def merged(anna: UUID, again: UUID, *from_merged: str) -> Merge:
    return merging.merge(
        actor=b.ROOT, survivor_id=anna, merged_id=again, from_merged=from_merged, basis=REASON
    )


def test_the_survivor_takes_everything_and_the_other_leads_to_it(two: tuple[UUID, UUID]) -> None:
    anna, again = two
    stream = b.admitted(again, b.group(b.school()))
    actions.add_contact(actor=b.ROOT, person_id=again, kind_code="1", value="89120000001")
    made = merged(anna, again, "birth_place")
    assert set(Movement.objects.values_list("person_id", flat=True)) == {anna}
    assert set(Placement.objects.values_list("person_id", "enrolment_id")) == {(anna, stream)}
    assert Contact.objects.get().person_id == anna
    survivor, other = Person.objects.get(pk=anna), Person.objects.get(pk=again)
    assert (survivor.birth_place, survivor.family_name) == ("г. Пермь", "Мальцева")
    assert (other.status_code, other.merged_into_id) == ("2", anna)
    assert DuplicatePair.objects.get().state == "merged"
    event = Entry.objects.get(kind="persons.merged")
    assert (event.subjects, event.basis, event.data["merge"]) == ([anna, again], REASON, str(made.id))


def test_what_both_have_is_not_there_twice(two: tuple[UUID, UUID]) -> None:
    anna, again = two
    mother = b.person("Мальцева Ольга Андреевна", born=date(1985, 1, 1))
    for child in two:
        actions.add_contact(actor=b.ROOT, person_id=child, kind_code="1", value="89120000001")
        actions.add_document(
            actor=b.ROOT, person_id=child, kind_code="11", series="II-ВГ", number="123456", issued_on=None, issuer=""
        )  # fmt: skip
        actions.add_representation(actor=b.ROOT, draft=RepresentationDraft(child_id=child, adult_id=mother))
        actions.set_address(actor=b.ROOT, person_id=child, kind_code="residence", text="Пермь, Мира, 1")
    before = dump()
    made = merged(anna, again)
    assert Contact.objects.filter(person=anna).count() == 1
    assert IdentityDocument.objects.filter(person=anna).count() == 1
    assert Representation.objects.filter(child=anna).count() == 1
    merging.unmerge(actor=b.ROOT, merge_id=made.id, basis="Это двоюродные сёстры")
    assert dump() == before


def test_a_mother_entered_twice_remains_one_mother(two: tuple[UUID, UUID]) -> None:
    anna, _ = two
    mother = b.person("Мальцева Ольга Андреевна", born=date(1985, 1, 1))
    twice = b.person("Мальцева Ольга", born=date(1985, 1, 1))
    for adult in (mother, twice):
        actions.add_representation(actor=b.ROOT, draft=RepresentationDraft(child_id=anna, adult_id=adult))
    merged(mother, twice)
    assert [one.adult_id for one in queries.kin_of(queries.get(anna), contacts=True).representatives] == [
        mother
    ]
    assert [one.adult_id for one in queries.snapshot([anna])[anna].representations] == [mother]
    assert [one.child_id for one in queries.kin_of(queries.get(mother), contacts=True).wards] == [anna]


@pytest.mark.parametrize("choose", [(), ("snils",)])
def test_both_numbers_go_on_finding_the_person(choose: tuple[str, ...]) -> None:
    anna, again = b.person(snils=b.snils_of(1)), b.person(snils=b.snils_of(2))
    made = merged(anna, again, *choose)
    for number in (b.snils_of(1), b.snils_of(2)):
        assert queries.id_by_snils(number) == anna
    merging.unmerge(actor=b.ROOT, merge_id=made.id, basis="Разные дети")
    assert queries.id_by_snils(b.snils_of(1)) == anna
    assert queries.id_by_snils(b.snils_of(2)) == again


def test_placements_are_counted_by_the_data_that_stay(two: tuple[UUID, UUID]) -> None:
    anna = two[0]
    boy = b.person("Мальцев Аня Павлович", born=date(2014, 5, 2))
    b.admitted(boy, b.group(b.school()))
    before = dump()
    made = merged(anna, boy)
    assert set(Placement.objects.filter(superseded_at=None).values_list("sex", "birth_date")) == {
        ("2", date(2014, 5, 20))
    }
    merging.unmerge(actor=b.ROOT, merge_id=made.id, basis="Брат и сестра")
    assert dump() == before


def _refused(error: type[KontingentError], code: str, act: object) -> None:
    before = dump(everything=True)
    with pytest.raises(error) as caught:
        act()  # type: ignore[operator]
    assert caught.value.code == code
    assert dump(everything=True) == before


def test_what_cannot_be_one_person_is_refused(two: tuple[UUID, UUID]) -> None:
    anna, again = two
    mother = b.person("Мальцева Ольга Андреевна", born=date(1985, 1, 1))
    actions.add_representation(actor=b.ROOT, draft=RepresentationDraft(child_id=anna, adult_id=mother))
    _refused(RuleViolation, "persons.merge_contradicts", lambda: merged(anna, mother))
    _refused(InvalidValue, "persons.merge_itself", lambda: merged(anna, anna))
    _refused(
        InvalidValue,
        "persons.basis_missing",
        lambda: merging.merge(actor=b.ROOT, survivor_id=anna, merged_id=again, basis=" "),
    )
    five, seven = b.school("Школа № 5"), b.school("Школа № 7")
    b.admitted(anna, b.group(five))
    b.admitted(again, b.group(seven))
    with pytest.raises(
        RuleViolation, match=r"«Школа № 5» с 01.09.2025 и «Школа № 7».*Сначала оформите выбытие"
    ):
        merged(anna, again)
    assert not Merge.objects.exists()


def test_who_may_not_decide_is_refused(two: tuple[UUID, UUID]) -> None:
    anna, again = two
    secretary = b.actor_of(b.school(), "person.view", "person.edit", "person.propose_merge")
    _refused(
        NotAllowed,
        "access.no_permission",
        lambda: merging.merge(actor=secretary, survivor_id=anna, merged_id=again, basis=REASON),
    )
    made = merged(anna, again)
    _refused(
        NotAllowed,
        "access.no_permission",
        lambda: merging.unmerge(actor=secretary, merge_id=made.id, basis="Нет"),
    )


def test_a_merge_is_undone_once_and_in_order(two: tuple[UUID, UUID]) -> None:
    anna, again = two
    third = b.person("Мальцева Анна Павловна")
    first, second = merged(anna, again), merged(third, anna)
    assert Person.objects.get(pk=again).merged_into_id == third
    _refused(
        RuleViolation,
        "persons.unmerge_later",
        lambda: merging.unmerge(actor=b.ROOT, merge_id=first.id, basis="Ошибка"),
    )
    _refused(Conflict, "persons.merge_not_valid", lambda: merged(third, again))
    merging.unmerge(actor=b.ROOT, merge_id=second.id, basis="Ошибка")
    assert Person.objects.get(pk=again).merged_into_id == anna
    merging.unmerge(actor=b.ROOT, merge_id=first.id, basis="Ошибка")
    _refused(
        Conflict,
        "persons.merge_undone",
        lambda: merging.unmerge(actor=b.ROOT, merge_id=first.id, basis="Ошибка"),
    )
    _refused(RuleViolation, "persons.merge_distinct", lambda: merged(anna, again))


def test_what_came_since_is_offered_and_goes_where_it_is_assigned(two: tuple[UUID, UUID]) -> None:
    anna, again = two
    school = b.school()
    made = merged(anna, again)
    actions.add_contact(actor=b.ROOT, person_id=anna, kind_code="1", value="89120000002")
    actions.correct_person(
        actor=b.ROOT, person_id=anna, changes={"family_name": "Попова"}, basis="Брак родителей"
    )
    stream = b.admitted(anna, b.group(school))
    found = merging.since(made.id)
    assert found.fields == {"name": ("Мальцева Анна Павловна", "Попова Анна Павловна")}
    assert {(one.title, one.rows) for one in found.units} == {("Контакты", 1), ("Обучение", 4)}
    lesson = next(one for one in found.units if one.title == "Обучение")
    assert lesson.description.startswith("01.09.2025, Школа")
    merging.unmerge(actor=b.ROOT, merge_id=made.id, to_merged=[lesson.code, "name"], basis="Разные дети")
    assert Enrolment.objects.get(enrolment_id=stream).person_id == again
    assert Contact.objects.get().person_id == anna
    restored = queries.get(again)
    assert restored.full_name == "Попова Анна Павловна"
    assert [str(one) for one in queries.former_names_of(again)] == ["Мальцова Анна Павловна"]
    assert queries.former_names_of(anna) == []


def test_what_changed_while_assigning_is_said(two: tuple[UUID, UUID]) -> None:
    made = merged(*two)
    _refused(
        Conflict,
        "persons.unmerge_changed",
        lambda: merging.unmerge(actor=b.ROOT, merge_id=made.id, to_merged=["contacts|1"], basis="Ошибка"),
    )


def test_dividing_into_a_contradiction_is_refused(two: tuple[UUID, UUID]) -> None:
    anna, again = two
    school = b.school()
    stream = b.admitted(again, b.group(school))
    made = merged(anna, again)
    b.moved(anna, stream, school, MovementKind.EXPULSION, on=date(2025, 10, 1), reason_code="T7")
    found = merging.since(made.id)
    assert (found.units, found.fields) == ([], {}), "what happened to a moved enrolment goes with it"
    actions.correct_person(actor=b.ROOT, person_id=anna, changes={"snils": b.snils_of(5)}, basis="СНИЛС")
    b.person("Другой Пётр Ильич", snils=b.snils_of(1))
    _refused(
        RuleViolation,
        "persons.unmerge_contradicts",
        lambda: merging.unmerge(actor=b.ROOT, merge_id=made.id, to_merged=["snils"], basis="Ошибка"),
    )
