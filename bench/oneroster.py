"""Pages of the gradebook by OneRoster over HTTP – a thousand results of a school of 200,000 marks, and its works – beside the raw rows.

The school of the personas is given the marks of a year by a journal of its own, by the database itself, once; the same rows are read by the
journal, by a client of the school and by one of the region. The floor of a page of results is a thousand rows by the index, and of its
``X-Total-Count`` a count of the year's rows of the school, but for a page by a ``next`` link, which counts nothing; that of works one pass over
its marks with GROUP BY.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psutil
from django.db import connection

from bench.installation import Site, resident_mb
from bench.measure import Result, interleaved, page_result
from demo.personas import snils_of
from kontingent.access.machines import actions as machines
from kontingent.access.machines.actions import ClientDraft, SecretCredentials
from kontingent.access.machines.rules import HIGHEST_RATE, Reach
from kontingent.access.models import Appointment
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import actions
from kontingent.performance.models import Journal

NAMES = {
    "oneroster_own",
    "oneroster_deep",
    "oneroster_next",
    "oneroster_school",
    "oneroster_region",
    "oneroster_works",
}
REPEAT, WORKS_REPEAT = 30, 10
#: Marks of the school in the year, and results of a page.
MARKS, PAGE = 200_000, 1000
SCOPES = ["gradebook-core.readonly", "gradebook.readonly"]
BASE = "/ims/oneroster/gradebook/v1p2"
_MARKS = """
INSERT INTO performance_mark (journal_id, external_id, person_id, school_year, organisation_id, subject_code, version, batch_id,
    recorded_at, group_id, comment, lesson_number, lesson_key, system_code, value, score, given_on, weight, work_code)
SELECT %s, 'or-' || n || '-' || right(p.person_id::text, 20), p.person_id, %s, p.organisation_id, 's' || lpad((1 + n %% 24)::text, 2, '0'), 1, 0,
    now(), p.group_id, '', 1 + n %% 7, '', 1, (2 + n %% 4)::text, 2 + n %% 4, make_date(%s, 9, 1) + (n %% 80)::int, 1, 'answer'
FROM (SELECT DISTINCT ON (person_id) person_id, organisation_id, group_id FROM enrolment_placement WHERE organisation_id = %s
    AND superseded_at IS NULL AND ends_on IS NULL AND group_id IS NOT NULL) p
CROSS JOIN generate_series(1, %s) n
"""


def run(size: str, site: Site, server: psutil.Process, only: str | None) -> Iterator[Result]:
    """Give the school its marks, measure each page in turn with its floor."""
    school = Appointment.objects.get(snils=snils_of("secretary")).organisation_id
    assert school is not None  # noqa: S101 - appointed in a school
    year = SchoolYear.of(clock.today()).begins_in
    of_school, of_region, own = _token(school), _token(None), _client(school)
    journal = _load(school, year, own.actor_code)
    bearer = _issued(own)
    results = f"{BASE}/results?limit={PAGE}"
    measures: dict[str, tuple[str, str, Callable[[int], object], int]] = {
        "oneroster_own": (results, bearer, _rows(journal, year, 0), REPEAT),
        "oneroster_deep": (
            f"{results}&offset={MARKS // 2}",
            bearer,
            _rows(journal, year, MARKS // 2),
            REPEAT,
        ),
        "oneroster_next": (
            _next(site, f"{results}&offset={MARKS // 2 - PAGE}", bearer),
            bearer,
            _rows(journal, year, MARKS // 2, counted=False),
            REPEAT,
        ),
        "oneroster_school": (results, of_school, _rows(journal, year, 0), REPEAT),
        "oneroster_region": (results, of_region, _rows(journal, year, 0), REPEAT),
        "oneroster_works": (f"{BASE}/lineItems?limit={PAGE}", bearer, _works(journal, year), WORKS_REPEAT),
    }
    for name, (address, token, floor, repeat) in measures.items():
        if only in (None, name):
            ours, raw = interleaved(_page(site, address, token), floor, repeat=repeat)
            yield page_result(name, size, ours, raw, rss_mb=resident_mb(server))


def _page(site: Site, address: str, token: str) -> Callable[[int], object]:
    return lambda _: site.get(address, authorization=f"Bearer {token}")


def _next(site: Site, address: str, token: str) -> str:
    """Return where the ``next`` link of a page leads; what it carries holds for ten minutes."""
    site.get(address, authorization=f"Bearer {token}")
    (found,) = re.findall(r'<https?://[^/]+([^>]+)>; rel="next"', site.link)
    return str(found)


def _sql(statement: str, parameters: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


def _rows(journal: int, year: int, offset: int, *, counted: bool = True) -> Callable[[int], object]:
    of_journal = "FROM performance_mark WHERE journal_id = %s AND school_year = %s"

    def floor(_: int) -> None:
        if counted:
            _sql(f"SELECT count(*) {of_journal}", [journal, year])
        _sql(
            f"SELECT * {of_journal} ORDER BY external_id LIMIT %s OFFSET %s",
            [journal, year, PAGE, offset],
        )

    return floor


def _works(journal: int, year: int) -> Callable[[int], object]:
    common = "organisation_id, group_id, given_on, subject_code, system_code, work_code, weight, lesson_key"

    def floor(_: int) -> None:
        _sql(
            f"SELECT {common}, max(recorded_at) FROM performance_mark WHERE journal_id = %s AND school_year = %s GROUP BY {common}",
            [journal, year],
        )

    return floor


# -- what is read ------------------------------------------------------------------------------


def _client(school: UUID | None) -> Any:
    actor = system_actor("bench", "Измерение")
    reach = Reach(organisation_id=school) if school else Reach(whole_region=True)
    draft = ClientDraft(name="Измерение OneRoster", reach=reach, scopes=SCOPES, rate_per_minute=HIGHEST_RATE)
    return machines.register_client(actor=actor, draft=draft)


def _issued(client: Any) -> str:
    actor = system_actor("bench", "Измерение")
    secret = machines.issue_secret(actor=actor, client_id=client.client_id).value
    credentials = SecretCredentials(client.client_id, secret, "client_secret_post")
    return machines.issue_token(actor=actor, credentials=credentials).value


def _token(school: UUID | None) -> str:
    return _issued(_client(school))


def _load(school: UUID, year: int, client_code: str) -> int:
    """Write the marks, unless they are there; the journal belongs to the client of this run. Return its id."""
    made, _ = Journal.objects.get_or_create(
        code="bench-oneroster", defaults={"title": "Замер OneRoster", "client_code": client_code, "created_at": clock.now()}
    )  # fmt: skip
    Journal.objects.filter(pk=made.pk).update(client_code=client_code)
    journal = int(made.pk)
    there = "SELECT EXISTS (SELECT 1 FROM performance_mark WHERE journal_id = %s AND school_year = %s)"
    if not _sql(there, [journal, year])[0][0]:
        actions.make_years(year)
        learners = _sql(
            "SELECT count(DISTINCT person_id) FROM enrolment_placement WHERE organisation_id = %s AND superseded_at IS NULL "
            "AND ends_on IS NULL AND group_id IS NOT NULL",
            [school],
        )[0][0]
        _sql(_MARKS, [journal, year, year, school, -(-MARKS // learners)])
        _sql("ANALYZE performance_mark", [])
    return journal
