"""The page of the change feed: how far it has come, who follows it and how, each to whom it may; nobody is named."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kontingent.access.machines import actions as machines
from kontingent.access.machines.models import ApiClient
from kontingent.access.roles import ROLES, Level
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.trajectory.feed import actions, rules
from kontingent.trajectory.feed.models import Follower, Horizon
from kontingent.trajectory.feed.permissions import FeedPermission
from tests import builders as b
from tests.api.machine import got, read
from tests.machines import clients as m

pytestmark = pytest.mark.django_db
FOLLOW = ("changes.read",)


def table(text: str) -> dict[str, list[str]]:
    """The lines of the subscribers' table: the cells behind each system's name."""
    (body,) = re.findall(r"Подписчики ленты</caption>.*?<tbody>(.*?)</tbody>", text, re.DOTALL)
    lines = [
        [re.sub(r"<[^>]+>", " ", cell).split() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]  # fmt: skip
    return {line[0][0]: [" ".join(cell) for cell in line[1:]] for line in lines}


def named(name: str, one: ApiClient) -> ApiClient:
    ApiClient.objects.filter(pk=one.pk).update(name=name)
    return one


def follow(one: ApiClient, cursor: str = "", **parameters: Any) -> None:
    assert got("changes", m.token_of(one), cursor=cursor, **parameters).status_code == 200


@pytest.fixture
def school() -> Any:
    """A school with three changes: its class was opened, two children admitted."""
    school = b.school()
    group = b.group(school, "5А")
    b.admitted(b.person("Мальцева Анна Павловна"), group)
    b.admitted(b.person("Тиунов Олег Ильич", born=date(2014, 3, 3)), group)
    return school


@pytest.mark.parametrize("role", ["ministry", "security"])
def test_whoever_watches_sees_head_kinds_and_subscribers_and_nobody_s_name(role: str, school: Any) -> None:
    follow(named("Журнал", m.client(school, scopes=FOLLOW)), limit=1)
    named("Питание", m.client(scopes=FOLLOW))
    named("Форма", m.client(scopes=("reports.read",)))
    answer = b.browser(b.appointed(role)).get("/feed/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert table(text) == {
        "Журнал": [
            "читает", "организация Школа № 5", "изменения", "1", "2", *[f"{clock.now().astimezone(clock.REGION_ZONE):%d.%m.%Y %H:%M}"] * 2,
        ],
        "Питание": ["не обращалась", "весь регион", "изменения", "–", "–", "–", "–"],
    }  # fmt: skip
    assert re.findall(r"<code>([a-z]+\.[a-z]+)</code></td><td class=\"num\">(\d+)", text) == [
        ("movement.recorded", "2"),
        ("group.opened", "1"),
    ]
    assert "Мальцева" not in text
    assert ("/machines/" in text) == (role == "security"), "only who may open a system is led to it"
    assert not Entry.objects.filter(request_id=answer.headers["X-Request-Id"]).exists()


def test_who_is_lost_silent_behind_abreast_or_shut_out_is_told_apart(school: Any) -> None:
    systems = {
        name: named(name, m.client(school, scopes=FOLLOW))
        for name in ("Забытая", "Молчащая", "Отставшая", "Прочла", "Закрытая", "Новая")
    }
    for one in systems.values():
        if one.name != "Новая":
            follow(one)
    now = clock.now()
    said: dict[str, dict[str, Any]] = {
        "Забытая": {"until": 0},
        "Молчащая": {"asked_at": now - timedelta(hours=24, minutes=5)},
        "Отставшая": {"until": 2},
    }
    for name, values in said.items():
        Follower.objects.filter(actor_code=f"client:{systems[name].id}").update(**values)
    Follower.objects.filter(actor_code=f"client:{systems['Новая'].id}").delete()
    Horizon.objects.update(forgotten=1)
    machines.suspend_client(actor=b.ROOT, client_id=systems["Закрытая"].client_id, reason="проверка")
    text = b.browser(b.appointed("ministry")).get("/feed/").content.decode()
    assert [(name, cells[0], cells[4]) for name, cells in table(text).items()] == [
        ("Забытая", "место потеряно", "3"),
        ("Молчащая", "молчит", "0"),
        ("Новая", "не обращалась", "–"),
        ("Отставшая", "читает", "1"),
        ("Прочла", "прочла всё", "0"),
        ("Закрытая", "доступ закрыт", "0"),
    ]
    assert "требуют внимания: 2" in text


@pytest.mark.parametrize(
    ("by", "first", "way"),
    [
        ("name", "Альфа", "ascending"), ("behind", "Гамма", "descending"), ("answered", "Бета", "ascending"),
        ("pace", "Бета", "ascending"), ("nonsense", "Бета", "ascending"),
    ],
)  # fmt: skip
def test_the_table_is_ordered_as_asked(by: str, first: str, way: str, school: Any) -> None:
    for name, until, hours in (("Альфа", 3, 1), ("Бета", 2, 40), ("Гамма", 1, 2)):
        one = named(name, m.client(school, scopes=FOLLOW))
        follow(one)
        Follower.objects.filter(actor_code=f"client:{one.id}").update(
            until=until, asked_at=clock.now() - timedelta(hours=hours)
        )
    text = b.browser(b.appointed("ministry")).get(f"/feed/?by={by}").content.decode()
    assert next(iter(table(text))) == first
    assert text.count("aria-sort") == 1
    assert f'aria-sort="{way}"' in text


def test_an_empty_feed_says_so() -> None:
    text = b.browser(b.appointed("ministry")).get("/feed/").content.decode()
    for part in ("Лента пуста", "Изменений не было", "Подписчиков нет"):
        assert part in text
    assert "aria-sort" not in text.partition("<tbody>")[2]


def test_what_waits_for_its_place_is_counted_and_older_changes_are_not(school: Any) -> None:
    ministry = b.appointed("ministry")
    text = b.browser(ministry).get("/feed/").content.decode()
    assert "Ждут номера</dt><dd>3</dd>" in text, "nobody has asked yet"
    with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
        actions.number()
        text = b.browser(ministry).get("/feed/").content.decode()
    assert "Последний номер</dt><dd>3</dd>" in text
    assert "Ждут номера</dt><dd>0</dd>" in text
    assert "Изменений не было" in text


def test_reading_the_page_costs_the_same_however_many_follow(school: Any) -> None:
    watching = b.browser(b.appointed("ministry"))

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert watching.get("/feed/").status_code == 200
        return len(asked)

    follow(m.client(school, scopes=FOLLOW))
    cost()
    before = cost()
    for _ in range(4):
        follow(m.client(school, scopes=FOLLOW))
    assert cost() == before


@pytest.mark.parametrize(
    "role", sorted(role.code for role in ROLES.values() if FeedPermission.WATCH.value not in role.permissions and role.level is not Level.OWN)
)  # fmt: skip
def test_nobody_else_sees_it_and_the_refusal_is_journaled(role: str, school: Any) -> None:
    follow(m.client(school, scopes=FOLLOW))
    at = school if ROLES[role].level in {Level.ORGANISATION, Level.GROUPS} else None
    where = school.municipality if ROLES[role].level is Level.MUNICIPALITY else None
    client = b.browser(b.appointed(role, at=at, where=where))
    before = (list(Follower.objects.values()), list(Horizon.objects.values()))
    answer = client.get("/feed/")
    assert answer.status_code == 403
    assert "/feed/" not in client.get("/").content.decode(), "nor is it in the menu"
    assert Entry.objects.filter(kind="audit.refused", request_id=answer.headers["X-Request-Id"]).count() == 1
    assert (list(Follower.objects.values()), list(Horizon.objects.values())) == before


def test_only_roles_of_the_region_watch() -> None:
    """The page shows systems of any reach: nobody of one municipality or school is to hold its permission."""
    held = {role.code for role in ROLES.values() if FeedPermission.WATCH.value in role.permissions}
    assert held == {"ministry", "security"}
    assert {ROLES[code].level for code in held} == {Level.REGION}


def test_the_page_writes_nothing(school: Any) -> None:
    one = m.client(school, scopes=FOLLOW)
    follow(one)
    before = (list(Follower.objects.values()), list(Horizon.objects.values()))
    watching = b.browser(b.appointed("ministry"))
    assert watching.get("/feed/").status_code == 200
    assert watching.post("/feed/").status_code == 405
    assert (list(Follower.objects.values()), list(Horizon.objects.values())) == before
    assert read(got("changes", m.token_of(one)))["items"], "nor is anything numbered or forgotten by looking"


def test_a_silence_as_long_as_the_threshold_is_none_yet() -> None:
    now, limit = clock.now(), timedelta(hours=24)

    def pace(until: int, ago: timedelta) -> str:
        return rules.pace_of(until, now - ago, forgotten=10, newest=20, now=now, silent_after=limit)

    assert [pace(until, timedelta(0)) for until in (9, 10, 19, 20, 21)] == [
        "lost", "behind", "behind", "abreast", "lost",
    ]  # fmt: skip
    assert (pace(20, limit), pace(20, limit + timedelta(seconds=1)), pace(9, 2 * limit)) == (
        "abreast",
        "silent",
        "lost",
    )
