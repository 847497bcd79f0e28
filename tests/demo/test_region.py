"""The synthetic region: deterministic, believable, and consistent by the product's own check."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection

from demo import contests, region
from demo.territory import EMPTY_SCHOOL_OGRN
from kontingent.achievements.portfolio.models import ContestFile, ContestRow
from kontingent.enrolment import contingent
from kontingent.enrolment.check import check
from kontingent.enrolment.contingent import Filter
from kontingent.exchange.epgu.queries import overview
from kontingent.kernel.actor import system_actor
from kontingent.organisations import actions as organisations
from kontingent.organisations import queries as registry
from kontingent.organisations import rules
from kontingent.organisations.models import Organisation
from tests import builders as b

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def loaded() -> region.LoadSummary:
    organisations.load_municipalities()
    return region.load("XS")


def one(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def digest() -> str:
    found = hashlib.sha256()
    with connection.cursor() as cursor:
        for table, order in (
            ("persons_person", "id"),
            ("enrolment_movement", "id"),
            ("enrolment_group", "id"),
        ):
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY {order}")
            for row in cursor.fetchall():
                found.update(row[0].encode())
    return found.hexdigest()


def test_the_region_passes_the_products_own_check(loaded: region.LoadSummary) -> None:
    report = check()
    assert report.is_clean, report.differences
    assert report.streams > 900


def test_a_school_has_a_journal_of_its_own_days(loaded: region.LoadSummary) -> None:
    assert one("SELECT count(*) FROM performance_mark") > 10_000
    assert one("SELECT count(*) FROM performance_attendance") > 1_000
    assert one("SELECT count(DISTINCT organisation_id) FROM performance_periodmark WHERE kind = 'period'") > 1
    assert one("SELECT count(DISTINCT school_year) FROM performance_periodmark WHERE kind = 'year'") == 5
    late = "SELECT count(*) FROM performance_{} WHERE {} > recorded_at::date"
    assert [one(late.format(*which)) for which in (("mark", "given_on"), ("attendance", "held_on"))] == [
        0,
        0,
    ], "nobody marks tomorrow's lesson"
    strangers = (
        "SELECT count(*) FROM performance_mark m WHERE NOT EXISTS (SELECT 1 FROM enrolment_placement p WHERE p.person_id = m.person_id "
        "AND p.group_id = m.group_id AND p.superseded_at IS NULL AND p.starts_on <= m.given_on AND (p.ends_on IS NULL OR p.ends_on > m.given_on))"
    )
    assert one(strangers) == 0
    assert (
        one(
            "SELECT count(*) FROM performance_mark m JOIN enrolment_group g ON g.id = m.group_id WHERE g.grade = 1"
        )
        == 0
    )


def test_it_is_believable(loaded: region.LoadSummary) -> None:
    assert 550 < contingent.total(b.ROOT, on=region.AS_OF, where=Filter(main=True)) < 1100
    assert contingent.total(b.ROOT, on=region.AS_OF, where=Filter(main=False)) > 50
    assert one("SELECT count(*) FROM persons_person WHERE citizenship_code = '1'") > 0
    assert one("SELECT count(*) FROM persons_person p WHERE snils IS NULL") > 5
    twins = "SELECT count(*) FROM persons_person a JOIN persons_person b USING (family_key, birth_date) WHERE a.id < b.id"
    assert one(twins) > 0
    assert one("SELECT count(*) FROM enrolment_order WHERE status = 'cancelled'") > 0
    no_class = "SELECT count(*) FROM enrolment_placement WHERE superseded_at IS NULL AND ends_on IS NULL AND group_id IS NULL AND study_form_code < '2'"
    assert one(no_class) == 0


def test_identifiers_are_valid(loaded: region.LoadSummary) -> None:
    for organisation in Organisation.objects.all():
        assert rules.normalise_ogrn(organisation.ogrn) == organisation.ogrn
        assert rules.normalise_inn(organisation.inn) == organisation.inn


def test_school_twelve_awaits_its_first_list(loaded: region.LoadSummary) -> None:
    school = registry.by_ogrn(EMPTY_SCHOOL_OGRN)
    assert school.groups.count() == 0


def test_a_register_that_holds_people_is_refused(loaded: region.LoadSummary) -> None:
    before = digest()
    with pytest.raises(region.NotEmpty):
        region.load("XS")
    assert digest() == before


@pytest.mark.django_db(transaction=True)
def test_the_same_seed_makes_the_same_region(loaded: region.LoadSummary) -> None:
    first = digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE persons_person, organisations_organisation, enrolment_movement, access_appointment, health.record, "
            "stages_stageorder, rollout_planline, performance_journal, performance_lesson, performance_mark, performance_attendance, "
            "performance_periodmark RESTART IDENTITY CASCADE"
        )
    region.load("XS")
    assert digest() == first


def test_citizens_have_asked_through_epgu(loaded: region.LoadSummary) -> None:
    found = overview(system_actor("test", "Проверка"))
    assert found.total.number > 100
    assert 1 < found.total.refused_share < 25
    assert 0 < found.total.p50_ms < found.total.p95_ms < 1000
    assert len(found.days) > 25
    assert found.refusals[0][0] == "NOT_REPRESENTATIVE"
    assert one("SELECT count(*) FROM epgu_servicerequest WHERE received_at > now()") == 0


def test_a_protocol_of_an_olympiad_waits_on_the_page_with_what_is_wrong_in_it(
    loaded: region.LoadSummary,
) -> None:
    sent = ContestFile.objects.get()
    assert (sent.state, sent.refusal) == ("checked", "")
    assert sent.totals["create"] >= contests.PARTICIPANTS // 2
    told = {row.problems[0][2] for row in ContestRow.objects.exclude(problems=[])}
    assert {"twice", "stranger", "value"} <= told
    assert contests.sample().read_bytes().startswith("\ufeffФИО участника".encode())
