"""Citizenship and social categories: dated, two times, asked for apart."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound, RuleViolation
from kontingent.persons import actions, civil
from kontingent.persons.models import CitizenshipPeriod, Person, PersonCategory
from kontingent.persons.permissions import PersonPermission
from tests import builders as b

pytestmark = pytest.mark.django_db
TAJIKISTAN, UZBEKISTAN = "762", "860"


def foreigner() -> UUID:
    return b.person("Саидов Далер", sex="1", citizenship_code="1", country_code=TAJIKISTAN)


def citizenship_on(person_id: UUID, day: date) -> tuple[str, str]:
    rows = CitizenshipPeriod.objects.filter(person_id=person_id, superseded_at__isnull=True)
    found = [
        (one.citizenship_code, one.country_code)
        for one in rows
        if (one.starts_on is None or one.starts_on <= day) and (one.ends_on is None or day < one.ends_on)
    ]
    assert len(found) <= 1
    return found[0] if found else ("0", "643")


def test_a_foreigner_is_one_since_birth_and_a_citizen_needs_no_row() -> None:
    assert citizenship_on(foreigner(), date(2014, 6, 1)) == ("1", TAJIKISTAN)
    b.person()
    assert CitizenshipPeriod.objects.count() == 1


def test_naturalisation_leaves_the_past_as_it_was() -> None:
    who = foreigner()
    civil.change_citizenship(
        actor=b.ROOT, person_id=who, citizenship_code="0", country_code="643", since=date(2026, 2, 3)
    )
    assert citizenship_on(who, date(2026, 2, 2)) == ("1", TAJIKISTAN)
    assert citizenship_on(who, date(2026, 2, 3)) == ("0", "643")
    person = Person.objects.get(pk=who)
    assert (person.citizenship_code, person.country_code, person.version) == ("0", "643", 2)
    assert Entry.objects.filter(kind="persons.citizenship_changed", subjects__contains=[who]).count() == 1


def test_a_citizenship_may_be_taken_beside_the_first_one() -> None:
    who = b.person()
    civil.change_citizenship(
        actor=b.ROOT, person_id=who, citizenship_code="3", country_code=UZBEKISTAN, since=date(2025, 1, 9)
    )
    assert citizenship_on(who, date(2025, 1, 8)) == ("0", "643")
    assert citizenship_on(who, date(2026, 1, 9)) == ("3", UZBEKISTAN)


def test_a_correction_says_it_was_always_so() -> None:
    who = foreigner()
    actions.correct_person(actor=b.ROOT, person_id=who, changes={"country_code": UZBEKISTAN}, basis="паспорт")
    assert citizenship_on(who, date(2015, 1, 1)) == ("1", UZBEKISTAN)
    assert CitizenshipPeriod.objects.filter(person_id=who, superseded_at__isnull=False).count() == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"citizenship_code": "9"}, InvalidValue), ({"citizenship_code": "1", "country_code": "643"}, InvalidValue),
        ({"citizenship_code": "1", "country_code": "000"}, InvalidValue), ({"since": date(2014, 5, 20)}, InvalidValue),
        ({"since": clock.today() + timedelta(days=1)}, InvalidValue), ({"citizenship_code": "0", "country_code": "643"}, RuleViolation),
        ({"person_id": UUID(int=1)}, NotFound),
    ],
)  # fmt: skip
def test_refused_changes_of_citizenship_change_nothing(
    changes: dict[str, Any], error: type[Exception]
) -> None:
    who = b.person()
    values: dict[str, Any] = {
        "person_id": who,
        "citizenship_code": "1",
        "country_code": TAJIKISTAN,
        "since": date(2025, 1, 9),
    }
    with pytest.raises(error):
        civil.change_citizenship(actor=b.ROOT, **(values | changes))
    assert not CitizenshipPeriod.objects.exists()
    assert Person.objects.get(pk=who).version == 1


def orphan(who: UUID, **changes: Any) -> PersonCategory:
    values: dict[str, Any] = {
        "category_code": "orphan",
        "basis": "постановление № 5",
        "starts_on": date(2025, 3, 1),
    }
    return civil.add_category(actor=b.ROOT, person_id=who, **(values | changes))


def test_a_category_is_entered_ended_and_withdrawn_and_what_was_known_stays() -> None:
    who = b.person()
    made = orphan(who)
    civil.end_category(actor=b.ROOT, category_id=made.id, ends_on=date(2026, 1, 1))
    now = PersonCategory.objects.get(person_id=who, superseded_at__isnull=True)
    assert (now.starts_on, now.ends_on) == (date(2025, 3, 1), date(2026, 1, 1))
    civil.withdraw_category(actor=b.ROOT, category_id=now.id)
    assert civil.categories_of(b.ROOT, who) == []
    assert PersonCategory.objects.count() == 2
    assert [
        e.data["change"] for e in Entry.objects.filter(kind="persons.category_changed").order_by("id")
    ] == [
        "added",
        "ended",
        "withdrawn",
    ]
    assert "orphan" not in str(list(Entry.objects.values_list("data", flat=True)))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"category_code": "rich"}, InvalidValue), ({"basis": " "}, InvalidValue), ({"ends_on": date(2025, 3, 1)}, InvalidValue),
        ({}, RuleViolation),
    ],
)  # fmt: skip
def test_refused_categories_change_nothing(changes: dict[str, Any], error: type[Exception]) -> None:
    who = b.person()
    orphan(who)
    entries = Entry.objects.count()
    with pytest.raises(error):
        orphan(who, **changes)
    assert (PersonCategory.objects.count(), Entry.objects.count()) == (1, entries)


def test_a_category_that_is_not_there_any_more() -> None:
    made = orphan(b.person())
    civil.withdraw_category(actor=b.ROOT, category_id=made.id)
    with pytest.raises(NotFound):
        civil.end_category(actor=b.ROOT, category_id=made.id, ends_on=date(2026, 1, 1))
    with pytest.raises(InvalidValue):
        civil.end_category(actor=b.ROOT, category_id=orphan(b.person()).id, ends_on=date(2025, 3, 1))


def test_categories_are_asked_for_apart() -> None:
    who, at = b.person(), b.school()
    made = orphan(who)
    viewer = b.actor_of(at, PersonPermission.VIEW, PersonPermission.EDIT)
    assert civil.categories_of(viewer, who) is None
    for act in (
        lambda: civil.add_category(
            actor=viewer, person_id=who, category_code="refugee", basis="удостоверение"
        ),
        lambda: civil.end_category(actor=viewer, category_id=made.id, ends_on=date(2026, 1, 1)),
        lambda: civil.withdraw_category(actor=viewer, category_id=made.id),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert PersonCategory.objects.filter(superseded_at__isnull=True).count() == 1


def test_two_who_change_one_person_do_not_pass_each_other() -> None:
    who = foreigner()
    civil.change_citizenship(
        actor=b.ROOT, person_id=who, citizenship_code="0", country_code="643", since=date(2026, 2, 3)
    )
    with pytest.raises(Conflict):
        actions.correct_person(
            actor=b.ROOT, person_id=who, changes={"citizenship_code": "2"}, basis="паспорт", version=1
        )
    assert citizenship_on(who, date(2026, 3, 1)) == ("0", "643")
