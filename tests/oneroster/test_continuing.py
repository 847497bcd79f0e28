"""Pages by ``next``: how many there are is counted when a list begins and where it ends; nothing is skipped, told twice, or ended by an old number."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kontingent.api import continuing, gradebook
from kontingent.kernel import clock
from kontingent.performance.models import Mark
from kontingent.persons.models import Person
from tests.exchange.journals.journal import Sender
from tests.oneroster import test_rest as lists
from tests.oneroster.test_gradebook import autumn, got, journals_own, read, token, town
from tests.oneroster.test_rest import refused

__all__ = ["autumn", "town"]
pytestmark = [pytest.mark.django_db]


def links(answer: Any) -> dict[str, str]:
    """The pages beside a page: address by name."""
    found = re.findall(r'<http://testserver([^>]+)>; rel="(\w+)"', answer.headers["Link"])
    return {name: address for address, name in found}


def followed(address: str, bearer: str) -> Any:
    return Client().get(address, headers={"Authorization": f"Bearer {bearer}"})


def total(answer: Any) -> int:
    return int(answer.headers["X-Total-Count"])


def ids(answer: Any) -> list[str]:
    return [one["sourcedId"] for one in read(answer)]


def walked(answer: Any, bearer: str) -> tuple[list[str], list[int], list[int]]:
    """Every id by the links, and of each page but the first the total that it told and how many statements counted."""
    seen, totals, counts = ids(answer), [], []
    while address := links(answer).get("next"):
        with CaptureQueriesContext(connection) as asked:
            answer = followed(address, bearer)
        seen += ids(answer)
        totals.append(total(answer))
        counts.append(sum(bool(re.search(r"count\(", one["sql"], re.IGNORECASE)) for one in asked))
    return seen, totals, counts


def send(sender: Sender, who: Any, *names: str) -> None:
    day = {"version": 1, "date": "2025-10-08", "subject": "Математика", "value": "3", "learner": str(who)}
    sender.send([{"id": name, **day} for name in names], key=f"k-{'-'.join(names)}")


@pytest.mark.parametrize(
    "query",
    [
        {}, {"orderBy": "desc", "sort": "sourcedId"}, {"sort": "scoreDate", "orderBy": "desc"}, {"sort": "score"},
        {"filter": "status='active'"}, {"filter": "scoreDate<'2025-10-07' OR score='2'"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("whose", ["the journal's own", "the region's", "a school's"])
def test_results_by_links_are_the_list_and_only_its_ends_are_counted(
    town: dict[str, Any], query: dict[str, str], whose: str
) -> None:
    match whose:
        case "the journal's own":
            bearer = journals_own(town)
        case "the region's":
            bearer = token()
        case _:
            bearer = token(town["five"])
    everything = got("results", bearer, limit=1000, **query)
    for limit in (1, 3, 4):
        first = got("results", bearer, limit=limit, **query)
        seen, totals, counts = walked(first, bearer)
        assert seen == ids(everything), limit
        assert {total(first), *totals} == {total(everything)} == {len(seen)}
        assert counts[:-1] == [0] * (len(counts) - 1), "between its ends nobody counts"


@pytest.mark.parametrize(
    "query", [{}, {"sort": "familyName", "orderBy": "desc"}, {"filter": "status='active'"}]
)
def test_so_are_lists_of_people(town: dict[str, Any], query: dict[str, str]) -> None:
    bearer = lists.token()
    everything = lists.got("users", bearer, limit=1000, **query)
    seen, totals, counts = walked(lists.got("users", bearer, limit=1, **query), bearer)
    assert seen == ids(everything)
    assert set(totals) == {total(everything)} == {len(seen)}
    assert counts == [0] * (len(counts) - 1) + [1]


def test_what_comes_in_between_neither_repeats_nor_hides_a_result(town: dict[str, Any]) -> None:
    """By offset a mark that comes before shifts all behind it; by the link the page begins where the one before ended."""
    bearer = journals_own(town)
    first = got("results", bearer, limit=3)
    before, old = ids(got("results", bearer)), total(first)
    send(town["sender"], town["anna"], "a0", "a9")
    second = followed(links(first)["next"], bearer)
    assert ids(first) + ids(second) == before[:6]
    assert total(second) == old, "of when the list began"
    assert walked(second, bearer)[0] == before[3:]
    by_offset = got("results", bearer, limit=3, offset=3)
    assert total(by_offset) == old + 2, "whoever goes by offset is told anew"


def test_a_list_that_grows_at_its_end_is_read_to_the_end(town: dict[str, Any]) -> None:
    bearer = journals_own(town)
    first = got("results", bearer, limit=6)
    old = ids(got("results", bearer))
    assert len(old) == 11
    send(town["sender"], town["anna"], *(f"z{number}" for number in range(5)))
    second = followed(links(first)["next"], bearer)
    assert total(second) == 16, "by the old number it would be the last page, so it is counted"
    seen, totals, _ = walked(second, bearer)
    assert ids(first) + seen == [*old, *(f"z{number}" for number in range(5))]
    assert totals[-1] == 16


def test_a_list_that_shrinks_is_counted_where_a_page_is_not_full(town: dict[str, Any]) -> None:
    bearer = journals_own(town)
    first = got("results", bearer, limit=3)
    Mark.objects.exclude(external_id__in=["m1", "m2"]).delete()
    second = followed(links(first)["next"], bearer)
    rest = [one for one in ids(got("results", bearer)) if one > ids(first)[-1]]
    assert ids(second) == rest
    assert total(second) == total(got("results", bearer)) < total(first)
    assert "next" not in links(second)


def test_an_old_number_is_counted_anew(town: dict[str, Any]) -> None:
    bearer = journals_own(town)
    first = got("results", bearer, limit=1)
    send(town["sender"], town["anna"], "z1")
    with time_machine.travel(clock.now() + continuing.HELD - timedelta(minutes=1), tick=True):
        second = followed(links(first)["next"], bearer)
        assert (ids(second), total(second)) == (ids(got("results", bearer, limit=2))[1:], total(first))
    with time_machine.travel(clock.now() + continuing.HELD + timedelta(seconds=1), tick=True):
        third = followed(links(second)["next"], bearer)
        assert total(third) == total(first) + 1, "its age is that of the counting, not of the last link"


def test_what_is_carried_on_is_worth_something_to_its_reader_and_page_alone(town: dict[str, Any]) -> None:
    own, region = journals_own(town), token()
    good = parse_qs(urlsplit(links(got("results", own, limit=2))["next"]).query)[continuing.PARAMETER][0]
    plain = got("results", own, limit=2, offset=2)
    send(town["sender"], town["anna"], "z1")
    altered = good[:5] + ("A" if good[5] != "A" else "B") + good[6:]
    for said in ("", "x", "a:b", altered, "9" * 2000, good[:-1], "é"):
        told = got("results", own, limit=2, offset=2, continued=said)
        assert (ids(told), total(told)) == (ids(plain), total(plain) + 1), said
    for other in (
        {"limit": 2, "offset": 4}, {"limit": 3, "offset": 2}, {"limit": 2, "offset": 2, "sort": "score"},
        {"limit": 2, "offset": 2, "filter": "status='active'"}, {"limit": 2, "offset": 2, "sort": "sourcedId", "orderBy": "desc"},
    ):  # fmt: skip
        told, asked = got("results", own, continued=good, **other), got("results", own, **other)
        assert (ids(told), total(told)) == (ids(asked), total(asked)), other
    told, asked = (got("results", region, limit=2, offset=2, **one) for one in ({"continued": good}, {}))
    assert (ids(told), total(told)) == (ids(asked), total(asked)), "another reader"
    assert total(got("results", own, limit=2, offset=2, continued=good)) == total(plain), (
        "and to that one, it is"
    )
    answer = followed(f"/ims/oneroster/gradebook/v1p2/results?continued={good}&continued={good}", own)
    refused(answer, 400, "invalid_data")


def test_only_the_next_page_is_told_what_this_one_knows(town: dict[str, Any]) -> None:
    bearer = journals_own(town)
    second = followed(links(got("results", bearer, limit=2))["next"], bearer)
    for name, address in links(second).items():
        assert (continuing.PARAMETER in parse_qs(urlsplit(address).query)) == (name == "next"), name
    assert ids(followed(links(second)["prev"], bearer)) == ids(got("results", bearer, limit=2))
    assert links(got("results", bearer, limit=1000)).keys() == {"first", "last"}


def test_an_adult_no_more_in_the_lists_is_not_told_by_an_old_link(town: dict[str, Any]) -> None:
    """What a link carries is a number and a place: whom the reader may see is asked on every page."""
    bearer = token()
    first = got("results", bearer, limit=1)
    Person.objects.filter(pk=town["anna"]).update(status_code="2")
    seen, _, _ = walked(followed(links(first)["next"], bearer), bearer)
    assert seen == [one for one in ids(got("results", bearer)) if one not in ids(first)]
    assert str(town["anna"]) not in followed(links(first)["next"], bearer).content.decode()


def test_journals_follow_one_another_by_links_too(town: dict[str, Any]) -> None:
    last = Sender(town["seven"], code="epos-2")  # «-» comes before «~»
    Sender(town["seven"], code="empty")
    send(last, town["stranger"], *(f"m{number}" for number in range(4)))
    bearer = token()
    for query in ({}, {"sort": "sourcedId", "orderBy": "desc"}):
        expected = ids(got("results", bearer, limit=1000, **query))
        assert {one.partition("~")[0] for one in expected} == {"epos", "epos-2", "other"}
        for limit in (1, 2, 5):
            seen, totals, _ = walked(got("results", bearer, limit=limit, **query), bearer)
            assert seen == expected, (query, limit)
            assert set(totals) == {len(expected)}


def test_lessons_and_absences_go_by_links_too(town: dict[str, Any]) -> None:
    day = {"version": 1, "date": "2025-10-06", "subject": "Математика", "class": str(town["a"].pk)}
    town["sender"].send(
        [{"id": f"L{number}", **day, "number": number} for number in range(2, 6)],
        key="more",
        records="lessons",
    )
    bearer = journals_own(town)
    everything = got("lessons", bearer, gradebook.EXTENSION)
    seen, totals, counts = walked(got("lessons", bearer, gradebook.EXTENSION, limit=1), bearer)
    assert seen == ids(everything)
    assert set(totals) == {len(seen)}
    assert counts == [0] * (len(counts) - 1) + [1]
