"""Rules as SQL beside rules as Python, on random registers; the whole register beside the persons touched; the life of a case."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from kontingent.enrolment.models import Enrolment, OrderLine, Placement
from kontingent.trajectory.cases import coverages, finding, rules
from kontingent.trajectory.cases.codes import Coverage, Outcome, RuleCode, State
from kontingent.trajectory.cases.models import Case, CaseStep
from kontingent.trajectory.cases.rules import Setting
from kontingent.trajectory.transfers.models import Transfer
from tests import builders as b
from tests.trajectory.cases import random_register as r

pytestmark = pytest.mark.django_db
#: Everything on, also what stands off by default.
SETTINGS: dict[RuleCode, Setting] = {
    code: rules.amended(
        one,
        on=True,
        wait=one.wait,
        term=one.term,
        share=one.share,
        severity=one.severity,
        owner=one.owner,
        edition="",
    )
    for code, one in rules.DEFAULTS.items()
}
DAYS = (
    date(2025, 9, 1),
    date(2025, 9, 9),
    date(2025, 10, 1),
    date(2025, 11, 20),
    date(2026, 3, 1),
    date(2026, 7, 10),
    date(2026, 2, 28),
)


def expected(register: r.Register, day: date) -> dict[UUID, frozenset[RuleCode]]:
    """What the rules say of every child, those of whom they say something."""
    found = {}
    for child in register.children:
        facts = r.with_lookalikes(register, register.facts(child, day, SETTINGS[RuleCode.ABSENCE].wait), day)
        if said := rules.causes(facts, day, SETTINGS):
            found[child] = said
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_sql_says_of_every_child_what_the_rules_say(seed: int) -> None:
    """Thousands of child-days; every rule speaks of somebody, and of nobody it should not."""
    register = r.build(random.Random(seed), 600)
    spoken: Counter[RuleCode] = Counter()
    for day in DAYS:
        told = finding.causes(day=day, settings=SETTINGS)
        wanted = expected(register, day)
        differ = [(c, told.get(c), wanted.get(c)) for c in register.children if told.get(c) != wanted.get(c)]
        assert not differ, (day, len(differ), [(register.children[c], t, w) for c, t, w in differ[:1]])
        spoken.update(code for said in told.values() for code in said)
    assert set(spoken) == set(RuleCode)


def test_coverage_looks_only_for_placements_outside_a_school() -> None:
    """Millions of placements say where everybody studies; coverage asks of the few in the family, by an index of theirs."""
    r.build(random.Random(3), 400)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE enrolment_placement, enrolment_enrolment, persons_person")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            f"EXPLAIN {coverages.statement('state, count(*)', 'GROUP BY state')}",
            coverages.parameters(DAYS[3]),
        )
        plan = [row[0] for row in cursor.fetchall()]
    scans = [line for line in plan if "Index" in line and "placement" in line]
    assert scans
    assert all("placement_out_of_school" in line for line in scans), plan
    assert not any("Seq Scan on enrolment_placement" in line for line in plan)


def test_every_child_is_in_exactly_one_state_of_coverage() -> None:
    """SQL counts each living or dead minor once, in the state that the rules name; every state occurs."""
    register = r.build(random.Random(5), 1000)
    seen: set[str] = set()
    for day in DAYS:
        with connection.cursor() as cursor:
            cursor.execute(coverages.statement("person_id, state"), coverages.parameters(day))
            rows = cursor.fetchall()
        told = dict(rows)
        assert len(told) == len(rows)
        minors = {c: f for c, f in register.children.items() if rules.years_before(day, 18) < f.born <= day}
        assert told == {child: rules.coverage(facts, day) for child, facts in minors.items()}
        seen |= set(told.values())
    assert seen == set(Coverage)


def _stands() -> set[tuple[str, UUID, str, str, bool]]:
    return set(Case.objects.values_list("rule", "person_id", "key", "state", "stands"))


@pytest.mark.parametrize("seed", [11, 12])
def test_following_the_persons_touched_leaves_what_the_whole_register_would(seed: int) -> None:
    """Random acts on some children; going through them alone leaves the cases that going through everybody leaves."""
    rng = random.Random(seed)
    register = r.build(rng, 200)
    day = date(2025, 11, 20)
    finding.find(day=day, settings=SETTINGS)
    changed = 0
    for _ in range(6):
        touched = rng.sample(list(register.children), 25)
        for child in touched:
            _act(rng, child, day)
        before = _stands()
        finding.find(day=day, persons=touched, settings=SETTINGS)
        one_by_one = _stands()
        changed += before != one_by_one
        counted = finding.find(day=day, settings=SETTINGS)
        assert (counted.opened, counted.reopened, counted.gone) == (0, 0, 0)
        assert _stands() == one_by_one
    assert changed >= 4


def _act(rng: random.Random, child: UUID, day: date) -> None:
    """End what is open, forget an end, throw drafts away, or let a transfer be decided upon, held up or withdrawn."""
    transfer = Transfer.objects.filter(person_id=child).first()
    if transfer is not None and rng.random() < 0.4:
        transfer.state = "withdrawn" if transfer.state == "approved" else "approved"
        transfer.approved_at, transfer.held_up = transfer.registered_at, rng.choice(["", "", "x"])
        transfer.save()
    rows = list(Enrolment.objects.filter(person_id=child, superseded_at=None).order_by("starts_on"))
    latest = rows[-1] if rows else None
    if latest is None or rng.random() < 0.2:
        OrderLine.objects.filter(person_id=child, order__status="draft").delete()
    elif latest.ends_on is None and latest.starts_on < day:
        latest.ends_on, latest.reason_code = (
            day - timedelta(days=20) if latest.starts_on < day - timedelta(days=20) else day,
            rng.choice(r.REASONS),
        )
        latest.save()
        Placement.objects.filter(enrolment_id=latest.enrolment_id, superseded_at=None).delete()
    elif latest.is_main and all(row.ends_on for row in rows[:-1] if row.is_main):
        latest.ends_on, latest.reason_code = None, ""
        latest.save()


@pytest.fixture
def lost() -> tuple[UUID, UUID]:
    """A child who left nowhere on 1 November; the child and the enrolment."""
    school = b.school()
    child = b.person("Лыкова Вера Ильинична", born=date(2013, 3, 3))
    stream = b.admitted(child, b.group(school, "5А"))
    Enrolment.objects.filter(enrolment_id=stream, superseded_at=None).update(
        ends_on=date(2025, 11, 1), reason_code="E2"
    )
    return child, stream


def test_a_cause_opens_a_case_and_its_end_closes_it_with_a_trace(lost: tuple[UUID, UUID]) -> None:
    child, stream = lost
    assert finding.find(day=date(2025, 11, 3)).opened == 1
    case = Case.objects.get(person_id=child)
    assert (case.rule, case.key, case.since, case.due_on) == (
        "left_nowhere",
        str(stream),
        date(2025, 11, 1),
        date(2025, 11, 13),
    )
    assert case.owner_municipality_id is not None
    assert case.owner_organisation_id is None
    assert finding.find(day=date(2025, 11, 4)) == (0, 0, 0, 1)
    Enrolment.objects.filter(enrolment_id=stream, superseded_at=None).update(ends_on=None, reason_code="")
    assert finding.find(day=date(2025, 11, 5)).gone == 1
    case.refresh_from_db()
    assert (case.state, case.outcome, case.stands) == (State.CLOSED, Outcome.GONE, False)
    Enrolment.objects.filter(enrolment_id=stream, superseded_at=None).update(
        ends_on=date(2025, 11, 1), reason_code="E2"
    )
    assert finding.find(day=date(2025, 11, 6)).reopened == 1
    case.refresh_from_db()
    assert (case.state, case.opened_on, case.outcome) == (State.OPEN, date(2025, 11, 6), "")
    assert list(CaseStep.objects.order_by("id").values_list("kind", flat=True)) == [
        "opened",
        "gone",
        "reopened",
    ]


def test_a_case_closed_with_evidence_stays_closed_until_the_evidence_expires(lost: tuple[UUID, UUID]) -> None:
    finding.find(day=date(2025, 11, 3))
    Case.objects.update(
        state=State.CLOSED,
        outcome=Outcome.SOLVED,
        evidence="справка № 7",
        closed_on=date(2025, 11, 4),
        evidence_until=date(2025, 12, 1),
    )
    for day in (date(2025, 11, 5), date(2025, 12, 1)):
        assert finding.find(day=day) == (0, 0, 0, 1)
        assert Case.objects.get().state == State.CLOSED
    assert finding.find(day=date(2025, 12, 2)).reopened == 1
    assert Case.objects.get().evidence == "справка № 7"
    Case.objects.update(
        state=State.CLOSED, outcome=Outcome.SOLVED, closed_on=date(2025, 12, 2), evidence_until=None
    )
    assert finding.find(day=date(2026, 6, 1)) == (0, 0, 0, 1)


def test_a_postponed_case_comes_back_on_its_day(lost: tuple[UUID, UUID]) -> None:
    finding.find(day=date(2025, 11, 3))
    Case.objects.update(state=State.POSTPONED, postponed_until=date(2025, 11, 20))
    finding.find(day=date(2025, 11, 19))
    assert Case.objects.get().state == State.POSTPONED
    finding.find(day=date(2025, 11, 20))
    assert Case.objects.get().state == State.OPEN
    assert CaseStep.objects.order_by("-id").values_list("kind", flat=True)[0] == "resumed"
