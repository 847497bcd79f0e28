"""A random register written as bare rows, and beside it the facts of each child as ``rules`` wants them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from kontingent.achievements.attestation.models import ExamResult
from kontingent.enrolment.models import Enrolment, Group, Order, OrderLine, Placement
from kontingent.kernel import clock
from kontingent.organisations.models import Organisation
from kontingent.performance.actions import years
from kontingent.performance.models import Attendance, Journal, Lesson, PeriodMark
from kontingent.persons.models import Address, CitizenshipPeriod, DuplicatePair, Person, Representation
from kontingent.trajectory.cases import codes, rules
from kontingent.trajectory.cases.rules import Facts, Study
from kontingent.trajectory.transfers.models import Transfer
from tests import builders as b

FIRST, LAST = date(2024, 9, 1), date(2026, 8, 31)
REASONS = (
    "T1",
    "T2",
    "T3",
    "T4",
    "T5",
    "T7",
    "H1",
    "D1",
    "E1",
    "E2",
    "E3",
    "L1",
    "G1",
    "G2",
    "G3",
    "G4",
    "C1",
)


@dataclass
class Register:
    """Children by id, and the days on which lessons were held."""

    schools: list[Organisation]
    children: dict[UUID, Facts] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    absent: dict[UUID, dict[date, int]] = field(default_factory=dict)
    lessons: dict[UUID, dict[date, int]] = field(default_factory=dict)

    def facts(self, child: UUID, day: date, window: int) -> Facts:
        """Return the facts of a child on a day: attendance depends on it."""
        found = self.children[child]
        if found.attested_on is not None and found.attested_on > day:
            found = replace(found, attested_on=None)
        september, edge = rules.school_year_begins(day), day - timedelta(days=window)
        now = found.now(day)
        group = self.groups[now.organisation] if now is not None and now.level == "13" else None
        held = {
            on: n
            for on, n in self.lessons.get(group.id if group else uuid4(), {}).items()
            if september <= on <= day
        }
        missed = {on: n for on, n in self.absent.get(child, {}).items() if september <= on <= day}
        return replace(
            found, lessons=sum(n for on, n in held.items() if on > edge), lesson_days=len(held),
            missed=sum(n for on, n in missed.items() if on > edge), missed_days=len(missed),
        ) if missed else replace(found, lessons=0, lesson_days=0, missed=0, missed_days=0)  # fmt: skip


def build(rng: random.Random, how_many: int) -> Register:
    """Write so many children; every fact that a rule asks for is drawn."""
    years.make_years(2025)
    years.make_years(2024)
    schools = [b.school(f"Школа {rng.random()}") for _ in range(4)]
    register = Register(schools)
    orders = {at.id: Order.objects.create(organisation=at, kind="admission", number="1", dated=FIRST, status="signed",
        created_at=_moment(FIRST), created_by="x", created_by_name="x", signed_at=_moment(FIRST)) for at in schools}  # fmt: skip
    programmes = {
        (at.id, kind): b.programme(at, kind, f"П{kind}")
        for at in schools
        for kind in ("11", "12", "13", "14", "211")
    }
    groups = {at.id: b.group(at, "7А") for at in schools}
    register.groups = {str(at): group for at, group in groups.items()}
    journal = Journal.objects.create(
        code=f"j{rng.random()}", title="x", client_code=f"client:{rng.random()}", created_at=clock.now()
    )
    persons: list[Person] = []
    enrolments: list[Enrolment] = []
    placements: list[Placement] = []
    rest: list[Any] = []
    for number, group in enumerate(groups.values()):
        days = [date(2025, 9, 1) + timedelta(days=n) for n in range((0, 20, 60, 200)[number])]
        register.lessons[group.id] = {on: 3 for on in days if on.weekday() in (0, 2)}
        rest += [
            Lesson(journal_id=journal.id, external_id=f"{on}{n}", group_id=group.id, school_year=2025, version=1, batch_id=1,
                organisation_id=group.organisation_id, subject_code="1", recorded_at=clock.now(), held_on=on, number=n)
            for on, count in register.lessons[group.id].items() for n in range(count)
        ]  # fmt: skip
    for _ in range(how_many):
        child = uuid4()
        facts = _child(rng, schools)
        register.children[child] = facts
        persons.append(
            Person(id=child, family_name="А", given_name="Б", name_key="а б", family_key="а", given_key="б", sex="1",
                birth_date=facts.born, died_on=facts.died_on, created_at=clock.now(), updated_at=clock.now())
        )  # fmt: skip
        for one in facts.studies:
            known = {"enrolment_id": UUID(one.key), "person_id": child, "organisation_id": UUID(one.organisation),
                     "starts_on": one.starts_on, "ends_on": one.ends_on, "recorded_at": _moment(one.starts_on), "is_main": one.is_main}  # fmt: skip
            enrolments.append(Enrolment(**known, level_code=one.level, opened_by=orders[UUID(one.organisation)],
                reason_code=one.reason, destination_text="куда" if one.named else ""))  # fmt: skip
            sits_in = groups[UUID(one.organisation)] if one.level == "13" else None
            if one.ends_on is None or one.ends_on > one.starts_on:
                placements.append(Placement(**known, group=sits_in, grade=7, programme=programmes[UUID(one.organisation), one.level],
                    programme_kind_code=one.level, study_form_code=one.form, sex="1", birth_date=facts.born))  # fmt: skip
            if sits_in and one.ends_on is None:
                rest += _absences(rng, register, child, sits_in, journal)
        for at, level, since in facts.drafts:
            order = Order(
                organisation_id=UUID(at),
                kind="admission",
                status="draft",
                created_at=_moment(since),
                created_by="x",
                created_by_name="x",
            )
            rest += [order, OrderLine(order=order, position=1, person_id=child, kind="admission", effective_on=since,
                programme=programmes[UUID(at), level])]  # fmt: skip
        rest += _transfers(rng, child, facts, groups)
        if facts.foreign:
            rest.append(
                CitizenshipPeriod(
                    person_id=child, citizenship_code="1", country_code="762", recorded_at=clock.now()
                )
            )
        if facts.has_address:
            rest.append(Address(person_id=child, kind_code="stay", text="x"))
        if facts.attested_on:
            rest += _attested(rng, child, facts.attested_on, journal, schools[0], persons)
    Person.objects.bulk_create(persons)
    Enrolment.objects.bulk_create(enrolments)
    Placement.objects.bulk_create(placements)
    _pairs(rng, register)
    models: list[Any] = [
        Lesson,
        Attendance,
        PeriodMark,
        ExamResult,
        Order,
        OrderLine,
        CitizenshipPeriod,
        Address,
        Transfer,
    ]
    for model in models:
        model.objects.bulk_create([one for one in rest if isinstance(one, model)])
    return register


def _attested(
    rng: random.Random, child: UUID, on: date, journal: Journal, at: Organisation, persons: list[Person]
) -> list[Any]:
    """By a closing mark, by an exam, or by an exam of a record that was merged into the child's."""
    drawn = rng.random()
    if drawn < 0.5:
        return [PeriodMark(journal_id=journal.id, external_id=str(child), school_year=rules.school_year_begins(on).year, version=1, batch_id=1,
            organisation_id=at.id, person_id=child, group_id=None, subject_code="1", recorded_at=clock.now(), given_on=on, kind="year",
            period_code="7", system_code=1, value="5")]  # fmt: skip
    whose = child
    if drawn > 0.75:
        whose = uuid4()
        persons.append(Person(id=whose, merged_into_id=child, status_code="2", family_name="А", given_name="Б", name_key="а б", family_key="а", given_key="б",
            sex="1", birth_date=date(2010, 1, 1), created_at=clock.now(), updated_at=clock.now()))  # fmt: skip
    return [ExamResult(person_id=whose, organisation_id=at.id, year=on.year, form="oge", stage_code="main", subject_code="1", held_on=on,
        status_code="valid", recorded_at=clock.now(), recorded_by="x")]  # fmt: skip


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 7, tzinfo=clock.now().tzinfo)


def _child(rng: random.Random, schools: list[Organisation]) -> Facts:
    born = date(2004, 1, 1) + timedelta(days=rng.randrange(365 * 20))
    studies = [] if rng.random() < 0.15 else list(_history(rng, schools))
    drafts = tuple(
        (str(at.id), rng.choice(["12", "13", "11"]), FIRST + timedelta(days=rng.randrange(700)))
        for at in rng.sample(schools, rng.choice([0, 0, 0, 1, 1, 2]))
    )
    return Facts(
        born=born, died_on=date(2025, 12, 1) if rng.random() < 0.03 else None, studies=tuple(studies), drafts=drafts,
        transfers=_on_its_way(rng, schools, studies),
        foreign=rng.random() < 0.15, has_address=rng.random() < 0.5,
        attested_on=FIRST + timedelta(days=rng.randrange(700)) if rng.random() < 0.3 else None,
    )  # fmt: skip


def _on_its_way(
    rng: random.Random, schools: list[Organisation], studies: list[Study]
) -> tuple[tuple[str, str, date], ...]:
    if rng.random() > 0.3:
        return ()
    former, receiver = rng.sample([str(at.id) for at in schools], 2)
    if studies and rng.random() < 0.7 and studies[-1].organisation != receiver:
        former = studies[-1].organisation
    return ((former, receiver, FIRST + timedelta(days=rng.randrange(700))),)


def _transfers(rng: random.Random, child: UUID, facts: Facts, groups: dict[UUID, Group]) -> list[Transfer]:
    """The transfer by which a child is on its way, or one that is not decided upon, is held up or over: the rules know nothing of it."""
    drawn = rng.random()
    if not facts.transfers and drawn > 0.2:
        return []
    former, receiver = rng.sample(sorted(groups, key=str), 2)
    since = FIRST + timedelta(days=rng.randrange(700))
    if facts.transfers:
        told, into, since = facts.transfers[0]
        former, receiver = UUID(told), UUID(into)
    state = "approved" if facts.transfers or drawn < 0.07 else rng.choice(["registered", "withdrawn"])
    return [
        Transfer(person_id=child, learner_name="x", former_id=former, receiver_id=receiver, group=groups[receiver], applicant="x",
            applied_on=since, arrives_on=since, registered_at=_moment(since), registered_by_name="x", state=state,
            approved_at=_moment(since) if state == "approved" else None,
            held_up="" if facts.transfers or state != "approved" else "не числится")
    ]  # fmt: skip


def _history(rng: random.Random, schools: list[Organisation]) -> list[Study]:
    """Up to three main enrolments, one after another with gaps, and perhaps a college beside them."""
    found, day = [], FIRST + timedelta(days=rng.choice([0, 0, 30, 300, 365]))
    for _ in range(rng.choice([1, 1, 2, 3])):
        ends = day + timedelta(days=rng.choice([0, 1, 20, 150, 273, 365])) if rng.random() < 0.7 else None
        found.append(
            _study(rng, schools, day, ends, rng.choice(["11", "12", "13", "13", "13", "14"]), is_main=True)
        )
        if ends is None:
            break
        day = ends + timedelta(days=rng.choice([1, 5, 14, 15, 60]))
    if rng.random() < 0.2:
        starts = FIRST + timedelta(days=rng.randrange(500))
        ends = starts + timedelta(days=100) if rng.random() < 0.5 else None
        found.append(_study(rng, schools, starts, ends, "211", is_main=False))
    return found


def _study(
    rng: random.Random,
    schools: list[Organisation],
    starts: date,
    ends: date | None,
    level: str,
    *,
    is_main: bool,
) -> Study:
    return Study(
        key=str(uuid4()), organisation=str(rng.choice(schools).id), level=level, starts_on=starts, ends_on=ends,
        reason=rng.choice(REASONS) if ends else "", named=bool(ends) and rng.random() < 0.5, is_main=is_main,
        form=rng.choice(["11", "11", "11", "21"]),
    )  # fmt: skip


def _absences(
    rng: random.Random, register: Register, child: UUID, group: Group, journal: Journal
) -> list[Attendance]:
    share = rng.choice([0, 0, 0.1, 0.3, 0.6, 1, 1])
    found = []
    missed = register.absent.setdefault(child, {})
    for on, count in register.lessons[group.id].items():
        for n in range(count):
            if rng.random() < share:
                code = rng.choice(["н", "н", "у"]) if share == 1 else rng.choice(["н", "у", "б"])
                if code in codes.UNEXPLAINED:
                    missed[on] = missed.get(on, 0) + 1
                found.append(Attendance(journal_id=journal.id, external_id=f"{child}{on}{n}", group_id=group.id, school_year=2025, version=1,
                    batch_id=1, organisation_id=group.organisation_id, person_id=child, subject_code="1", recorded_at=clock.now(),
                    held_on=on, lesson_number=n, code=code))  # fmt: skip
    return found


def _pairs(rng: random.Random, register: Register) -> None:
    """Tie some children into pairs, some of which want the same number; make some parents of others."""
    children = list(register.children)
    rng.shuffle(children)
    for _ in range(len(children) // 12):
        one, other = sorted([children.pop(), children.pop()])
        shares = rng.random() < 0.4
        DuplicatePair.objects.create(one_id=one, other_id=other, level="possible", score=50, found_by="entry", found_at=_moment(FIRST),
            claimed_snils=b.snils_of(rng.randrange(10**6)) if shares else None, claimant_id=one if shares else None)  # fmt: skip
        for this, that in ((one, other), (other, one)):
            register.children[this] = replace(
                register.children[this], shares_snils=shares, alike_at=(str(that),)
            )
    for _ in range(len(children) // 20):
        adult, child = children.pop(), children.pop()
        Representation.objects.create(adult_id=adult, child_id=child)
        register.children[adult] = replace(register.children[adult], represents=True)


def with_lookalikes(register: Register, facts: Facts, day: date) -> Facts:
    """Say where the record that looks alike is enrolled on the day."""
    found = []
    for other in facts.alike_at:
        now = register.children[UUID(other)].now(day)
        if now is not None and now.is_main:
            found.append(now.organisation)
    return replace(facts, alike_at=tuple(found))
