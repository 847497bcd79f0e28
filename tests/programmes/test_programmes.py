"""Programmes: the grade tells the kind, an organisation's programme is registered once, in its own scope."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kontingent.audit.models import Entry
from kontingent.kernel.errors import InvalidValue, NotAllowed, RuleViolation
from kontingent.programmes import actions, queries, rules
from kontingent.programmes.models import Programme
from kontingent.programmes.permissions import ProgrammePermission
from kontingent.programmes.rules import ProgrammeFacts
from tests import builders as b

START = date(2026, 9, 1)


@pytest.mark.parametrize(
    ("grades", "kind"), [(range(1, 5), "12"), (range(5, 10), "13"), (range(10, 13), "14")]
)
def test_grade_tells_the_kind(grades: range, kind: str) -> None:
    assert {rules.kind_for_grade(grade) for grade in grades} == {kind}


@pytest.mark.parametrize("grade", [-1, 0, 13, 100])
def test_no_such_grade(grade: int) -> None:
    with pytest.raises(RuleViolation, match=f"Класса {grade} не бывает"):
        rules.kind_for_grade(grade)


@pytest.mark.django_db
def test_registered_once_and_written_down_once() -> None:
    school = b.school()
    first, second = (
        actions.ensure_programme(actor=b.ROOT, organisation_id=school.id, kind_code="13", valid_from=START)
        for _ in range(2)
    )
    assert first.id == second.id
    assert first.title == "Основное общее образование"
    assert Entry.objects.filter(object_id=first.id).count() == 1


@pytest.mark.django_db
def test_adapted_programme_is_another_programme() -> None:
    school = b.school()
    usual, adapted = (
        actions.ensure_programme(
            actor=b.ROOT, organisation_id=school.id, kind_code="12", valid_from=START, adaptation_code=code
        )
        for code in ("1", "2")
    )
    assert usual.id != adapted.id


@pytest.mark.django_db
def test_another_school_may_not_register_and_nothing_is_written() -> None:
    ours, theirs = b.school("Наша"), b.school("Чужая")
    actor = b.actor_of(ours, ProgrammePermission.MANAGE)
    before = Entry.objects.count()
    with pytest.raises(NotAllowed):
        actions.ensure_programme(
            actor=actor, organisation_id=theirs.id, kind_code="12", valid_from=date(2026, 9, 1)
        )
    assert Programme.objects.filter(organisation=theirs).count() == 3  # those it was built with
    assert Entry.objects.count() == before


BASIC = ProgrammeFacts(
    "13", "ООО для детей с ЗПР", adaptation_code="208", variant_code="7.1", duration_months=72
)


@pytest.mark.django_db
def test_an_adapted_programme_is_registered() -> None:
    school = b.school()
    made = actions.register_programme(actor=b.ROOT, organisation_id=school.id, facts=BASIC, valid_from=START)
    assert ProgrammeFacts(*(getattr(made, name) for name in ProgrammeFacts._fields)) == BASIC
    assert Entry.objects.filter(kind="programmes.registered", object_id=made.id).count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"), ({"kind_code": "421"}, "kind"), ({"kind_code": "15"}, "intellectual"),
        ({"adaptation_code": "1"}, "variant"), ({"duration_months": 36}, "term"), ({"base_code": "basic"}, "base"),
        ({"direction_code": "art"}, "direction"),
        ({"kind_code": "411", "adaptation_code": "1", "variant_code": "", "duration_months": None}, "direction"),
    ],
)  # fmt: skip
def test_programmes_that_cannot_be(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        rules.check(BASIC._replace(**changes))
    assert caught.value.facts["field"] == field


@pytest.mark.django_db
@pytest.mark.parametrize("changes", [{"adaptation_code": "999"}, {"language_code": "xx"}, {"title": ""}])
def test_a_refused_programme_is_not_there(changes: dict[str, Any]) -> None:
    school = b.school()
    before = Programme.objects.count()
    with pytest.raises(InvalidValue):
        actions.register_programme(
            actor=b.ROOT, organisation_id=school.id, facts=BASIC._replace(**changes), valid_from=START
        )
    assert Programme.objects.count() == before


@pytest.mark.django_db
def test_a_programme_is_registered_once_and_by_who_may() -> None:
    school = b.school()
    actions.register_programme(actor=b.ROOT, organisation_id=school.id, facts=BASIC, valid_from=START)
    before = Programme.objects.count()
    with pytest.raises(RuleViolation, match="уже есть"):
        actions.register_programme(actor=b.ROOT, organisation_id=school.id, facts=BASIC, valid_from=START)
    with pytest.raises(NotAllowed):
        actions.register_programme(
            actor=b.actor_of(b.school("Чужая"), ProgrammePermission.MANAGE),
            organisation_id=school.id, facts=BASIC._replace(title="Другая"), valid_from=START,
        )  # fmt: skip
    assert Programme.objects.filter(organisation=school).count() == before


@pytest.mark.django_db
def test_intellectual_disability_has_one_programme_for_all_grades() -> None:
    school = b.school()
    facts = ProgrammeFacts("15", "Для обучающихся с УО", adaptation_code="209", duration_months=108)
    made = actions.register_programme(actor=b.ROOT, organisation_id=school.id, facts=facts, valid_from=START)
    assert {queries.for_grade(school.id, grade, like=made.id) for grade in (1, 5, 9)} == {made.id}
