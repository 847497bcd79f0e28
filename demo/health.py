"""Stage two of the invented region: open in one municipality, with records of the school that the demonstration begins in."""

from __future__ import annotations

import random
from datetime import date
from uuid import UUID

from kontingent.enrolment.models import Placement
from kontingent.health import rules, texts
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.health.rules import Details, Record
from kontingent.kernel import clock
from kontingent.organisations.models import Organisation
from kontingent.stages.models import StageOrder

SINCE = date(2026, 9, 1)
#: Shares are believable, not sourced.
GROUPS = (("11", 20), ("12", 60), ("13", 16), ("14", 3), ("15", 1))
PHYSICAL = (("21", 78), ("22", 17), ("23", 5))


def write(school_id: UUID, *, seed: int) -> None:
    """Open the stage where the school lies and write what its nurse has entered since September."""
    school = Organisation.objects.get(pk=school_id)
    StageOrder.objects.create(
        stage="2", opens=True, municipality_id=school.municipality_id, starts_on=SINCE, number="26-01-06-812",
        dated=date(2026, 8, 20), recorded_at=clock.now(), recorded_by="Вымышленный регион",
    )  # fmt: skip
    rng = random.Random(seed)
    learners = Placement.objects.filter(organisation_id=school_id, superseded_at=None, ends_on=None).exclude(
        state="left"
    )
    rows: list[HealthRecord] = []
    for person_id, born in learners.order_by("person_id").values_list("person_id", "birth_date").distinct():
        rows += [_row(school, person_id, rules.with_usual_term(one)) for one in _records(rng, born)]
    HealthRecord.objects.bulk_create(rows, batch_size=1000)


def _records(rng: random.Random, born: date) -> list[Record]:
    is_adult = rules.coming_of_age(born) <= SINCE
    group = rules.for_age(Kind.HEALTH_GROUP, _chosen(rng, GROUPS[:3] if is_adult else GROUPS), born, SINCE)
    # A few examinations are a year old, so that the list of terms has something to say.
    since = SINCE if rng.random() < 0.93 else date(2025, 12, 10)
    found = [
        Record(Kind.HEALTH_GROUP, group, since, details=Details(f"Осмотр № {rng.randint(100, 999)}")),
        Record(Kind.PHYSICAL_GROUP, _chosen(rng, PHYSICAL), since),
    ]
    if not is_adult and rng.random() < 0.02:
        paper = Details(
            f"МСЭ-2025 № {rng.randint(100_000, 999_999)} от 10.09.2025", "Бюро № 4 МСЭ по Пермскому краю"
        )
        until = min(date(2027, 10, 1), rules.coming_of_age(born))
        found.append(Record(Kind.DISABILITY, "14", SINCE, until, category_code="21", details=paper))
    if not is_adult and rng.random() < 0.03:
        paper = Details(
            f"ПМПК № {rng.randint(100, 999)} от 14.05.2026",
            "Территориальная ПМПК г. Перми",
            "Место у доски, перерывы",
        )
        found.append(
            Record(Kind.ADAPTED_PROGRAMME, "208", SINCE, date(2030, 9, 1), variant_code="7.1", details=paper)
        )
    if rng.random() < 0.01:
        found.append(
            Record(Kind.PREVENTION, "school", SINCE, details=Details("Решение совета профилактики № 3"))
        )
    return found


def _chosen(rng: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return rng.choices([code for code, _ in weighted], [weight for _, weight in weighted])[0]


def _row(school: Organisation, person_id: UUID, one: Record) -> HealthRecord:
    sealed = texts.seal(one.details, person_id=person_id, kind=one.kind)
    return HealthRecord(
        person_id=person_id, organisation=school, kind=one.kind.value, code=one.code, category_code=one.category_code,
        variant_code=one.variant_code, starts_on=one.starts_on, ends_on=one.ends_on, key_id=sealed.key_id if sealed else "",
        sealed=sealed.blob if sealed else None, recorded_at=clock.now(), recorded_by="Вымышленный регион",
    )  # fmt: skip
