"""How ЕПГУ asks: as a machine with a token over HTTP, and by files left in a folder. Standard library only."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib import error, parse, request
from xml.sax.saxutils import escape, quoteattr

SCOPE = "epgu.serve"
TIMEOUT = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, the address asked for, the text, and how long it took."""

    status: int
    address: str
    text: bytes
    took_ms: float

    @property
    def data(self) -> Any:
        """The text as JSON."""
        return json.loads(self.text)


class Portal:
    """One session of ЕПГУ with a register."""

    def __init__(self, site: str, client_id: str, secret: str) -> None:
        """Keep where and as whom."""
        self.site, self.client_id, self.secret = site.rstrip("/"), client_id, secret
        self.token = ""
        #: Every address asked for, so that nobody's number is found among them.
        self.addresses: list[str] = []

    def sign_in(self) -> Answer:
        """Get a token by client id and secret (OAuth2, client_credentials)."""
        pair = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        form = parse.urlencode({"grant_type": "client_credentials", "scope": SCOPE}).encode()
        answer = self._send("POST", "/api/v1/oauth/token", form, "application/x-www-form-urlencoded", f"Basic {pair}")  # fmt: skip
        if answer.status == 200:
            self.token = answer.data["access_token"]
        return answer

    def ask(self, question: dict[str, Any]) -> Answer:
        """Ask for a citizen."""
        return self._send("POST", "/api/epgu/v1/requests", json.dumps(question).encode(), "application/json")

    def ask_again(self, message: str) -> Answer:
        """Ask for the answer to a message of one's own."""
        return self._send("GET", f"/api/epgu/v1/requests/{message}")

    def timetable(self, handle: str, **days: str) -> Answer:
        """Ask for the timetable that an answer opens."""
        asked = f"?{parse.urlencode(days)}" if days else ""
        return self._send("GET", f"/api/epgu/v1/Schedule/{handle}{asked}")

    def _send(
        self, method: str, path: str, body: bytes | None = None, kind: str = "", proof: str = ""
    ) -> Answer:
        headers = {"Authorization": proof or f"Bearer {self.token}", "User-Agent": "stand-epgu"}
        if kind:
            headers["Content-Type"] = kind
        self.addresses.append(path)
        asked = request.Request(self.site + path, data=body, headers=headers, method=method)  # noqa: S310 - the caller's site
        began = time.perf_counter()
        try:
            with request.urlopen(asked, timeout=TIMEOUT) as found:  # noqa: S310 - the same
                status, text = found.status, found.read()
        except error.HTTPError as refused:
            status, text = refused.code, refused.read()
        return Answer(status, path, text, (time.perf_counter() - began) * 1000)


class Folder:
    """The folder that the register and ЕПГУ exchange files through."""

    def __init__(self, path: Path, namespace: str, patience: float) -> None:
        """Keep where, in which namespace, and how long an answer is waited for, in seconds."""
        self.path, self.namespace, self.patience = path, namespace, patience

    def put(self, name: str, text: bytes) -> None:
        """Leave a request: written beside, then renamed, so that nobody reads half of it."""
        inbox = self.path / "in"
        inbox.mkdir(parents=True, exist_ok=True)
        beside = inbox / f"{name}.part"
        beside.write_bytes(text)
        beside.rename(inbox / name)

    def fetch(self, folder: str, name: str) -> bytes | None:
        """Wait for a file and take it away; None where it does not come."""
        path, until = self.path / folder / name, time.monotonic() + self.patience
        while time.monotonic() < until:
            if path.exists():
                text = path.read_bytes()
                path.unlink()
                return text
            time.sleep(0.1)
        return None

    def question(self, question: dict[str, Any]) -> bytes:
        """Write a question as XML."""
        people = "".join(
            f"<{who}>{''.join(f'<{name}>{escape(question[who][name])}</{name}>' for name in ('snils', 'birthDate') if name in question[who])}</{who}>"
            for who in ("applicant", "child")
        )
        days = question.get("period")
        period = f"<period><from>{days['from']}</from><to>{days['to']}</to></period>" if days else ""
        content = "".join(f"<content>{one}</content>" for one in question.get("content", []))
        head = f"xmlns={quoteattr(self.namespace)} messageId={quoteattr(question['messageId'])}"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<PerformanceRequest {head}>{people}{period}{content}</PerformanceRequest>\n'.encode()
