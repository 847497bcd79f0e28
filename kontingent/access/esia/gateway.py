"""The calls to ЕСИА that do not go through the browser: tokens and the person's data.

Only the configured host is ever asked, no redirect is followed, answers are bounded: an address that comes inside an
answer is followed only when it points to the same host (protocols §1.7).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from kontingent.access.esia.configuration import EsiaConfiguration
from kontingent.access.esia.refusals import by_code, not_believed, unanswered

TIMEOUT_SECONDS = 15
LARGEST_ANSWER = 2 * 1024 * 1024
MOST_ELEMENTS = 100


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code is traded for."""

    access_token: str
    id_token: str
    refresh_token: str


class Gateway:
    """One conversation with ЕСИА."""

    def __init__(self, configuration: EsiaConfiguration) -> None:
        """Open a client that talks to the configured host only."""
        self._configuration = configuration
        self._origin = urlsplit(configuration.host)[:2]
        self._http = httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)

    def __enter__(self) -> Gateway:
        """Use as a context manager."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def trade(self, form: dict[str, str]) -> Tokens:
        """Send a token request once (a code is good for one use) and check that the state came back."""
        answer = self._ask("POST", self._configuration.token_address, data=form)
        if answer.get("state") != form["state"]:
            raise not_believed("token_state", "the answer carries another state")
        texts = [answer.get(name, "") for name in ("access_token", "id_token", "refresh_token")]
        if not all(isinstance(text, str) for text in texts) or not texts[0] or not texts[1]:
            raise not_believed("token_missing", "no tokens in the answer")
        return Tokens(*texts)

    def person(self, oid: str, access_token: str) -> dict[str, Any]:
        """Return the person of that OID, which is the one the verified token names."""
        return self._ask("GET", self._person_address(oid), token=access_token)

    def collection(self, oid: str, name: str, access_token: str) -> list[dict[str, Any]]:
        """Return the elements of ``kids``, ``roles`` …; an empty list where the person has none."""
        address = f"{self._person_address(oid)}/{name}?embed=(elements)"
        elements = self._ask("GET", address, token=access_token, missing_is_empty=True).get("elements", [])
        if not isinstance(elements, list):
            raise not_believed("answer_shape", f"{name}: elements is no list")
        return [self._element(element, access_token) for element in elements[:MOST_ELEMENTS]]

    def _element(self, element: Any, access_token: str) -> dict[str, Any]:
        if isinstance(element, dict):
            return element
        if not isinstance(element, str) or urlsplit(element)[:2] != self._origin:
            raise not_believed("foreign_address", "an answer points to another host")
        return self._ask("GET", element, token=access_token)

    def _person_address(self, oid: str) -> str:
        return f"{self._configuration.host}/rs/prns/{oid}"

    def _ask(
        self,
        method: str,
        address: str,
        *,
        data: dict[str, str] | None = None,
        token: str = "",
        missing_is_empty: bool = False,
    ) -> dict[str, Any]:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            with self._http.stream(method, address, data=data, headers=headers) as answer:
                content = b""
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > LARGEST_ANSWER:
                        raise unanswered(f"{urlsplit(address).path}: the answer is too large")
        except httpx.HTTPError as failure:
            raise unanswered(f"{type(failure).__name__}: {failure}") from failure
        if answer.status_code == httpx.codes.NOT_FOUND and missing_is_empty:
            return {}
        return self._read(answer.status_code, content)

    @staticmethod
    def _read(status: int, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if status >= httpx.codes.INTERNAL_SERVER_ERROR and not isinstance(found, dict):
            raise unanswered(f"HTTP {status}")
        if not isinstance(found, dict):
            raise unanswered(f"HTTP {status}: no JSON")
        if status != httpx.codes.OK:
            description = str(
                found.get("error_description") or found.get("message") or found.get("error") or ""
            )
            raise (
                by_code(description)
                if "ESIA-" in description
                else unanswered(f"HTTP {status}: {description[:200]}")
            )
        return found
