"""A child of 5А with a mother, and ЕПГУ with a token: what every transport of the service is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine

from kontingent.performance import actions as performance
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.persons.models import Representation
from tests import builders as b
from tests.exchange.epgu.case import CHILD, MONDAY, MOTHER, NOW, STRANGER, Case
from tests.machines import clients as m
from tests.performance import records as r


@pytest.fixture
def case() -> Iterator[Case]:
    with time_machine.travel(NOW, tick=True):
        group = b.group(b.school(), "5А")
        child = b.person(born=date(2014, 5, 20), snils=CHILD)
        b.admitted(child, group)
        mother = b.person("Мальцева Ольга Ивановна", born=date(1985, 1, 1), snils=MOTHER)
        b.person("Тиунов Олег Игоревич", born=date(1980, 1, 1), snils=STRANGER)
        Representation.objects.create(child_id=child, adult_id=mother)
        lesson = r.lesson(group, MONDAY, 1, "s09", "Дроби", homework="№ 5")
        r.mark(child, group, MONDAY, "s09", "5", lesson_key=lesson.external_id, weight="2")
        r.absence(child, group, MONDAY + timedelta(days=1), "s01", "б")
        third = GradingPeriodDraft("3", date(2026, 1, 12), date(2026, 3, 21), date(2026, 4, 1))
        performance.set_periods(actor=b.ROOT, school_year=2025, periods=[third])
        r.closing(child, group, date(2025, 10, 25), "s09", "4")
        yield Case(child, mother, group, m.token_of(m.client()))
