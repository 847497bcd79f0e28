"""What a row would do to the register: match, compare, decide. Works on a chunk of rows at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.rules import conditions
from kontingent.exchange.spreadsheets.problems import Problem, Severity
from kontingent.exchange.spreadsheets.rows import LearnerRow
from kontingent.health import actions as health
from kontingent.health.permissions import HealthPermission
from kontingent.kernel import names
from kontingent.kernel.actor import Actor
from kontingent.persons import likeness
from kontingent.persons import queries as persons
from kontingent.persons.likeness import Candidate
from kontingent.persons.matching import Fingerprint, Level
from kontingent.persons.queries import PersonFacts
from kontingent.persons.rules import document_key
from kontingent.storage import scope

#: All that a row shows of health.
NEWS = "сведения о здоровье"
#: Fields of a person that a row may change; an empty value never erases.
COMPARED = (
    "family_name",
    "given_name",
    "patronymic",
    "birth_date",
    "birth_place",
    "sex",
    "snils",
    "citizenship_code",
    "country_code",
)


@dataclass(slots=True)
class Staged:
    """A row with what has been found out about it."""

    sheet: str
    line: int
    raw: list[str]
    row: LearnerRow
    problems: list[Problem]
    status: str = "create"
    enrols: bool = True
    person_id: UUID | None = None
    candidates: list[Candidate] = field(default_factory=list)
    diff: dict[str, Any] = field(default_factory=dict)

    def refuse(self, code: str, where: str, message: str, remedy: str) -> None:
        """Add an error of the register's side."""
        self.problems.append(
            Problem(Severity.ERROR.value, code, f"{code}@{where}", where, "", message, remedy)
        )


def fingerprint(row: LearnerRow) -> Fingerprint:
    """Return what a row is matched by."""
    return Fingerprint(
        names.fold(row.family_name),
        names.fold(row.given_name),
        names.fold(row.patronymic),
        row.birth_date,
        row.sex,
        row.snils,
        frozenset(document_key(d.kind_code, d.series, d.number) for d in row.documents),
    )


def blocking(problems: Sequence[Problem], decisions: Mapping[str, str]) -> list[Problem]:
    """Return the problems that refuse a row, given the decisions on causes."""
    return [
        problem
        for problem in problems
        if (
            problem.severity == Severity.ERROR.value
            and decisions.get(problem.cause) not in {"drop", "accept"}
        )
        or decisions.get(problem.cause) == "refuse"
    ]


class Comparer:
    """Compares the chunks of one batch with the register; remembers who has been named already."""

    def __init__(
        self, actor: Actor, organisation_id: UUID, *, effective_on: date, decisions: Mapping[str, str]
    ) -> None:
        """Take the organisation the list belongs to and the day from which it holds; the register is looked at for an actor."""
        self.actor = actor
        self.organisation_id = organisation_id
        self.effective_on = effective_on
        self.decisions = decisions
        self._seen: dict[int, tuple[str, int]] = {}

    def compare(self, chunk: Sequence[Staged], *, chosen: Mapping[int, str] | None = None) -> None:
        """Give every row its status. ``chosen`` holds the human's choices by line: a person id or "new"."""
        live = [one for one in chunk if not self._refused(one)]
        for one in live:
            self._refuse_a_repeat(one)
        live = [one for one in live if not self._refused(one)]
        found = self._eligible(
            likeness.match_many((index, fingerprint(one.row)) for index, one in enumerate(live))
        )
        for index, one in enumerate(live):
            self._decide(one, found.get(index, []), (chosen or {}).get(one.line))
        known = [one for one in live if one.person_id is not None]
        self._compare_with_register(known)
        self._look_at_enrolments(known)
        for one in chunk:
            if self._refused(one):
                one.status, one.enrols = "refused", False

    def _refused(self, one: Staged) -> bool:
        return bool(blocking(one.problems, self.decisions))

    def _refuse_a_repeat(self, one: Staged) -> None:
        row = one.row
        key = hash(
            row.snils or (names.full_key(row.family_name, row.given_name, row.patronymic), row.birth_date)
        )
        if key in self._seen:
            sheet, line = self._seen[key]
            one.refuse(
                "row.repeated", "full_name",
                f"{row.full_name} уже есть в этом файле: лист «{sheet}», строка {line}.", "Оставьте одну из строк.",
            )  # fmt: skip
        else:
            self._seen[key] = (one.sheet, one.line)

    def _eligible(self, found: dict[int, list[Candidate]]) -> dict[int, list[Candidate]]:
        """Return who of those like the rows may be meant: anybody of the register."""
        return found

    def _decide(self, one: Staged, candidates: list[Candidate], chosen: str | None) -> None:
        one.candidates = candidates[:5]
        if chosen == "new":
            return
        if chosen:
            one.person_id = UUID(chosen)
            return
        certain = [c for c in candidates if c.verdict.level is Level.CERTAIN]
        if len(certain) == 1 and all(
            c.verdict.level is Level.POSSIBLE for c in candidates if c is not certain[0]
        ):
            one.person_id = certain[0].person_id
        elif candidates:
            one.status = "possible"

    # -- differences ---------------------------------------------------------------------------

    def _compare_with_register(self, known: Sequence[Staged]) -> None:
        with scope.whole_register():
            facts = persons.snapshot({one.person_id for one in known if one.person_id})
        news = self._news_of_health(known)
        for one in known:
            assert one.person_id is not None  # noqa: S101 - chosen above
            one.diff = difference(one.row, facts[one.person_id])
            if one.person_id in news:
                one.diff["health"] = ["", NEWS]
            one.status = "update" if one.diff else "unchanged"

    def _news_of_health(self, known: Sequence[Staged]) -> set[UUID]:
        """Return of whom the rows say something new of health; to who may not know everything is news."""
        told = [(one.person_id, record) for one in known if one.person_id for record in one.row.health]
        if told and self.actor.may(HealthPermission.EDIT):
            told = health.fresh_among(actor=self.actor, entered=told)
        return {person_id for person_id, _ in told}

    def _look_at_enrolments(self, known: Sequence[Staged]) -> None:
        standing = enrolment.standing_of({one.person_id for one in known if one.person_id}, self.effective_on)
        studying: list[tuple[Staged, UUID]] = []
        for one in known:
            places = standing.get(one.person_id) if one.person_id else None
            if not places:
                continue
            here = next((place for place in places if place.organisation_id == self.organisation_id), None)
            if here is not None and one.row.conditions:
                studying.append((one, here.enrolment_id))
            one.enrols = False
            if here is None:
                place = places[0]
                one.refuse(
                    "enrolment.elsewhere", "enrolment",
                    f"Ученик уже числится в «{place.organisation}» с {place.starts_on:%d.%m.%Y}.",
                    "Нужен перевод: приказ о выбытии оттуда или запрос на перевод.",
                )  # fmt: skip
            elif one.row.grade and (here.grade, here.letter) != (one.row.grade, one.row.letter):
                one.problems.append(
                    Problem(
                        Severity.WARNING.value, "enrolment.other_class", "enrolment.other_class@enrolment", "grade", here.title,
                        f"В реестре ученик в классе {here.title}, в файле – {one.row.grade}{one.row.letter}. "
                        "Класс не изменён: перевод оформляется приказом.",
                    )
                )  # fmt: skip
        self._compare_conditions(studying)

    def _compare_conditions(self, studying: Sequence[tuple[Staged, UUID]]) -> None:
        """Compare how learners study with what the file says; what it leaves empty is not a difference."""
        known = enrolment.conditions_of([enrolment_id for _, enrolment_id in studying], self.effective_on)
        for one, enrolment_id in studying:
            facts = known[enrolment_id].facts if enrolment_id in known else conditions.BLANK
            told = {n: conditions.read(n, t, find=codelists.find) for n, t in one.row.conditions.items()}
            different = {name: value for name, value in told.items() if getattr(facts, name) != value}
            if not different:
                continue
            for finding in conditions.examine(facts._replace(**different)):
                one.refuse(
                    finding.code,
                    next(iter(different)),
                    finding.message,
                    "Исправьте в файле и загрузите снова.",
                )
            one.diff |= {
                name: [conditions.write(getattr(facts, name)), conditions.write(value)]
                for name, value in different.items()
            }
            one.status = "update"


class HealthComparer(Comparer):
    """Compares a list of health: it is about learners of the organisation, and about nothing else of them."""

    def _eligible(self, found: dict[int, list[Candidate]]) -> dict[int, list[Candidate]]:
        whom = {one.person_id for those in found.values() for one in those}
        standing = enrolment.standing_of(whom, self.effective_on)
        here = {
            person_id
            for person_id, places in standing.items()
            if any(
                p.organisation_id == self.organisation_id and p.starts_on <= self.effective_on for p in places
            )
        }
        return {index: [one for one in those if one.person_id in here] for index, those in found.items()}

    def _decide(self, one: Staged, candidates: list[Candidate], chosen: str | None) -> None:
        super()._decide(one, candidates, None if chosen == "new" else chosen)
        one.enrols = False
        if one.person_id is None and not one.candidates:
            one.refuse(
                "health.nobody", "full_name",
                f"{one.row.full_name} сегодня не числится в организации, или ФИО и дата рождения записаны иначе.",
                "Сверьте с карточкой ученика; нового ученика сначала зачисляют.",
            )  # fmt: skip

    def _compare_with_register(self, known: Sequence[Staged]) -> None:
        news = self._news_of_health(known)
        for one in known:
            one.diff = {"health": ["", NEWS]} if one.person_id in news else {}
            one.status = "update" if one.diff else "unchanged"

    def _look_at_enrolments(self, known: Sequence[Staged]) -> None:
        """Where they study has been asked for already."""


def difference(row: LearnerRow, facts: PersonFacts) -> dict[str, Any]:
    """Return what a row says otherwise: {field: [register, file]}; what the file leaves empty is not a difference."""
    person, found = facts.person, {}
    for name in COMPARED:
        new, old = getattr(row, name), getattr(person, name)
        if (
            new
            and new != old
            and not (name in {"citizenship_code", "country_code"} and _default_citizenship(row))
        ):
            found[name] = [str(old) if old else "", str(new)]
    documents = {document.key for document in facts.documents}
    fresh = [d for d in row.documents if document_key(d.kind_code, d.series, d.number) not in documents]
    if fresh:
        found["documents"] = ["", "; ".join(f"{d.series} {d.number}".strip() for d in fresh)]
    addresses = {address.kind_code: address.text for address in facts.addresses}
    for kind, text in row.addresses.items():
        if addresses.get(kind) != text:
            found[f"address_{kind}"] = [addresses.get(kind, ""), text]
    adults = {representation.adult.name_key for representation in facts.representations}
    for adult in row.adults:
        if names.full_key(adult.family_name, adult.given_name, adult.patronymic) not in adults:
            found.setdefault("adults", ["", ""])[1] += (
                f"{adult.family_name} {adult.given_name} {adult.patronymic}; "
            )
    return found


def _default_citizenship(row: LearnerRow) -> bool:
    """A list without a citizenship column reads as "РФ": that is no statement."""
    return (row.citizenship_code, row.country_code) == ("0", "643")
