"""Pages through HTTP as `kontingent up` serves them, beside the raw SQL that they could not do without."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import psutil
from django.db import connection

from bench.installation import Site, resident_mb
from bench.measure import Result, interleaved, page_result
from demo import words
from demo.personas import snils_of
from kontingent.access.models import Appointment

REPEAT = 120


def _rows(statement: str, parameters: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def run(size: str, site: Site, server: psutil.Process, only: str | None) -> Iterator[Result]:
    """Measure each page in turn with its floor."""
    for name, measure in PAGES.items():
        if only in (None, name):
            ours, floor = measure(site)
            page, raw = interleaved(ours, floor, repeat=REPEAT)
            yield page_result(name, size, page, raw, rss_mb=resident_mb(server))


def _search(site: Site) -> Any:
    """By surname fragment over the whole register, one page of results (the ministry sees everybody)."""
    site.sign_in("ministry")
    rng = random.Random(1)
    fragments = [
        rng.choice(words.FAMILIES)[: rng.choice([3, 4, 5])].lower().replace("ё", "е") for _ in range(500)
    ]

    def page(i: int) -> None:
        from urllib.parse import quote

        site.get(f"/learners/?q={quote(fragments[i])}")

    def floor(i: int) -> None:
        _rows(
            "SELECT id, family_name, given_name, patronymic, birth_date, snils FROM persons_person "
            "WHERE name_key LIKE %s ORDER BY name_key LIMIT 51",
            [fragments[i] + "%"],
        )

    return page, floor


def _school_list(site: Site) -> Any:
    """All of a school of five hundred."""
    site.sign_in("secretary")
    school = Appointment.objects.get(snils=snils_of("secretary")).organisation_id

    def page(_: int) -> None:
        site.get("/learners/school/")

    def floor(_: int) -> None:
        _rows(
            "SELECT h.family_name, h.given_name, h.patronymic, h.birth_date, h.snils, g.title FROM enrolment_placement p "
            "JOIN persons_person h ON h.id = p.person_id JOIN enrolment_group g ON g.id = p.group_id "
            "WHERE p.organisation_id = %s AND p.superseded_at IS NULL AND p.ends_on IS NULL ORDER BY g.title_key, h.name_key",
            [school],
        )

    return page, floor


def _card(site: Site) -> Any:
    """A learner's card with family, documents and path."""
    site.sign_in("secretary")
    school = Appointment.objects.get(snils=snils_of("secretary")).organisation_id
    ids = [
        row[0]
        for row in _rows(
            "SELECT person_id FROM enrolment_placement WHERE organisation_id = %s AND superseded_at IS NULL AND ends_on IS NULL",
            [school],
        )
    ]

    def page(i: int) -> None:
        site.get(f"/learners/{ids[i % len(ids)]}/")

    def floor(i: int) -> None:
        person = ids[i % len(ids)]
        _rows("SELECT * FROM persons_person WHERE id = %s", [person])
        _rows("SELECT * FROM persons_identitydocument WHERE person_id = %s", [person])
        _rows("SELECT * FROM persons_address WHERE person_id = %s", [person])
        _rows(
            "SELECT a.* FROM persons_representation r JOIN persons_person a ON a.id = r.adult_id WHERE r.child_id = %s",
            [person],
        )
        _rows("SELECT * FROM enrolment_placement WHERE person_id = %s AND superseded_at IS NULL", [person])

    return page, floor


def _class_list(site: Site) -> Any:
    """One class."""
    site.sign_in("secretary")
    school = Appointment.objects.get(snils=snils_of("secretary")).organisation_id
    groups = [
        row[0]
        for row in _rows(
            "SELECT id FROM enrolment_group WHERE organisation_id = %s AND school_year = 2026", [school]
        )
    ]

    def page(i: int) -> None:
        site.get(f"/groups/{groups[i % len(groups)]}/")

    def floor(i: int) -> None:
        _rows(
            "SELECT h.* FROM enrolment_placement p JOIN persons_person h ON h.id = p.person_id WHERE p.group_id = %s "
            "AND p.superseded_at IS NULL AND p.ends_on IS NULL ORDER BY h.name_key",
            [groups[i % len(groups)]],
        )

    return page, floor


def _contingent(site: Site) -> Any:
    """Count by grade × sex over the region on a day."""
    site.sign_in("ministry")

    def page(_: int) -> None:
        site.get("/contingent/?on=2026-11-20&by=grade&columns=sex")

    def floor(_: int) -> None:
        _rows(
            "SELECT grade, sex, count(*) FROM enrolment_placement WHERE superseded_at IS NULL AND is_main "
            "AND starts_on <= '2026-11-20' AND (ends_on IS NULL OR ends_on > '2026-11-20') GROUP BY grade, sex",
            [],
        )

    return page, floor


PAGES = {
    "search": _search,
    "school_list": _school_list,
    "card": _card,
    "class_list": _class_list,
    "contingent": _contingent,
}
