"""The API as a journal uses it: a token for a quarter of an hour, lists by cursor, batches compressed, patience when told to wait."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

PATIENCE = 20


class Refused(Exception):
    """The API said no; the message is what it said."""


class Api:
    """One client of the API."""

    def __init__(
        self, address: str, client_id: str, secret: str, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        """Remember who we are; a token is taken when first needed."""
        if not address.startswith(("http://", "https://")):
            raise Refused(f"{address}: адрес начинается с http:// или https://.")
        self._address = address.rstrip("/")
        self._basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self._wait = wait
        self._token, self._until = "", 0.0

    def learners(self) -> Iterator[dict[str, Any]]:
        """Yield everybody who is enrolled where we may look."""
        cursor = ""
        while True:
            asked = {"limit": "500"} | ({"cursor": cursor} if cursor else {})
            page = self._json("GET", f"/api/v1/learners?{urlencode(asked)}")
            yield from page["items"]
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return

    def rosters(self) -> Iterator[dict[str, Any]]:
        """Yield everybody who is in a class where we may look, read by OneRoster 1.2, as the API would tell them."""
        classes = {one["sourcedId"]: one for one in self._collection("classes")}
        ogrn = {one["sourcedId"]: one.get("identifier", "") for one in self._collection("orgs")}
        people = {one["sourcedId"]: one for one in self._collection("users")}
        for one in self._collection("enrollments", "status='active'"):
            who, where = people.get(one["user"]["sourcedId"]), classes.get(one["class"]["sourcedId"])
            if who is None or where is None or one["role"] != "student":
                continue
            place = {
                "is_main": one.get("primary") == "true", "group": where["sourcedId"], "group_title": where["title"],
                "grade": int(next(iter(where.get("grades", [])), 0)), "ogrn": ogrn.get(where["school"]["sourcedId"], ""),
            }  # fmt: skip
            yield {
                "id": who["sourcedId"], "family_name": who["familyName"], "given_name": who["givenName"],
                "patronymic": who.get("middleName", ""), "places": [place],
            }  # fmt: skip

    def _collection(self, name: str, only: str = "") -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            asked = {"limit": "1000", "offset": str(offset)} | ({"filter": only} if only else {})
            page = self._json("GET", f"/ims/oneroster/rostering/v1p2/{name}?{urlencode(asked)}")[name]
            yield from page
            offset += len(page)
            if len(page) < 1000:
                return

    def deliver(
        self, journal: str, key: str, records: str, school_year: int, rows: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        """Deliver a batch; the same again goes on where it was cut off.

        Classes change between two runs, and then so does what is said of a day: it is another batch, under a key of its own.
        """
        lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
        key, body = f"{key}:{hashlib.sha256(lines).hexdigest()[:8]}", gzip.compress(lines, 5)
        query = urlencode({"key": key, "records": records, "school_year": school_year})
        headers = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
        return self._json("POST", f"/api/v1/journals/{journal}/batches?{query}", body, headers)

    def refused(self, journal: str) -> list[dict[str, Any]]:
        """Return what was refused and waits for repair."""
        found = self._json("GET", f"/api/v1/journals/{journal}/refused")["items"]
        return list(found)

    def _json(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        for _ in range(PATIENCE):
            try:
                sent = {"Authorization": f"Bearer {self._bearer()}", **(headers or {})}
                return self._send(method, path, body, sent)
            except urllib.error.HTTPError as error:
                if error.code == 401:
                    self._until = 0.0
                elif error.code not in {429, 503}:
                    raise Refused(f"{error.code} {error.read().decode(errors='replace')[:500]}") from error
                self._wait(float(error.headers.get("Retry-After") or 1))
            except urllib.error.URLError:
                self._wait(2)
        raise Refused(f"{method} {path.partition('?')[0]}: не отвечает или занято, попыток {PATIENCE}.")

    def _bearer(self) -> str:
        if time.monotonic() >= self._until:
            body = urlencode({"grant_type": "client_credentials"}).encode()
            headers = {
                "Authorization": f"Basic {self._basic}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            try:
                given = self._send("POST", "/api/v1/oauth/token", body, headers)
            except urllib.error.HTTPError as error:
                raise Refused(
                    f"токен не выдан: {error.code} {error.read().decode(errors='replace')[:300]}"
                ) from error
            self._token, self._until = given["access_token"], time.monotonic() + int(given["expires_in"]) - 30
        return self._token

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(self._address + path, body, headers, method=method)  # noqa: S310 - http(s) only, see above
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            found = json.loads(answer.read())
        if not isinstance(found, dict):
            raise Refused(f"{path}: ответ не объект JSON.")
        return found
