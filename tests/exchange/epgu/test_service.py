"""The service as ЕПГУ asks it: who is answered, who is refused and told nothing, what is journaled, what is kept."""

from __future__ import annotations

import json
import logging
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine

from kontingent.access.machines.models import ApiClient
from kontingent.audit.models import Entry
from kontingent.exchange.epgu import actions
from kontingent.exchange.epgu import queries as epgu
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.kernel.errors import NotAllowed
from kontingent.persons.models import Person, Representation
from kontingent.privacy import queries as privacy
from tests import builders as b
from tests.exchange.epgu.case import CHILD, MONDAY, MOTHER, NOW, STRANGER, Case, fits
from tests.machines import clients as m
from tests.performance import records as r

pytestmark = pytest.mark.django_db


def test_a_mother_is_told_everything_and_the_journal_knows(case: Case) -> None:
    told = case.answered()
    assert (told["state"], told["right"], told["refusal"]) == ("answered", "representative", None)
    data = told["answer"]
    assert data["class"] == "5А"
    assert data["child"] == {
        "lastName": "Мальцева", "firstName": "Анна", "middleName": "Павловна", "birthDate": "2014-05-20",
    }  # fmt: skip
    assert data["periods"] == [
        {"code": "3", "title": "3-я четверть", "from": "2026-01-12", "to": "2026-03-20"}
    ]
    assert data["period"] == {"from": "2026-03-09", "to": "2026-03-29"}
    first, second = data["lessons"]
    assert (first["topic"], first["homework"]) == ("Дроби", "№ 5")
    assert [(one["value"], one["weight"]) for one in first["marks"]] == [("5", 2.0)]
    assert [one["code"] for one in second["attendance"]] == ["б"]
    assert [one["value"] for one in data["finals"]] == ["4"]
    entry = Entry.objects.get(kind="epgu.answered")
    assert set(entry.subjects) == {case.child, case.mother}
    assert (entry.data["right"], str(entry.object_id)) == ("representative", told["id"])
    reads = Entry.objects.filter(kind__startswith="read.", purpose="epgu", subjects__contains=[case.child])
    assert reads.exists()
    shown = privacy.told(list(reads))
    assert {one.purpose for one in shown} == {"Услуга «Информация о текущей успеваемости» на Госуслугах"}
    assert "законного представителя" in reads[0].data["what"]


def test_the_school_that_is_named_must_be_the_childs(case: Case) -> None:
    own = case.group.organisation.ogrn
    assert case.answered(orgOgrn=own)["answer"]["organisation"]["ogrn"] == own
    other = b.school("Школа № 8").ogrn
    assert case.ask(orgOgrn=other).json()["code"] == "epgu.message_reused", "it is another question"
    assert case.answered(message="m-2", orgOgrn=other)["refusal"] == "NOT_ENROLLED"
    wrong = case.ask(message="m-3", orgOgrn="12")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "epgu.structure")
    assert "orgOgrn" in wrong.json()["detail"]


def test_only_what_is_asked_for_is_told(case: Case) -> None:
    told = case.answered(content=["marks"], period={"from": "2026-03-16", "to": "2026-03-17"})["answer"]
    assert "finals" not in told
    assert [set(one) for one in told["lessons"]] == [{"date", "number", "subject", "marks"}]


def test_the_same_message_gets_the_same_answer_and_another_question_is_refused(case: Case) -> None:
    first = case.answered()
    r.mark(case.child, case.group, MONDAY, "s09", "2")
    assert case.answered() == first
    assert case.get("requests/m-1").json() == first
    other = case.ask(content=["marks"])
    assert (other.status_code, other.json()["code"]) == (409, "epgu.message_reused")
    assert ServiceRequest.objects.count() == 1


def end_representation(case: Case) -> None:
    Representation.objects.update(ends_on=date(2026, 3, 18))


def limit_rights(case: Case) -> None:
    Representation.objects.update(rights_limited=True)


def come_of_age(case: Case) -> None:
    Person.objects.filter(pk=case.child).update(birth_date=date(2008, 3, 18))


@pytest.mark.parametrize("event", [end_representation, limit_rights, come_of_age])
def test_a_right_ends_on_its_day(case: Case, event: Any) -> None:
    before = case.answered()
    event(case)
    told = case.answered(message="m-2")
    assert (told["state"], told["refusal"], told["reason"]) == (
        "refused",
        "NOT_REPRESENTATIVE",
        "ACCESS_DENIED",
    )
    assert told["answer"] is None
    assert "школу" in told["detail"]
    expired = case.get(f"Schedule/{before['id']}")
    assert (expired.status_code, expired.json()["issue"][0]["code"]) == (404, "expired")


@pytest.mark.parametrize(("applicant", "child"), [(STRANGER, CHILD), (MOTHER, STRANGER), (MOTHER, b.snils_of(999)), (b.snils_of(999), CHILD), (CHILD, MOTHER)])  # fmt: skip
def test_a_stranger_is_told_the_same_whether_the_child_is_known_or_not(case: Case, applicant: str, child: str) -> None:  # fmt: skip
    told = case.answered(applicant=applicant, child=child)
    assert (told["refusal"], told["answer"], told["right"]) == ("NOT_REPRESENTATIVE", None, None)
    assert not Entry.objects.filter(purpose="epgu").exists(), "nobody was shown"
    assert Entry.objects.filter(kind="epgu.refused").count() == 1
    assert ServiceRequest.objects.get().child_id is None


@pytest.mark.parametrize(("born", "may"), [(date(2012, 3, 18), True), (date(2012, 3, 19), False)])
def test_a_pupil_asks_for_oneself_from_fourteen(case: Case, born: date, may: bool) -> None:
    Person.objects.filter(pk=case.child).update(birth_date=born)
    told = case.answered(applicant=CHILD)
    assert (told["right"], told["refusal"]) == (("self", None) if may else (None, "NOT_REPRESENTATIVE"))
    assert case.answered(message="m-2", applicant=CHILD, child=STRANGER)["refusal"] == "NOT_REPRESENTATIVE"


def test_the_other_refusals(case: Case) -> None:
    long = {"from": "2025-09-01", "to": "2026-03-18"}
    assert case.answered(message="a", period=long)["refusal"] == "PERIOD_TOO_LONG"
    wrong = {"snils": CHILD, "birthDate": "2014-05-21"}
    body = {"messageId": "b", "applicant": {"snils": MOTHER}, "child": wrong}
    assert case.post(json.dumps(body)).json()["refusal"] == "CHILD_NOT_FOUND"
    silent = b.group(b.school("Школа № 8"), "5Б")
    other = b.person("Зырянов Илья Петрович", born=date(2014, 5, 20), snils=b.snils_of(904))
    Representation.objects.create(child_id=other, adult_id=case.mother)
    assert case.answered(message="c", child=b.snils_of(904))["refusal"] == "NOT_ENROLLED"
    b.admitted(other, silent)
    assert case.answered(message="d", child=b.snils_of(904))["refusal"] == "JOURNAL_UNAVAILABLE"
    assert (
        case.answered(message="e", period={"from": "2026-01-12", "to": "2026-01-18"})["answer"]["lessons"]
        == []
    )


def test_a_system_of_another_school_finds_nobody(case: Case) -> None:
    foreign = m.token_of(m.client(b.school("Школа № 9")))
    told = case.ask(token=foreign).json()
    assert told["refusal"] in {"NOT_REPRESENTATIVE", "CHILD_NOT_FOUND"}
    mine = case.answered()
    assert case.get("requests/m-1", token=foreign).json()["refusal"] == told["refusal"]
    assert case.get(f"Schedule/{mine['id']}", token=foreign).status_code == 404


def test_the_timetable_of_the_last_this_and_the_next_week(case: Case) -> None:
    handle = case.answered(content=["marks"])["id"]
    told = case.get(f"Schedule/{handle}").json()
    fits(told, "Schedule")
    (school,) = told["school"]
    assert (school["period"], school["academYear"]) == (
        {"start": "2026-03-09", "end": "2026-03-29"},
        "2025/26",
    )
    (shown,) = school["class"]
    assert (shown["class"], shown["grade"]) == ("5А", "5")
    first, second = shown["lesson"]
    assert first["score"] == [{"code": "answer", "weight": 2.0, "score": "5", "scoreSystem": "1"}]
    assert first["period"]["start"] == "2026-03-16T00:00:00+05:00"
    assert second["attendance"] == {"code": "н"}
    one = case.get(f"Schedule/{handle}", start="2026-03-17", end="2026-03-17").json()
    assert [lesson["subject"] for lesson in one["school"][0]["class"][0]["lesson"]] == [second["subject"]]


@pytest.mark.parametrize(
    ("days", "status"),
    [({"start": "2026-03-16"}, 400), ({"end": "2026-03-16"}, 400), ({"start": "16.03.2026", "end": "2026-03-20"}, 400),
     ({"start": "2026-03-20", "end": "2026-03-10"}, 400), ({"start": "2025-09-01", "end": "2026-03-10"}, 400), ({"day": "1"}, 400)],
)  # fmt: skip
def test_both_days_or_none(case: Case, days: dict[str, str], status: int) -> None:
    answer = case.get(f"Schedule/{case.answered()['id']}", **days)
    assert answer.status_code == status
    fits(answer.json(), "OperationOutcome")
    assert answer.json()["issue"][0]["code"] == "structure"


def test_days_the_wrong_way_round_are_told_as_such(case: Case) -> None:
    answer = case.get(f"Schedule/{case.answered()['id']}", start="2026-03-20", end="2026-03-10")
    assert "start – не позже end" in answer.json()["issue"][0]["details"]


def test_an_id_opens_the_timetable_for_a_quarter_of_an_hour(case: Case) -> None:
    handle = case.answered()["id"]
    with time_machine.travel(NOW + timedelta(minutes=14)):
        later = m.token_of(ApiClient.objects.get())
        assert case.get(f"Schedule/{handle}", token=later).status_code == 200
    with time_machine.travel(NOW + timedelta(minutes=16)):
        answer = case.get(f"Schedule/{handle}", token=later)
    fits(answer.json(), "OperationOutcome")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "expired")
    for unknown in (case.child, "12345", "x"):
        answer = case.get(f"Schedule/{unknown}")
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-found")


def test_an_answer_is_wiped_after_three_days_and_the_fact_stays(case: Case) -> None:
    handle = case.answered()["id"]
    assert actions.wipe(now=NOW + timedelta(days=2)) == 0
    assert actions.wipe(now=NOW + timedelta(days=3, hours=1)) == 1
    answer = case.get("requests/m-1")
    assert (answer.status_code, answer.json()["code"]) == (404, "epgu.answer_gone")
    assert str(ServiceRequest.objects.get(child_id=case.child).id) == handle


GOOD = {"messageId": "m-1", "applicant": {"snils": MOTHER}, "child": {"snils": CHILD}}
BAD: dict[str, tuple[str | bytes, str]] = {
    "not JSON": ("{", "epgu.structure"),
    "not UTF-8": (b'{"messageId": "\xff"}', "epgu.structure"),
    "a list": ("[]", "epgu.structure"),
    "no child": (json.dumps({"messageId": "m", "applicant": {"snils": MOTHER}}), "epgu.structure"),
    "unknown field": (json.dumps(GOOD | {"color": 1}), "epgu.structure"),
    "unknown content": (json.dumps(GOOD | {"content": ["health"]}), "epgu.structure"),
    "half a period": (json.dumps(GOOD | {"period": {"from": "2026-03-16"}}), "epgu.structure"),
    "period backwards": (json.dumps(GOOD | {"period": {"from": "2026-03-16", "to": "2026-03-01"}}), "epgu.days"),
    "no such day": (json.dumps(GOOD | {"period": {"from": "2026-02-30", "to": "2026-03-01"}}), "epgu.structure"),
    "СНИЛС with a slip": (json.dumps(GOOD | {"child": {"snils": CHILD[:-1] + "0"}}), "epgu.snils"),
    "a СНИЛС as the id": (json.dumps(GOOD | {"messageId": CHILD}), "epgu.message_id"),
    "an id with a slash": (json.dumps(GOOD | {"messageId": "a/b"}), "epgu.message_id"),
    "too long": (json.dumps(GOOD) + " " * 30_000, "epgu.too_long"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_question_is_refused_in_words_and_nothing_is_kept(case: Case, name: str) -> None:
    body, code = BAD[name]
    before = Entry.objects.count()
    answer = case.post(body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert any("а" <= letter <= "я" for letter in answer.json()["detail"])
    assert (ServiceRequest.objects.count(), Entry.objects.count()) == (0, before)
    assert case.post(json.dumps(GOOD), kind="text/plain").json()["code"] == "epgu.content_type"


def test_a_token_without_the_scope_is_refused(case: Case) -> None:
    poor = m.token_of(m.client(scopes=("learners.read",)))
    for answer in (case.ask(token=poor), case.get("requests/m-1", token=poor)):
        assert (answer.status_code, answer.json()["code"]) == (403, "machines.scope_missing")
    refused = case.get(f"Schedule/{case.child}", token=poor)
    assert refused.status_code == 403
    fits(refused.json(), "OperationOutcome")
    assert ServiceRequest.objects.count() == 0


def test_no_snils_stays_in_a_log_a_journal_or_the_table(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        case.answered()
        case.answered(message="m-2", applicant=STRANGER)
        case.ask(message=CHILD)
        case.post(json.dumps(GOOD | {"child": {"snils": CHILD[:-1] + "0"}}))
    written = "\n".join(
        record.getMessage() for record in caplog.records if record.name != "django.db.backends"
    )
    kept = json.dumps([list(Entry.objects.values_list("data", "basis")), list(ServiceRequest.objects.values())], default=str)  # fmt: skip
    for number in (MOTHER, CHILD, STRANGER):
        assert number not in written
        assert number not in kept


def test_two_at_once_are_answered_once(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have looked and found no answer yet; the constraint lets one write, and the other tells that one's answer."""
    first = case.answered()
    looks = iter([None])
    real = actions._told_already
    monkeypatch.setattr(actions, "_told_already", lambda actor, asked: next(looks, real(actor, asked)))
    assert case.answered() == first
    assert (ServiceRequest.objects.count(), Entry.objects.filter(kind="epgu.answered").count()) == (1, 1)


def test_the_ministry_sees_how_the_service_works_and_nobody_else_does(case: Case) -> None:
    case.answered()
    case.answered(message="m-2", applicant=STRANGER)
    case.answered(message="m-3", applicant=STRANGER)
    ministry = b.browser(b.appointed("ministry"))
    text = ministry.get("/epgu/").content.decode()
    assert "66,7" in text
    assert "NOT_REPRESENTATIVE" in text
    for name in ("Мальцева", "Тиунов", MOTHER, CHILD):
        assert name not in text
    assert b.browser(b.appointed("head", at=case.group.organisation)).get("/epgu/").status_code == 403


def test_a_quiet_month_says_what_to_do(case: Case) -> None:
    assert "Запросов за эти дни не было" in b.browser(b.appointed("ministry")).get("/epgu/").content.decode()


def test_the_family_sees_who_asked_by_which_right_and_what_came_of_it(case: Case) -> None:
    case.answered()
    long = {"from": "2025-09-01", "to": "2026-03-18"}
    case.answered(message="m-2", period=long)
    case.answered(message="m-3", applicant=STRANGER)
    page = b.client_of(MOTHER).get(f"/family/{case.child}/")
    text = page.content.decode().partition("Запросы через Госуслуги")[2]
    assert (text.count("<tr>"), text.count("сведения выданы"), text.count("отказ")) == (3, 1, 1)
    for said in (
        "Мальцева Ольга Ивановна",
        "Электронный журнал",
        "по запросу законного представителя",
        "09.03.2026",
        "29.03.2026",
        "100 дней",
    ):
        assert said in text, said
    assert "Тиунов" not in text
    other = b.person("Сухих Ольга Ивановна", born=date(1985, 1, 1), snils=b.snils_of(905))
    theirs = b.person("Сухих Анна Ильинична", born=date(2014, 5, 20), snils=b.snils_of(906))
    Representation.objects.create(child_id=theirs, adult_id=other)
    foreign = b.client_of(b.snils_of(905))
    assert foreign.get(f"/family/{case.child}/").status_code == 403
    assert "никто не спрашивал" in foreign.get(f"/family/{theirs}/").content.decode()
    with pytest.raises(NotAllowed):
        epgu.asked_about(b.actor_of(case.group.organisation, "epgu.watch"), case.child)
