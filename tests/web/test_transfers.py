"""The pages of transfers: from the family's application to both orders; the personal file; who left the region."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.enrolment.models import Enrolment
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.trajectory.transfers import jobs, settling
from kontingent.trajectory.transfers.models import ConfirmedDeparture, Transfer
from tests import builders as b
from tests.performance import records as r

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    deferred: list[str] = []
    monkeypatch.setattr(jobs.settle, "defer", lambda **how: deferred.append(how["transfer_id"]))
    codelists.load_all()
    year = SchoolYear.of(clock.today())
    here = b.municipality()
    former, receiver = b.school("Школа № 5", where=here), b.school("Школа № 7", where=here)
    old, new = b.group(former, "5А", year=year.begins_in), b.group(receiver, "5Б", year=year.begins_in)
    anna = b.person("Мальцева Анна Павловна", snils=b.snils_of(7))
    b.admitted(anna, old, on=year.starts_on)
    r.mark(anna, old, min(clock.today(), year.starts_on.replace(month=10)), "s09", "5")
    r.closing(anna, old, date(year.begins_in - 1, 10, 24), "s01", "4")
    return {
        "anna": anna, "former": former, "receiver": receiver, "new": new, "deferred": deferred,
        "secretary": b.browser(b.appointed("operator", at=receiver)), "head": b.browser(b.appointed("head", at=former)),
        "stranger": b.browser(b.appointed("operator", at=b.school("Школа № 9"))), "municipal": b.browser(b.appointed("municipal", where=here)),
    }  # fmt: skip


def told(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()
    return str(answer.content.decode())


def form(town: dict[str, Any], **facts: str) -> dict[str, str]:
    today = clock.today().isoformat()
    usual = {
        "family_name": "Мальцева", "given_name": "Анна", "patronymic": "Павловна", "birth_date": "2014-05-20", "person": str(town["anna"]),
        "group": str(town["new"].id), "applicant": "Мальцева Ольга Ивановна", "applied_on": today, "arrives_on": today,
    }  # fmt: skip
    return usual | facts


@pytest.fixture
def asked(town: dict[str, Any]) -> Transfer:
    assert town["secretary"].post("/transfers/new/", form(town)).status_code == 302
    return Transfer.objects.get()


def test_found_by_the_application_and_no_more_is_shown(town: dict[str, Any]) -> None:
    answer = town["secretary"].post("/transfers/new/", form(town, person=""))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Школа № 5, 5А" in page
    assert b.snils_of(7) not in page
    assert Entry.objects.filter(kind="read.compare", subjects__contains=[town["anna"]]).exists()
    assert not Transfer.objects.exists()
    nobody = town["secretary"].post(
        "/transfers/new/", form(town, family_name="Небывалова", birth_date="2010-01-01", person="")
    )
    assert "Такого ребёнка в реестре нет" in nobody.content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"birth_date": "", "snils": ""}, {"snils": "123"}, {"group": ""}, {"applicant": ""}, {"arrives_on": "2001-01-01"},
        {"person": "00000000-0000-0000-0000-000000000000"}, {"family_name": ""},
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_entered(town: dict[str, Any], wrong: dict[str, str]) -> None:
    answer = town["secretary"].post("/transfers/new/", form(town, **wrong))
    assert answer.status_code == 422
    assert "Не сохранено." in answer.content.decode()
    assert not Transfer.objects.exists()


def test_from_the_application_to_both_orders(town: dict[str, Any], asked: Transfer) -> None:
    page = f"/transfers/{asked.pk}/"
    assert "Мальцева" not in told(town["head"], "/transfers/"), (
        "the former school is told when the receiver has decided"
    )
    assert "ждут утверждения: <strong>1</strong>" in told(town["secretary"], "/")
    assert town["secretary"].post(page, {"act": "approve", "number": ""}).status_code == 422
    assert town["secretary"].post(page, {"act": "approve", "number": "17-з"}).status_code == 302
    assert "ждут вашего ответа: <strong>1</strong>" in told(town["head"], "/")
    assert "рабочих дней осталось" in told(town["head"], "/transfers/")
    assert town["head"].post(page, {"act": "confirm", "number": "33-о"}).status_code == 302
    assert town["deferred"] == [str(asked.pk)]
    assert settling.settle(asked.pk)
    assert "Приказ о зачислении" in told(town["secretary"], page)
    places = Enrolment.objects.filter(person_id=town["anna"], superseded_at=None).order_by(
        "starts_on", "ends_on"
    )
    assert [one.organisation_id for one in places][-1] == town["receiver"].id
    assert town["secretary"].post(page, {"act": "cancel", "reason": "ошибка"}).status_code == 302
    assert settling.settle(asked.pk)
    assert "перевод отменён" in told(town["secretary"], page)


def test_whoever_presses_is_told_what_it_waits_for(
    town: dict[str, Any], asked: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = f"/transfers/{asked.pk}/"
    town["secretary"].post(page, {"act": "approve", "number": "17-з"})
    again = town["secretary"].get(f"{page}progress/")
    assert (again.status_code, again.headers["HX-Refresh"]) == (204, "true")
    jobs.settle.configure().defer(transfer_id=str(asked.pk))
    assert "ждёт обработчика, это секунды" in told(town["secretary"], page)
    assert "ждёт обработчика" in told(town["head"], f"{page}progress/")
    told(town["stranger"], f"{page}progress/", 404)
    later = clock.now() + timedelta(minutes=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "не отвечает больше минуты" in told(town["secretary"], f"{page}progress/")
    later += jobs.SHOWN
    assert town["secretary"].get(f"{page}progress/").status_code == 204


def test_the_personal_file_is_closed_until_approved_and_then_goes_along(
    town: dict[str, Any], asked: Transfer
) -> None:
    address = f"/transfers/{asked.pk}/"
    told(town["secretary"], f"{address}file/", 403)
    told(town["secretary"], f"{address}lichnoe-delo.pdf", 403)
    town["secretary"].post(address, {"act": "approve", "number": "1"})
    page = told(town["secretary"], f"{address}file/")
    assert "Школа № 5" in page
    assert "Русский язык" in page
    assert "Математика" not in page, "current marks go along when it is done"
    told(town["head"], f"{address}file/", 403)
    answer = town["secretary"].get(f"{address}lichnoe-delo.pdf")
    assert answer.content.startswith(b"%PDF")
    assert Entry.objects.filter(kind="read.card", subjects__contains=[town["anna"]]).count() >= 2
    town["head"].post(address, {"act": "confirm", "number": "2"})
    settling.settle(asked.pk)
    assert "Математика" in told(town["secretary"], f"{address}file/")
    r.mark(town["anna"], town["new"], clock.today(), "s15", "3")
    assert "История" not in told(town["secretary"], f"{address}file/"), "what came since did not go along"


def test_the_file_closes_and_the_child_stays_a_stranger_when_it_comes_to_nothing(
    town: dict[str, Any], asked: Transfer
) -> None:
    address = f"/transfers/{asked.pk}/"
    told(town["head"], address, 404)
    town["secretary"].post(address, {"act": "approve", "number": "1"})
    told(town["secretary"], f"/learners/{town['anna']}/", 403)
    town["secretary"].post(address, {"act": "withdraw", "reason": "раздумали"})
    told(town["secretary"], f"{address}file/", 403)
    told(town["secretary"], f"/learners/{town['anna']}/", 403)


def test_an_objection_reaches_the_municipality_which_stops_it(town: dict[str, Any], asked: Transfer) -> None:
    page = f"/transfers/{asked.pk}/"
    town["secretary"].post(page, {"act": "approve", "number": "1"})
    assert town["head"].post(page, {"act": "object", "reason": "спор <родителей>"}).status_code == 302
    assert "спор &lt;родителей&gt;" in told(town["municipal"], page)
    assert "возражение" in told(town["municipal"], "/transfers/")
    assert town["municipal"].post(page, {"act": "stop", "reason": "решит суд"}).status_code == 302
    asked.refresh_from_db()
    assert asked.state == "stopped"


def test_strangers_find_nothing_and_change_nothing(town: dict[str, Any], asked: Transfer) -> None:
    page = f"/transfers/{asked.pk}/"
    told(town["stranger"], page, 404)
    told(town["stranger"], f"{page}file/", 404)
    assert "Мальцева" not in told(town["stranger"], "/transfers/")
    for act in ("approve", "confirm", "object", "withdraw", "stop", "decide", "cancel"):
        assert town["stranger"].post(page, {"act": act, "number": "1", "reason": "так"}).status_code == 404
    assert town["secretary"].post(page, {"act": "other"}).status_code == 422
    assert town["secretary"].post(page, {"act": "approve", "number": "1", "version": "9"}).status_code == 422
    asked.refresh_from_db()
    assert (asked.state, asked.version) == ("registered", 1)


def test_who_left_the_region_is_asked_about_until_a_letter_comes(town: dict[str, Any]) -> None:
    left = Enrolment.objects.get(person_id=town["anna"], superseded_at=None)
    b.left(town["anna"], left.enrolment_id, town["former"], on=clock.today(), reason="T3")
    assert "Мальцева" in told(town["head"], "/transfers/departures/")
    assert "Мальцева" not in told(town["stranger"], "/transfers/departures/")
    known = {
        "enrolment": str(left.enrolment_id),
        "arrived_on": clock.today().isoformat(),
        "evidence": "письмо № 7",
    }
    assert town["head"].post("/transfers/departures/", {**known, "evidence": ""}).status_code == 422
    assert town["stranger"].post("/transfers/departures/", known).status_code == 404
    assert not ConfirmedDeparture.objects.exists()
    assert town["head"].post("/transfers/departures/", known).status_code == 302
    assert "письмо № 7" in told(town["head"], "/transfers/departures/")
