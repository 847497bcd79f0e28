"""Programmes: the grade tells the kind, an organisation's programme is registered once, in its own scope."""

from __future__ import annotations

from datetime import date

import pytest

from kontingent.audit.models import Entry
from kontingent.kernel.errors import NotAllowed, RuleViolation
from kontingent.programmes import actions, rules
from kontingent.programmes.models import Programme
from kontingent.programmes.permissions import ProgrammePermission
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
