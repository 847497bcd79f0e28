"""A list of health: about learners of the organisation and nothing else of them; encrypted, idempotent, undone, refused by name."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from kontingent.access.roles import ROLES
from kontingent.enrolment.models import Movement
from kontingent.exchange.spreadsheets import fields
from kontingent.exchange.staging import applying, papers, queries, reading
from kontingent.exchange.staging.models import Batch, Row
from kontingent.health import texts
from kontingent.health.cipher import Sealed
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.health.rules import Details
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError, NotAllowed, NotFound, RuleViolation
from kontingent.kernel.scope import Scope
from kontingent.persons.models import Address, Person
from kontingent.storage.scope import scoped
from kontingent.web.import_profiles import PROFILES
from tests import builders as b
from tests.health.test_health import entered, group, opened, town, worker

__all__ = ["town"]
pytestmark = pytest.mark.django_db
HEAD = (
    "№;ФИО;Дата рождения;Адрес проживания;Группа здоровья;Дата осмотра;Адаптированная программа;Вариант программы;Заключение ПМПК;"
    "Комиссия ПМПК;Заключение ПМПК с;Заключение ПМПК до;Специальные условия;Профилактический учёт;Решение о постановке на учёт"
)  # fmt: skip
SECRETS = (
    "Заключение-канарейка-41",
    "Комиссия-канарейка-42",
    "Ассистент-канарейка-43",
    "Решение-канарейка-44",
)
ANNA = (
    "1;Мальцева Анна Павловна;20.05.2014;Пермь, ул. Другая, 1;III;01.09.2026;ЗПР;7.2;"
    f"{SECRETS[0]};{SECRETS[1]};01.09.2026;01.09.2028;{SECRETS[2]};ВШУ; {SECRETS[3]}"
)  # fmt: skip


@pytest.fixture(autouse=True)
def _var(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def received(
    town: dict[str, Any], *rows: str, at: str = "five", actor: Actor | None = None, head: str = HEAD
) -> Batch:
    actor = actor or worker(town[at])
    file = io.BytesIO("\n".join([head, *rows]).encode())
    with scoped(actor):
        return reading.receive(
            actor=actor, organisation_id=town[at].id, file=file, filename="5А.csv", options={"purpose": "health"}
        )  # fmt: skip


def sent(town: dict[str, Any], *rows: str, head: str = HEAD) -> Batch:
    return reading.read(received(town, *rows, head=head).id)


def applied(town: dict[str, Any], batch: Batch) -> dict[str, Any]:
    actor = worker(town["five"])
    with scoped(actor):
        return dict(applying.apply(actor=actor, batch_id=batch.id).result)


def operator(town: dict[str, Any]) -> Actor:
    role = ROLES["operator"]
    return Actor(
        "test:o",
        "Оператор",
        role.title,
        role.permissions,
        Scope.of_organisation(town["five"].id),
        town["five"].id,
    )


def standing() -> set[tuple[Any, ...]]:
    return set(
        HealthRecord.objects.filter(superseded_at=None).values_list(
            "kind", "code", "variant_code", "starts_on", "ends_on"
        )
    )


THIRD = ("health_group", "13", "", date(2026, 9, 1), date(2027, 9, 1))
CONCLUDED = ("adapted_programme", "208", "7.2", date(2026, 9, 1), date(2028, 9, 1))
#: Where the list names no day, it holds from today on.
ON_RECORD = ("prevention", "school", "", clock.today(), None)


def test_every_heading_of_a_template_is_known_to_its_import() -> None:
    for code in ("class", "health"):
        told = [one.heading for one in PROFILES[code].columns()]
        found = [fields.recognise(heading) for heading in told]
        assert [one and fields.BY_CODE[one[0]].title for one in found] == told, code
    assert {fields.recognise(one.heading) for one in PROFILES["health"].columns()} >= {
        (kind.value, 100) for kind in Kind
    }


def test_the_whole_of_a_class_is_recorded_and_nobody_is_changed(town: dict[str, Any]) -> None:
    opened()
    people, moved = Person.objects.count(), Movement.objects.count()
    batch = sent(town, ANNA, "2;Неизвестный Пётр Ильич;01.01.2014;;II;;;;;;;;;;")
    assert batch.state == "checked", batch.refusal
    known, stranger = Row.objects.filter(batch=batch).order_by("line")
    assert (known.status, known.person_id, known.diff) == (
        "update",
        town["anna"],
        {"health": ["", "сведения о здоровье"]},
    )
    assert stranger.status == "refused"
    assert "не числится в организации" in stranger.problems[0][5]
    assert "Сверьте с карточкой" in stranger.problems[0][6]
    assert applied(town, batch)["health"] == 3
    assert standing() == {THIRD, CONCLUDED, ON_RECORD}
    conclusion = HealthRecord.objects.get(kind="adapted_programme")
    assert conclusion.sealed is not None
    sealed = Sealed(conclusion.key_id, bytes(conclusion.sealed))
    assert texts.unseal(sealed, person_id=town["anna"], kind="adapted_programme") == Details(*SECRETS[:3])
    assert (Person.objects.count(), Movement.objects.count()) == (people, moved)
    assert not Address.objects.filter(text__contains="Другая").exists()


def test_loading_it_again_writes_nothing_and_says_so_before(town: dict[str, Any]) -> None:
    opened()
    applied(town, sent(town, ANNA))
    again = sent(town, ANNA)
    (row,) = Row.objects.filter(batch=again)
    assert (row.status, row.diff) == ("unchanged", {})
    assert applied(town, again).get("health", 0) == 0
    assert standing() == {THIRD, CONCLUDED, ON_RECORD}
    corrected = sent(
        town, ANNA.replace(";III;01.09.2026", ";IV;02.09.2026").replace("01.09.2026", "01.09.2026")
    )
    assert Row.objects.get(batch=corrected).status == "update"


def test_undoing_it_withdraws_what_it_wrote_and_lets_go_on_what_it_had_ended(town: dict[str, Any]) -> None:
    opened()
    entered(town, group("12", since=date(2026, 8, 20)))
    before = standing()
    batch = sent(town, ANNA)
    applied(town, batch)
    assert ("health_group", "12", "", date(2026, 8, 20), date(2026, 9, 1)) in standing()
    actor = worker(town["five"])
    with scoped(actor):
        undone = applying.undo(actor=actor, batch_id=batch.id)
    assert undone.result["undone"]["health"] == 3
    assert standing() == before


def test_where_the_stage_is_closed_it_is_refused_by_name_before_a_byte_is_kept(town: dict[str, Any]) -> None:
    opened(town["seven"].municipality)
    with pytest.raises(RuleViolation, match=r"«Группа здоровья».*Пермский городской округ"):
        received(town, ANNA)
    assert not Batch.objects.exists()
    assert list(papers.folder().iterdir()) == []


def test_a_stage_that_closes_after_the_check_stops_the_applying(town: dict[str, Any]) -> None:
    opened()
    batch = sent(town, ANNA)
    opened(town["five"].municipality, close=True)
    with pytest.raises(RuleViolation, match="не открыт"):
        applied(town, batch)
    assert standing() == set()
    batch.refresh_from_db()
    assert batch.state == "checked"


def test_to_who_may_not_enter_health_there_is_no_such_list(town: dict[str, Any]) -> None:
    opened()
    with pytest.raises(NotAllowed):
        received(town, ANNA, actor=operator(town))
    batch = sent(town, ANNA)
    actor = operator(town)
    with scoped(actor):
        assert queries.batches(actor, organisation_id=town["five"].id) == []
        for act in (
            lambda: reading.get(actor, batch.id), lambda: queries.refused_workbook(actor, batch.id),
            lambda: applying.apply(actor=actor, batch_id=batch.id), lambda: applying.undo(actor=actor, batch_id=batch.id),
            lambda: reading.decide_cause(actor=actor, batch_id=batch.id, cause="x", decision="drop"),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                act()
    assert standing() == set()


def test_what_it_says_lies_encrypted_and_the_file_goes_when_it_is_applied(
    town: dict[str, Any], tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    opened()
    batch = received(town, ANNA)
    _nothing_in(tmp_path)
    batch = reading.read(batch.id)
    _nothing_in(tmp_path)
    actor = worker(town["five"])
    with scoped(actor):
        batch = reading.reread(actor=actor, batch_id=batch.id)
    assert batch.state == "checked", "what is encrypted can be read again"
    _nothing_in(tmp_path)
    with django_capture_on_commit_callbacks(execute=True):
        applied(town, batch)
    assert list(papers.folder().iterdir()) == []


def _nothing_in(folder: Path) -> None:
    kept = "".join(path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file())
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM staging_row r")
        rows = str((cursor.fetchone() or ("",))[0])
    for secret in (*SECRETS, "ЗПР", "7.2"):
        assert secret not in kept
        assert secret not in rows
    assert [one for one in papers.folder().iterdir() if one.suffix == ".clear"] == []


def test_a_lost_key_is_said_and_nothing_is_written(
    town: dict[str, Any], settings: Any, tmp_path: Path
) -> None:
    opened()
    settings.HEALTH_KEYS = tmp_path / "first.keys"
    batch = received(town, ANNA)
    settings.HEALTH_KEYS = tmp_path / "another.keys"
    batch = reading.read(batch.id)
    assert batch.state == "refused"
    assert "ключ" in batch.refusal
    assert not Row.objects.exists()


def test_only_learners_of_the_organisation_may_be_meant(town: dict[str, Any]) -> None:
    opened()
    batch = sent(town, ANNA.replace("Мальцева Анна Павловна;20.05.2014", "Тиунов Олег Игоревич;03.02.2014"))
    (row,) = Row.objects.filter(batch=batch)
    assert (row.status, row.person_id, row.candidates) == ("refused", None, []), (
        "he studies in another school"
    )


def test_who_is_like_one_here_is_decided_by_a_human_and_never_entered_anew(town: dict[str, Any]) -> None:
    opened()
    batch = sent(town, ANNA.replace("Мальцева Анна Павловна", "Мальцева Анна Петровна"))
    (row,) = Row.objects.filter(batch=batch)
    assert row.status == "possible"
    actor = worker(town["five"])
    with scoped(actor):
        with pytest.raises(RuleViolation, match="Выберите одного"):
            reading.decide_row(actor=actor, batch_id=batch.id, row_id=row.id, choice="new")
        row = reading.decide_row(actor=actor, batch_id=batch.id, row_id=row.id, choice=str(town["anna"]))
    assert row.status == "update"
    assert applied(town, batch)["health"] == 3


def test_a_file_without_a_column_of_health_is_not_taken(town: dict[str, Any]) -> None:
    opened()
    batch = sent(town, "Мальцева Анна Павловна;20.05.2014;5А", head="ФИО;Дата рождения;Класс")
    assert batch.state == "refused"
    assert "столбца о здоровье" in batch.refusal
    with pytest.raises(KontingentError, match="что загружаете"):
        reading.receive(
            actor=b.ROOT, organisation_id=town["five"].id, file=io.BytesIO(b"x"), filename="x.csv", options={"purpose": "other"}
        )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "cells", "told"),
    [
        ("Группа здоровья;Дата осмотра", "III;вчера", "Дата начала не разобрана"),
        ("Группа здоровья;Группа здоровья до", "III;32.13.2026", "Срок не разобран"),
        ("Адаптированная программа;Заключение ПМПК;Вариант программы", "ЗПР;№ 1;77.7", "«Вариант» из списка"),
        ("Адаптированная программа", "ЗПР", "заключение ПМПК, номер и дату"),
        ("Инвалидность;Справка МСЭ;Категория инвалидности", "ребёнок-инвалид;1;неведомая", "«Категория» из списка"),
        ("Справка МСЭ", "МСЭ-1", "столбец «Инвалидность» пуст"),
    ],
    ids=["since", "until", "variant", "document", "category", "lonely"],
)  # fmt: skip
def test_what_cannot_be_is_said_with_its_place_and_never_its_value(
    town: dict[str, Any], column: str, cells: str, told: str
) -> None:
    opened()
    batch = sent(town, f"Мальцева Анна Павловна;20.05.2014;{cells}", head=f"ФИО;Дата рождения;{column}")
    (row,) = Row.objects.filter(batch=batch)
    (problem,) = row.problems
    assert told in problem[5]
    assert problem[4] == "(не показывается)"
    assert not [
        one for one in cells.split(";") if len(one) > 3 and one in repr((row.problems, row.raw, row.parsed))
    ]
    assert standing() == set()
