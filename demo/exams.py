"""Stage three of the invented region: open in one municipality, with the exams of last year's graduates and the documents of the school
that the demonstration begins in. One of its ninth classes has not been given its documents yet.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kontingent.achievements.attestation.codes import DocumentKind
from kontingent.achievements.attestation.models import EducationDocument, ExamResult, SupplementLine
from kontingent.achievements.attestation.queries.graduation import LAST_GRADES, levels_of, outcomes_of
from kontingent.achievements.attestation.rules import final
from kontingent.enrolment.models import Group, Placement
from kontingent.kernel import clock
from kontingent.kernel.ids import new_id
from kontingent.organisations.models import Organisation
from kontingent.performance.codes import MarkSystem
from kontingent.performance.models import PeriodMark
from kontingent.persons.models import Person
from kontingent.stages.models import StageOrder

SINCE = date(2026, 9, 1)
YEAR = 2025
LAST_DAY = date(2026, 5, 25)
ISSUED = {DocumentKind.BASIC: date(2026, 6, 24), DocumentKind.SECONDARY: date(2026, 6, 26)}
#: Graduates of other schools of the municipality whose exams are known, at most; shares and scores are believable, not sourced.
ELSEWHERE = 1_500
CHOSEN = ("12", "8", "5", "6", "3", "4", "18", "7", "9")
GEOGRAPHY, CHEMISTRY = "s17", "s19"
OGE_DAYS = {"1": date(2026, 6, 9), "2": date(2026, 6, 3)}
EGE_DAYS = {"1": date(2026, 6, 4), "2": date(2026, 6, 8), "22": date(2026, 6, 8)}


def write(school_id: UUID, *, seed: int) -> None:
    """Open the stage where the school lies and write what its graduates of last summer took home."""
    school = Organisation.objects.get(pk=school_id)
    StageOrder.objects.create(
        stage="3", opens=True, municipality_id=school.municipality_id, starts_on=SINCE, number="26-01-06-813",
        dated=date(2026, 8, 20), recorded_at=clock.now(), recorded_by="Вымышленный регион",
    )  # fmt: skip
    rng = random.Random(seed)
    near = Group.objects.filter(
        organisation__municipality_id=school.municipality_id, school_year=YEAR, grade__in=[9, 11]
    )
    own = list(near.filter(organisation_id=school_id).order_by("grade", "title_key"))
    results: list[ExamResult] = []
    for group in own:
        results += _exams(rng, group, _people(group))
    if last := [one for one in own if one.grade == 9]:
        _lacking(last[-1], results)
    left = ELSEWHERE
    for group in near.exclude(organisation_id=school_id).order_by("organisation_id", "title_key"):
        people = _people(group)
        if (left := left - len(people)) < 0:
            break
        results += _exams(rng, group, people)
    ExamResult.objects.bulk_create(results, batch_size=2000)
    number = 100
    for group in own:
        if not (group.grade == 9 and group == [one for one in own if one.grade == 9][-1]):
            number = _documents(school, group, number)


def _lacking(group: Group, results: list[ExamResult]) -> None:
    """One of the class without documents is excellent in everything and learnt geography elsewhere: the journal has no mark of it.
    Another was marked in chemistry by hundred points, which no document has.

    What a school does about it is the story of the page of missing marks.
    """
    ranked = sorted(
        _people(group),
        key=lambda who: (
            sum(one.mark or 0 for one in results if one.person_id == who and one.form == "oge"),
            str(who),
        ),
    )
    if len(ranked) < 2:
        return
    second, best = ranked[-2:]
    of_year = PeriodMark.objects.filter(
        person_id=second, subject_code=CHEMISTRY, school_year=YEAR, kind="year"
    )
    of_year.update(value="87", score=87, system_code=MarkSystem.HUNDRED)
    marks = PeriodMark.objects.filter(person_id=best)
    marks.filter(subject_code=GEOGRAPHY).delete()
    marks.filter(value__in=["2", "3", "4"]).update(value="5", score=5)
    results[:] = [one for one in results if one.person_id != best or one.stage_code == "main"]
    for one in results:
        if one.person_id == best and one.form == "oge":
            one.mark, one.passed, one.primary_score = 5, True, 32


def _people(group: Group) -> list[UUID]:
    found = Placement.objects.filter(group=group, superseded_at=None, starts_on__lte=LAST_DAY).exclude(
        ends_on__lte=LAST_DAY
    )
    return list(found.order_by("person_id").values_list("person_id", flat=True).distinct())


def _exams(rng: random.Random, group: Group, people: Sequence[UUID]) -> Iterator[ExamResult]:
    for person_id in people:
        if group.grade == 9:
            yield _one(group, person_id, "interview", "70", date(2026, 2, 11), passed=True)
            for subject in ("1", "2", *rng.sample(CHOSEN, 2)):
                yield from _oge(rng, group, person_id, subject)
        else:
            yield _one(group, person_id, "essay", "20", date(2025, 12, 3), passed=True)
            for subject in ("1", rng.choice(("2", "22")), *rng.sample(CHOSEN, rng.choice((1, 2)))):
                yield _ege(rng, group, person_id, subject)


def _oge(rng: random.Random, group: Group, person_id: UUID, subject: str) -> Iterator[ExamResult]:
    day = OGE_DAYS.get(subject, date(2026, 6, 16))
    mark = rng.choices((2, 3, 4, 5), (3, 30, 42, 25))[0]
    yield _one(
        group,
        person_id,
        "oge",
        subject,
        day,
        mark=mark,
        primary_score=mark * 6 + rng.randint(0, 5),
        passed=mark > 2,
    )
    if mark == 2 and rng.random() < 0.8:
        yield _one(
            group,
            person_id,
            "oge",
            subject,
            date(2026, 9, 8),
            mark=3,
            primary_score=16,
            passed=True,
            stage="additional",
        )


def _ege(rng: random.Random, group: Group, person_id: UUID, subject: str) -> ExamResult:
    day = EGE_DAYS.get(subject, date(2026, 6, 11))
    if subject == "22":
        return _one(
            group, person_id, "ege", subject, day, mark=rng.choices((3, 4, 5), (20, 40, 40))[0], passed=True
        )
    score = min(100, max(20, round(rng.gauss(66, 15))))
    least = final.declared()[2].get(subject, ())
    return _one(
        group, person_id, "ege", subject, day, score=score, passed=not least or score >= least[0].score
    )


def _one(
    group: Group, person_id: UUID, form: str, subject: str, day: date, *, stage: str = "main", **outcome: Any
) -> ExamResult:
    return ExamResult(
        person_id=person_id, organisation_id=group.organisation_id, year=2026, form=form, stage_code=stage, subject_code=subject, held_on=day,
        status_code="valid", recorded_at=clock.now(), recorded_by="Вымышленный регион", **outcome,
    )  # fmt: skip


def _documents(school: Organisation, group: Group, number: int) -> int:
    """Give the documents that nothing keeps back, blanks and numbers of the book in the order of the list."""
    kind = LAST_GRADES[group.grade or 0]
    people = sorted(Person.objects.filter(pk__in=_people(group)), key=lambda one: one.name_key)
    given = levels_of([one.id for one in people], group)
    levels = {who: level for who, (its, level) in given.items() if its == kind}
    outcomes = outcomes_of(levels, group)
    papers, lines = [], []
    for person in people:
        outcome = outcomes.get(person.id)
        if outcome is None or outcome.errors or person.birth_date is None:
            continue
        number += 1
        paper = EducationDocument(
            document_id=new_id(), person_id=person.id, organisation=school, kind_code=kind, with_honours=outcome.honours.with_honours,
            medal=outcome.honours.medal, number=f"05904{7_000_000 + number:09d}", registration_number=str(number - 100), issued_on=ISSUED[kind],
            graduated_in=2026, family_name=person.family_name, given_name=person.given_name, patronymic=person.patronymic,
            birth_date=person.birth_date, sex=person.sex, country_code=person.country_code, basis="Протокол педсовета № 9 от 22.06.2026",
            recorded_at=clock.now(), recorded_by="Вымышленный регион",
        )  # fmt: skip
        papers.append(paper)
        lines += [
            SupplementLine(
                document_id=paper.document_id, organisation=school, person_id=person.id, position=position, subject_title=line.subject,
                value=line.value, steps=list(line.steps),
            )
            for position, line in enumerate(outcome.lines, start=1)
        ]  # fmt: skip
    EducationDocument.objects.bulk_create(papers, batch_size=1000)
    SupplementLine.objects.bulk_create(lines, batch_size=2000)
    return number
