"""What the forms ask beside orders: attributes of classes, conditions of studies, social categories. Invented by the same seed.

A separate stream of chance, so that who lives where does not depend on who eats what.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from demo.people import Child
from demo.territory import Place
from demo.writer import Writer
from kontingent.enrolment.rules import timeline
from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.enrolment.rules.conditions import BLANK, StudyFacts
from kontingent.enrolment.rules.timeline import Span

#: Conditions are known from here on; before, nobody asked.
KNOWN_SINCE = 2025
#: Some records of this year were corrected on this day, so that a report asked with ``known_at`` before it differs.
CORRECTED = datetime(2026, 10, 26, 7, tzinfo=UTC)
PROFILES = (
    "technological_it",
    "chemistry_biology",
    "socioeconomic",
    "sociohumanitarian",
    "physics_mathematics",
    "other",
)
ADVANCED = ("mathematical", "humanities_english", "science", "technological", "humanities_german")
COMPENSATING = {"207": "compensating_severe_speech", "208": "compensating_delay"}
#: Municipalities where a native language is taught, and which.
NATIVE = {
    "kudymkarsk": "koi", "gaynsk": "koi", "kosinsk": "koi", "kochevsk": "koi", "yurlinsk": "koi", "yusvinsk": "koi",
    "bardymsk": "tat", "chernushinsk": "tat", "oktyabrsk": "tat", "kuedinsk": "bak",
}  # fmt: skip


class Taught(NamedTuple):
    """A class as a movement names it: what a learner of it studies and how."""

    group_id: UUID | None
    grade: int | None
    programme_id: UUID | None
    kind_code: str
    adaptation_code: str = "1"
    study_form_code: str = "11"


class Studies:
    """Invents them."""

    def __init__(self, seed: int, writer: Writer) -> None:
        """Start a stream of chance of its own."""
        self.rng, self.writer = random.Random(seed * 31 + 7), writer

    # -- classes -------------------------------------------------------------------------------

    def class_facts(self, place: Place, taught: Taught, letter: str, age: int | None) -> ClassFacts:
        """Return the attributes of a class of an organisation; ``age`` is that of a kindergarten group."""
        kind, grade = taught.kind_code, taught.grade or 0
        if kind == "11":
            return self._kindergarten_group(place, taught, age or 3)
        if place.type_code in {"13", "15"}:
            paid = place.type_code == "15" and taught.kind_code == "411" and place.number % 3 == 0
            return ClassFacts(
                funding_code="21" if paid else "12" if place.type_code == "13" else "13", capacity=30
            )
        facts = ClassFacts(
            shift_code="2" if grade in {6, 7} and place.size > 400 else "1", funding_code="12", capacity=30
        )
        if taught.adaptation_code != "1":
            return facts._replace(
                kind_code="correctional",
                capacity=14,
                combined_key="О1-4" if letter == "О" and grade <= 4 else "",
            )
        if grade >= 10 and taught.study_form_code == "11":
            profile = PROFILES[(place.number + ord(letter[:1] or "А")) % len(PROFILES)]
            return facts._replace(kind_code="profile", profile_code=profile)
        if letter == "А" and grade >= 5 and place.number % 4 == 1:
            kind_code = ("advanced", "gymnasium", "lyceum")[place.number // 4 % 3]
            return facts._replace(
                kind_code=kind_code, advanced_profile_code=ADVANCED[place.number % len(ADVANCED)]
            )
        if place.rural and place.size < 110 and grade in {1, 3}:
            return facts._replace(combined_key="1-3")
        return facts

    def _kindergarten_group(self, place: Place, taught: Taught, age: int) -> ClassFacts:
        band = "early" if age < 3 else "middle" if age < 5 else "senior"
        regime = "11" if place.number % 9 == 4 and age < 4 else "12" if place.rural else "13"
        if taught.adaptation_code != "1":
            return ClassFacts(
                regime_code=regime, age_band_code=band, funding_code="13", capacity=15,
                orientation_code=COMPENSATING[taught.adaptation_code],
            )  # fmt: skip
        orientation = (
            "early_age" if age < 3 else "combined" if place.number % 5 == 2 and age > 4 else "general"
        )
        return ClassFacts(
            regime_code=regime, age_band_code=band, orientation_code=orientation, funding_code="13", capacity=25,
            language_code=NATIVE.get(place.municipality.code, "rus") if place.rural and place.number % 2 else "rus",
        )  # fmt: skip

    def write_version(self, group_id: UUID, year: int, facts: ClassFacts) -> None:
        """Write what a class is in its school year."""
        known = datetime(year, 8, 25, 5, tzinfo=UTC)
        self.writer.add("enrolment_groupversion", (group_id, date(year, 9, 1), None, known, *facts))

    # -- learners ------------------------------------------------------------------------------

    def of_stream(
        self,
        stream_id: UUID,
        child: Child,
        place: Place,
        years: Sequence[tuple[date, Taught]],
        ended_on: date | None,
        recorded: datetime,
    ) -> None:
        """Write the conditions of one enrolment: ``years`` are the days on which it went on to another class."""
        if ended_on is not None and ended_on <= date(KNOWN_SINCE, 9, 1):
            return
        traits = _Traits(self.rng, place)
        spans: list[Span[StudyFacts]] = []
        for day, taught in years:
            facts = traits.facts(place, taught)
            since = max(day, date(KNOWN_SINCE, 9, 1))
            spans = timeline.amend(spans, since=since, changes=facts._asdict(), blank=BLANK)
        for span in spans:
            if ended_on is not None and span.starts_on >= ended_on:
                continue
            self._write(stream_id, child, place, span, max(recorded, _morning(span.starts_on)))

    def _write(
        self, stream_id: UUID, child: Child, place: Place, span: Span[StudyFacts], known: datetime
    ) -> None:
        owner = (stream_id, child.id, place.id, span.starts_on, span.ends_on)
        mistaken = span.facts.meals_code == "both" and self.rng.random() < 0.06 and known < CORRECTED
        if mistaken:
            wrong = span.facts._replace(meals_code="lunch")
            self.writer.add("enrolment_studycondition", (*owner, *_plain(wrong), known, CORRECTED))
            known = CORRECTED
        self.writer.add("enrolment_studycondition", (*owner, *_plain(span.facts), known, None))

    def categories(self, child: Child, place: Place) -> None:
        """Write the social categories of a child: orphans have guardians, college keeps them, a few are refugees."""
        known = datetime(KNOWN_SINCE, 9, 2, 5, tzinfo=UTC)
        if child.family.guardian is not None:
            self._category(child, "orphan", date(2023, 3, 14), "постановление об установлении опеки", known)
            if place.type_code == "13":
                self._category(
                    child, "state_support", date(2025, 9, 1), "приказ о зачислении на обеспечение", known
                )
        elif self.rng.random() < 0.001:
            self._category(
                child, "refugee", date(2024, 5, 20), "удостоверение вынужденного переселенца", known
            )

    def _category(self, child: Child, code: str, since: date, basis: str, known: datetime) -> None:
        self.writer.add(
            "persons_personcategory", (child.id, code, basis, max(since, child.born), None, known)
        )


class _Traits:
    """What stays with one learner from year to year."""

    def __init__(self, rng: random.Random, place: Place) -> None:
        chance = rng.random
        self.first = rng.choices(("eng", "deu", "fra", "other"), (86, 11, 2, 1))[0]
        self.second = chance() < 0.16
        self.no_teacher = place.rural and chance() < 0.02
        self.native = NATIVE.get(place.municipality.code, "") if chance() < 0.3 else ""
        self.native_optional = chance() < 0.25
        self.after_school = chance() < 0.3
        self.meals = rng.choices(("", "breakfast", "lunch", "both"), (8, 44, 30, 18))[0]
        self.benefit = chance() < 0.28
        self.far = place.rural and chance() < 0.28
        self.served = chance() < 0.93
        self.distance = Decimal(rng.randint(11, 260)) / 10
        self.boarding = (place.type_code == "13" and chance() < 0.22) or (self.far and chance() < 0.06)
        self.place = rng.choices(("", "1", "2", "3"), (988, 8, 3, 1))[0]
        self.plan = rng.choices(("", "plan", "accelerated"), (980, 19, 1))[0]
        self.network = "1" if chance() < 0.03 else ""
        self.electronic = rng.choices(("", "2", "5"), (93, 6, 1))[0]
        self.remote = rng.choices(("", "3", "6"), (93, 6, 1))[0]
        self.own_profile = rng.choice(PROFILES) if chance() < 0.05 else ""

    def facts(self, place: Place, taught: Taught) -> StudyFacts:
        """Return the conditions in a class."""
        if taught.kind_code == "11":
            return StudyFacts(network_code=self.network)
        how = StudyFacts(
            network_code=self.network, e_learning_code=self.electronic, distance_code=self.remote
        )
        if place.type_code == "15":
            return how
        if place.type_code == "13":
            return how._replace(
                boarding=self.boarding,
                concurrent_secondary=taught.grade == 1,
                foreign_languages=(self.first,) if (taught.grade or 0) <= 2 else (),
            )
        return self._pupil(how, taught)

    def _pupil(self, how: StudyFacts, taught: Taught) -> StudyFacts:
        grade = taught.grade or 0
        languages: tuple[str, ...] = ()
        if grade >= 2 and not self.no_teacher:
            languages = (
                (self.first, "deu" if self.first == "eng" else "eng")
                if self.second and grade >= 5
                else (self.first,)
            )
        facts = how._replace(
            foreign_languages=languages,
            foreign_language_gap_code="no_teacher" if grade >= 2 and self.no_teacher else "",
            native_language_code=self.native,
            native_language_mode_code=("optional" if self.native_optional else "subject")
            if self.native
            else "",
            education_place_code=self.place,
            individual_plan_code=self.plan,
        )
        if taught.group_id is None:
            return facts
        return facts._replace(
            profile_code=self.own_profile if grade >= 10 and taught.study_form_code == "11" else "",
            extended_day=f"ГПД № {1 + grade // 3}" if self.after_school and grade <= 4 else "",
            meals_code=self.meals,
            meals_benefit=bool(self.meals) and (grade <= 4 or self.benefit),
            transport_code=("served" if self.served else "needed") if self.far else "",
            distance_km=self.distance if self.far else None,
            boarding=self.boarding,
        )


def _plain(facts: StudyFacts) -> tuple[object, ...]:
    return tuple(list(value) if isinstance(value, tuple) else value for value in facts)


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
