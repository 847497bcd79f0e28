"""Every address of protocols §5.3 is served or declined with the reason, and 1.1 says the gradebook in its own shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from kontingent.api import oneroster as lists
from kontingent.performance import actions
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.models import GradingPeriod, Mark
from tests import builders as b
from tests.machines import clients as m
from tests.oneroster.test_gradebook import journals_own, read
from tests.oneroster.test_gradebook_writing import (
    NOW,
    Journal,
    nothing_changes,
    read_201,
    result,
    work,
)
from tests.oneroster.test_rest import refused

pytestmark = [pytest.mark.django_db(transaction=True)]
ROSTERING = "academicSessions classes courses demographics enrollments gradingPeriods orgs schools students teachers terms users"
#: §5.3, rostering: the same under both editions.
LISTS = [
    *ROSTERING.split(),
    *(f"{one}/{{{one}}}" for one in ROSTERING.split()),
    *(f"classes/{{classes}}/{one}" for one in ("students", "teachers")),
    "courses/{courses}/classes",
    *(
        f"schools/{{schools}}/{one}"
        for one in ("classes", "courses", "enrollments", "students", "teachers", "terms")
    ),
    *(f"schools/{{schools}}/classes/{{classes}}/{one}" for one in ("enrollments", "students", "teachers")),
    *(f"{one}/{{{one}}}/classes" for one in ("students", "teachers", "users")),
    "terms/{terms}/classes",
    "terms/{terms}/gradingPeriods",
]
BOOK = ("categories", "lineItems", "results", "scoreScales")
#: §5.3, gradebook: address and what may be done there.
MARKS = [
    *((one, "GET") for one in BOOK),
    *((f"{one}/{{{one}}}", "GET PUT DELETE") for one in BOOK),
    *((f"classes/{{classes}}/{one}", "GET") for one in ("categories", "results", "scoreScales")),
    ("classes/{classes}/lineItems", "GET POST"),
    ("classes/{classes}/lineItems/{lineItems}/results", "GET"),
    ("classes/{classes}/students/{students}/results", "GET"),
    ("lineItems/{lineItems}/results", "GET POST"),  # GET is ours
    ("schools/{schools}/lineItems", "GET POST"),
    ("classes/{classes}/academicSessions/{terms}/results", "POST"),
]
#: What 1.1 has of it: no scales, nothing sent as a list.
MARKS_V11 = [
    *((one, "GET") for one in BOOK[:3]),
    *((f"{one}/{{{one}}}", "GET PUT DELETE") for one in BOOK[:3]),
    *((f"classes/{{classes}}/{one}", "GET") for one in ("lineItems", "results")),
    ("classes/{classes}/lineItems/{lineItems}/results", "GET"),
    ("classes/{classes}/students/{students}/results", "GET"),
]
SERVED = [
    *((base, one, "GET") for base in (lists.V12, lists.V11) for one in LISTS),
    *(("gradebook/v1p2", one, ways) for one, ways in MARKS),
    *((lists.V11, one, ways) for one, ways in MARKS_V11),
]
DECLINED = [
    *(
        f"{base}/{one}"
        for base in ("resources/v1p2", lists.V11)
        for one in ("resources", "resources/r", "classes/c/resources", "courses/c/resources")
    ),
    "resources/v1p2/users/u/resources",
    "gradebook/v1p2/assessmentLineItems",
    "gradebook/v1p2/assessmentLineItems/a",
    "gradebook/v1p2/assessmentResults/a",
]


def ask(method: str, base: str, address: str, bearer: str = "", **facts: Any) -> Any:
    return Client(enforce_csrf_checks=True, raise_request_exception=False).generic(
        method, "/".join(filter(None, ("/ims/oneroster", base, address))), json.dumps(facts) if facts else "", "application/json",
        headers={"Authorization": f"Bearer {bearer}"} if bearer else {},
    )  # fmt: skip


@pytest.fixture
def scene() -> Iterator[dict[str, Any]]:
    with time_machine.travel(NOW, tick=True):
        five = b.school("Школа № 5")
        a, six = b.group(five, "5А"), b.group(five, "6А")
        anna, oleg = b.person("Мальцева Анна Павловна"), b.person("Тиунов Олег Игоревич")
        b.admitted(anna, a)
        b.admitted(oleg, six)
        made: dict[str, Any] = {
            "five": five,
            "a": a,
            "six": six,
            "anna": anna,
            "oleg": oleg,
            "journal": Journal(five),
        }
        made["sender"] = made["journal"]
        made["token"] = journals_own(made, "roster.readonly", "roster-demographics.readonly")
        made["journal"].token = made["token"]
        yield made


def test_every_address_of_the_standard_is_served_or_declined_with_the_reason(scene: dict[str, Any]) -> None:
    five, a, anna = scene["five"], scene["a"], str(scene["anna"])
    scale = {"title": "Зачёт", "type": "pass", "class": {"sourcedId": str(a.pk)}, "scoreScaleValue": [{"itemValueLHS": "зач", "itemValueRHS": "1"}]}  # fmt: skip
    assert scene["journal"].put("scoreScales/s1", **scale).status_code == 201
    assert work(scene).status_code == result(scene).status_code == 201
    enrollment = read(ask("GET", lists.V12, "enrollments", scene["token"]))[0]["sourcedId"]
    ids = {
        "schools": five.pk, "orgs": five.pk, "classes": a.pk, "courses": f"{five.pk}.{a.programme_id}.5", "terms": "year-2025",
        "academicSessions": "year-2025", "gradingPeriods": "none", "teachers": anna, "enrollments": enrollment, "categories": "control-2.00",
        "lineItems": "w1", "results": "r1", "scoreScales": "s1", **dict.fromkeys(("students", "users", "demographics"), anna),
    }  # fmt: skip
    for base, pattern, ways in SERVED:
        address = pattern.format(**ids)
        for method in ways.split():
            refused(ask(method, base, address), 401, "unauthorisedrequest")
        refused(ask("PATCH", base, address, scene["token"]), 405, "invalid_data")
        answer = ask("GET", base, address, scene["token"])
        if "GET" not in ways:
            refused(answer, 405, "invalid_data")
            assert answer.headers["Allow"] == ways
        elif "{teachers}" in pattern or "{gradingPeriods}" in pattern:
            refused(answer, 404, "unknownobject")
        else:
            assert answer.status_code == 200, (address, answer.content)
    for address in DECLINED:
        answer = ask("GET", "", address, scene["token"])
        refused(answer, 404, "unknownobject")
        assert "Такого адреса" not in answer.content.decode(), address
    refused(ask("GET", "", "gradebook/v1p2/nothing", scene["token"]), 404, "unknownobject")


def test_1_1_writes_and_reads_the_gradebook_in_its_own_shapes(scene: dict[str, Any]) -> None:
    token, base, a, anna = scene["token"], lists.V11, str(scene["a"].pk), str(scene["anna"])
    home = "http://testserver/ims/oneroster/v1p1"
    said = {"title": "Контрольная работа", "metadata": {"weight": 3}}
    category = read_201(ask("PUT", base, "categories/k1", token, category=said))
    assert (category["metadata"], "weight" in category) == ({"weight": 3}, False)
    item = {
        "title": "Дроби", "class": {"sourcedId": a}, "category": {"sourcedId": "k1"}, "dueDate": "2025-10-10",
        "gradingPeriod": {"sourcedId": "year-2025"}, "metadata": {"subject": "Математика"},
    }  # fmt: skip
    told = read_201(ask("PUT", base, "lineItems/w1", token, lineItem=item))
    assert told["gradingPeriod"] == {"href": f"{home}/academicSessions/year-2025", "sourcedId": "year-2025", "type": "academicSession"}  # fmt: skip
    assert (told["category"]["href"], told["class"]["href"]) == (
        f"{home}/categories/k1",
        f"{home}/classes/{a}",
    )
    assert (told["resultValueMin"], told["resultValueMax"]) == (1, 5), "1.1 cannot do without bounds"
    assert not {"school", "academicSession"} & set(told)

    mark = {
        "lineItem": {"sourcedId": "w1"},
        "student": {"sourcedId": anna},
        "score": 4,
        "scoreDate": "2025-10-10",
    }
    got = read_201(ask("PUT", base, "results/r1", token, result=mark))
    assert (got["score"], got["lineItem"]["href"]) == (4, f"{home}/lineItems/w1")
    word = {**mark, "score": 0, "metadata": {"textScore": "осв"}}
    told = read_201(ask("PUT", base, "results/r2", token, result=word))
    assert (told["score"], told["scoreStatus"], told["metadata"]) == (0, "exempt", {"textScore": "осв"})
    assert set(Mark.objects.values_list("external_id", "value", "weight")) == {
        ("r1", "4", Decimal(3)),
        ("r2", "осв", Decimal(3)),
    }
    assert "class" not in got

    modern = read(ask("GET", "gradebook/v1p2", "results/r2", token))
    assert (modern["textScore"], "score" in modern) == ("осв", False), "the same mark in 1.2"
    for address in ("results", f"classes/{a}/results", f"classes/{a}/lineItems/w1/results", f"classes/{a}/students/{anna}/results"):  # fmt: skip
        assert [one["sourcedId"] for one in read(ask("GET", base, address, token))] == ["r1", "r2"]
    wanted = "results?filter=metadata.textScore%3D'осв'&fields=sourcedId,metadata"
    assert read(ask("GET", base, wanted, token)) == [{"sourcedId": "r2", "metadata": {"textScore": "осв"}}]
    heavy = "categories?filter=metadata.weight%3E'2'"
    assert [one["sourcedId"] for one in read(ask("GET", base, heavy, token))] == ["k1"]
    periods = "lineItems?filter=gradingPeriod.sourcedId%3D'year-2025'"
    assert [one["sourcedId"] for one in read(ask("GET", base, periods, token))] == ["w1"]
    refused(ask("GET", base, "lineItems?filter=school.sourcedId%3D'x'", token), 400, "invalid_filter_field")
    assert ask("DELETE", base, "results/r2", token).status_code == 204
    assert read(ask("GET", base, "results/r2", token))["status"] == "tobedeleted"
    not_graded = {**mark, "scoreStatus": "not submitted", "score": 0}
    assert ask("PUT", base, "results/r1", token, result=not_graded).status_code == 200
    assert read(ask("GET", base, "results/r1", token))["status"] == "tobedeleted"


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("results/r1", {"result": {"lineItem": {"sourcedId": "w1"}, "student": {"sourcedId": "x"}, "scoreDate": "2025-10-10"}}),
        ("results/r1", {"result": {"lineItem": {"sourcedId": "w1"}, "student": {"sourcedId": "x"}, "scoreDate": "2025-10-10", "score": 0, "textScore": "осв"}}),
        ("results/r1", {"result": {"lineItem": {"sourcedId": "w1"}, "student": {"sourcedId": "x"}, "scoreDate": "2025-10-10", "score": 0, "metadata": {"textScore": 5}}}),
        ("categories/k1", {"category": {"title": "Контрольная работа", "metadata": {"weight": "много"}}}),
        ("categories/k1", {"category": {"title": "Контрольная работа", "metadata": {"weight": 99}}}),
        ("categories/k1", {"category": {"title": "Контрольная работа", "weight": 2}}),
    ],
    ids=["no score", "a field of 1.2", "no word", "no number", "too heavy", "weight of 1.2"],
)  # fmt: skip
def test_what_1_1_does_not_know_is_refused_and_nothing_changes(
    scene: dict[str, Any], address: str, body: dict[str, Any]
) -> None:
    work(scene)
    with nothing_changes():
        refused(ask("PUT", lists.V11, address, scene["token"], **body), 400, "invalid_data")


def test_results_of_a_class_and_a_period_are_taken_whole_or_not_at_all(scene: dict[str, Any]) -> None:
    token, a, anna = scene["token"], scene["a"].pk, str(scene["anna"])
    work(scene)
    work(scene, "w2", title="Проценты")
    work(scene, "w6", **{"class": {"sourcedId": str(scene["six"].pk)}})
    address = f"classes/{a}/academicSessions/year-2025/results"

    def results(*items: str) -> dict[str, Any]:
        one = {"student": {"sourcedId": anna}, "score": 5, "scoreDate": "2025-10-10"}
        return {
            "results": [{**one, "sourcedId": f"r-{key}", "lineItem": {"sourcedId": key}} for key in items]
        }

    with nothing_changes():
        refused(ask("POST", "gradebook/v1p2", address, token, **results("w1", "w6")), 422, "unknownobject")
        other = f"classes/{a}/academicSessions/year-1999/results"
        refused(ask("POST", "gradebook/v1p2", other, token, **results("w1")), 404, "unknownobject")
        nobody = f"classes/{scene['anna']}/academicSessions/year-2025/results"
        refused(ask("POST", "gradebook/v1p2", nobody, token, **results("w1")), 404, "unknownobject")
        refused(ask("POST", "gradebook/v1p2", address, token, **results("w1", "w9")), 422, "unknownobject")
        reader = m.token_of(m.client(scene["five"], scopes=("gradebook.readonly",)))
        refused(ask("POST", "gradebook/v1p2", address, reader, **results("w1")), 403, "forbidden")
    answer = ask("POST", "gradebook/v1p2", address, token, **results("w1", "w2"))
    assert answer.status_code == 201, answer.content.decode()
    assert set(Mark.objects.values_list("external_id", "lesson_key")) == {("r-w1", "w1"), ("r-w2", "w2")}


def test_results_of_another_period_than_the_address_says_are_refused(scene: dict[str, Any]) -> None:
    actions.set_periods(
        actor=b.ROOT, school_year=2025, periods=[GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 10, 31), date(2025, 11, 5))]
    )  # fmt: skip
    period = f"period-{GradingPeriod.objects.get().pk}"
    work(scene, academicSession={"sourcedId": period})
    one = {"sourcedId": "r1", "lineItem": {"sourcedId": "w1"}, "student": {"sourcedId": str(scene["anna"])}, "score": 5, "scoreDate": "2025-10-10"}  # fmt: skip
    address = f"classes/{scene['a'].pk}/academicSessions/{{}}/results"
    with nothing_changes():
        answer = ask("POST", "gradebook/v1p2", address.format("year-2025"), scene["token"], results=[one])
        refused(answer, 422, "unknownobject")
        assert f"«{period}»" in answer.content.decode(), "the remedy names the period"
    answer = ask("POST", "gradebook/v1p2", address.format(period), scene["token"], results=[one])
    assert answer.status_code == 201, answer.content.decode()


def test_the_last_day_of_a_session_is_excluded(scene: dict[str, Any]) -> None:
    """The days of enrollments lie within those of their session; of both the end is the first day that no longer counts."""
    token = m.token_of(m.client(scene["five"], scopes=("roster.readonly",)))
    found = ask("GET", lists.V12, "academicSessions/year-2025", token).json()["academicSession"]
    assert (found["startDate"], found["endDate"]) == ("2025-09-01", "2026-09-01")
