"""What row-level security costs a page: the product beside itself as the owner of its tables, without transaction, role and scope.

Two measures a page: the time of the answer, which is what people wait for, and the processor's time of web server and database
together, which other programs on the machine hardly disturb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import psutil
from django.db import connection

from bench import installation, pages
from bench.installation import Site
from bench.measure import Result, interleaved
from demo.personas import snils_of
from kontingent.access.machines import actions as machines
from kontingent.access.machines.actions import ClientDraft, SecretCredentials
from kontingent.access.machines.rules import MachineScope, Reach
from kontingent.access.models import Appointment
from kontingent.kernel.actor import system_actor

REPEAT, WARM_UP = 100, 12
Page = Callable[[int], object]


def run(size: str) -> Iterator[Result]:
    """Measure every page in turn on both servers; the last line is the page that pays most."""
    results = []
    with (
        installation.served() as (product, its_server),
        installation.served(application="bench.unscoped:application", as_owner=True) as (floor, floor_server),
    ):
        for name, page_of in PAGES.items():
            ours, raw = page_of(product), page_of(floor)
            taken, least = interleaved(ours, raw, repeat=REPEAT, warm_up=WARM_UP)
            ratio = taken.p50 / least.p50
            work = _processor(ours, its_server) / _processor(raw, floor_server)
            results.append(
                Result(
                    f"rls_overhead_{name}", size, (ratio - 1) * 100, f"% over the owner's page (processor {work - 1:+.0%})",
                    least.p50, ratio, taken.p50, taken.p95,
                )
            )  # fmt: skip
            yield results[-1]
    worst = max(results, key=lambda one: one.figure)
    yield Result(
        "rls_overhead", size, worst.figure, f"%, the worst: {worst.name.removeprefix('rls_overhead_')}", worst.floor, worst.ratio,
        worst.p50_ms, worst.p95_ms,
    )  # fmt: skip


def _processor(page: Page, server: psutil.Process) -> float:
    """Seconds of the processor that a number of pages take in the web server and in the backends of PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        postmaster = psutil.Process(cursor.fetchone()[0]).parent()
    assert postmaster is not None  # noqa: S101 - a backend has one

    def spent() -> float:
        family = [server, *server.children(recursive=True), *postmaster.children()]
        return sum(sum(one.cpu_times()[:2]) for one in family if one.is_running())

    before = spent()
    for index in range(REPEAT):
        page(index)
    return spent() - before


def _as(persona: str, *paths: str) -> Callable[[Site], Page]:
    def page_of(site: Site) -> Page:
        site.sign_in(persona)
        return lambda i: site.get(paths[i % len(paths)])

    return page_of


def _measured(name: str) -> Callable[[Site], Page]:
    def page_of(site: Site) -> Page:
        page: Page = pages.PAGES[name](site)[0]
        return page

    return page_of


def _searches(persona: str) -> Callable[[Site], Page]:
    texts = ("мал", "поп", "ива", "сид", "орл", "куз", "тиун", "зыр")
    return _as(persona, *(f"/learners/?q={quote(text)}" for text in texts))


def _municipal_card(site: Site) -> Page:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.person_id FROM enrolment_placement p JOIN organisations_organisation o ON o.id = p.organisation_id "
            "WHERE o.municipality_id = %s AND p.superseded_at IS NULL AND p.ends_on IS NULL LIMIT 200",
            [Appointment.objects.get(snils=snils_of("municipality")).municipality_id],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return _as("municipality", *(f"/learners/{one}/" for one in ids))(site)


def _api(site: Site) -> Page:
    """A page of a hundred learners with everything, by a machine of one school."""
    operator = system_actor("bench", "Измерение")
    school = Appointment.objects.get(snils=snils_of("secretary")).organisation_id
    draft = ClientDraft(
        name="Измерение",
        reach=Reach(organisation_id=school),
        scopes=[one.value for one in MachineScope],
        rate_per_minute=6000,
    )
    client = machines.register_client(actor=operator, draft=draft)
    secret = machines.issue_secret(actor=operator, client_id=client.client_id).value
    credentials = SecretCredentials(client.client_id, secret, "client_secret_post")
    token = machines.issue_token(actor=operator, credentials=credentials).value

    def page(_: int) -> object:
        return site.get("/api/v1/learners?limit=100", authorization=f"Bearer {token}")

    return page


PAGES: dict[str, Callable[[Site], Any]] = {
    **{name: _measured(name) for name in pages.PAGES},
    "home": _as("secretary", "/"),
    "search_school": _searches("secretary"),
    "search_municipality": _searches("municipality"),
    "card_municipality": _municipal_card,
    "orders": _as("secretary", "/orders/"),
    "groups": _as("secretary", "/groups/"),
    "contingent_school": _as("secretary", "/contingent/?by=grade&columns=sex"),
    "learners_behind": _as("secretary", "/contingent/learners/"),
    "new_order": _as("secretary", "/orders/new/?kind=transfer_out"),
    "api_learners": _api,
}
