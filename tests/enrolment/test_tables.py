"""The tables stand."""

import pytest

from kontingent.enrolment.models import Movement


@pytest.mark.django_db
def test_tables_stand() -> None:
    assert Movement.objects.count() == 0
