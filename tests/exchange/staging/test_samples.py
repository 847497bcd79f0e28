"""The sample lists from dry run to undo, against PostgreSQL."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Model

from kontingent.enrolment import contingent
from kontingent.enrolment.check import check
from kontingent.enrolment.contingent import Dimension, Filter
from kontingent.enrolment.models import Enrolment, Order, Placement
from kontingent.exchange.staging import applying, queries, reading
from kontingent.exchange.staging.models import Batch, Row
from kontingent.kernel.errors import Conflict, RuleViolation
from kontingent.organisations.models import Organisation
from kontingent.persons import merging
from kontingent.persons.models import (
    Address,
    Contact,
    DuplicatePair,
    IdentityDocument,
    Person,
    Representation,
)
from tests import builders as b

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent / "data"
XLSX, CSV = "spisok-klassov.xlsx", "kontingent-shkoly.csv"


@pytest.fixture(autouse=True)
def _var(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def school() -> Organisation:
    return b.school("СОШ № 12")


def checked(at: Organisation, name: str, content: bytes | None = None) -> Batch:
    file = io.BytesIO(content if content is not None else (DATA / name).read_bytes())
    batch = reading.receive(actor=b.ROOT, organisation_id=at.id, file=file, filename=name)
    return reading.read(batch.id)


def applied(at: Organisation, name: str) -> Batch:
    return applying.apply(actor=b.ROOT, batch_id=checked(at, name).id)


def living(*models: type[Model]) -> list[int]:
    return [model._default_manager.count() for model in models]


def test_the_untidy_list_is_understood(school: Organisation) -> None:
    batch = checked(school, XLSX)
    assert (batch.state, batch.totals) == ("checked", {"create": 51, "refused": 2, "enrols": 51, "rows": 53})
    assert batch.options["effective_on"] == "2026-09-01"
    assert living(Person, Order) == [0, 0]
    found = {cause.code: cause.count for cause in queries.causes(batch)}
    assert found == {
        "snils.control": 2, "address.same_as_what": 18, "date.two_digit_year": 11, "document.before_birth": 6,
        "document.repaired": 2, "note.left": 2, "note.health": 2, "name.latin": 2, "note.citizenship": 2,
    }  # fmt: skip


def test_nothing_of_health_is_kept(school: Organisation) -> None:
    batch = checked(school, XLSX)
    kept = "".join(
        str(row.raw) + str(row.parsed) + str(row.problems) for row in Row.objects.filter(batch=batch)
    )
    assert "ЗПР" not in kept
    assert "АООП" not in kept


def test_applied_it_is_the_contingent_of_the_day(school: Organisation) -> None:
    batch = applied(school, XLSX)
    assert batch.result["create"] == 51
    assert batch.result["admitted"] == 51
    rows = contingent.count(
        b.ROOT,
        on=date(2026, 9, 20),
        where=Filter(organisation_id=school.id),
        by=(Dimension.GRADE, Dimension.SEX),
    )
    assert sum(row.number for row in rows) == 51
    assert {row.key[0] for row in rows} == {5}
    order = Order.objects.get(status="signed")
    assert (order.import_batch, order.dated) == (batch.id, date(2026, 9, 1))
    drafts = Order.objects.filter(status="draft")
    assert [(draft.number, draft.lines.count()) for draft in drafts] == [("118-з", 2)]
    child = Person.objects.get(family_name="Семёнова", given_name="Ева", patronymic="Николаевна")
    guardian = Representation.objects.get(child=child, kind_code="2")
    assert (guardian.kinship_code, guardian.document_requisites) == ("8", "пост. № 112 от 03.02.2021")
    assert (
        Person.objects.get(family_name="Смирнова", given_name="Ксения", patronymic="Олеговна").country_code
        == "762"
    )
    assert check().is_clean


def test_the_tidy_list_is_signed_by_its_own_orders(school: Organisation) -> None:
    batch = applied(school, CSV)
    assert batch.result["create"] == 717
    assert Enrolment.objects.count() == 717
    assert Order.objects.filter(status="signed", number="117-з").exists()
    assert batch.result["groups"] == Placement.objects.values("group").distinct().count()


def test_a_second_time_nothing_changes(school: Organisation) -> None:
    applied(school, XLSX)
    tables = (Person, IdentityDocument, Address, Contact, Representation, Order, Enrolment, Placement)
    before = living(*tables)
    again = checked(school, XLSX)
    assert again.totals == {"unchanged": 51, "refused": 2, "enrols": 0, "rows": 53}
    applying.apply(actor=b.ROOT, batch_id=again.id)
    # The notes about leaving still wait: their draft is made anew for the operator to see.
    before[5] += 1
    assert living(*tables) == before


def test_undone_nobody_is_left(school: Organisation) -> None:
    batch = applied(school, XLSX)
    undone = applying.undo(actor=b.ROOT, batch_id=batch.id)
    assert undone.state == "undone"
    assert Person.objects.filter(status_code="1").count() == 0
    assert contingent.total(b.ROOT, on=date(2026, 9, 20)) == 0
    assert living(Representation) == [0]
    assert check().is_clean
    assert checked(school, XLSX).totals["create"] == 51


def test_undo_puts_back_what_was_changed(school: Organisation) -> None:
    applied(school, XLSX)
    anna = Person.objects.get(family_name="Тиунова", given_name="Анна")
    Person.objects.filter(pk=anna.pk).update(birth_place="г. Оса", snils=None)
    before = [list(model.objects.order_by("pk").values()) for model in (IdentityDocument, Address, Contact)]
    batch = applied(school, XLSX)
    anna.refresh_from_db()
    assert anna.snils == "48274775538"
    applying.undo(actor=b.ROOT, batch_id=batch.id)
    assert Person.objects.filter(pk=anna.pk, snils__isnull=True).exists()
    assert [
        list(model.objects.order_by("pk").values()) for model in (IdentityDocument, Address, Contact)
    ] == before


def test_undo_is_refused_when_something_later_depends(school: Organisation) -> None:
    batch = applied(school, XLSX)
    stream = Enrolment.objects.filter(organisation=school).first()
    assert stream is not None
    b.left(stream.person_id, stream.enrolment_id, school, on=date(2026, 10, 1))
    before = living(Person, Enrolment, Placement, Order)
    with pytest.raises(RuleViolation, match="более поздние"):
        applying.undo(actor=b.ROOT, batch_id=batch.id)
    assert living(Person, Enrolment, Placement, Order) == before
    assert Batch.objects.get(pk=batch.pk).state == "applied"


def test_a_pupil_of_another_school_is_refused_by_name(school: Organisation) -> None:
    other = b.school("Школа № 7")
    applied(other, XLSX)
    batch = checked(school, XLSX)
    assert batch.totals["refused"] == 53
    assert any("Школа № 7" in cause.example for cause in queries.causes(batch))


def test_one_decision_serves_all_rows_of_a_cause(school: Organisation) -> None:
    batch = checked(school, XLSX)
    cause = next(c for c in queries.causes(batch) if c.code == "snils.control")
    assert cause.may_be_dropped
    reading.decide_cause(actor=b.ROOT, batch_id=batch.id, cause=cause.cause, decision="drop")
    assert reading.reread(actor=b.ROOT, batch_id=batch.id).totals["create"] == 53
    years = next(c for c in queries.causes(batch) if c.code == "date.two_digit_year")
    reading.decide_cause(actor=b.ROOT, batch_id=batch.id, cause=years.cause, decision="refuse")
    assert reading.reread(actor=b.ROOT, batch_id=batch.id).totals["refused"] == 11


def test_a_possible_match_waits_for_a_human(school: Organisation) -> None:
    b.person("Кузнецов Рустам Алексеевич", born=date(2015, 9, 5))
    batch = checked(school, XLSX)
    row = Row.objects.get(batch=batch, status="possible")
    assert row.candidates[0]["name"] == "Кузнецов Рустам Алексеевич"
    assert any("переставлены" in reason for reason, _ in row.candidates[0]["reasons"])
    reading.decide_row(actor=b.ROOT, batch_id=batch.id, row_id=row.pk, choice=row.candidates[0]["person"])
    applying.apply(actor=b.ROOT, batch_id=batch.id)
    same = Person.objects.get(pk=UUID(row.candidates[0]["person"]))
    assert same.birth_date == date(2015, 5, 9)
    assert Person.objects.filter(family_name="Кузнецов", given_name="Рустам").count() == 1


def test_refused_rows_come_back_as_the_users_workbook(school: Organisation, tmp_path: Path) -> None:
    from kontingent.exchange.spreadsheets import reading as files

    batch = checked(school, XLSX)
    path = tmp_path / "refused.xlsx"
    path.write_bytes(queries.refused_workbook(b.ROOT, batch.id))
    sheets = {s.name: [row for _, row in s.rows] for s in files.open_sheets(path, path.name, max_bytes=10**7)}
    assert list(sheets) == ["5А", "5Б"]
    head, row = sheets["5А"]
    assert head[1] == "Ф.И.О. ребёнка"
    assert head[-2:] == ["Причина", "Что сделать"]
    assert row[1] == "Семёнова Варвара Игоревна"
    assert "Контрольное число" in row[-2]


def test_a_batch_is_applied_once(school: Organisation) -> None:
    batch = applied(school, XLSX)
    with pytest.raises(Conflict, match="уже применена"):
        applying.apply(actor=b.ROOT, batch_id=batch.id)


def test_a_failure_in_the_middle_leaves_nothing(
    school: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = checked(school, XLSX)

    def fail(*_: object) -> None:
        raise RuntimeError("power cut")

    broken: Callable[..., None] = fail
    monkeypatch.setattr(applying, "_sign_admissions", broken)
    with pytest.raises(RuntimeError, match="power cut"):
        applying.apply(actor=b.ROOT, batch_id=batch.id)
    assert living(Person, Order, Enrolment) == [0, 0, 0]
    assert Batch.objects.get(pk=batch.pk).state == "checked"


LIST = (
    "Фамилия;Имя;Отчество;Дата рождения;Пол;СНИЛС;Класс;Литера;Представитель фамилия;Представитель имя;Представитель отчество;"
    "Представитель дата рождения;Кем приходится\n"
)


def one_child(child: str, adult: str) -> bytes:
    return (LIST + f"{child};5;А;{adult};мать\n").encode()


def test_a_parent_is_matched_before_being_entered(school: Organisation) -> None:
    known = b.person("Мальцева Ольга Андреевна", born=date(1985, 3, 4), snils=b.snils_of(9))
    for number, (adult, made) in enumerate(
        [("Мальцева;Ольга;Андреевна;04.03.1985", 0), ("Мальцова;Ольга;Андреевна;04.03.1985", 1)], start=1
    ):
        child = f"Мальцев;Глеб;Ильич;0{number}.05.2014;М;{b.snils_of(20 + number)}"
        batch = applying.apply(
            actor=b.ROOT, batch_id=checked(school, f"{number}.csv", one_child(child, adult)).id
        )
        assert batch.result.get("adults", 0) == made, adult
    assert Representation.objects.filter(adult_id=known).count() == 1
    resembling = DuplicatePair.objects.get(found_by="entry")
    assert known in {resembling.one_id, resembling.other_id}


def test_a_number_that_another_holds_is_a_case_not_a_failed_import(school: Organisation) -> None:
    holder = b.person("Тиунов Олег Игоревич", snils=b.snils_of(21))
    child = f"Мальцев;Глеб;Ильич;01.05.2014;М;{b.snils_of(21)}"
    batch = checked(school, "1.csv", one_child(child, "Мальцева;Ольга;Андреевна;04.03.1985"))
    assert batch.totals["possible"] == 1
    row = Row.objects.get(batch=batch)
    reading.decide_row(actor=b.ROOT, batch_id=batch.id, row_id=row.id, choice="new")
    batch = applying.apply(actor=b.ROOT, batch_id=batch.id)
    assert batch.result["create"] == 1
    gleb = Person.objects.get(given_name="Глеб")
    assert gleb.snils is None
    assert Person.objects.get(pk=holder).snils == b.snils_of(21)
    assert DuplicatePair.objects.get(claimed_snils=b.snils_of(21)).claimant_id == gleb.id


def test_what_was_merged_since_forbids_taking_the_batch_back(school: Organisation) -> None:
    batch = applied(school, XLSX)
    one = Person.objects.filter(merges=None).order_by("id")[0]
    other = b.person("Тиунов Олег Игоревич")
    merging.merge(actor=b.ROOT, survivor_id=one.id, merged_id=other, basis="Проверка")
    before = living(Person, Enrolment, Representation)
    with pytest.raises(RuleViolation, match="Сначала отмените объединение"):
        applying.undo(actor=b.ROOT, batch_id=batch.id)
    assert living(Person, Enrolment, Representation) == before
