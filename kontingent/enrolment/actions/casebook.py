"""Everything the rules need for a set of lines, loaded by a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q

from kontingent.enrolment.models import Enrolment, Group, Order, OrderLine
from kontingent.enrolment.rules import (
    Finding,
    Fold,
    GroupFacts,
    LineFacts,
    MovementFacts,
    OtherEnrolment,
    PersonFacts,
    Severity,
    examine,
    fold,
)
from kontingent.enrolment.rules.classes import NOT_ADAPTED
from kontingent.enrolment.rules.findings import refusal
from kontingent.enrolment.rules.log import EMPTY, ImpossibleSequence
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons
from kontingent.programmes import queries as programmes
from kontingent.storage import scope

#: A movement that is not in the log yet sorts after everything of the same day.
NOT_RECORDED = 2**62


@dataclass(frozen=True, slots=True)
class Learner:
    """What is copied onto placements, and the name for messages."""

    name: str
    sex: str
    birth_date: date | None
    died_on: date | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A current main enrolment of a person, wherever."""

    enrolment_id: UUID
    organisation_id: UUID
    starts_on: date
    ends_on: date | None


@dataclass(slots=True)
class Casebook:
    """Facts by id. Built by ``load``."""

    organisation_id: UUID
    learners: dict[UUID, Learner] = field(default_factory=dict)
    streams: dict[UUID, list[MovementFacts]] = field(default_factory=dict)
    owners: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)
    groups: dict[UUID, GroupFacts] = field(default_factory=dict)
    group_programmes: dict[UUID, tuple[UUID, str]] = field(default_factory=dict)
    programmes: dict[UUID, tuple[str, str]] = field(default_factory=dict)
    #: Adapted programmes of the organisation by kind and adaptation.
    adapted: dict[tuple[str, str], UUID] = field(default_factory=dict)
    standing: dict[UUID, list[Standing]] = field(default_factory=lambda: defaultdict(list))
    organisation_names: dict[UUID, str] = field(default_factory=dict)
    order_names: dict[UUID, str] = field(default_factory=dict)

    # -- one line ------------------------------------------------------------------------------

    def movement(self, line: OrderLine) -> MovementFacts:
        """Return the movement that a line would make."""
        programme_id, study_form = line.programme_id, line.study_form_code
        grade = line.grade
        if line.group_id is not None and line.group_id in self.groups:
            group_programme, group_form = self.group_programmes[line.group_id]
            programme_id = programme_id or self._programme_of(line, group_programme)
            study_form = study_form or group_form
            grade = self.groups[line.group_id].grade if grade is None else grade
        kind_code, adaptation = self.programmes.get(programme_id, ("", "")) if programme_id else ("", "")
        return MovementFacts(
            NOT_RECORDED + line.position, line.kind, line.effective_on, line.order_id, line.group_id, grade,
            programme_id, kind_code, adaptation, study_form or ("" if line.enrolment_id else "11"),
            line.funding_code, line.reason_code, line.destination_id, line.destination_text,
        )  # fmt: skip

    def _programme_of(self, line: OrderLine, group_programme: UUID) -> UUID:
        """Return the class's programme, or the adapted one of its kind for a child who learns by such among the others."""
        if line.enrolment_id is None or not self.adapted:
            return group_programme
        kind_code, adaptation = self.programmes[group_programme]
        placements = self.before(line).placements
        own = placements[-1].adaptation_code if placements else NOT_ADAPTED
        if adaptation != NOT_ADAPTED or own == NOT_ADAPTED:
            return group_programme
        return self.adapted.get((kind_code, own), group_programme)

    def stream_with(self, line: OrderLine, movement: MovementFacts) -> list[MovementFacts]:
        """Return the stream as it would be with the line."""
        if line.enrolment_id is None:
            return [movement]
        return [*self.streams.get(line.enrolment_id, ()), movement]

    def before(self, line: OrderLine) -> Fold:
        """Return what the learner's enrolment was on the eve of the line's taking effect."""
        if line.enrolment_id is None:
            return EMPTY
        earlier = [m for m in self.streams.get(line.enrolment_id, ()) if m.effective_on <= line.effective_on]
        try:
            return fold(earlier)
        except ImpossibleSequence:
            return EMPTY

    def judge(self, line: OrderLine, order: Order, *, dated: date | None) -> tuple[Fold, Fold, list[Finding]]:
        """Return the fold before and after the line, and every finding on it."""
        learner = self.learners.get(line.person_id)
        if learner is None:
            return (
                EMPTY,
                EMPTY,
                [refusal("person_unknown", "Такой записи о человеке больше нет. Уберите её из приказа.")],
            )
        if line.enrolment_id is not None and self.owners.get(line.enrolment_id) != (
            line.person_id,
            self.organisation_id,
        ):
            return EMPTY, EMPTY, [
                refusal("enrolment_unknown", "Ученик не числится в этой организации. Уберите его из приказа.")
            ]  # fmt: skip
        before, movement = self.before(line), self.movement(line)
        findings = examine(self._facts(line, order, movement, before, learner, dated))
        try:
            after = fold(self.stream_with(line, movement))
        except ImpossibleSequence as impossible:
            return (
                before,
                EMPTY,
                [refusal(impossible.code.split(".")[1], self.explain(impossible)), *findings],
            )
        overlap = self.overlapping(line.person_id, line.enrolment_id, after)
        if overlap and not any(f.code == "enrolment.already_enrolled" for f in findings):
            findings.append(self._elsewhere(overlap))
        return before, after, findings

    def _facts(
        self,
        line: OrderLine,
        order: Order,
        movement: MovementFacts,
        before: Fold,
        learner: Learner,
        dated: date | None,
    ) -> LineFacts:
        placement = before.placements[-1] if before.placements else None
        return LineFacts(
            order_kind=order.kind,
            organisation_id=self.organisation_id,
            dated=dated,
            kind=line.kind,
            effective_on=line.effective_on,
            person=PersonFacts(learner.name, learner.birth_date, learner.died_on),
            group=self.groups.get(line.group_id) if line.group_id else None,
            group_wanted=line.group_id is not None,
            grade=movement.grade,
            programme_kind_code=movement.programme_kind_code,
            reason_code=line.reason_code,
            destination_id=line.destination_id,
            destination_text=line.destination_text,
            before=placement,
            before_group=self.groups.get(placement.group_id) if placement and placement.group_id else None,
            others=[
                OtherEnrolment(
                    self.organisation_names.get(s.organisation_id, "другая организация"),
                    s.starts_on,
                    s.ends_on,
                )
                for s in self.standing.get(line.person_id, ())
                if s.enrolment_id != line.enrolment_id
            ],
        )

    def leave_out(self, order_id: UUID) -> None:
        """Forget what an order did, so that its lines can be shown as before and after."""
        for enrolment_id, stream in self.streams.items():
            self.streams[enrolment_id] = [m for m in stream if m.order_id != order_id]

    # -- streams -------------------------------------------------------------------------------

    def overlapping(self, person_id: UUID, enrolment_id: UUID | None, after: Fold) -> Standing | None:
        """Return another main enrolment that the folded one would overlap."""
        enrolment = after.enrolment
        if enrolment is None or not enrolment.is_main:
            return None
        for standing in self.standing.get(person_id, ()):
            if standing.enrolment_id == enrolment_id:
                continue
            starts_later = enrolment.ends_on is not None and standing.starts_on >= enrolment.ends_on
            ended_before = standing.ends_on is not None and standing.ends_on <= enrolment.starts_on
            if not starts_later and not ended_before:
                return standing
        return None

    def _elsewhere(self, standing: Standing) -> Finding:
        name = self.organisation_names.get(standing.organisation_id, "другая организация")
        return refusal(
            "already_enrolled",
            f"Ученик уже числится в «{name}» с {standing.starts_on:%d.%m.%Y}. "
            "Сначала нужен приказ о выбытии оттуда или запрос на перевод.",
        )

    def explain(self, impossible: ImpossibleSequence) -> str:
        """Return the sentence of an impossible sequence, with the later order that stands in the way."""
        movement = impossible.movement
        if movement.id >= NOT_RECORDED:
            return impossible.message
        later = self.order_names.get(movement.order_id, "")
        return (
            f"Этому мешает более поздний приказ {later} (движение с {movement.effective_on:%d.%m.%Y}). "
            "Сначала отмените его или исправьте дату."
        )


# -- loading -----------------------------------------------------------------------------------


def load(organisation_id: UUID, lines: Collection[OrderLine]) -> Casebook:
    """Load what the rules need about these lines: eight statements, however many lines."""
    book = Casebook(organisation_id)
    person_ids = {line.person_id for line in lines}
    load_learners(book, person_ids)
    load_streams(book, {line.enrolment_id for line in lines if line.enrolment_id})
    load_standing(book, person_ids)
    group_ids = {line.group_id for line in lines if line.group_id}
    group_ids |= {m.group_id for stream in book.streams.values() for m in stream if m.group_id}
    _load_groups(book, group_ids)
    wanted = {line.programme_id for line in lines if line.programme_id}
    wanted |= {programme_id for programme_id, _ in book.group_programmes.values()}
    load_programmes(book, wanted)
    _load_adapted(book)
    return book


def load_learners(book: Casebook, person_ids: Collection[UUID]) -> None:
    """Add the learners themselves."""
    book.learners = {
        person_id: Learner(name, sex, birth_date, died_on)
        for person_id, name, sex, birth_date, died_on in persons.facts_for_counting(person_ids)
    }


def load_programmes(book: Casebook, programme_ids: Collection[UUID]) -> None:
    """Add kind and adaptation of programmes."""
    book.programmes |= programmes.kinds_of(programme_ids)


def _load_adapted(book: Casebook) -> None:
    for programme_id, kind_code, adaptation in programmes.adapted_of(book.organisation_id):
        book.adapted.setdefault((kind_code, adaptation), programme_id)
        book.programmes[programme_id] = (kind_code, adaptation)


def load_streams(book: Casebook, enrolment_ids: Collection[UUID]) -> None:
    """Add the streams of enrolments: their movements that are not cancelled."""
    rows = _stream_rows(enrolment_ids)
    for enrolment_id, person_id, organisation_id, facts in rows:
        book.streams.setdefault(enrolment_id, []).append(facts)
        book.owners[enrolment_id] = (person_id, organisation_id)
    orders = {facts.order_id for _, _, _, facts in rows}
    for order in Order.objects.filter(pk__in=orders).only("id", "number", "dated"):
        book.order_names[order.id] = str(order)


STREAM_COLUMNS = (
    "m.id, m.kind, m.effective_on, m.order_id, m.group_id, m.grade, m.programme_id, coalesce(p.kind_code, ''), "
    "coalesce(p.adaptation_code, ''), m.study_form_code, m.funding_code, m.reason_code, m.destination_id, "
    "m.destination_text"
)


def _stream_rows(enrolment_ids: Collection[UUID]) -> list[tuple[UUID, UUID, UUID, MovementFacts]]:
    if not enrolment_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT m.enrolment_id, m.person_id, m.organisation_id, {STREAM_COLUMNS} "
            "FROM enrolment_movement m LEFT JOIN programmes_programme p ON p.id = m.programme_id "
            "WHERE m.enrolment_id = ANY(%s) AND m.cancelled_at IS NULL ORDER BY m.enrolment_id, m.effective_on, m.id",
            [list(enrolment_ids)],
        )
        return [(row[0], row[1], row[2], MovementFacts(*row[3:])) for row in cursor.fetchall()]


def load_standing(book: Casebook, person_ids: Collection[UUID]) -> None:
    """Add every current main enrolment of these persons, in whatever organisation."""
    rows = Enrolment.objects.filter(
        person_id__in=list(person_ids), is_main=True, superseded_at__isnull=True
    ).values_list("person_id", "enrolment_id", "organisation_id", "starts_on", "ends_on")
    with scope.whole_register():
        found = list(rows)
    for person_id, enrolment_id, organisation_id, starts_on, ends_on in found:
        book.standing[person_id].append(Standing(enrolment_id, organisation_id, starts_on, ends_on))
    ids = {s.organisation_id for standings in book.standing.values() for s in standings}
    book.organisation_names |= organisations.short_names(ids)


def _load_groups(book: Casebook, group_ids: Collection[UUID]) -> None:
    rows = (
        Group.objects.filter(pk__in=list(group_ids))
        .annotate(
            size=Count(
                "placements",
                filter=Q(placements__superseded_at__isnull=True, placements__ends_on__isnull=True),
            )
        )
        .select_related("programme")
    )
    for group in rows:
        size: Any = group.size
        book.groups[group.id] = GroupFacts(
            group.id, group.title, group.organisation_id, group.school_year, group.grade,
            group.programme.kind_code, group.closed_on, group.capacity, size,
        )  # fmt: skip
        book.group_programmes[group.id] = (group.programme_id, group.study_form_code)


def refusals(findings: Iterable[Finding]) -> list[Finding]:
    """Keep what forbids."""
    return [finding for finding in findings if finding.severity is Severity.REFUSAL]
