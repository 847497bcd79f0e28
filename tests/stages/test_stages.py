"""Orders about stages against PostgreSQL, their page and the matrix."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from kontingent.access.roles import ROLES
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError, NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Municipality
from kontingent.stages import actions, queries, rules
from kontingent.stages.fields import FIELDS, Stage
from kontingent.stages.models import StageOrder
from tests import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def places() -> tuple[Municipality, Municipality]:
    return b.municipality(), b.municipality("lysva", "Лысьвенский округ")


def opened(where: Municipality | None, *, stage: str = "2", close: bool = False, **said: Any) -> StageOrder:
    usual: dict[str, Any] = {
        "number": "12-э",
        "dated": clock.today() - timedelta(days=30),
        "starts_on": clock.today(),
    }
    act = actions.close_stage if close else actions.open_stage
    return act(actor=b.ROOT, stage=stage, municipality_id=where.id if where else None, **(usual | said))


def test_a_stage_opens_in_one_municipality(places: tuple[Municipality, Municipality]) -> None:
    perm, lysva = places
    near, far = b.school("Школа № 1"), b.school("Школа № 2", where=lysva)
    made = opened(lysva)
    assert queries.gate_of(far.id).allows("health_group")
    assert not queries.gate_of(near.id).allows("health_group")
    assert not queries.gate_of(far.id, on=clock.today() - timedelta(days=1)).allows("health_group")
    assert not queries.gate_of(far.id).allows("olympiad")
    assert queries.gate_of(near.id).allows("name")
    entry = Entry.objects.get(kind="stages.opened")
    assert (entry.object_id, entry.data["municipality"], entry.data["stage"]) == (made.id, "lysva", "2")
    assert "12-э" in entry.basis
    assert perm.name not in str(entry.data)


def test_another_order_undoes_it(places: tuple[Municipality, Municipality]) -> None:
    opened(None)
    opened(places[1], close=True, number="13-э")
    school = b.school(where=places[1])
    assert not queries.gate_of(school.id).allows("disability")
    assert queries.gate_of(b.school("Школа № 9").id).allows("disability")
    assert StageOrder.objects.count() == 2, "an order stays"
    assert Entry.objects.filter(kind="stages.closed").count() == 1


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"number": ""}, "stages.no_number"),
        ({"stage": "1"}, "stages.from_start"),
        ({"stage": "9"}, "stages.no_such"),
        ({"dated": None}, "stages.order_date"),
        ({"close": True}, "stages.already"),
    ],
)
def test_a_refused_order_changes_nothing(
    places: tuple[Municipality, Municipality], said: dict[str, Any], code: str
) -> None:
    with pytest.raises(KontingentError) as refused:
        opened(places[0], **said)
    assert refused.value.code == code
    assert not StageOrder.objects.exists()


def test_only_the_ministry_orders() -> None:
    held = [code for code, role in ROLES.items() if "stage.manage" in role.permissions]
    assert held == ["ministry"]
    operator = Actor("x", "x", "x", ROLES["operator"].permissions, Scope.of_organisation(b.school().id))
    with pytest.raises(NotAllowed):
        actions.open_stage(
            actor=operator, stage="2", municipality_id=None, starts_on=clock.today(), number="1", dated=clock.today()
        )  # fmt: skip
    assert not StageOrder.objects.exists()


def test_the_gate_of_a_place_of_work(places: tuple[Municipality, Municipality]) -> None:
    near, far = b.school("Школа № 1"), b.school("Школа № 2", where=places[1])
    opened(places[1])
    assert queries.gate_for(b.actor_of(far)).allows("health_group")
    assert not queries.gate_for(b.actor_of(near)).allows("health_group")
    municipal = Actor("x", "x", "x", frozenset(), Scope.of_municipality(places[1].id))
    assert queries.gate_for(municipal).allows("health_group")
    assert queries.gate_for(b.ROOT).allows("health_group")
    assert not queries.gate_for(Actor("x", "x", "x", frozenset())).allows("health_group")


def test_the_database_folds_orders_as_the_rules_do(places: tuple[Municipality, Municipality]) -> None:
    """The policies of other rooms ask the database; the pages ask the rules."""
    rng, today = random.Random(7), clock.today()
    for _ in range(60):
        StageOrder.objects.all().delete()
        for number in range(rng.randrange(6)):
            StageOrder.objects.create(
                stage=rng.choice("23"), opens=rng.random() < 0.6, municipality=rng.choice([None, *places]),
                starts_on=today + timedelta(days=rng.randrange(-3, 3)), number="1", dated=today,
                recorded_at=clock.now() + timedelta(seconds=number), recorded_by="x",
            )  # fmt: skip
        said = queries.said()
        for place in places:
            for stage in (Stage.HEALTH, Stage.ACHIEVEMENTS):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT scope.stage_is_open(%s, %s)", [stage.value, place.id])
                    row = cursor.fetchone()
                assert row == (rules.is_open(said, stage, place.id, today),)


def test_permissions_of_open_rooms_are_held_by_somebody() -> None:
    held = {one for role in ROLES.values() for one in role.permissions}
    for field in FIELDS.values():
        if field.stage is Stage.PERSONAL:
            assert {field.enters, field.sees} <= held, field.code


def test_the_page_records_an_order_and_the_matrix_changes(places: tuple[Municipality, Municipality]) -> None:
    browser = b.browser(b.appointed("ministry"))
    before_page, before_file = browser.get("/stages/matrix/"), browser.get("/stages/matrix.pdf")
    assert before_file.headers["Content-Type"] == "application/pdf"
    assert before_file.content.startswith(b"%PDF")
    assert "не собирается: этап не открыт" in before_page.content.decode()
    form = {
        "stage": "2", "municipality": str(places[1].id), "number": "21-э", "dated": f"{clock.today():%Y-%m-%d}", "act": "open",
    }  # fmt: skip
    assert browser.post("/stages/", form).status_code == 302
    assert StageOrder.objects.get().municipality == places[1]
    page = browser.get("/stages/").content.decode()
    assert "Открыт: 1 из 2" in page
    assert "приказ № 21-э" in page
    matrix = browser.get("/stages/matrix/").content.decode()
    assert "Лысьвенский округ – с" in matrix
    assert "Пермский городской округ – с" not in matrix
    assert browser.get("/stages/matrix.pdf").content != before_file.content
    again = browser.post("/stages/", form)
    assert again.status_code == 422
    assert "уже открыт" in again.content.decode()
    assert StageOrder.objects.count() == 1


def test_a_school_sees_the_stages_and_orders_nothing() -> None:
    browser = b.browser(b.appointed("operator", at=b.school()))
    page = browser.get("/stages/")
    assert page.status_code == 200
    assert "Записать приказ" not in page.content.decode()
    refused = browser.post("/stages/", {"stage": "2", "number": "1", "dated": "2026-01-01", "act": "open"})
    assert refused.status_code == 403
    assert not StageOrder.objects.exists()


def test_a_family_may_know_which_data_are_kept() -> None:
    from kontingent.persons.models import Representation

    child = b.person(born=date(2015, 1, 1))
    b.admitted(child, b.group(b.school(), "5А", year=2026), on=date(2026, 9, 1))
    mother = b.person("Мальцева Ольга Андреевна", snils=b.snils_of(7002), born=date(1985, 1, 1))
    Representation.objects.create(child_id=child, adult_id=mother)
    browser = b.client_of(b.snils_of(7002), name="Мальцева Ольга Андреевна")
    page = browser.get("/stages/matrix/")
    assert page.status_code == 200
    assert "Группа здоровья" in page.content.decode()
    assert browser.get("/stages/").status_code == 403
