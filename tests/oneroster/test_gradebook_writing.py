"""What a journal may count on when it writes works and marks by OneRoster, and what is refused without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from kontingent.api import gradebook as door
from kontingent.audit.models import Entry
from kontingent.exchange.journals.models import JournalBatch, RefusedRow
from kontingent.exchange.oneroster import checking, works, writing
from kontingent.exchange.oneroster.model import Edition
from kontingent.exchange.oneroster.models import Category, LineItem, ScoreScale
from kontingent.performance import actions
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.models import FormerRecord, LateCorrection, Mark, PeriodMark
from tests import builders as b
from tests.exchange.journals.journal import Sender, mark
from tests.machines import clients as m
from tests.oneroster.test_gradebook import BASE, got, read
from tests.oneroster.test_rest import refused

pytestmark = [pytest.mark.django_db(transaction=True)]
NOW = "2025-10-20T09:00:00+05:00"
WRITES = (
    "gradebook.createput",
    "gradebook.createpost",
    "gradebook.delete",
    "gradebook.readonly",
    "journals.write",
)
TABLES = (
    Category,
    LineItem,
    ScoreScale,
    Mark,
    PeriodMark,
    FormerRecord,
    LateCorrection,
    JournalBatch,
    RefusedRow,
)


class Journal(Sender):
    """A journal that writes by OneRoster."""

    def __init__(self, at: Any, *, code: str = "epos") -> None:
        super().__init__(at, code=code)
        self.client.scopes = list(WRITES)
        self.client.save(update_fields=["scopes"])
        self.token = m.token_of(self.client)

    def ask(self, method: str, address: str, content: Any = None, bearer: str | None = None) -> Any:
        """Send a body, as it is where it is bytes."""
        raw = (
            content
            if isinstance(content, bytes)
            else b""
            if content is None
            else json.dumps(content).encode()
        )
        return Client(enforce_csrf_checks=True, raise_request_exception=False).generic(
            method, f"{BASE[door.GRADEBOOK]}/{address}", raw, "application/json",
            headers={"Authorization": f"Bearer {self.token if bearer is None else bearer}"},
        )  # fmt: skip

    def put(self, address: str, **facts: Any) -> Any:
        """Send an object under the name that the standard gives it."""
        name = {
            "categories": "category",
            "lineItems": "lineItem",
            "results": "result",
            "scoreScales": "scoreScale",
        }
        return self.ask("PUT", address, {name[address.split("/")[0]]: facts})

    def delete(self, address: str) -> Any:
        """Take an object back."""
        return self.ask("DELETE", address)


@pytest.fixture(autouse=True)
def autumn() -> Any:
    with time_machine.travel(NOW, tick=True):
        yield


@pytest.fixture
def scene() -> dict[str, Any]:
    five, seven = b.school("Школа № 5"), b.school("Школа № 7")
    a, six, other = b.group(five, "5А"), b.group(five, "6А"), b.group(seven, "5Б")
    anna, oleg, stranger = (
        b.person("Мальцева Анна Павловна"),
        b.person("Тиунов Олег Игоревич"),
        b.person("Зырянов Иван Ильич"),
    )
    for child, seat in ((anna, a), (oleg, six), (stranger, other)):
        b.admitted(child, seat)
    return {
        "five": five,
        "a": a,
        "six": six,
        "other": other,
        "anna": anna,
        "oleg": oleg,
        "stranger": stranger,
        "journal": Journal(five),
    }


def work(scene: dict[str, Any], key: str = "w1", **more: Any) -> Any:
    journal: Journal = scene["journal"]
    usual = {
        "title": "Дроби", "class": {"sourcedId": str(scene["a"].pk)}, "category": {"sourcedId": "control-2.00"}, "dueDate": "2025-10-10",
        "metadata": {"subject": "Математика"},
    }  # fmt: skip
    return journal.put(f"lineItems/{key}", **(usual | more))


def result(scene: dict[str, Any], key: str = "r1", **more: Any) -> Any:
    journal: Journal = scene["journal"]
    usual = {
        "lineItem": {"sourcedId": "w1"}, "student": {"sourcedId": str(scene["anna"])}, "scoreStatus": "fully graded", "score": 4,
        "scoreDate": "2025-10-10",
    }  # fmt: skip
    return journal.put(f"results/{key}", **(usual | more))


def everything() -> list[Any]:
    """All that a journal can change."""
    return [list(one._default_manager.order_by("pk").values()) for one in TABLES] + [
        Entry.objects.filter(kind="oneroster.gradebook_written").count()
    ]


@contextmanager
def nothing_changes() -> Iterator[None]:
    before = everything()
    yield
    assert everything() == before


def test_a_journal_declares_a_work_and_gives_marks_for_it(scene: dict[str, Any]) -> None:
    journal = scene["journal"]
    assert journal.put("categories/k1", title="Контрольная работа", weight=3).status_code == 201
    made = work(scene, category={"sourcedId": "k1"}, assignDate="2025-10-06T08:00:00.000Z", description="§ 5")
    assert made.status_code == 201
    item = read_201(made)
    assert (item["assignDate"], item["dueDate"], item["school"]["sourcedId"], item["academicSession"]["sourcedId"], item["metadata"]) == (
        "2025-10-06", "2025-10-10", str(scene["five"].pk), "year-2025", {"subject": "s09"},
    )  # fmt: skip
    told = read_201(result(scene, comment="молодец"))
    assert (told["score"], told["lineItem"]["sourcedId"], told["class"]["sourcedId"], told["comment"]) == (
        4, "w1", str(scene["a"].pk), "молодец",
    )  # fmt: skip
    stands = Mark.objects.get()
    assert (stands.external_id, stands.lesson_key, stands.work_code, stands.weight, stands.subject_code, stands.value, stands.group_id) == (
        "r1", "w1", "control", Decimal(3), "s09", "4", scene["a"].pk,
    )  # fmt: skip
    of_item = f"classes/{scene['a'].pk}/lineItems/w1/results"
    assert [one["sourcedId"] for one in read(got(of_item, journal.token))] == ["r1"]
    assert {one["sourcedId"] for one in read(got(f"classes/{scene['a'].pk}/categories", journal.token))} == {
        "k1"
    }
    entry = Entry.objects.filter(kind="oneroster.gradebook_written").order_by("pk").last()
    assert entry is not None
    assert (entry.subjects, entry.data["what"], entry.data["outcome"]) == (
        [scene["anna"]],
        "result",
        "created",
    )


@pytest.mark.parametrize("edition", list(Edition))
def test_a_set_tells_declared_works_as_they_were_declared(scene: dict[str, Any], edition: Edition) -> None:
    journal = scene["journal"]
    journal.put("categories/k1", title="Контрольная работа", weight=3)
    work(
        scene,
        category={"sourcedId": "k1"},
        assignDate="2025-10-06",
        description="§ 5",
        resultValueMin=0,
        resultValueMax=100,
    )
    closing: dict[str, Any] = {
        "category": {"sourcedId": "final-period"},
        "metadata": {"subject": "s09", "periodCode": "1"},
    }
    work(scene, "q1", title="1 четверть", **closing)
    result(scene, score=87)
    result(scene, "f1", lineItem={"sourcedId": "q1"}, score=5)
    packed = writing.pack(works.whole(b.ROOT, journal.journal, on=date(2025, 10, 20), edition=edition))
    read_back = checking.check(packed)
    assert [str(one) for one in read_back.defects] == []
    assert read_back.content is not None
    items = {row["sourcedId"]: row for row in read_back.content.rows["lineItems"]}
    assert set(items) == {"w1", "q1"}
    told = items["w1"]
    assert (told["title"], told["description"], told["assignDate"], told["categorySourcedId"], told["resultValueMax"]) == (
        "Дроби", "§ 5", "2025-10-06", "k1", "100",
    )  # fmt: skip
    assert {row["sourcedId"]: row["lineItemSourcedId"] for row in read_back.content.rows["results"]} == {
        "r1": "w1",
        "f1": "q1",
    }


def read_201(answer: Any) -> Any:
    assert answer.status_code == 201, answer.content.decode()
    (content,) = json.loads(answer.content).values()
    return content


@pytest.mark.parametrize(
    "when", [{}, {"dateLastModified": "2025-10-19T08:00:00Z"}], ids=["timeless", "dated"]
)
def test_the_same_again_changes_nothing(scene: dict[str, Any], when: dict[str, str]) -> None:
    def sent() -> list[int]:
        answers = (
            scene["journal"].put("categories/k1", title="Проект", **when),
            work(scene, **when),
            result(scene, **when),
        )
        return [one.status_code for one in answers]

    assert sent() == [201, 201, 201]
    with nothing_of_marks_changes():
        assert sent() == [200, 200, 200]
        assert sent() == [200, 200, 200]
    assert Entry.objects.filter(kind="oneroster.gradebook_written").count() == 3
    assert scene["journal"].delete("results/r1").status_code == 204
    assert result(scene).status_code == 200
    assert Mark.objects.get().withdrawn_at is None, "it comes back"


@contextmanager
def nothing_of_marks_changes() -> Iterator[None]:
    before = [list(one._default_manager.order_by("pk").values()) for one in TABLES[:7]]
    yield
    assert [list(one._default_manager.order_by("pk").values()) for one in TABLES[:7]] == before


def test_an_older_state_and_another_content_of_the_same_moment_are_refused(scene: dict[str, Any]) -> None:
    journal = scene["journal"]
    new, old = {"dateLastModified": "2025-10-15T08:00:00Z"}, {"dateLastModified": "2025-10-14T08:00:00Z"}
    journal.put("categories/k1", title="Проект", **new)
    work(scene, **new)
    result(scene, **new)
    with nothing_changes():
        for more in (old, new):
            refused(journal.put("categories/k1", title="Тест", **more), 409, "invalid_data")
            refused(work(scene, title="Иное", **more), 409, "invalid_data")
            refused(result(scene, score=2, **more), 409, "invalid_data")
    # What was read may be sent back changed: the moment read is that of the state it changes.
    told = read(got("results/r1", journal.token))
    assert result(scene, score=5, dateLastModified=told["dateLastModified"]).status_code == 200
    refused(result(scene, score=3, dateLastModified=told["dateLastModified"]), 409, "invalid_data")
    assert Mark.objects.get().value == "5"
    assert FormerRecord.objects.count() == 1
    # A clock that runs ahead does not lock the mark.
    assert result(scene, score=3, dateLastModified="2031-01-01T00:00:00Z").status_code == 200
    assert (
        result(
            scene, score=2, dateLastModified=read(got("results/r1", journal.token))["dateLastModified"]
        ).status_code
        == 200
    )


def test_marks_of_every_sort_and_what_is_not_graded(scene: dict[str, Any]) -> None:
    work(scene)
    work(scene, "w100", resultValueMin=0, resultValueMax=100)
    hundred = {"lineItem": {"sourcedId": "w100"}}
    assert read_201(result(scene, "h", **hundred, score=87.0))["score"] == 87
    for key, facts in {
        "e": {"scoreStatus": "exempt", "score": None}, "p": {"textScore": "зачёт", "score": None}, "n": {"textScore": "н/а", "score": None},
    }.items():  # fmt: skip
        assert result(scene, key, **facts).status_code == 201
    values = dict(Mark.objects.values_list("external_id", "value"))
    assert values == {"h": "87", "e": "осв", "p": "зач", "n": "н/а"}
    assert result(scene, "e", scoreStatus="submitted", score=None).status_code == 200
    assert Mark.objects.get(external_id="e").withdrawn_at is not None
    assert read(got("results/e", scene["journal"].token))["status"] == "tobedeleted"


def test_a_final_mark_is_the_result_of_what_it_closes(scene: dict[str, Any]) -> None:
    closing = {
        "category": {"sourcedId": "final-period"},
        "metadata": {"subject": "s09", "periodCode": "1"},
        "title": "1 четверть",
    }
    assert work(scene, "q1", **closing).status_code == 201
    assert (
        read_201(result(scene, "f1", lineItem={"sourcedId": "q1"}, score=5))["lineItem"]["sourcedId"] == "q1"
    )
    stands = PeriodMark.objects.get()
    assert (stands.kind, stands.period_code, stands.value) == ("period", "1", "5")
    with nothing_changes():
        refused(work(scene, "q2", **closing), 409, "invalid_data")
        work_of = {**closing, "metadata": {"subject": "s09"}}
        refused(
            work(
                scene,
                "q3",
                **work_of
                | {"metadata": {"subject": "s09", "periodCode": "99"}, "academicSession": {"sourcedId": "x"}},
            ),
            422,
            "unknownobject",
        )
    assert (
        read_201(
            work(
                scene,
                "y",
                **{**closing, "category": {"sourcedId": "final-year"}, "metadata": {"subject": "s09"}},
            )
        )["metadata"]["periodCode"]
        == "20"
    )
    work(scene)
    with nothing_changes():
        refused(result(scene, "f1"), 409, "invalid_data")  # a current mark under the id of a final one
        refused(scene["journal"].delete("lineItems/q1"), 409, "invalid_data")
    assert scene["journal"].delete("results/f1").status_code == 204
    assert PeriodMark.objects.get().withdrawn_at is not None


def test_a_closed_period_is_for_a_human(scene: dict[str, Any]) -> None:
    work(scene, dueDate="2025-09-10")
    assert result(scene, "r0", scoreDate="2025-09-10", score=3).status_code == 201
    actions.set_periods(
        actor=b.ROOT, school_year=2025, periods=[GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 9, 30), date(2025, 10, 5))]
    )  # fmt: skip
    for _ in range(2):
        answer = result(scene, "r1", scoreDate="2025-09-10")
        assert answer.status_code == 202, answer.content.decode()
        told = json.loads(answer.content)
        assert told["imsx_codeMajor"] == "processing"
        assert "решения" in told["imsx_description"]
    assert (LateCorrection.objects.count(), Mark.objects.filter(external_id="r1").count()) == (1, 0)
    assert scene["journal"].delete("results/r0").status_code == 202
    assert Mark.objects.get().withdrawn_at is None
    for late in LateCorrection.objects.all():
        actions.decide_late(actor=b.ROOT, correction_id=late.id, accept=True, reason="Приказ № 1")
    assert read(got("results/r1", scene["journal"].token))["score"] == 4
    assert read(got("results/r0", scene["journal"].token))["status"] == "tobedeleted"
    with nothing_changes():
        wrong = result(scene, "r2", scoreDate="2025-09-10", student={"sourcedId": str(scene["oleg"])})
        refused(wrong, 422, "invalid_data")  # not of the class: no matter that a human would decide


REFUSED_RESULTS: list[tuple[dict[str, Any], int, str]] = [
    ({"lineItem": {"sourcedId": "none"}}, 422, "unknownobject"),
    ({"lineItem": {"sourcedId": "w" + "0" * 56}}, 422, "unknownobject"),
    ({"student": {"sourcedId": "018f0000-0000-7000-8000-000000000000"}}, 422, "unknownobject"),
    ({"student": {"sourcedId": "own-key"}}, 422, "unknownobject"),
    ({"class": {"sourcedId": "x"}}, 422, "unknownobject"),
    ({"score": 6}, 422, "invalid_data"),
    ({"score": 4.5}, 422, "invalid_data"),
    ({"score": None, "textScore": "отлично"}, 422, "invalid_data"),
    ({"scoreDate": "2025-10-21"}, 422, "invalid_data"),
    ({"scoreDate": "2025-08-31"}, 422, "invalid_data"),
    ({"scoreDate": "10.10.2025"}, 400, "invalid_data"),
    ({"scoreStatus": "done"}, 400, "invalid_data"),
    ({"dateLastModified": "вчера"}, 400, "invalid_data"),
    ({"dateLastModified": "2025-10-10T08:00:00"}, 400, "invalid_data"),
    ({"sourcedId": "r2"}, 400, "invalid_data"),
    ({"snils": "1"}, 400, "invalid_data"),
    ({"student": None}, 400, "invalid_data"),
    ({"comment": "x" * 501}, 400, "invalid_data"),
    ({"comment": "\x00"}, 400, "invalid_data"),
]


def test_what_cannot_be_a_result_is_refused_and_nothing_changes(scene: dict[str, Any]) -> None:
    journal = scene["journal"]
    work(scene)
    with nothing_changes():
        for more, status, minor in REFUSED_RESULTS:
            refused(result(scene, **more), status, minor)
        for child in ("oleg", "stranger"):
            assert result(scene, student={"sourcedId": str(scene[child])}).status_code == 422
        for raw in (
            b"",
            b"[]",
            b"{",
            b'{"results": {}}',
            b'{"result": [1]}',
            b'{"result": {}, "x": 1}',
            b"\xff" * 9,
            b"[" * 100_000,
            b"x" * 3_000_000,
        ):
            refused(journal.ask("PUT", "results/r1", raw), 400, "invalid_data")
        refused(journal.ask("PUT", "results/r1?limit=1", {"result": {}}), 400, "invalid_data")
        refused(journal.ask("PUT", "results/%20", {"result": {}}), 400, "invalid_data")
        refused(result(scene, "final~r1"), 400, "invalid_data")
        refused(journal.delete("results/none"), 404, "unknownobject")
        refused(journal.delete("results/%00"), 404, "unknownobject")
        refused(journal.ask("POST", "results/r1"), 405, "invalid_data")
    assert journal.ask("POST", "results/r1").headers["Allow"] == "GET, PUT, DELETE"


REFUSED_WORKS: list[tuple[dict[str, Any], int, str]] = [
    ({"class": {"sourcedId": "x"}}, 422, "unknownobject"),
    ({"category": {"sourcedId": "none"}}, 422, "unknownobject"),
    ({"category": {"sourcedId": "control-99.00"}}, 422, "unknownobject"),
    ({"school": {"sourcedId": "x"}}, 422, "unknownobject"),
    ({"academicSession": {"sourcedId": "year-1999"}}, 422, "unknownobject"),
    ({"scoreScale": {"sourcedId": "none"}}, 422, "unknownobject"),
    ({"metadata": {"subject": "Колдовство"}}, 422, "unknownobject"),
    ({"metadata": None}, 422, "unknownobject"),
    ({"resultValueMax": 10}, 422, "invalid_data"),
    ({"resultValueMin": 5, "resultValueMax": 5}, 422, "invalid_data"),
    ({"dueDate": "2025-09-01", "assignDate": "2025-09-02"}, 400, "invalid_data"),
    ({"title": ""}, 400, "invalid_data"),
]


def test_what_cannot_be_a_work_is_refused_and_nothing_changes(scene: dict[str, Any]) -> None:
    with nothing_changes():
        for more, status, minor in REFUSED_WORKS:
            refused(work(scene, **more), status, minor)
        theirs: dict[str, Any] = {"class": {"sourcedId": str(scene["other"].pk)}}
        refused(work(scene, **theirs), 422, "unknownobject")
        refused(scene["journal"].put("categories/k", title="Проект", weight=11), 400, "invalid_data")


def test_what_stands_on_a_work_keeps_it_as_it_is(scene: dict[str, Any]) -> None:
    journal = scene["journal"]
    scale = {"title": "Зачёт", "type": "pass", "class": {"sourcedId": str(scene["a"].pk)}, "scoreScaleValue": [{"itemValueLHS": "зач", "itemValueRHS": "1"}]}  # fmt: skip
    assert read_201(journal.put("scoreScales/s1", **scale))["scoreScaleValue"] == scale["scoreScaleValue"]
    journal.put("categories/k1", title="Проект")
    kept: dict[str, Any] = {"category": {"sourcedId": "k1"}, "scoreScale": {"sourcedId": "s1"}}
    assert read_201(work(scene, **kept))["scoreScale"]["sourcedId"] == "s1"
    result(scene)
    with nothing_changes():
        others: tuple[dict[str, Any], ...] = (
            {"class": {"sourcedId": str(scene["six"].pk)}},
            {"metadata": {"subject": "Физика"}},
            {"resultValueMax": 100},
        )
        for more in others:
            refused(work(scene, **kept | more), 409, "invalid_data")
        for used in ("lineItems/w1", "categories/k1", "scoreScales/s1"):
            refused(journal.delete(used), 409, "invalid_data")
        refused(journal.put("categories/k1", title="Годовая"), 409, "invalid_data")
    assert work(scene, title="Дроби, часть 2", **kept).status_code == 200
    for address in ("results/r1", "lineItems/w1", "categories/k1", "scoreScales/s1"):
        for _ in range(2):
            assert journal.delete(address).status_code == 204
        assert read(got(address, journal.token))["status"] == "tobedeleted"
    refused(result(scene, "r2"), 422, "unknownobject")
    refused(work(scene, "w2", **kept), 422, "unknownobject")
    assert work(scene, category={"sourcedId": "control-2.00"}).status_code == 200, (
        "a work that was deleted may be declared again"
    )


def test_marks_that_came_otherwise_may_be_changed_but_not_the_works_gathered_from_them(
    scene: dict[str, Any],
) -> None:
    journal = scene["journal"]
    journal.send([mark(1, scene["anna"], work="control", lesson="L1")])
    gathered = read(got("results/m1", journal.token))["lineItem"]["sourcedId"]
    category = read(got(f"lineItems/{gathered}", journal.token))["category"]["sourcedId"]
    with nothing_changes():
        refused(journal.delete(f"lineItems/{gathered}"), 409, "invalid_data")
        refused(journal.delete(f"categories/{category}"), 409, "invalid_data")
        refused(work(scene, gathered), 409, "invalid_data")
        refused(result(scene, "r9", lineItem={"sourcedId": gathered}), 422, "unknownobject")
    work(scene, "L1")
    assert read(got("results/m1", journal.token))["lineItem"]["sourcedId"] == "L1", (
        "now it is known what the mark is for"
    )
    assert result(scene, "m1", lineItem={"sourcedId": "L1"}, score=3).status_code == 200
    assert Mark.objects.get().value == "3"
    assert journal.delete("results/m1").status_code == 204
    told = works.whole(b.ROOT, journal.journal, on=date(2025, 10, 20))
    assert "results" not in told.rows


def test_only_a_journal_writes_and_only_with_the_scope_for_it(scene: dict[str, Any]) -> None:
    journal = scene["journal"]
    work(scene)
    result(scene)
    nobody = m.token_of(m.client(scene["five"], scopes=WRITES))
    reader = m.token_of(m.client(scene["five"], scopes=("gradebook.readonly",)))
    body = {"category": {"title": "Проект"}}
    with nothing_changes():
        for bearer in (nobody, reader):
            refused(journal.ask("PUT", "categories/k1", body, bearer), 403, "forbidden")
            refused(journal.ask("DELETE", "results/r1", None, bearer), 403, "forbidden")
        refused(journal.ask("PUT", "categories/k1", body, ""), 401, "unauthorisedrequest")
        narrow = m.token_of(journal.client, "gradebook.createput")
        refused(journal.ask("DELETE", "results/r1", None, narrow), 403, "forbidden")
    other = Journal(scene["five"], code="other")
    refused(other.delete("results/r1"), 404, "unknownobject")
    refused(got("results/r1", other.token), 404, "unknownobject")
    assert other.put("categories/k1", title="Проект").status_code == 201
    assert Mark.objects.get().withdrawn_at is None


def test_lists_are_taken_whole_or_not_at_all(scene: dict[str, Any]) -> None:
    journal = scene["journal"]
    of_class = {
        "class": {"sourcedId": str(scene["a"].pk)},
        "category": {"sourcedId": "control-2.00"},
        "dueDate": "2025-10-10",
        "metadata": {"subject": "s09"},
    }
    items = [{"sourcedId": f"w{number}", "title": f"Работа {number}", **of_class} for number in range(1, 4)]
    address = f"classes/{scene['a'].pk}/lineItems"
    for _ in range(2):
        answer = journal.ask("POST", address, {"lineItems": items})
        assert answer.status_code == 201, answer.content.decode()
    assert json.loads(answer.content)["sourcedIdPairs"][2] == {
        "suppliedSourcedId": "w3",
        "allocatedSourcedId": "w3",
    }
    assert (
        journal.ask("POST", f"schools/{scene['five'].pk}/lineItems", {"lineItems": items[:1]}).status_code
        == 201
    )
    assert LineItem.objects.count() == 3

    of_work = {
        "lineItem": {"sourcedId": "w1"},
        "student": {"sourcedId": str(scene["anna"])},
        "scoreDate": "2025-10-10",
        "score": 4,
    }
    good = {"sourcedId": "r1", **of_work}
    with nothing_changes():
        wrong = journal.ask(
            "POST", "lineItems/w1/results", {"results": [good, {**good, "sourcedId": "r2", "score": 6}]}
        )
        refused(wrong, 422, "invalid_data")
        assert "results[1]: " in wrong.content.decode()
        for results, status, minor in (
            ([{**good, "lineItem": {"sourcedId": "w2"}}], 422, "unknownobject"), ([good, good], 400, "invalid_data"),
            ([of_work], 400, "invalid_data"), ([], 400, "invalid_data"), ({}, 400, "invalid_data"), ([good] * 101, 400, "invalid_data"),
        ):  # fmt: skip
            refused(journal.ask("POST", "lineItems/w1/results", {"results": results}), status, minor)
        for odd in (
            b"1e999",
            b"9" * 5000,
            b'"\xff"',
            b'{"sourcedId": "r1", "metadata": {"x": 1e999}}',
            b"[" * 5000,
        ):
            body = b'{"results": [' + odd + b"]}"
            refused(journal.ask("POST", "lineItems/w1/results", body), 400, "invalid_data")
        refused(journal.ask("POST", "lineItems/none/results", {"results": [good]}), 404, "unknownobject")
        refused(
            journal.ask("POST", f"classes/{scene['six'].pk}/lineItems", {"lineItems": items}),
            422,
            "unknownobject",
        )
        refused(
            journal.ask("POST", f"classes/{scene['other'].pk}/lineItems", {"lineItems": items}),
            404,
            "unknownobject",
        )
        narrow = m.token_of(journal.client, "gradebook.createput")
        refused(journal.ask("POST", "lineItems/w1/results", {"results": [good]}, narrow), 403, "forbidden")
    assert journal.ask("POST", "lineItems/w1/results", {"results": [good]}).status_code == 201
    assert [one["sourcedId"] for one in read(got("lineItems/w1/results", journal.token))] == ["r1"]
