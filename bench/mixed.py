"""Many at once: sixteen people and machines for some minutes, with the journal of reads on and, as the floor, off.

People sign in through the ЕСИА stand, the machine by OAuth2; requests go to 127.0.0.1 only, from processes of their own, and
end by the clock. ``make bench SIZE=M ONLY=mixed SECONDS=600``.
"""

from __future__ import annotations

import http.client
import multiprocessing
import random
import re
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

import psutil

from bench import installation
from bench.installation import Site, resident_mb
from bench.measure import Result

PROCESSES = 4
#: How often each page is asked for, of a hundred.
SHARES = {
    "home": 15, "search": 20, "school_list": 10, "card": 20, "class_list": 15, "contingent": 8, "api": 10, "order_draft": 2,
}  # fmt: skip
JOURNALED, UNJOURNALED = "config.wsgi:application", "bench.unjournaled:application"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a client needs: cookies by persona, a token, and whom and what to ask for."""

    port: int
    secretary: dict[str, str]
    ministry: dict[str, str]
    token: str
    cards: list[str]
    groups: list[str]
    enrolments: list[str]
    fragments: list[str]


@dataclass(slots=True)
class Seen:
    """What came back: milliseconds by page, and what was wrong."""

    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)

    def add(self, other: Seen) -> None:
        """Take over what another client saw."""
        for name, milliseconds in other.taken.items():
            self.taken[name] += milliseconds
        self.errors += other.errors


def run(size: str, *, seconds: int, clients: int) -> Iterator[Result]:
    """Load the product twice, print every page of both, yield the line of the table."""
    seen, memory = {}, {}
    for application in (UNJOURNALED, JOURNALED):
        with (
            installation.served(application=application, stand=True) as (site, server),
            installation.no_drafts_left(),
        ):
            seen[application], memory[application] = _load(_plan(site), server, seconds, clients)
        _print(application, seen[application], memory[application], seconds)
    ours, floor = _all(seen[JOURNALED]), _all(seen[UNJOURNALED])
    if errors := seen[JOURNALED].errors:
        raise RuntimeError(f"{len(errors)} requests failed, the first: {errors[:3]}")
    p95 = _share(ours, 0.95)
    yield Result(
        "mixed", size, figure=p95, unit=f"ms p95, {clients} clients, {seconds} s", floor=_share(floor, 0.95),
        ratio=statistics.median(ours) / statistics.median(floor), p50_ms=statistics.median(ours), p95_ms=p95,
        rss_mb=memory[JOURNALED],
    )  # fmt: skip


def _plan(site: Site) -> Plan:
    """Sign in by the doors, and choose whom to look at."""
    from demo import words
    from demo.personas import snils_of
    from kontingent.access.machines import actions as machines
    from kontingent.access.machines.actions import ClientDraft
    from kontingent.access.machines.rules import Reach
    from kontingent.access.models import Appointment
    from kontingent.enrolment.models import Enrolment, Group
    from kontingent.kernel.actor import system_actor

    operator = system_actor("bench", "Измерение")
    school = Appointment.objects.get(snils=snils_of("secretary")).organisation_id
    assert school is not None  # noqa: S101 - a secretary works somewhere
    draft = ClientDraft(
        name="Измерение", reach=Reach(organisation_id=school), scopes=["learners.read"], rate_per_minute=6000
    )
    client = machines.register_client(actor=operator, draft=draft)
    secret = machines.issue_secret(actor=operator, client_id=client.client_id)
    form = {
        "grant_type": "client_credentials", "client_id": client.client_id, "client_secret": secret.value,
    }  # fmt: skip
    answer = site.post_form("/api/v1/oauth/token", form)
    streams = Enrolment.objects.filter(organisation_id=school, superseded_at=None, ends_on=None)[:500]
    groups = Group.objects.filter(organisation_id=school, school_year=2026)
    rng = random.Random(1)
    return Plan(
        port=site.connection.port,
        secretary=signed_in(site.connection.port, "secretary"),
        ministry=signed_in(site.connection.port, "ministry"),
        token=str(answer["access_token"]),
        cards=[str(one.person_id) for one in streams],
        groups=[str(one.id) for one in groups],
        enrolments=[str(one.enrolment_id) for one in streams],
        fragments=[rng.choice(words.FAMILIES)[:4].lower() for _ in range(200)],
    )


def signed_in(port: int, citizen: str) -> dict[str, str]:
    """Walk from the button through the stand and back; return the cookies."""
    site = Site(port)
    away = _location(site, "GET", "/esia/start/")
    stand = urlsplit(away)
    other = http.client.HTTPConnection(stand.netloc)
    other.request("GET", f"{stand.path}?{stand.query}")
    waiting = re.search(r"name=request value='([^']+)'", other.getresponse().read().decode())
    if waiting is None:
        raise RuntimeError("the stand offers nobody")
    form = urlencode({"request": waiting.group(1), "citizen": citizen, "mutation": ""})
    other.request("POST", "/aas/ac/choose", form, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = other.getresponse()
    answer.read()
    back = urlsplit(str(answer.getheader("Location")))
    if _location(site, "GET", f"{back.path}?{back.query}") != "/":
        raise RuntimeError(f"{citizen} was not let in")
    site.get("/orders/new/" if citizen == "secretary" else "/")  # brings the token of the forms
    return site.cookies


def _location(site: Site, method: str, path: str) -> str:
    status, content = site.request(method, path)
    if status != 302:
        raise RuntimeError(f"{path}: {status} {content[:300]!r}")
    return site.location


# -- the load ----------------------------------------------------------------------------------


def _load(plan: Plan, server: psutil.Process, seconds: int, clients: int) -> tuple[Seen, float]:
    """Run the clients in processes of their own until the time is up; return what they saw and the most memory."""
    context = multiprocessing.get_context("spawn")
    each = [clients // PROCESSES + (index < clients % PROCESSES) for index in range(PROCESSES)]
    until, most = time.time() + seconds, 0.0
    seen = Seen()
    with context.Pool(PROCESSES) as pool:
        jobs = [
            pool.apply_async(_process, (plan, number, until, index))
            for index, number in enumerate(each)
            if number
        ]
        while time.time() < until:
            most = max(most, resident_mb(server))
            time.sleep(min(5.0, max(0.1, until - time.time())))
        for job in jobs:
            seen.add(job.get(timeout=120))
    return seen, most


def _process(plan: Plan, clients: int, until: float, seed: int) -> Seen:
    seen = [Seen() for _ in range(clients)]
    threads = [
        threading.Thread(target=_client, args=(plan, until, random.Random(seed * 100 + index), seen[index]))
        for index in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in seen[1:]:
        seen[0].add(other)
    return seen[0]


def _client(plan: Plan, until: float, rng: random.Random, seen: Seen) -> None:
    """One person or machine: ask, read, ask again at once."""
    connection = http.client.HTTPConnection("127.0.0.1", plan.port, timeout=60)
    names, weights = list(SHARES), list(SHARES.values())
    while time.time() < until:
        name = rng.choices(names, weights)[0]
        method, path, body, headers, expected = _request(name, plan, rng)
        started = time.perf_counter()
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != expected:
                seen.errors.append(f"{name}: {answer.status}")
        except (OSError, http.client.HTTPException) as failure:
            seen.errors.append(f"{name}: {failure!r}")
            connection.close()
        seen.taken[name].append((time.perf_counter() - started) * 1000)
    connection.close()


def _request(name: str, plan: Plan, rng: random.Random) -> tuple[str, str, str | None, dict[str, str], int]:
    if name == "api":
        return "GET", "/api/v1/learners?limit=100", None, {"Authorization": f"Bearer {plan.token}"}, 200
    if name == "order_draft":
        form = {
            "kind": "transfer_out", "effective_on": "2026-11-30", "learner": rng.choice(plan.enrolments), "reason": "T3",
            "destination": "г. Уфа, Башкортостан",
        }  # fmt: skip
        headers = {
            "Cookie": _cookie(plan.secretary), "X-CSRFToken": plan.secretary["csrftoken"],
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        return "POST", "/orders/new/", urlencode(form), headers, 302
    path, who = {
        "home": ("/", rng.choice([plan.secretary, plan.ministry])),
        "search": (f"/learners/?q={quote(rng.choice(plan.fragments))}", plan.ministry),
        "school_list": ("/learners/school/", plan.secretary),
        "card": (f"/learners/{rng.choice(plan.cards)}/", plan.secretary),
        "class_list": (f"/groups/{rng.choice(plan.groups)}/", plan.secretary),
        "contingent": ("/contingent/?on=2026-11-20&by=grade&columns=sex", plan.ministry),
    }[name]
    return "GET", path, None, {"Cookie": _cookie(who)}, 200


def _cookie(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


# -- what is told ------------------------------------------------------------------------------


def _all(seen: Seen) -> list[float]:
    return [one for milliseconds in seen.taken.values() for one in milliseconds]


def _share(milliseconds: list[float], share: float) -> float:
    ordered = sorted(milliseconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _print(application: str, seen: Seen, memory: float, seconds: int) -> None:
    every = _all(seen)
    journal = "journal of reads on" if application == JOURNALED else "journal of reads off"
    print(
        f"{journal}: {len(every)} requests, {len(every) / seconds:.1f}/s, {len(seen.errors)} errors, {memory:.0f} MB"
    )
    for name in SHARES:
        taken = seen.taken.get(name)
        if taken:
            print(
                f"  {name:12} {len(taken):7} × p50 {statistics.median(taken):8.1f} ms  p95 {_share(taken, 0.95):8.1f} ms",
                flush=True,
            )
