"""Where a journal may be asked, which page comes next, how long to wait, and what of an object is a row."""

from __future__ import annotations

import ipaddress
from typing import Any

import httpx
import pytest

from kontingent.exchange.oneroster import model
from kontingent.exchange.oneroster.consuming import rules
from kontingent.exchange.oneroster.consuming.client import Client, Credentials
from kontingent.exchange.oneroster.consuming.objects import NoRow, row_of
from kontingent.exchange.oneroster.model import Edition
from kontingent.kernel.errors import InvalidValue, Unavailable

PAGE = "https://j.example/ims/results?limit=100&offset=0"
BASE = "https://j.example"


@pytest.mark.parametrize(
    "address",
    [
        "", "j.example", "ftp://j.example", "file:///etc/passwd", "https://", "https://user:pass@j.example", "https://j.example:99999",
        "https://j.exa mple", "https://j.example\n.evil", "https://[::1", "https://j_example", "gopher://j.example/_",
    ],
)  # fmt: skip
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(InvalidValue) as told:
        rules.origin_of(address)
    assert told.value.code == "oneroster.address"


def test_an_address_is_https_unless_the_host_is_one_s_own() -> None:
    assert rules.read_base("https://J.Example:443/api/", ()) == "https://j.example/api"
    with pytest.raises(InvalidValue, match="без шифрования"):
        rules.read_base("http://j.example", ("other.example",))
    assert rules.read_base("http://j.local:8080", ("j.local",)) == "http://j.local:8080"
    assert rules.read_base("http://j.local:8080", ("j.local:8080",)) == "http://j.local:8080"
    with pytest.raises(InvalidValue):
        rules.read_base("http://j.local:8081", ("j.local:8080",))
    with pytest.raises(InvalidValue):
        rules.read_base("https://j.example/?x=1", ())


@pytest.mark.parametrize(
    ("address", "is_asked", "if_own"),
    [
        ("8.8.8.8", True, True), ("2a00:1450:4010:c02::8b", True, True), ("127.0.0.1", False, True), ("::1", False, True),
        ("10.1.2.3", False, True), ("192.168.0.5", False, True), ("fd00::1", False, True), ("100.64.0.1", False, True),
        ("169.254.169.254", False, False), ("fe80::1%eth0", False, False), (str(ipaddress.IPv4Address(0)), False, False), ("::", False, False),
        ("224.0.0.1", False, False), ("::ffff:169.254.169.254", False, False), ("::ffff:10.0.0.1", False, True),
        ("255.255.255.255", False, False), ("nonsense", False, False),
    ],
)  # fmt: skip
def test_private_networks_are_asked_only_where_the_administrator_named_the_host(
    address: str, is_asked: bool, if_own: bool
) -> None:
    origin = rules.origin_of(BASE)
    assert rules.may_be_asked(origin, address, ()) is is_asked
    assert rules.may_be_asked(origin, address, ("j.example",)) is if_own


def test_a_secret_goes_only_where_its_file_says() -> None:
    here, there = rules.origin_of(BASE), rules.origin_of("https://auth.example:8443/token")
    assert rules.read_secret("https://j.example hush\n", [here]) == "hush"
    assert rules.read_secret("https://j.example https://auth.example:8443 hush", [here, there]) == "hush"
    for text in ("hush", "", "https://other.example hush", "https://j.example:444 hush"):
        with pytest.raises(InvalidValue) as told:
            rules.read_secret(text, [here])
        assert "hush" not in told.value.message
    with pytest.raises(InvalidValue, match=r"auth\.example"):
        rules.read_secret("https://j.example hush", [here, there])


@pytest.mark.parametrize(
    ("headers", "got", "told"),
    [
        ({"link": '<https://j.example/ims/results?offset=100>; rel="next"'}, 100, "https://j.example/ims/results?offset=100"),
        ({"link": "</ims/results?offset=100>; rel=next"}, 100, "https://j.example/ims/results?offset=100"),
        ({"link": '<?offset=7>;rel="next", <?offset=9>; rel="last"'}, 100, "https://j.example/ims/results?offset=7"),
        ({"link": '<?offset=0>; rel="first", <?offset=9>; rel="last"', "x-total-count": "900"}, 100, None),
        ({"x-total-count": "101"}, 100, "https://j.example/ims/results?limit=100&offset=100"),
        ({"x-total-count": "100"}, 100, None),
        ({"x-total-count": "many"}, 100, "https://j.example/ims/results?limit=100&offset=100"),
        ({}, 100, "https://j.example/ims/results?limit=100&offset=100"),
        ({}, 99, None),
        ({"x-total-count": "500"}, 0, None),
    ],
)  # fmt: skip
def test_the_next_page(headers: dict[str, str], got: int, told: str | None) -> None:
    assert rules.next_page(PAGE, headers, got=got, limit=100, base=BASE) == told


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/ims/results?offset=100", "http://j.example/ims/results", "https://j.example:444/ims/results",
     "https://j.example/admin", "file:///etc/passwd", PAGE],
)  # fmt: skip
def test_a_next_page_stays_on_its_list_and_goes_on(target: str) -> None:
    with pytest.raises(InvalidValue):
        rules.next_page(PAGE, {"link": f'<{target}>; rel="next"'}, got=100, limit=100, base=BASE)


def test_waiting_is_as_told_within_reason() -> None:
    assert [rules.wait_before(n, "") for n in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert rules.wait_before(1, "7") == 7
    assert rules.wait_before(1, "86400") == rules.LONGEST_WAIT
    assert rules.wait_before(2, "soon") == 2


# -- the conversation ----------------------------------------------------------------------------


def _client(
    answer: Any, *, found: tuple[str, ...] = ("93.184.216.34",), own: tuple[str, ...] = ()
) -> tuple[Client, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t"})
        given: httpx.Response = answer(request)
        return given

    who = Credentials(token_address=f"{BASE}/token", client_id="me", secret="hush", scope="a b")
    made = Client(
        BASE, who, own_hosts=own, transport=httpx.MockTransport(handle), resolve=lambda _host, _port: list(found), sleep=lambda _: None
    )  # fmt: skip
    return made, asked


def test_the_connection_goes_to_the_address_that_was_checked_under_the_journal_s_name() -> None:
    made, asked = _client(lambda _: httpx.Response(200, json={"orgs": []}))
    with made:
        assert list(made.pages("/ims", "orgs", limit=10)) == [[]]
    assert {one.url.host for one in asked} == {"93.184.216.34"}
    assert {one.headers["host"] for one in asked} == {"j.example"}
    assert {one.extensions["sni_hostname"] for one in asked} == {"j.example"}


@pytest.mark.parametrize("found", [("127.0.0.1",), ("93.184.216.34", "10.0.0.1"), ("169.254.169.254",)])
def test_a_name_that_leads_into_a_private_network_is_not_asked_at_all(found: tuple[str, ...]) -> None:
    made, asked = _client(lambda _: httpx.Response(200, json={"orgs": []}), found=found)
    with made, pytest.raises(InvalidValue) as told:
        list(made.pages("/ims", "orgs", limit=10))
    assert told.value.code == "oneroster.private_host"
    assert asked == []


def _redirect(_: httpx.Request) -> httpx.Response:
    return httpx.Response(302, headers={"Location": "http://169.254.169.254/latest"})


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (_redirect, "oneroster.redirect"),
        (lambda _: httpx.Response(200, text="<html>"), "oneroster.no_json"),
        (lambda _: httpx.Response(200, text="[" * 100_000), "oneroster.no_json"),
        (lambda _: httpx.Response(200, json={"users": []}), "oneroster.no_collection"),
        (lambda _: httpx.Response(200, content=b" " * (33 * 2**20)), "oneroster.answer_too_large"),
        (lambda _: httpx.Response(400, json={"imsx_description": "нет"}), "oneroster.refused"),
        (lambda _: httpx.Response(404), "oneroster.not_there"),
        (lambda _: httpx.Response(503), "oneroster.silent"),
    ],
)  # fmt: skip
def test_answers_that_are_none(answer: Any, code: str) -> None:
    made, _ = _client(answer)
    with made, pytest.raises((InvalidValue, Unavailable)) as told:
        list(made.pages("/ims", "orgs", limit=10))
    assert told.value.code == code
    assert "hush" not in told.value.message


# -- objects -------------------------------------------------------------------------------------

RESULT = {
    "sourcedId": "r1", "status": "active", "dateLastModified": "2025-10-13T10:00:00Z", "lineItem": {"sourcedId": "l1"},
    "student": {"sourcedId": "u1"}, "score": 4.0, "scoreStatus": "fully graded", "scoreDate": "2025-10-12T20:00:00.000Z",
    "late": False, "metadata": {"textScore": "зач", "deep": {"no": 1}},
}  # fmt: skip


def test_an_object_is_a_row_of_the_file() -> None:
    row = row_of(RESULT, model.FILES[Edition.V12]["results"])
    told = {name: row[name] for name in ("lineItemSourcedId", "studentSourcedId", "score", "late", "comment")}
    assert told == {
        "lineItemSourcedId": "l1",
        "studentSourcedId": "u1",
        "score": "4.0",
        "late": "false",
        "comment": "",
    }
    assert row["scoreDate"] == "2025-10-13", "the region's day of that moment"
    assert (row["metadata.textScore"], "metadata.deep" in row) == ("зач", False)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sourcedId": None}, "sourcedId"), ({"sourcedId": "r" * 65}, "sourcedId"), ({"status": "gone"}, "status"),
        ({"dateLastModified": None}, "dateLastModified"), ({"dateLastModified": "2025-10-13T10:00:00"}, "dateLastModified"),
        ({"score": "five"}, "score"), ({"score": "nan"}, "score"), ({"score": [5]}, "score"), ({"scoreDate": "13.10.2025"}, "scoreDate"),
        ({"lineItem": "l1"}, "lineItem"), ({"student": {"sourcedId": ""}}, "student"), ({"comment": "x" * 10_001}, "comment"),
        ({"comment": "a\0b"}, "comment"),
    ],
)  # fmt: skip
def test_what_is_no_row_names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(NoRow) as told:
        row_of({**RESULT, **changes}, model.FILES[Edition.V12]["results"], needed=("scoreDate",))
    assert told.value.field == field
