"""Schools invented by chance, for comparing two counts: odd on purpose, but nothing that the register would refuse."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.actions import LineDraft
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Group, StudyCondition
from kontingent.enrolment.rules import reasons
from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.kernel import clock
from kontingent.organisations.models import Organisation
from kontingent.persons.models import PersonCategory
from kontingent.programmes.models import Programme
from kontingent.programmes.rules import TERMS
from tests import builders as b

DISABLED = ("201", "202", "203", "204", "205", "206", "207", "208", "211", "212", "213")
INTELLECTUAL = ("209", "210", "214")
LANGUAGES = ("eng", "deu", "fra", "ita", "spa", "zho", "ara", "por", "tur", "kor", "jpn", "heb", "other")
TONGUES = ("rus", "rus", "koi", "tat", "bak", "soj", "kbd_cherkess")
ADVANCED = (
    "humanities", "humanities_english", "humanities_french", "humanities_german", "humanities_european",
    "humanities_oriental", "science", "socioeconomic", "technological", "technical", "agricultural", "mathematical", "other",
)  # fmt: skip
PROFILES = (
    "technological", "technological_it", "technological_agro", "technological_industrial", "technological_other",
    "physics_mathematics", "physics_chemistry", "chemistry_biology", "biology_geography", "socioeconomic",
    "sociohumanitarian", "philology", "arts", "defence_sport", "other",
)  # fmt: skip
FUNDING = ("", "", "1", "11", "12", "13", "2", "21", "22", "23", "24", "3", "4")


def kind_of(grade: int) -> str:
    return "12" if grade <= 4 else "13" if grade <= 9 else "14"


class Inventor:
    """Invents schools of a year: their classes of the year before, those of the year, and what happened between."""

    def __init__(self, seed: int, year: int) -> None:
        self.rng, self.year, self.people = random.Random(seed), year, 0
        self.rooms: dict[tuple[int, int], list[Group]] = defaultdict(list)

    def school(self, number: int) -> Organisation:
        school = b.school(f"Школа № {number}", is_rural=number % 2 == 0)
        self.rooms.clear()
        for grade in self.rng.sample(range(1, 12), 5):
            for letter in "АБВ":
                self._room(school, grade, letter, self.year - 1)
                self._room(school, grade + 1, letter, self.year)
        for letter in "ГД":
            self._room(school, 1, letter, self.year)
        for (year, _), rooms in list(self.rooms.items()):
            for room in rooms:
                children = self._admit(
                    room, date(year, 9, 1), self.rng.randint(0 if year == self.year else 3, 6)
                )
                if year < self.year:
                    for who, stream in children:
                        self._fate(school, room, who, stream)
        for room in self.rooms[self.year, 1]:
            for day in (19, 20, 21):
                self._admit(room, date(self.year, 9, day), 1)
        self._kindergarten(school)
        return school

    # -- classes -----------------------------------------------------------------------------------

    def _programme(self, school: Organisation, kind: str, adaptation: str, years: int) -> Programme:
        is_usual = years == TERMS[kind][0] and self.rng.random() < 0.5
        made, _ = Programme.objects.get_or_create(
            organisation=school, kind_code=kind, adaptation_code=adaptation,
            title=f"Программа {years} {'обычная' if is_usual else 'лет'}",
            defaults={"valid_from": date(2015, 9, 1), "duration_months": None if is_usual else 12 * years},
        )  # fmt: skip
        return made

    def _terms(self, kind: str, grade: int) -> tuple[int, ...]:
        return (3,) if grade == 12 and kind == "14" else TERMS[kind]

    def _room(self, school: Organisation, grade: int, letter: str, year: int) -> Group:
        choice, kind = self.rng.choice, kind_of(grade)
        facts = ClassFacts(
            shift_code=choice("123"), language_code=choice(TONGUES), funding_code=choice(FUNDING),
            combined_key=choice(("", "", "к1", "к2")),
        )  # fmt: skip
        what = self.rng.choices(("ordinary", "disabled", "intellectual"), (5, 3, 2))[0]
        if what == "ordinary":
            adaptation = "1"
            facts = facts._replace(
                kind_code=choice(("ordinary", "ordinary", "cadet", "advanced", "gymnasium", "lyceum"))
            )
            if facts.kind_code in {"advanced", "gymnasium", "lyceum"}:
                facts = facts._replace(advanced_profile_code=choice(("", *ADVANCED)))
            if kind == "14":
                facts = facts._replace(profile_code=choice(("", *PROFILES)))
        else:
            adaptation = choice(DISABLED if what == "disabled" else INTELLECTUAL)
            facts = facts._replace(kind_code="correctional", year_of_grade_code=choice(("", "", "1", "2")))
            if what == "intellectual" and self.rng.random() < 0.8:
                kind = "15"
        programme = self._programme(school, kind, adaptation, choice(self._terms(kind, grade)))
        room = enrolment.open_group(
            actor=b.ROOT,
            organisation_id=school.id,
            draft=enrolment.GroupDraft(
                school_year=year, programme_id=programme.id, grade=grade, letter=letter,
                study_form_code=self.rng.choices(("11", "12", "13"), (6, 2, 2))[0], facts=facts,
            ),
        )  # fmt: skip
        self.rooms[year, grade].append(room)
        if self.rng.random() < 0.3:
            since = date(year, 9, choice((15, 20, 21)))
            changes = {
                "shift_code": choice("123"),
                "language_code": choice(TONGUES),
                "combined_key": choice(("", "к2")),
            }
            enrolment.change_group(actor=b.ROOT, group_id=room.id, changes=changes, since=since)
        return room

    def _kindergarten(self, school: Organisation) -> None:
        """A group of a kindergarten in the school: in no table of the form, whatever is said of it."""
        group = enrolment.open_group(
            actor=b.ROOT,
            organisation_id=school.id,
            draft=enrolment.GroupDraft(
                school_year=self.year, programme_id=b.programme(school, "11").id, title="Солнышко",
                facts=ClassFacts(combined_key="к3", funding_code="13"),
            ),
        )  # fmt: skip
        for _ in range(2):
            who = self._person(4)
            self._conditions(
                b.admitted(who, group, on=date(self.year, 9, 1)), who, school, 4, date(self.year, 9, 1)
            )

    # -- children ----------------------------------------------------------------------------------

    def _person(self, age: int) -> UUID:
        self.people += 1
        letters = "абвгдежзик"
        name = "".join(letters[int(figure)] for figure in f"{self.people:05d}")
        born = date(self.year - age, self.rng.randint(1, 12), self.rng.randint(1, 28))
        if self.rng.random() < 0.1:
            born = date(self.year + 1 - age, 1, 1)
        sex = self.rng.choice("12")
        return b.person(f"Я{name} Саша Ивановна", born=born, sex=sex)

    def _admit(self, room: Group, day: date, how_many: int) -> list[tuple[UUID, UUID]]:
        rng, grade = self.rng, room.grade or 0
        lines = []
        for _ in range(how_many):
            age = grade + 6 + rng.choice((0, 0, 1, 1, 2)) if rng.random() < 0.9 else rng.randint(18, 45)
            who = self._person(age)
            lines.append(
                LineDraft(
                    person_id=who, kind=MovementKind.ADMISSION, effective_on=day, group_id=room.id,
                    programme_id=self._own_programme(room) if rng.random() < 0.3 else None,
                    study_form_code=rng.choice(("11", "12", "13")) if rng.random() < 0.1 else "",
                    funding_code=rng.choice(FUNDING),
                )
            )  # fmt: skip
        if not lines:
            return []
        order = b.signed(room.organisation, OrderKind.ADMISSION, lines)
        found = []
        for one in Enrolment.objects.filter(opened_by=order, superseded_at=None).order_by("id"):
            self._conditions(one.enrolment_id, one.person_id, room.organisation, grade, day)
            found.append((one.person_id, one.enrolment_id))
        return found

    def _own_programme(self, room: Group) -> UUID:
        kind = room.programme.kind_code
        if kind == "15":
            adaptation = self.rng.choice(INTELLECTUAL)
        else:
            adaptation = self.rng.choice(("1", *DISABLED, *INTELLECTUAL))
        years = self.rng.choice(self._terms(kind, room.grade or 0))
        if room.kind_code != "correctional" and kind == "14" and room.grade == 11:
            # one and the same grade is the last one for the child and for the class
            years = (room.programme.duration_months or 24) // 12
        return self._programme(room.organisation, kind, adaptation, years).id

    def _conditions(self, stream: UUID, who: UUID, school: Organisation, grade: int, day: date) -> None:
        rng = self.rng
        owner = {"enrolment_id": stream, "person_id": who, "organisation_id": school.id}
        known = clock.now()
        if rng.random() < 0.85:
            split = date(self.year, 9, rng.choice((10, 20, 21)))
            if day < split and rng.random() < 0.3:
                StudyCondition.objects.create(
                    **owner, starts_on=day, ends_on=split, recorded_at=known, **self._study(grade)
                )
                day = split
            StudyCondition.objects.create(**owner, starts_on=day, recorded_at=known, **self._study(grade))
            if rng.random() < 0.2:
                StudyCondition.objects.create(
                    **owner, starts_on=day, recorded_at=known, superseded_at=known, **self._study(grade)
                )
        if rng.random() < 0.25:
            PersonCategory.objects.create(
                person_id=who, category_code=rng.choice(("orphan", "orphan", "refugee")), basis="документ",
                starts_on=rng.choice((None, date(2015, 1, 1), date(self.year, 9, 20), date(self.year, 9, 21))),
                ends_on=rng.choice((None, None, date(self.year, 9, 22))),
                recorded_at=known, superseded_at=rng.choice((None, None, known)),
            )  # fmt: skip

    def _study(self, grade: int) -> dict[str, Any]:
        rng, chance = self.rng, self.rng.random
        languages = rng.sample(LANGUAGES, rng.choice((0, 1, 1, 1, 2, 2, 3, 4)))
        native = rng.choice(("", "koi", "tat", "soj", "bak"))
        return {
            "foreign_languages": languages,
            "foreign_language_gap_code": "" if languages else rng.choice(("", "no_teacher", "other")),
            "native_language_code": native,
            "native_language_mode_code": rng.choice(("subject", "optional")) if native else "",
            "profile_code": rng.choice(PROFILES) if grade >= 10 and chance() < 0.3 else "",
            "extended_day": rng.choice(("", "", "ГПД 1", "ГПД 2")),
            "boarding": chance() < 0.3,
            "education_place_code": rng.choice(("", "", "1", "2", "3")),
            "individual_plan_code": rng.choice(("", "", "plan", "accelerated")),
            "network_code": rng.choice(("", "1", "7")),
            "e_learning_code": rng.choice(("", "2", "5")),
            "distance_code": rng.choice(("", "3", "6")),
        }

    # -- what happened -----------------------------------------------------------------------------

    def _day(self) -> date:
        """A day between two forms, or just before and after."""
        first = date(self.year - 1, 9, 20)
        edges = (first - timedelta(days=1), first, date(self.year, 9, 19), date(self.year, 9, 20))
        return (
            self.rng.choice(edges)
            if self.rng.random() < 0.3
            else first + timedelta(days=self.rng.randint(1, 300))
        )

    def _fate(self, school: Organisation, room: Group, who: UUID, stream: UUID) -> None:
        rng, grade = self.rng, room.grade or 0
        free_from = date(self.year - 1, 9, 2)

        def moves(kind: MovementKind, day: date, **facts: Any) -> Any:
            return b.moved(who, stream, school, kind, on=day, **facts)

        if rng.random() < 0.3:
            day = min(self._day(), date(self.year, 5, 20))
            free_from = date(self.year, 5, 21)
            peers = [one for one in self.rooms[self.year - 1, grade] if one.id != room.id]
            if rng.random() < 0.5:
                moves(MovementKind.PLACEMENT, day, group_id=rng.choice(peers).id)
            else:
                to = {"group_id": rng.choice(peers).id} if rng.random() < 0.4 else {}
                moves(MovementKind.STUDY_FORM, day, study_form_code=rng.choice(("11", "12", "13")), **to)
        fate = rng.choices(
            ("up", "conditional", "repeat", "out", "graduated", "stays"), (40, 10, 10, 25, 10, 5)
        )[0]
        september = date(self.year, 9, 1)
        ahead = self.rooms[self.year, grade + 1]
        if fate == "up":
            moves(MovementKind.PROMOTION, september, group_id=rng.choice(ahead).id)
        elif fate == "conditional":
            moves(MovementKind.CONDITIONAL_PROMOTION, september, group_id=rng.choice(ahead).id)
            if rng.random() < 0.3:
                moves(MovementKind.REPEAT, date(self.year, 9, 15), grade=grade)
            elif rng.random() < 0.5:
                line = LineDraft(
                    person_id=who, kind=MovementKind.DEBT_CLEARED, effective_on=date(self.year, 9, 16), enrolment_id=stream
                )  # fmt: skip
                b.signed(school, OrderKind.CONDITIONAL_PROMOTION, [line])
        elif fate == "repeat" and (same := self.rooms[self.year, grade]):
            moves(MovementKind.REPEAT, september, group_id=rng.choice(same).id)
        elif fate == "graduated" and grade in {9, 11}:
            moves(MovementKind.GRADUATION, date(self.year, 6, 25), reason_code="G1" if grade == 9 else "G2")
        elif fate == "out":
            kind = rng.choice((MovementKind.TRANSFER_OUT, MovementKind.EXPULSION))
            day = max(self._day(), free_from)
            reason = rng.choice(sorted(reasons.FITTING[kind]))
            order = moves(kind, day, reason_code=reason, destination_text="г. Уфа, школа № 1")
            if rng.random() < 0.15:
                enrolment.cancel_order(actor=b.ROOT, order_id=order.id, reason="ошибка")
