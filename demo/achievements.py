"""What learners of the first school have attained: some accepted, one proposed by a family. Stage three is opened by ``demo.exams``."""

from __future__ import annotations

import random
from datetime import date
from uuid import UUID

from kontingent.achievements.portfolio import rules
from kontingent.achievements.portfolio.codes import State
from kontingent.achievements.portfolio.models import Achievement
from kontingent.enrolment.models import Placement
from kontingent.kernel import clock

EVENTS = (
    (
        "100",
        "Всероссийская олимпиада школьников по математике",
        "200",
        "municipal",
        "s09",
        ("prize", "winner", "participant"),
    ),
    (
        "100",
        "Всероссийская олимпиада школьников по русскому языку",
        "100",
        "school",
        "s01",
        ("winner", "prize", "participant"),
    ),
    (
        "200",
        "Краевой конкурс чтецов «Камские голоса»",
        "400",
        "",
        "s03",
        ("laureate", "diploma2", "participant"),
    ),
    ("400", "Первенство города по лыжным гонкам", "300", "", "s24", ("prize", "participant")),
    ("300", "Выставка технического творчества", "300", "", "s23", ("diploma1", "participant")),
)


def write(school_id: UUID, *, seed: int) -> None:
    """Write what a year has brought to every ninth learner."""
    rng = random.Random(seed * 5 + 1)
    learners = Placement.objects.filter(
        organisation_id=school_id, superseded_at=None, ends_on=None, is_main=True, grade__gte=4
    ).order_by("person_id")
    who = list(learners.values_list("person_id", flat=True).distinct())[::9]
    rows = []
    for number, person_id in enumerate(who):
        kind, title, level, stage, subject, results = rng.choice(EVENTS)
        result = rng.choice(results)
        proposed = number == 0
        rows.append(
            Achievement(
                person_id=person_id, organisation_id=school_id, kind_code=kind, title=title, title_key=rules.title_key(title),
                happened_on=date(2026, rng.choice((9, 10, 11)), rng.randint(1, 19)), level_code=level, result_code=result, stage_code=stage,
                subject_code=subject, place={"winner": 1, "prize": rng.choice((2, 3))}.get(result), document=f"диплом № {rng.randint(10, 999)}",
                organiser="Управление образования (вымышленное)", state=State.PROPOSED if proposed else State.ACCEPTED, by_family=proposed,
                entered_at=clock.now(), entered_by_name="Родитель" if proposed else "Тиунова Вера Павловна",
                decided_at=None if proposed else clock.now(), decided_by_name="" if proposed else "Тиунова Вера Павловна",
                verified_at=None if proposed or number % 3 == 0 else clock.now(),
                verified_by_name="" if proposed or number % 3 == 0 else "Тиунова Вера Павловна",
            )
        )  # fmt: skip
    Achievement.objects.bulk_create(rows)
