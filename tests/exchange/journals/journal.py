"""A journal at the other end: connects, sends batches, asks how they fared."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from backports import zstd
from django.test import Client

from kontingent.access.machines.models import ApiClient
from kontingent.organisations.models import Organisation
from kontingent.performance import actions
from kontingent.performance.models import Journal
from tests import builders as b
from tests.machines import clients as m

YEAR = 2025
SCOPES = ("journals.write",)


class Sender:
    """One journal with its token."""

    def __init__(self, at: Organisation | None = None, *, code: str = "epos", rate: int = 6000) -> None:
        """Register the client of a school (or the region), connect it as a journal, take a token."""
        self.client: ApiClient = m.client(at, scopes=SCOPES, rate=rate)
        self.journal: Journal = actions.connect_journal(
            actor=b.ROOT, code=code, title="Электронный журнал", client_code=f"client:{self.client.id}"
        )
        self.token = m.token_of(self.client)

    def post(
        self,
        body: bytes,
        *,
        key: str = "k1",
        records: str = "marks",
        year: int | None = YEAR,
        kind: str = "application/x-ndjson",
        encoding: str = "",
        token: str | None = None,
        journal: str = "",
    ) -> Any:
        """Send a body as it is."""
        asked = {"key": key, "records": records, "school_year": year}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return Client(enforce_csrf_checks=True).post(
            f"/api/v1/journals/{journal or self.journal.code}/batches?{query}",
            body, content_type=kind, headers=headers,
        )  # fmt: skip

    def send(self, rows: Iterable[dict[str, Any]], **how: Any) -> dict[str, Any]:
        """Send rows, which must be taken as a batch."""
        answer = self.post(lines(rows), **how)
        assert answer.status_code == 200, answer.content.decode()
        found = json.loads(answer.content)
        assert isinstance(found, dict)
        return found

    def get(self, address: str, **parameters: Any) -> Any:
        """Ask of the journal's own."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return Client().get(f"/api/v1/journals/{self.journal.code}/{address}", parameters, headers=headers)

    def refusals(self) -> list[dict[str, Any]]:
        """The rows to repair."""
        found = json.loads(self.get("refused").content)["items"]
        assert isinstance(found, list)
        return found


def lines(rows: Iterable[dict[str, Any]]) -> bytes:
    """NDJSON, Cyrillic as it is."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def mark(number: int, learner: UUID | str, **facts: Any) -> dict[str, Any]:
    """A mark: five in mathematics on 10 October."""
    usual = {
        "id": f"m{number}", "version": 1, "learner": str(learner), "date": "2025-10-10", "subject": "s09", "value": "5",
    }  # fmt: skip
    return usual | facts


def packed(data: bytes, encoding: str) -> bytes:
    """Compress."""
    match encoding:
        case "gzip":
            return gzip.compress(data)
        case "zstd":
            return zstd.compress(data)
        case _:
            return data


def counted(answer: dict[str, Any]) -> dict[str, int]:
    """Outcomes that there are some of."""
    return {name: count for name, count in answer["outcomes"].items() if count}
