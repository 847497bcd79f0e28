"""The stand's OneRoster 1.2 face over HTTP: a token by client credentials, collections with paging, filter, sort. It checks what it is asked.

A stand, and it says so in every answer: ``X-Stand``. It can be told to be slow of mind (429), to break off (500) and to let tokens go
stale, so that patience can be tried.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

Row = dict[str, Any]
ROSTERING, GRADEBOOK = "/ims/oneroster/rostering/v1p2/", "/ims/oneroster/gradebook/v1p2/"
SCOPES = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
#: By collection: its service, its objects' name, the scopes of which one will do.
COLLECTIONS = {
    **{
        name: (ROSTERING, single, frozenset({"roster-core.readonly", "roster.readonly"}))
        for name, single in (
            ("orgs", "org"), ("academicSessions", "academicSession"), ("courses", "course"), ("classes", "class"),
            ("users", "user"), ("enrollments", "enrollment"),
        )
    },
    **{
        name: (GRADEBOOK, single, frozenset({"gradebook-core.readonly", "gradebook.readonly"}))
        for name, single in (("categories", "category"), ("lineItems", "lineItem"), ("results", "result"))
    },
}  # fmt: skip
KNOWN_SCOPES = frozenset(
    {"roster-core.readonly", "roster.readonly", "roster-demographics.readonly", "gradebook-core.readonly", "gradebook.readonly"}
)  # fmt: skip
PARAMETERS = frozenset({"limit", "offset", "sort", "orderBy", "filter", "fields"})
USUAL, MOST = 100, 1000
_FILTER = re.compile(r"(status|dateLastModified|sourcedId)\s*(=|!=|>=|<=|>|<)\s*'((?:[^']|'')*)'")
_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
}  # fmt: skip


class Refused(Exception):
    """A question is refused: the status, the standard's word, and what is told."""

    def __init__(self, status: int, minor: str, told: str, *, retry_after: int = 0) -> None:
        super().__init__(told)
        self.status = status
        self.minor = minor
        self.told = told
        self.retry_after = retry_after


@dataclass(slots=True)
class Face:
    """What the stand answers from. ``moods`` are statuses it gives instead of answering, one a question, oldest first."""

    tables: dict[str, list[Row]]
    client_id: str
    secret: str
    token_seconds: int = 3600
    moods: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    #: Where ``Link`` leads, if elsewhere.
    lead_to: str = ""
    says_links: bool = True
    tokens: dict[str, tuple[frozenset[str], float]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    # -- tokens ------------------------------------------------------------------------------------

    def token(self, authorization: str, form: Mapping[str, list[str]]) -> Row:
        """Give a token for what may be had."""
        try:
            said = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            said = ""
        if not hmac.compare_digest(said.encode(), f"{self.client_id}:{self.secret}".encode()):
            raise Refused(401, "invalid_client", "Неизвестный клиент.")
        if form.get("grant_type") != ["client_credentials"]:
            raise Refused(400, "unsupported_grant_type", "Выдаётся только client_credentials.")
        wanted = {one.removeprefix(SCOPES) for one in " ".join(form.get("scope", [])).split()}
        if not wanted or wanted - KNOWN_SCOPES:
            raise Refused(400, "invalid_scope", "Области не названы или неизвестны.")
        token = secrets.token_urlsafe(24)
        self.tokens[token] = (frozenset(wanted), time.monotonic() + self.token_seconds)
        return {
            "access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds,
            "scope": " ".join(f"{SCOPES}{one}" for one in sorted(wanted)),
        }  # fmt: skip

    def let_in(self, authorization: str, wanted: frozenset[str]) -> None:
        """Check a token and its scopes."""
        scopes, until = self.tokens.get(authorization.removeprefix("Bearer "), (frozenset(), 0.0))
        if not authorization.startswith("Bearer ") or time.monotonic() >= until:
            raise Refused(401, "unauthorisedrequest", "Токена нет или он истёк.")
        if not scopes & wanted:
            raise Refused(403, "forbidden", f"Нужна область {' или '.join(sorted(wanted))}.")

    # -- answers -----------------------------------------------------------------------------------

    def answer(self, authorization: str, path: str, query: str, host: str) -> tuple[Row, dict[str, str]]:
        """Answer a question with a body and headers."""
        with self.lock:
            if self.moods and (mood := self.moods.pop(0)) != 200:
                raise Refused(mood, "server_busy", "Стенду велено отказать.", retry_after=1)
        base = next((one for one in (ROSTERING, GRADEBOOK) if path.startswith(one)), "")
        name, _, key = path.removeprefix(base).partition("/")
        known = COLLECTIONS.get(name)
        if not base or known is None or known[0] != base:
            raise Refused(404, "unknownobject", "Такого адреса нет.")
        self.let_in(authorization, known[2])
        if key:
            found = next((row for row in self.tables[name] if row["sourcedId"] == unquote(key)), None)
            if found is None:
                raise Refused(404, "unknownobject", "Такого объекта нет.")
            return {known[1]: found}, {}
        return self._page(name, path, parse_qs(query, keep_blank_values=True), host)

    def _page(
        self, name: str, path: str, query: Mapping[str, list[str]], host: str
    ) -> tuple[Row, dict[str, str]]:
        if unknown := sorted(set(query) - PARAMETERS):
            raise Refused(400, "invalid_data", f"Параметра {unknown[0]} нет.")
        if any(len(values) != 1 for values in query.values()):
            raise Refused(400, "invalid_data", "Параметр указан дважды.")
        said = {one: values[0] for one, values in query.items()}
        limit = _whole(said.get("limit", str(USUAL)), "limit", 1, MOST)
        offset = _whole(said.get("offset", "0"), "offset", 0, 10**9)
        rows = [row for row in self.tables[name] if _is_wanted(row, said.get("filter", ""))]
        if (sort := said.get("sort", "sourcedId")) not in {"sourcedId", "status", "dateLastModified"}:
            raise Refused(400, "invalid_sort_field", f"По {sort} не сортируется.")
        if (direction := said.get("orderBy", "asc")) not in {"asc", "desc"}:
            raise Refused(400, "invalid_data", "orderBy – asc или desc.")
        rows = sorted(
            rows, key=lambda row: (str(row[sort]), str(row["sourcedId"])), reverse=direction == "desc"
        )
        headers = {"X-Total-Count": str(len(rows))}
        if self.says_links and offset + limit < len(rows):
            following = urlencode({**said, "limit": limit, "offset": offset + limit})
            headers["Link"] = f'<{self.lead_to or f"http://{host}"}{path}?{following}>; rel="next"'
        return {name: rows[offset : offset + limit]}, headers


def _whole(text: str, name: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise Refused(400, "invalid_data", f"{name} – от {least} до {most}.")
    return int(text)


def _is_wanted(row: Row, text: str) -> bool:
    if not text:
        return True
    found = _FILTER.fullmatch(text.strip())
    if found is None:
        raise Refused(400, "invalid_filter_field", "Такого фильтра стенд не понимает.")
    name, operator, value = found.groups()
    return _COMPARE[operator](str(row[name]), value.replace("''", "'"))


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.face.asked.append(self.path)
        self._tell(
            lambda: self.server.face.answer(
                self.headers.get("Authorization", ""), parts.path, parts.query, self.headers.get("Host", "")
            )
        )

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(min(int(self.headers.get("Content-Length") or 0), 10_000)).decode())

        def given() -> tuple[Row, dict[str, str]]:
            if urlsplit(self.path).path != "/token":
                raise Refused(404, "unknownobject", "Такого адреса нет.")
            return self.server.face.token(self.headers.get("Authorization", ""), form), {
                "Cache-Control": "no-store"
            }

        self._tell(given)

    def _tell(self, answer: Callable[[], tuple[Row, dict[str, str]]]) -> None:
        status, headers = 200, dict[str, str]()
        try:
            body, headers = answer()
        except Refused as refused:
            status, body = refused.status, refusal(refused)
            if refused.retry_after:
                headers["Retry-After"] = str(refused.retry_after)
        content = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        told = {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            "X-Stand": "journal; imitation",
        }
        for name, value in (told | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Say nothing: questions are kept in ``asked``."""


def refusal(refused: Refused) -> Row:
    """Return a refusal as the standard words it; that of a token as OAuth2 does."""
    if refused.minor.startswith(("invalid_client", "invalid_scope", "unsupported_grant")):
        return {"error": refused.minor, "error_description": refused.told}
    named = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": refused.minor}
    return {
        "imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": refused.told,
        "imsx_CodeMinor": {"imsx_codeMinorField": [named]},
    }  # fmt: skip


class Server(ThreadingHTTPServer):
    """The stand listening."""

    daemon_threads = True

    def __init__(
        self, face: Face, host: str = "127.0.0.1", port: int = 0, *, meanwhile: Callable[[], None] | None = None
    ) -> None:  # fmt: skip
        """Take the port; 0 is any that is free. ``meanwhile`` is done between questions."""
        self.face, self._meanwhile = face, meanwhile
        super().__init__((host, port), _Handler)

    def service_actions(self) -> None:
        """Do what is to be done between questions."""
        if self._meanwhile is not None:
            self._meanwhile()

    @property
    def address(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"
