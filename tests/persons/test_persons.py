"""Persons against PostgreSQL: creating, correcting, families, search, likeness."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from kontingent.audit.models import Entry
from kontingent.kernel.errors import Conflict, InvalidValue, KontingentError, RuleViolation
from kontingent.persons import actions, duplicates, likeness, queries
from kontingent.persons.actions import PersonDraft, RepresentationDraft
from kontingent.persons.matching import Fingerprint, Level
from kontingent.persons.models import Address, IdentityDocument, Person, PersonName, Representation
from kontingent.persons.search import understand
from tests import builders as b

pytestmark = pytest.mark.django_db


def state() -> list[list[Any]]:
    return [
        list(m._default_manager.order_by("pk").values())
        for m in (Person, PersonName, IdentityDocument, Address, Representation, Entry)
    ]


def test_a_person_is_kept_tidied_with_their_keys() -> None:
    anna = Person.objects.get(pk=b.person("МАЛЬЦЕВА  Анна Семёновна", snils="609-465-730 16"))
    assert (anna.family_name, anna.name_key, anna.family_key, anna.snils) == (
        "Мальцева",
        "мальцева анна семеновна",
        "мальцева",
        "60946573016",
    )
    assert Entry.objects.get(kind="persons.registered").subjects == [anna.id]


@pytest.mark.parametrize(
    "draft",
    [
        PersonDraft(family_name="", given_name="Анна", sex="2", birth_date=date(2014, 1, 1)),
        PersonDraft(family_name="Попова", given_name="Анна", sex="3", birth_date=date(2014, 1, 1)),
        PersonDraft(family_name="Попова", given_name="Анна", sex="2", birth_date=date(2999, 1, 1)),
        PersonDraft(
            family_name="Попова",
            given_name="Анна",
            sex="2",
            birth_date=date(2014, 1, 1),
            snils="111-111-111 11",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(draft: PersonDraft) -> None:
    before = state()
    with pytest.raises(InvalidValue):
        actions.create_person(actor=b.ROOT, draft=draft)
    assert state() == before


def test_a_number_that_two_persons_claim_is_a_case_for_a_human() -> None:
    anna = b.person(snils=b.snils_of(1))
    oleg = b.person("Тиунов Олег Игоревич", snils=b.snils_of(1))
    igor = b.person("Тиунов Игорь Игоревич", birth_place="г. Пермь")
    changed = actions.correct_person(
        actor=b.ROOT, person_id=igor, changes={"snils": b.snils_of(1), "birth_place": ""}, basis="СНИЛС"
    )
    assert changed, "the rest is written"
    assert {p.id: p.snils for p in Person.objects.all()} == {anna: b.snils_of(1), oleg: None, igor: None}
    assert Person.objects.get(pk=igor).birth_place == ""
    for claimant in (oleg, igor):
        (case,) = duplicates.open_claims_of(claimant)
        assert ({case.one_id, case.other_id}, case.claimed_snils) == ({anna, claimant}, b.snils_of(1))
    assert Entry.objects.filter(kind="persons.snils_claimed").count() == 2


def test_of_two_new_persons_with_one_number_the_first_keeps_it() -> None:
    drafts = [
        PersonDraft(
            family_name=family, given_name="Анна", sex="2", birth_date=date(2014, 1, 1), snils=b.snils_of(1)
        )
        for family in ("Попова", "Мальцева")
    ]
    first, second = actions.create_many(actor=b.ROOT, drafts=drafts)
    assert dict(Person.objects.values_list("id", "snils")) == {first: b.snils_of(1), second: None}
    assert len(duplicates.open_claims_of(second)) == 1


def test_a_changed_name_is_kept_as_a_former_one_and_found() -> None:
    anna = b.person()
    actions.correct_person(
        actor=b.ROOT, person_id=anna, changes={"family_name": "Попова"}, basis="Свидетельство о браке"
    )
    former = PersonName.objects.get()
    assert (former.family_name, former.basis) == ("Мальцева", "Свидетельство о браке")
    assert [one.id for one in queries.search(understand("мальцева"), limit=10)] == [anna]
    assert [one.id for one in queries.search(understand("попова"), limit=10)] == [anna]


def test_a_correction_needs_a_basis_and_the_version_one_saw() -> None:
    anna = b.person()
    before = state()
    with pytest.raises(InvalidValue, match="основание"):
        actions.correct_person(actor=b.ROOT, person_id=anna, changes={"birth_place": "г. Оса"}, basis=" ")
    with pytest.raises(Conflict):
        actions.correct_person(
            actor=b.ROOT, person_id=anna, changes={"birth_place": "г. Оса"}, basis="x", version=9
        )
    assert state() == before
    assert not actions.correct_person(actor=b.ROOT, person_id=anna, changes={"birth_place": ""}, basis="x")
    assert state() == before


def test_documents_addresses_and_contacts() -> None:
    anna = b.person()
    actions.add_document(
        actor=b.ROOT,
        person_id=anna,
        kind_code="11",
        series="ii-вг",
        number="464423",
        issued_on=date(2014, 6, 1),
        issuer="ЗАГС",
    )
    assert IdentityDocument.objects.get().series == "II-ВГ"
    before = state()
    for series, number, issued in (
        ("II-ВГ", "464423", None),
        ("ВГ", "464423", None),
        ("I-ВГ", "464424", date(2999, 1, 1)),
    ):
        with pytest.raises(KontingentError):
            actions.add_document(
                actor=b.ROOT,
                person_id=anna,
                kind_code="11",
                series=series,
                number=number,
                issued_on=issued,
                issuer="",
            )
    assert state() == before
    actions.set_address(
        actor=b.ROOT, person_id=anna, kind_code="residence", text="614000, г. Пермь, ул. Мира, д. 1"
    )
    actions.set_address(
        actor=b.ROOT, person_id=anna, kind_code="residence", text="614000, г. Пермь, ул. Мира, д. 2"
    )
    assert Address.objects.filter(ends_on__isnull=True).count() == 1
    assert Address.objects.count() == 2
    assert (
        actions.add_contact(actor=b.ROOT, person_id=anna, kind_code="1", value="8-941-704-28-19").value
        == "+79417042819"
    )


def test_a_representative_is_an_adult_and_somebody_else() -> None:
    anna, olga = b.person(), b.person("Мальцева Ольга Андреевна", born=date(1985, 1, 1))
    peer = b.person("Тиунова Вера Ильинична", born=date(2013, 1, 1))
    before = state()
    for adult in (anna, peer):
        with pytest.raises(RuleViolation):
            actions.add_representation(actor=b.ROOT, draft=RepresentationDraft(child_id=anna, adult_id=adult))
    assert state() == before
    made = actions.add_representation(
        actor=b.ROOT, draft=RepresentationDraft(child_id=anna, adult_id=olga, kinship_code="1")
    )
    with pytest.raises(RuleViolation, match="уже записан"):
        actions.add_representation(actor=b.ROOT, draft=RepresentationDraft(child_id=anna, adult_id=olga))
    actions.end_representation(actor=b.ROOT, representation_id=made.id, ends_on=date(2026, 1, 1))
    assert Representation.objects.get().ends_on == date(2026, 1, 1)


# -- search ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "born", "snils", "document"),
    [
        ("Мальц", "мальц", None, None, ""),
        ("мальцева анна", "мальцева анна", None, None, ""),
        ("Мaльцева", "мальцева", None, None, ""),
        ("05.03.2015", "", date(2015, 3, 5), None, ""),
        ("Мальцева 05.03.15", "мальцева", date(2015, 3, 5), None, ""),
        ("609-465-730 16", "", None, "60946573016", ""),
        ("60946573016", "", None, "60946573016", ""),
        ("II-ВГ 464423", "", None, None, "11:IIВГ:464423"),
        ("464423", "", None, None, "464423"),
        ("  ", "", None, None, ""),
    ],
)
def test_one_field_understands_what_was_typed(
    text: str, name: str, born: date | None, snils: str | None, document: str
) -> None:
    term = understand(text)
    assert (term.name, term.birth_date, term.snils, term.document) == (name, born, snils, document)


def test_a_mistyped_number_is_told() -> None:
    assert "Контрольное число" in understand("609-465-730 17").hint
    assert "не бывает" in understand("Мальцева 31.02.2015").hint


def test_search_finds_by_everything() -> None:
    anna = b.person(snils=b.snils_of(7), born=date(2014, 5, 20))
    actions.add_document(
        actor=b.ROOT,
        person_id=anna,
        kind_code="11",
        series="II-ВГ",
        number="464423",
        issued_on=None,
        issuer="",
    )
    b.person("Тиунов Олег Игоревич", born=date(2014, 5, 21))
    for text in (
        "мальц",
        "льцев",
        "Мальцева Анна",
        "20.05.2014",
        b.snils_of(7),
        "II-ВГ 464423",
        "464423",
        "мальцева 20.05.2014",
    ):
        assert [one.id for one in queries.search(understand(text), limit=10)] == [anna], text
    for text in ("мальцева 21.05.2014", "%", "_а", "'; DROP TABLE persons_person; --"):
        assert queries.search(understand(text), limit=10) == [], text


def test_prefix_search_scans_an_index_and_stops() -> None:
    actions.create_many(
        actor=b.ROOT,
        drafts=[
            PersonDraft(
                family_name=f"Иванов{i % 7}",
                given_name="Иван",
                sex="1",
                birth_date=date(2014, 1, 1) + timedelta(days=i % 3000),
            )
            for i in range(6000)
        ],
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE persons_person")
        cursor.execute(
            "EXPLAIN SELECT id FROM persons_person p WHERE p.name_key LIKE 'иванов%%' AND p.status_code = '1' "
            "ORDER BY p.name_key, p.birth_date, p.id LIMIT 51",
            [],
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "person_name_order" in plan
    assert len(queries.search(understand("иванов"), limit=51)) == 51


# -- likeness ----------------------------------------------------------------------------------


def test_likeness_is_found_through_every_probe() -> None:
    anna = b.person(snils=b.snils_of(3), born=date(2014, 5, 6))
    prints = {
        1: Fingerprint.of("Мальцева", "Анна", "Павловна", birth_date=date(2014, 5, 6)),
        2: Fingerprint.of("Попова", "Анна", "Павловна", birth_date=date(2014, 5, 6)),
        3: Fingerprint.of("Мальцева", "Анна", "Павловна", birth_date=date(2014, 6, 5)),
        4: Fingerprint.of("Мальцева", "Анна", "Павловна", birth_date=date(2013, 5, 6)),
        5: Fingerprint.of("Мальцевa", "Аня", "", birth_date=date(2014, 5, 6), snils=b.snils_of(3)),
        6: Fingerprint.of("Орлова", "Вера", "Ильинична", birth_date=date(2014, 5, 6)),
    }
    found = likeness.match_many(prints.items())
    assert {key: candidates[0].verdict.level for key, candidates in found.items()} == {
        1: Level.CERTAIN, 2: Level.POSSIBLE, 3: Level.POSSIBLE, 4: Level.POSSIBLE, 5: found[5][0].verdict.level,
    }  # fmt: skip
    assert {candidates[0].person_id for candidates in found.values()} == {anna}


def test_a_mistaken_record_is_out_of_search_and_matching() -> None:
    anna = b.person(snils=b.snils_of(3))
    actions.mark_mistaken(actor=b.ROOT, person_ids=[anna], basis="Проверка")
    assert queries.search(understand("мальцева"), limit=5) == []
    assert (
        likeness.match_one(Fingerprint.of("Мальцева", "Анна", "Павловна", birth_date=date(2014, 5, 20))) == []
    )
    b.person("Тиунова Вера Ильинична", snils=b.snils_of(3))
