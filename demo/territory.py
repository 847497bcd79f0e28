"""Organisations of the invented region: which, where, how big."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from demo import words
from demo.people import People
from demo.writer import Writer
from kontingent.kernel import names
from kontingent.kernel.actor import Actor
from kontingent.organisations import actions as organisations
from kontingent.organisations.models import Municipality, Organisation

#: School № 12 of Perm: freshly opened, without classes, so that the sample lists have somewhere to go.
EMPTY_SCHOOL_OGRN = "1025900000125"
BIG_SCHOOL_SIZE = 500
OPENED = date(1995, 9, 1)
#: Speech, delay, motor, autism, hearing, sight.
INCLUSIVE = ("207", "208", "206", "212", "213", "201")


@dataclass(slots=True)
class Place:
    """An organisation with its programmes by kind (by speciality in a college, "12:208" for adapted ones)."""

    id: UUID
    municipality: Municipality
    type_code: str
    name: str
    town: str
    size: int
    number: int = 0
    rural: bool = False
    programmes: dict[str, UUID] = field(default_factory=dict)

    @property
    def is_correctional(self) -> bool:
        """Whether the school (kindergarten) has classes for children with disabilities."""
        return self.size >= 120 and self.number % 3 == 0

    @property
    def is_evening(self) -> bool:
        """Whether the school has an evening class, in which secondary education takes three years."""
        return self.size >= 200 and self.number % 5 == 0

    @property
    def inclusive(self) -> str:
        """The adaptation of those of its children who learn by an adapted programme among the others."""
        return INCLUSIVE[self.number % len(INCLUSIVE)]


@dataclass(slots=True)
class Chunk:
    """Organisations between which learners move; written together."""

    schools: list[Place] = field(default_factory=list)
    kindergartens: list[Place] = field(default_factory=list)
    colleges: list[Place] = field(default_factory=list)
    clubs: list[Place] = field(default_factory=list)

    def all(self) -> list[Place]:
        """Every organisation of the chunk."""
        return [*self.schools, *self.kindergartens, *self.colleges, *self.clubs]


def ogrn(number: int) -> str:
    """A valid ОГРН made of a number."""
    head = f"10259{number:07d}"
    return f"{head}{int(head) % 11 % 10}"


def inn(number: int) -> str:
    """A valid ИНН of an organisation made of a number."""
    head = f"59{number:07d}"
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    return f"{head}{sum(int(d) * w for d, w in zip(head, weights, strict=True)) % 11 % 10}"


class Territory:
    """Lays organisations out over the municipalities."""

    def __init__(self, rng: random.Random, people: People, writer: Writer, actor: Actor) -> None:
        """Keep what is needed to make rows."""
        self.rng, self.people, self.writer, self.actor = rng, people, writer, actor
        self.number = 100
        self.rows: list[Organisation] = []

    def chunks(self, municipalities: Sequence[Municipality], learners: int) -> list[Chunk]:
        """Return the organisations of the region in chunks of at most fifteen schools."""
        weights = [words.WEIGHTS.get(m.code, 3) for m in municipalities]
        chunks = []
        for municipality, weight in zip(municipalities, weights, strict=True):
            share = learners * weight / sum(weights)
            pupils, toddlers, students = share * 0.595, share * 0.298, share * 0.107
            big = municipality.code == "perm"
            schools = self._places(municipality, "12", pupils, 620 if big else 330)
            kindergartens = self._places(municipality, "11", toddlers, 170)
            colleges = self._places(municipality, "13", students, 650) if students >= 25 else []
            clubs = self._places(municipality, "15", pupils * 0.45, 900)
            if big:
                self._first_is_big(schools)
            chunks += _split(schools, kindergartens, colleges, clubs)
        return chunks

    def _first_is_big(self, schools: list[Place]) -> None:
        """The first school of Perm has five hundred pupils whatever the size of the region: benchmarks list it."""
        if len(schools) > 1:
            schools[-1].size = max(20, schools[-1].size + schools[0].size - BIG_SCHOOL_SIZE)
        schools[0].size = BIG_SCHOOL_SIZE

    def _places(self, municipality: Municipality, type_code: str, learners: float, usual: int) -> list[Place]:
        count = max(1, round(learners / usual))
        sizes = [learners / count * self.rng.uniform(0.7, 1.3) for _ in range(count)]
        scale = learners / sum(sizes)
        return [
            self._place(municipality, type_code, index, max(4, round(size * scale)))
            for index, size in enumerate(sizes, start=1)
        ]

    def _place(self, municipality: Municipality, type_code: str, index: int, size: int) -> Place:
        self.number += 1
        stem = municipality.name.split()[0]
        perm = municipality.code == "perm"
        town = "г. Пермь" if perm else f"{stem} м. о."
        number = self.number if perm else index
        full, short = {
            "12": (f"Муниципальное автономное общеобразовательное учреждение «Средняя общеобразовательная школа № {number}» {town}", f"СОШ № {number}, {town}"),
            "11": (f"Муниципальное автономное дошкольное образовательное учреждение «Детский сад № {number}» {town}", f"Детский сад № {number}, {town}"),
            "13": (f"Государственное бюджетное профессиональное образовательное учреждение «{stem} колледж № {index}»", f"Колледж № {index}, {town}"),
            "15": (f"Муниципальное автономное учреждение дополнительного образования «Центр детского творчества № {number}» {town}", f"Центр творчества № {number}, {town}"),
        }[type_code]  # fmt: skip
        row = self.organisation(
            municipality,
            type_code,
            full,
            short,
            ogrn(self.number),
            town,
            rural=not perm and index > 1,
            capacity=round(size * 1.1),
        )
        place = Place(row.id, municipality, type_code, short, town, size, self.number, row.is_rural)
        self._programmes(place)
        return place

    def organisation(
        self,
        municipality: Municipality,
        type_code: str,
        full: str,
        short: str,
        ogrn_: str,
        town: str,
        *,
        rural: bool,
        capacity: int,
    ) -> Organisation:
        """Make the row of an organisation."""
        rng = self.rng
        street = f"ул. {rng.choice(words.STREETS)}, д. {rng.randint(1, 120)}"
        address = f"{rng.randint(614000, 619999)}, Пермский край, {town}, {street}"
        head = f"{words.feminine(rng.choice(words.FAMILIES))} {rng.choice(words.MOTHERS)} {rng.choice(words.FATHERS)[2]}"
        state = type_code == "13"
        row = Organisation(
            id=self.people.identifier(), municipality=municipality, full_name=full, short_name=short,
            name_key=f"{names.fold(short)} {names.fold(full)}"[:700], ogrn=ogrn_, inn=inn(int(ogrn_[5:12])),
            kpp="590201001", type_code=type_code, founder_kind_code="2" if state else "3",
            okopf="75203" if state else "75401", okfs="13" if state else "14", okogu="2300223" if state else "4210007",
            okved={"12": "85.14", "11": "85.11", "13": "85.21", "15": "85.41"}[type_code], status_code="1",
            status_since=OPENED, opened_on=OPENED, is_rural=rural, is_small=rural and capacity < 100, legal_address=address,
            actual_address=address, phone=f"+7342{rng.randint(1000000, 9999999)}", email=f"org{self.number}@example.org",
            head_name=head, head_position="Директор" if type_code != "11" else "Заведующий",
            founder_name="Министерство образования и науки Пермского края" if state else f"Администрация: {municipality.name}",
            capacity=capacity, shifts_code="1" if rural else "5", journal_name="web2edu.ru" if type_code == "12" else "",
        )  # fmt: skip
        self.rows.append(row)
        return row

    def _programmes(self, place: Place) -> None:
        if place.type_code == "12":
            self._school_programmes(place)
        elif place.type_code == "11":
            self._programme(place, "11", "11", "Дошкольное образование")
            for adaptation in ("207", "208"):
                self._adapted(place, "11", adaptation, None)
        elif place.type_code == "13":
            for code, title, kind, short in self.rng.sample(words.SPECIALITIES, 3):
                self._programme(place, short, kind, title, speciality=code, base="basic", months=46)
                if kind == "212":
                    self._programme(
                        place, f"{short}11", kind, f"{title} (на базе 11 классов)", speciality=code, base="secondary", months=34,
                    )  # fmt: skip
        else:
            for title, direction in self.rng.sample(words.CIRCLES, 6):
                self._programme(
                    place, title, words.CIRCLE_KINDS.get(title, "411"), title, direction=direction
                )

    def _school_programmes(self, place: Place) -> None:
        for kind, title in words.GENERAL.items():
            self._programme(place, kind, kind, title)
        for kind, months in (("12", 48), ("13", 60)):
            self._adapted(place, kind, place.inclusive, months)
            if place.is_correctional and place.inclusive != "208":
                self._adapted(place, kind, "208", months)
        if place.is_correctional:
            self._programme(
                place, "15:209", "15", "Образование обучающихся с умственной отсталостью", adaptation="209", variant="uo1", months=108
            )  # fmt: skip
        if place.is_evening:
            self._programme(
                place, "14:evening", "14", "Среднее общее образование (вечернее, 3 года)", months=36
            )

    def _adapted(self, place: Place, kind: str, adaptation: str, months: int | None) -> None:
        title = f"Адаптированная программа: {words.GENERAL.get(kind, 'Дошкольное образование').lower()}"
        self._programme(place, f"{kind}:{adaptation}", kind, title, adaptation=adaptation, months=months)

    def _programme(
        self,
        place: Place,
        key: str,
        kind: str,
        title: str,
        *,
        direction: str = "",
        speciality: str = "",
        adaptation: str = "1",
        variant: str = "",
        base: str = "",
        months: int | None = None,
    ) -> None:
        programme_id = self.people.identifier()
        place.programmes[key] = programme_id
        self.writer.add(
            "programmes_programme",
            (
                programme_id, place.id, kind, title, adaptation, variant, base, direction, speciality, "rus", months, OPENED,
            ),
        )  # fmt: skip

    def save(self) -> None:
        """Write organisations with their first versions."""
        Organisation.objects.bulk_create(self.rows, batch_size=500)
        organisations.write_first_versions(self.rows, actor=self.actor, basis="Первичное наполнение реестра")
        self.rows = []


def _split(
    schools: list[Place], kindergartens: list[Place], colleges: list[Place], clubs: list[Place]
) -> list[Chunk]:
    count = max(1, -(-len(schools) // 15))
    chunks = [Chunk() for _ in range(count)]
    for name, places in (
        ("schools", schools),
        ("kindergartens", kindergartens),
        ("colleges", colleges),
        ("clubs", clubs),
    ):
        for index, place in enumerate(places):
            getattr(chunks[index % count], name).append(place)
    return chunks
