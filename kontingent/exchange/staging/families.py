"""Linking learners with their representatives: the same adult of siblings, of the file and of the register, is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from kontingent.exchange.spreadsheets.rows import AdultRow, LearnerRow
from kontingent.exchange.staging.models import Row
from kontingent.kernel import names
from kontingent.kernel.actor import Actor
from kontingent.persons import actions as persons
from kontingent.persons import duplicates, likeness
from kontingent.persons import queries as person_queries
from kontingent.persons.actions import PersonDraft, RepresentationDraft
from kontingent.persons.matching import Fingerprint, Level


class Families:
    """Remembers the adults of a batch, so that brothers and sisters share their parents."""

    def __init__(self) -> None:
        """Start empty."""
        self._known: dict[str, UUID] = {}
        #: Adults of the chunk at hand who are known by name alone, each their own person.
        self._nameless: dict[int, UUID] = {}
        #: Adults of the chunk whom somebody in the register resembles.
        self._resembling: set[int] = set()

    def link(self, actor: Actor, rows: Sequence[tuple[Row, LearnerRow]], result: Counter[str]) -> None:
        """Find or make the representatives of these learners and link those who are not linked yet."""
        wanted = [
            (row, adult, name_key(adult))
            for row, learner in rows
            for adult in learner.adults
            if row.person_id is not None
        ]
        if not wanted:
            return
        self._nameless, self._resembling = {}, set()
        linked = person_queries.representatives_by_name(
            {row.person_id for row, _, _ in wanted if row.person_id}
        )
        wanted = [(row, adult, key) for row, adult, key in wanted if (row.person_id, key) not in linked]
        self._find([adult for _, adult, _ in wanted])
        made = self._make(actor, [adult for _, adult, _ in wanted])
        result["adults"] += len(made)
        drafts: list[RepresentationDraft] = []
        owners: list[Row] = []
        for row, adult, _ in wanted:
            adult_id = self._known_as(adult)
            if adult_id is None or adult_id == row.person_id or row.person_id is None:
                continue
            drafts.append(
                RepresentationDraft(
                    child_id=row.person_id, adult_id=adult_id, kind_code=adult.kind_code, kinship_code=adult.kinship_code,
                    document_kind_code="403" if adult.kind_code in {"2", "3"} else "", document_requisites=adult.document,
                )
            )  # fmt: skip
            owners.append(row)
            if adult_id in made:
                made.discard(adult_id)
                row.made.setdefault("adults", []).append(str(adult_id))
        unique = {(d.child_id, d.adult_id): (d, row) for d, row in zip(drafts, owners, strict=True)}
        ids = persons.add_representations([draft for draft, _ in unique.values()])
        for link_id, (_, row) in zip(ids, unique.values(), strict=True):
            row.made.setdefault("links", []).append(str(link_id))

    def _keys(self, adult: AdultRow) -> list[str]:
        """How an adult is known: by СНИЛС, or by name with a phone or a birth date. By name alone nobody is."""
        name = name_key(adult)
        keys = [f"snils:{adult.snils}"] if adult.snils else []
        keys += [f"{name}|{adult.phone}"] if adult.phone else []
        keys += [f"{name}|{adult.birth_date}"] if adult.birth_date else []
        return keys

    def _known_as(self, adult: AdultRow) -> UUID | None:
        return next(
            (self._known[key] for key in self._keys(adult) if key in self._known), None
        ) or self._nameless.get(id(adult))

    def _find(self, adults: Sequence[AdultRow]) -> None:
        """Look for them in the register, set-based."""
        unknown = [adult for adult in adults if self._known_as(adult) is None]
        for key, person_id in person_queries.adults_by_keys(
            snils=[a.snils for a in unknown if a.snils],
            phones=[(name_key(a), a.phone) for a in unknown if a.phone],
            births=[(name_key(a), a.birth_date) for a in unknown if a.birth_date],
        ).items():
            self._known.setdefault(key, person_id)
        self._match(
            [
                adult
                for adult in unknown
                if self._known_as(adult) is None and (adult.birth_date or adult.snils)
            ]
        )

    def _match(self, adults: Sequence[AdultRow]) -> None:
        """Take who is certain; whoever only resembles somebody is entered and goes into the queue of duplicates."""
        found = likeness.match_many((index, fingerprint_of(adult)) for index, adult in enumerate(adults))
        for index, candidates in found.items():
            certain = [one for one in candidates if one.verdict.level is Level.CERTAIN]
            if certain:
                for key in self._keys(adults[index]):
                    self._known.setdefault(key, certain[0].person_id)
            else:
                self._resembling.add(id(adults[index]))

    def _make(self, actor: Actor, adults: Sequence[AdultRow]) -> set[UUID]:
        fresh: list[AdultRow] = []
        seen: set[str] = set()
        for adult in adults:
            keys = self._keys(adult)
            if self._known_as(adult) is None and not seen & set(keys):
                fresh.append(adult)
                seen |= set(keys)
        ids = persons.create_many(actor=actor, drafts=[_draft(adult) for adult in fresh]) if fresh else []
        for adult, person_id in zip(fresh, ids, strict=True):
            for key in self._keys(adult):
                self._known[key] = person_id
            self._nameless[id(adult)] = person_id
        alike = [one for adult, one in zip(fresh, ids, strict=True) if id(adult) in self._resembling]
        if alike:
            duplicates.recheck(alike, found_by="entry")
        return set(ids)


def fingerprint_of(adult: AdultRow) -> Fingerprint:
    """What an adult is matched by."""
    return Fingerprint.of(
        adult.family_name, adult.given_name, adult.patronymic, birth_date=adult.birth_date, sex=adult.sex or "", snils=adult.snils
    )  # fmt: skip


def name_key(adult: AdultRow) -> str:
    """The folded full name."""
    return names.full_key(adult.family_name, adult.given_name, adult.patronymic)


def _draft(adult: AdultRow) -> PersonDraft:
    return PersonDraft(
        family_name=adult.family_name,
        given_name=adult.given_name,
        patronymic=adult.patronymic,
        sex=adult.sex or "2",
        birth_date=adult.birth_date,
        snils=adult.snils,
        contacts=(("1", adult.phone),) if adult.phone else (),
    )
