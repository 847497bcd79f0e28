"""What lay before: refused rows kept as text are objects again where they parse; names that were keys are sealed."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from kontingent.exchange.journals.adapters.sealing import sealer
from kontingent.exchange.journals.models import JournalBatch, RefusedRow
from kontingent.kernel import clock
from kontingent.performance.models import Journal
from kontingent.persons.models import SourceKey
from tests import builders as b

pytestmark = pytest.mark.django_db
migration = import_module("kontingent.exchange.journals.migrations.0004_no_names_and_no_texts")


def editor() -> Any:
    def execute(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    return SimpleNamespace(execute=execute, connection=connection)


def kept(number: int, staged: str) -> int:
    now = clock.now()
    journal, _ = Journal.objects.get_or_create(
        code="web2edu", defaults={"title": "Журнал", "client_code": "client:x", "created_at": now}
    )
    batch, _ = JournalBatch.objects.get_or_create(
        journal=journal, key="k", defaults={"records": "marks", "school_year": 2025, "started_at": now, "touched_at": now}
    )  # fmt: skip
    row = RefusedRow.objects.create(
        batch=batch, journal=journal, records="marks", school_year=2025, number=number, code="learner_unknown", refused_at=now,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journals_refusedrow SET staged = %s::jsonb WHERE id = %s", [staged, row.pk])
    return row.pk


def test_texts_that_parse_become_objects_and_the_rest_stays() -> None:
    text = kept(1, '"{\\"whose_key\\": \\"77\\", \\"version\\": 1}"')
    torn, list_, whole = kept(2, '"{\\"whose_key\\": "'), kept(3, '"[1, 2]"'), kept(4, '{"whose_key": "78"}')
    for _ in range(2):
        migration.texts_become_objects(apps, editor())
        found = dict(RefusedRow.objects.values_list("pk", "staged"))
        assert found == {
            text: {"whose_key": "77", "version": 1}, torn: '{"whose_key": ', list_: "[1, 2]", whole: {"whose_key": "78"},
        }  # fmt: skip


def test_names_that_lay_as_keys_are_sealed_and_still_known() -> None:
    anna, boris = b.person("Мальцева Анна Павловна"), b.person("Носов Борис Ильич")
    for key, who in (
        ("5А/Мальцева Анна", anna),
        ("5а/мальцева анна", anna),
        ("184467", boris),
        ("7/12", boris),
    ):
        SourceKey.objects.create(source="journal:web2edu", external_id=key, person_id=who)
    SourceKey.objects.create(source="school:1", external_id="5А/Мальцева Анна", person_id=anna)
    row = kept(1, '{"whose_key": "5А/Мальцева Анна", "value": "5"}')
    for _ in range(2):
        migration.names_become_seals(apps, editor())
    sealed = sealer(settings.JOURNAL_NAMES_KEY, "web2edu")("5А", "Мальцева Анна")
    of_journal = SourceKey.objects.filter(source="journal:web2edu")
    assert dict(of_journal.values_list("external_id", "person_id")) == {
        sealed: anna,
        "184467": boris,
        "7/12": boris,
    }
    assert SourceKey.objects.get(source="school:1").external_id == "5А/Мальцева Анна", "not a journal's"
    assert RefusedRow.objects.get(pk=row).staged == {"whose_key": sealed, "value": "5"}
