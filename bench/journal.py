"""A journal of the whole region at the other end of HTTP: it registers, asks for tokens, delivers."""

from __future__ import annotations

import base64
import http.client
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode


class NotTaken(RuntimeError):
    """The server did not say 200; whoever sends may try again."""


class Journal:
    """A client connected as a journal."""

    def __init__(self, port: int) -> None:
        """Register and connect."""
        from kontingent.access.machines import actions as machines
        from kontingent.access.machines.actions import ClientDraft
        from kontingent.access.machines.rules import HIGHEST_RATE, Reach
        from kontingent.kernel import clock
        from kontingent.kernel.actor import system_actor
        from kontingent.performance import actions

        actor = system_actor("bench", "Измерение")
        draft = ClientDraft(
            name="Журнал",
            reach=Reach(whole_region=True),
            scopes=["journals.write"],
            rate_per_minute=HIGHEST_RATE,
        )
        client = machines.register_client(actor=actor, draft=draft)
        secret = machines.issue_secret(actor=actor, client_id=client.client_id).value
        self.code = f"bench-{client.client_id[-12:]}".lower()
        actions.connect_journal(
            actor=actor, code=self.code, title="Журнал измерения", client_code=client.actor_code
        )
        # Its first load: what the demonstration has closed already is let through.
        actions.open_history(actor=actor, journal_code=self.code, until=clock.today() + timedelta(days=2))
        self._port = port
        self._basic = base64.b64encode(f"{client.client_id}:{secret}".encode()).decode()

    def token(self) -> str:
        """Ask for a token."""
        headers = {
            "Authorization": f"Basic {self._basic}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return str(
            self._request("/api/v1/oauth/token", b"grant_type=client_credentials", headers)["access_token"]
        )

    def send(self, path: Path, key: str, year: int) -> dict[str, Any]:
        """Send a file of marks in zstd and return what became of it."""
        query = urlencode({"key": key, "records": "marks", "school_year": year})
        headers = {
            "Authorization": f"Bearer {self.token()}", "Content-Type": "application/x-ndjson", "Content-Encoding": "zstd",
            "Content-Length": str(path.stat().st_size),
        }  # fmt: skip
        with path.open("rb") as file:
            return self._request(f"/api/v1/journals/{self.code}/batches?{query}", file, headers)

    def _request(self, address: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
        wire = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        try:
            wire.request("POST", address, body, headers)
            answer = wire.getresponse()
            content = answer.read()
        finally:
            wire.close()
        if answer.status != 200:
            raise NotTaken(f"{answer.status}: {content.decode(errors='replace')}")
        return dict(json.loads(content))
