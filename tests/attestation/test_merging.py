"""Two records of one learner who has achievements, proposals, results and documents in both: merge, edit, unmerge.

As ``tests/persons/test_unmerge_property``: each case is drawn at random and walked both ways, every table is compared. Achievements go along and come back;
results and documents stay with the record they were written for, and a correction that comes in while the records are one belongs to whom it corrects.
"""

from __future__ import annotations

import os
import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Model

from kontingent.achievements.attestation import queries
from kontingent.achievements.attestation.models import EducationDocument, ExamResult
from kontingent.achievements.attestation.queries import By
from kontingent.achievements.attestation.queries.results import exams_of
from kontingent.achievements.portfolio import actions, rules
from kontingent.achievements.portfolio.models import Achievement, Scan
from kontingent.achievements.portfolio.rules import Facts
from kontingent.codelists import actions as codelists
from kontingent.enrolment.models import Group
from kontingent.kernel import clock
from kontingent.persons import merging
from kontingent.persons.models import Person
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.attestation import town as t
from tests.persons.test_unmerge_property import Edit, World, one_case

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
CASES = int(os.environ.get("UNMERGE_CASES", "12"))
EVENTS = ("Робофест", "Камские голоса", "Лыжня России", "Шаг в будущее")
RESULTS = ("winner", "prize", "participant")
SUBJECTS = ("1", "2", "12")
MINISTRY = t.region("achievement.edit", "achievement.view")


def facts(rng: random.Random, **said: Any) -> Facts:
    drawn = Facts("200", rng.choice(EVENTS), date(2024, 11, rng.randint(1, 2)), "400", rng.choice(RESULTS), organiser=rng.choice(["", "Минобр"]))  # fmt: skip
    return drawn._replace(**said)


def held(who: UUID, at: Any, told: Facts, *, proposed: bool) -> Achievement | None:
    """An achievement that a record holds from the beginning; an event is there once."""
    key = rules.title_key(told.title)
    if Achievement.objects.filter(person_id=who, title_key=key, happened_on=told.happened_on).exists():
        return None
    one = Achievement.objects.create(
        person_id=who, organisation=at, title_key=key, state="proposed" if proposed else "accepted", by_family=proposed,
        entered_at=clock.now(), entered_by_name="Проверка", **told._asdict(),
    )  # fmt: skip
    Scan.objects.create(
        achievement=one, digest=uuid4().hex * 2, media_type="image/png", ending="png", size=1, uploaded_at=clock.now(), uploaded_by_name="Проверка"
    )  # fmt: skip
    return one


def sat(who: UUID, at: Any, subject: str, mark: int, *, minutes_ago: int = 0) -> ExamResult:
    """A result that a record holds from the beginning."""
    return ExamResult.objects.create(
        person_id=who, organisation=at, year=2025, form="oge", stage_code="main", subject_code=subject, held_on=t.DAY, mark=mark,
        passed=mark > 2, status_code="valid", recorded_at=clock.now() - timedelta(minutes=minutes_ago), recorded_by="Проверка",
    )  # fmt: skip


def certified(who: UUID, at: Any, number: int) -> EducationDocument:
    """A document that a record holds from the beginning."""
    return EducationDocument.objects.create(
        document_id=uuid4(), person_id=who, organisation=at, kind_code="12", series="05904", number=f"{number:09d}", registration_number=str(number),
        issued_on=date(2025, 6, 25), graduated_in=2025, family_name="Мальцева", given_name="Анна", birth_date=date(2010, 5, 1), sex="2",
        recorded_at=clock.now(), recorded_by="Проверка",
    )  # fmt: skip


def start(rng: random.Random) -> World:
    """One learner twice: until last year under one record, since then under the other."""
    codelists.load_all()
    t.opened()
    school = b.school("Школа № 5")
    pair = [
        b.person(f"{family} Анна Павловна", born=date(2010, 5, 1 + index), snils=b.snils_of(100 + index))
        for index, family in enumerate(("Мальцева", "Попова"))
    ]
    b.admitted(pair[0], b.group(school, "9А", year=2024), on=date(2024, 9, 1))
    b.left(pair[1], b.admitted(pair[1], b.group(school, "8А", year=2023), on=date(2023, 9, 1)), school, on=date(2024, 5, 31))  # fmt: skip
    world = World(rng, pair, [], [])
    world.school, world.newest, world.achievements = school, {}, []  # type: ignore[attr-defined]
    for index, who in enumerate(pair):
        made = [held(who, school, facts(rng), proposed=rng.random() < 0.4) for _ in range(rng.randint(0, 3))]
        world.achievements += [one.pk for one in made if one]  # type: ignore[attr-defined]
        for subject in rng.sample(SUBJECTS, rng.randint(0, 2)):
            sat(who, school, subject, rng.randint(2, 5), minutes_ago=10 - index)
            world.newest[subject] = index  # type: ignore[attr-defined]
        if rng.random() < 0.5:
            certified(who, school, 100 + index)
    return world


def draw(world: Any) -> Edit:
    rng: random.Random = world.rng
    kinds = [
        "enter",
        "enter",
        "exam",
        "exam",
        *(["correct", "accept", "revoke"] if world.achievements else []),
    ]
    kind = rng.choice(kinds)
    if kind == "enter":
        told = facts(rng, title=rng.choice([*EVENTS, "Кенгуру", "Русский медвежонок"]))
        return Edit(lambda who: entered(who, world.school, told), rng.randint(0, 1), "achievement")
    if kind == "exam":
        subject, mark = rng.choice(SUBJECTS), rng.randint(2, 5)
        belongs = world.newest.setdefault(subject, 0)
        return Edit(lambda who: imported(who, subject, mark), belongs, "result")
    which, told = rng.choice(world.achievements), facts(rng)
    return Edit(lambda _: decided(kind, which, told), 0, "decision")


def entered(who: UUID, school: Any, told: Facts) -> None:
    with scoped(MINISTRY):
        actions.enter(actor=MINISTRY, organisation_id=school.id, person_ids=[who], facts=told, verified=False)


def imported(who: UUID, subject: str, mark: int) -> None:
    one = t.sent(MINISTRY, t.table(t.HEAD, [t.exam(who, subject, mark=mark)]))
    assert "refused" not in one.totals
    if one.has_work:
        t.applied(MINISTRY, one)


def decided(kind: str, which: UUID, told: Facts) -> None:
    with scoped(MINISTRY):
        if kind == "correct":
            present = actions.facts_of(Achievement.objects.get(pk=which))
            said = present._replace(result_code=told.result_code, organiser=told.organiser)
            actions.correct(actor=MINISTRY, achievement_id=which, facts=said)
        elif kind == "accept":
            actions.accept(actor=MINISTRY, achievement_id=which, decisions={}, verified=True)
        else:
            actions.revoke(actor=MINISTRY, achievement_id=which, reason="Проверка")


@pytest.mark.parametrize("seed", range(CASES))
def test_unmerging_gives_everybody_back_what_is_theirs(seed: int) -> None:
    assert one_case(seed, start, draw), "a pair that studied one after the other can be merged"
    assert not Person.objects.exists()


@pytest.mark.parametrize("of_school", [False, True], ids=["ministry", "school"])
def test_a_class_and_the_numbers_have_all_results_of_both_records_each_once(of_school: bool) -> None:
    world: Any = start(random.Random(0))
    ExamResult.objects.all().delete()
    first, second = world.pair
    actor = t.worker("head", world.school) if of_school else MINISTRY
    for who, subject, mark, ago in (
        (first, "1", 3, 5),
        (second, "1", 5, 9),
        (second, "2", 5, 9),
        (second, "12", 4, 9),
    ):
        sat(who, world.school, subject, mark, minutes_ago=ago)
    group_id = Group.objects.get(school_year=2024).pk

    def told() -> tuple[dict[str, str], dict[str, int]]:
        with scoped(actor):
            _, columns, [(_, found)] = queries.of_class(actor, group_id, date(2025, 5, 25))
            numbers = queries.summary(actor, 2025, "oge", By.SUBJECT, organisation_id=world.school.pk)
            (total,) = queries.summary(actor, 2025, "oge", By.SCHOOL)
        assert total.number == sum(row.number for row in numbers)
        return {column: found[column].outcome for column in columns}, {
            row.title: row.number for row in numbers
        }

    apart = told()
    assert apart == ({"oge:1": "3"}, {"Русский язык": 2, "Математика": 1, "Обществознание": 1})
    made = merging.merge(actor=b.ROOT, survivor_id=first, merged_id=second, from_merged=[], basis="Проверка")
    assert told() == (
        {"oge:1": "3", "oge:2": "5", "oge:12": "4"},
        {"Русский язык": 1, "Математика": 1, "Обществознание": 1},
    ), "of the exam that both hold, the latest word"
    merging.unmerge(actor=b.ROOT, merge_id=made.pk, to_merged=set(), basis="Проверка")
    assert told() == apart


def counted(*tables: type[Model]) -> list[int]:
    return [table._base_manager.count() for table in tables]


def test_while_they_are_one_everything_is_shown_once_and_nothing_is_lost() -> None:
    world: Any = start(random.Random(0))
    ExamResult.objects.all().delete()
    Achievement.objects.all().delete()
    first, second = world.pair
    for who, mark, ago in ((first, 3, 5), (second, 4, 9)):
        sat(who, world.school, "1", mark, minutes_ago=ago)
        held(who, world.school, Facts("200", "Робофест", date(2024, 11, 1), "400", "winner"), proposed=False)
    sat(second, world.school, "2", 5)
    before = counted(ExamResult, Achievement, Scan)
    made = merging.merge(actor=b.ROOT, survivor_id=first, merged_id=second, from_merged=[], basis="Проверка")
    assert counted(ExamResult, Achievement, Scan) == before
    with scoped(MINISTRY):
        [(_, shown)] = queries.of_learner(MINISTRY, first).by_year
    assert [(row.result.subject_code, row.result.mark) for row in shown] == [("1", 3), ("2", 5)], (
        "the latest word stands"
    )
    assert [one.mark for one in exams_of([first])[first]] == [3, 5], "a graduating class counts it once"
    imported(first, "1", 5)
    imported(first, "2", 4)
    with scoped(MINISTRY):
        [(_, shown)] = queries.of_learner(MINISTRY, first).by_year
    assert [row.result.mark for row in shown] == [5, 4]
    assert Achievement.objects.filter(person_id=first).count() == 1, (
        "what the survivor had already stays behind"
    )
    merging.unmerge(actor=b.ROOT, merge_id=made.pk, to_merged=set(), basis="Проверка")
    assert {(one.person_id, one.subject_code, one.mark) for one in ExamResult.objects.filter(superseded_at=None)} == {
        (first, "1", 5), (second, "1", 4), (second, "2", 4),
    }  # fmt: skip
    assert Achievement.objects.filter(person_id=second).count() == 1
    assert counted(Achievement, Scan) == before[1:]
