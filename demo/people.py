"""Invented children and their families: deterministic by the generator handed in."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from demo import words
from demo.writer import Writer
from kontingent.kernel import names, snils

_SPREAD, _MODULUS = 7919, 899_999_981
_LETTERS = "АБВГДЕИК"


@dataclass(slots=True)
class Family:
    """Parents and address that siblings share."""

    surname: str
    origin: str
    mother: UUID | None
    father: UUID | None
    father_words: tuple[str, str, str]
    address: str
    guardian: UUID | None = None


@dataclass(slots=True)
class Child:
    """A child as histories need it."""

    id: UUID
    sex: str
    born: date
    family: Family = field(repr=False)


class People:
    """Makes people and hands their rows to the writer."""

    def __init__(self, rng: random.Random, writer: Writer, moment: datetime) -> None:
        """Keep the generator of chance, the writer, and the moment the register began."""
        self.rng, self.writer, self.moment = rng, writer, moment
        self.count = 0
        self._last: Child | None = None

    def identifier(self) -> UUID:
        """Return the next id: UUIDv7 in form, deterministic by seed."""
        self.count += 1
        head = (int(self.moment.timestamp() * 1000) + self.count // 4096) << 16 | 0x7000 | self.count % 4096
        return UUID(int=head << 64 | 0x8000 << 48 | self.rng.getrandbits(62))

    def child(self, born: date, *, town: str, sex: str | None = None) -> Child:
        """Make a child: now and then a twin or a sibling of the one before, a foreigner, one without СНИЛС."""
        chance = self.rng.random()
        sex = sex or self.rng.choice("12")
        last = self._last
        if last is not None and chance < 0.012:
            made = self._child(last.born, sex, last.family, town)  # a twin
        elif last is not None and chance < 0.2 and abs((born - last.born).days) > 300:
            made = self._child(born, sex, last.family, town)
        else:
            made = self._child(born, sex, self._family(town, born), town)
        self._last = made
        return made

    def _family(self, town: str, born: date) -> Family:
        chance, rng = self.rng.random(), self.rng
        origin = "asian" if chance < 0.02 else "tatar" if chance < 0.12 else "russian"
        pool = {"asian": words.ASIAN_FAMILIES, "tatar": words.TATAR_FAMILIES, "russian": words.FAMILIES}[
            origin
        ]
        surname = rng.choice(pool)
        if origin == "russian" and rng.random() < 0.01:
            surname = f"{surname}-{rng.choice(words.FAMILIES)}"
        fathers = words.FATHERS if origin == "russian" else words.TATAR_FATHERS
        father_words = rng.choice(fathers)
        house, flat = rng.randint(1, 140), rng.randint(1, 120)
        address = f"{rng.randint(614000, 619999)}, Пермский край, {town}, ул. {rng.choice(words.STREETS)}, д. {house}, кв. {flat}"
        family = Family(surname, origin, None, None, father_words, address)
        if rng.random() < 0.96:
            family.mother = self._adult("2", born, family, rng.choice(words.MOTHERS))
        if rng.random() < 0.72:
            family.father = self._adult("1", born, family, father_words[0])
        if family.mother is None and family.father is None:
            family.guardian = self._adult("2", born - timedelta(days=9000), family, rng.choice(words.MOTHERS))
        return family

    def _adult(self, sex: str, child_born: date, family: Family, given: str) -> UUID:
        rng = self.rng
        born = child_born - timedelta(days=rng.randint(19 * 365, 40 * 365))
        father = rng.choice(words.FATHERS if family.origin == "russian" else words.TATAR_FATHERS)
        person_id = self._person(
            self._surname(family, sex), given, father[1 if sex == "1" else 2], sex, born, "г. Пермь",
            has_snils=rng.random() < 0.97, foreign=None,
        )  # fmt: skip
        series = f"57{rng.randint(3, 26):02d}"
        self._document(
            person_id,
            "12",
            series,
            f"{self.count % 1_000_000:06d}",
            born + timedelta(days=20 * 365),
            "ГУ МВД России по Пермскому краю",
        )
        self.writer.add("persons_contact", (person_id, "1", f"+79{rng.randint(0, 999_999_999):09d}"))
        return person_id

    def _settled(self, born: date) -> date:
        """When an address was told: within the last four years, at birth or later."""
        return max(born, self.moment.date() - timedelta(days=self.count * 37 % 1460))

    def _surname(self, family: Family, sex: str) -> str:
        if sex == "1":
            return family.surname
        return "-".join(words.feminine(part) for part in family.surname.split("-"))

    def _child(self, born: date, sex: str, family: Family, town: str) -> Child:
        rng = self.rng
        given = rng.choice(self._given(family.origin, sex))
        patronymic = family.father_words[1 if sex == "1" else 2]
        foreign = None
        if family.origin == "asian":
            patronymic = (
                "" if rng.random() < 0.5 else f"{family.father_words[0]} {'оглы' if sex == '1' else 'кызы'}"
            )
            foreign = rng.choice(words.FOREIGN) if rng.random() < 0.6 else None
        person_id = self._person(
            self._surname(family, sex), given, patronymic, sex, born, foreign[0] if foreign else town,
            has_snils=rng.random() < (0.5 if foreign else 0.985), foreign=foreign[1] if foreign else None,
        )  # fmt: skip
        self._child_document(person_id, born, foreign is not None)
        self.writer.add(
            "persons_address",
            (
                self.identifier(),
                person_id,
                "registration",
                family.address,
                family.address[:6],
                "",
                self._settled(born),
            ),
        )
        if rng.random() < 0.15:
            other = (
                family.address.rsplit("д. ", 1)[0] + f"д. {rng.randint(1, 140)}, кв. {rng.randint(1, 120)}"
            )
            self.writer.add(
                "persons_address",
                (self.identifier(), person_id, "residence", other, other[:6], "", self._settled(born)),
            )
        for adult, kind, kinship in (
            (family.mother, "1", "1"),
            (family.father, "1", "2"),
            (family.guardian, "2", "8"),
        ):
            if adult is not None:
                papers = ("403", "акт о назначении опекуна № 112") if kind == "2" else ("402", "")
                self.writer.add(
                    "persons_representation",
                    (self.identifier(), person_id, adult, kind, kinship, *papers, False),
                )
        if rng.random() < 0.006:
            self._former_name(person_id, family, given, patronymic, sex)
        return Child(person_id, sex, born, family)

    def _given(self, origin: str, sex: str) -> list[str]:
        pools = {
            ("russian", "1"): words.MALE, ("russian", "2"): words.FEMALE, ("tatar", "1"): words.TATAR_MALE,
            ("tatar", "2"): words.TATAR_FEMALE, ("asian", "1"): words.ASIAN_MALE, ("asian", "2"): words.ASIAN_FEMALE,
        }  # fmt: skip
        return pools[origin, sex]

    def _person(
        self,
        family: str,
        given: str,
        patronymic: str,
        sex: str,
        born: date,
        place: str,
        *,
        has_snils: bool,
        foreign: str | None,
    ) -> UUID:
        person_id = self.identifier()
        number = None
        if has_snils:
            head = f"{100_000_000 + self.count * _SPREAD % _MODULUS:09d}"
            number = f"{head}{snils.control_number(head):02d}"
        family_key, given_key = names.fold(family), names.fold(given)
        name_key = " ".join(part for part in (family_key, given_key, names.fold(patronymic)) if part)
        self.writer.add(
            "persons_person",
            (
                person_id, family, given, patronymic, name_key, family_key, given_key, sex, born, place, number,
                "1" if foreign else "0", foreign or "643", "1", self.moment, self.moment, 1,
            ),
        )  # fmt: skip
        if foreign:
            self.writer.add("persons_citizenshipperiod", (person_id, "1", foreign, self.moment))
        return person_id

    def _child_document(self, person_id: UUID, born: date, foreign: bool) -> None:  # noqa: FBT001
        n = self.count
        if foreign:
            self._document(
                person_id, "31", "", f"A{n:08d}", born + timedelta(days=20), "ЗАГС по месту рождения"
            )
            return
        roman = ("I", "II", "III", "IV", "V")[n // 1_000_000 % 5]
        letters = _LETTERS[n // 5_000_000 % 8] + _LETTERS[n % 8]
        self._document(
            person_id,
            "11",
            f"{roman}-{letters}",
            f"{n % 1_000_000:06d}",
            born + timedelta(days=25),
            "отдел ЗАГС",
        )
        if born < date(2012, 9, 1):
            self._document(
                person_id,
                "12",
                f"57{born.year % 100 + 14 - 100 if born.year % 100 > 85 else born.year % 100 + 14:02d}",
                f"{n % 1_000_000:06d}",
                born + timedelta(days=14 * 365 + 40),
                "ГУ МВД России по Пермскому краю",
            )

    def _document(
        self, person_id: UUID, kind: str, series: str, number: str, issued: date, issuer: str
    ) -> None:
        key = f"{kind}:{series.replace('-', '').replace('Ё', 'Е')}:{number}"
        self.writer.add(
            "persons_identitydocument",
            (self.identifier(), person_id, kind, series, number, key, issued, issuer, "", True),
        )

    def _former_name(self, person_id: UUID, family: Family, given: str, patronymic: str, sex: str) -> None:
        old = (
            words.feminine(self.rng.choice(words.FAMILIES)) if sex == "2" else self.rng.choice(words.FAMILIES)
        )
        key = names.full_key(old, given, patronymic)
        self.writer.add(
            "persons_personname",
            (
                person_id,
                old,
                given,
                patronymic,
                names.fold(old),
                key,
                date(2024, 3, 15),
                "Свидетельство о перемене имени",
                datetime(2024, 3, 15, 6, tzinfo=UTC),
            ),
        )
