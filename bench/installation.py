"""An installation to measure: a database with the synthetic region of a size, and a web server before it."""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import psutil

from runtime import home, processes, supervisor


@contextmanager
def of_size(size: str) -> Iterator[None]:
    """Start the database of the size under ``var/bench/<size>``, load the region once, start Django."""
    os.environ["KONTINGENT_VAR"] = str(home.repository() / "var" / "bench" / size)
    os.environ["KONTINGENT_DEMO"] = "yes"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["KONTINGENT_SECRET_KEY"] = home.secret_key()
    with home.database(options=supervisor.DATABASE_OPTIONS, as_owner=True) as addresses:
        os.environ["BENCH_APPLICATION_URL"] = addresses.application
        from runtime import cli

        cli.prepare(demo_size=size, say=print)
        yield


class Site:
    """A signed-in client on one keep-alive connection."""

    def __init__(self, port: int) -> None:
        """Connect."""
        self.connection = http.client.HTTPConnection("127.0.0.1", port)
        self.cookies: dict[str, str] = {}
        self.location, self.link = "", ""

    def request(
        self, method: str, path: str, body: str | None = None, *, authorization: str = ""
    ) -> tuple[int, bytes]:
        """Send one request, keep cookies, return status and body."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if authorization:
            headers["Authorization"] = authorization
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = self._answer(method, path, body, headers)
        content = answer.read()
        self.location, self.link = answer.getheader("Location") or "", answer.getheader("Link") or ""
        for header in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = header.split(";", 1)[0].partition("=")
            self.cookies[name] = value
        return answer.status, content

    def _answer(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        """Ask; a connection that the server closed meanwhile (keep-alive) is opened anew, once."""
        try:
            self.connection.request(method, path, body, headers)
            return self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):
            self.connection.close()
            self.connection.request(method, path, body, headers)
            return self.connection.getresponse()

    def get(self, path: str, *, authorization: str = "") -> bytes:
        """Get a page that must be there."""
        status, content = self.request("GET", path, authorization=authorization)
        if status != 200:
            raise RuntimeError(f"{path}: {status}")
        return content

    def post_form(self, path: str, form: dict[str, str]) -> dict[str, object]:
        """Post a form to an address that answers JSON."""
        status, content = self.request("POST", path, urlencode(form))
        if status != 200:
            raise RuntimeError(f"{path}: {status} {content!r}")
        found: dict[str, object] = json.loads(content)
        return found

    def sign_in(self, persona: str) -> None:
        """Act as an employee of the region; the way through ЕСИА is not what is measured."""
        from demo.personas import session_key

        self.cookies["sessionid"] = session_key(persona)


@contextmanager
def served(
    *, application: str = "config.wsgi:application", as_owner: bool = False, stand: bool = False
) -> Iterator[tuple[Site, psutil.Process]]:
    """Start the web server as ``kontingent up`` does (with the ЕСИА stand, if asked); yield a client and its process."""
    from runtime import stand as esia

    port = supervisor.free_port("127.0.0.1", 8600, exactly=False)
    beside = esia.start(f"http://127.0.0.1:{port}/") if stand else None
    child = supervisor.web_child(
        "127.0.0.1",
        port,
        threads=4,
        database=os.environ["DATABASE_URL" if as_owner else "BENCH_APPLICATION_URL"],
    )
    child.command = [application if part == "config.wsgi:application" else part for part in child.command]
    child.start()
    try:
        wait_until_up(port)
        assert child.process is not None  # noqa: S101 - started above
        yield Site(port), psutil.Process(child.process.pid)
    finally:
        for one in (child, beside):
            if one is not None and one.process is not None:
                processes.stop(one.process)


@contextmanager
def no_drafts_left() -> Iterator[None]:
    """Delete the drafts of orders that a measurement makes."""
    from kontingent.enrolment.models import Order

    before = set(Order.objects.filter(status="draft").values_list("id", flat=True))
    try:
        yield
    finally:
        made = Order.objects.filter(status="draft").exclude(pk__in=before)
        for order in made:
            order.lines.all().delete()
        made.delete()


def wait_until_up(port: int) -> None:
    """Wait until the web server answers; raise ``RuntimeError`` with its log where it does not."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            Site(port).get("/health")
        except OSError:
            time.sleep(0.1)
        else:
            return
    print(processes.tail(home.logs() / "web.log"), file=sys.stderr)
    raise RuntimeError("the web server did not come up")


def resident_mb(process: psutil.Process) -> float:
    """Proportional memory of a process and its children, MB."""
    family = [process, *process.children(recursive=True)]
    return float(sum(one.memory_full_info().pss for one in family)) / 1e6
