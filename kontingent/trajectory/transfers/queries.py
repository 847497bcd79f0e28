"""Reading transfers: inbox, outbox, one with its history, the personal file that goes along, who left the region."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.performance.models import Mark
from kontingent.performance.queries.diary import ClosingMark, closing_marks_of
from kontingent.persons import likeness
from kontingent.persons.likeness import Candidate
from kontingent.persons.matching import Fingerprint
from kontingent.storage import scope
from kontingent.trajectory.transfers import rules, terms
from kontingent.trajectory.transfers.codes import OPEN, Answer, Ground, State
from kontingent.trajectory.transfers.models import Transfer, TransferStep
from kontingent.trajectory.transfers.permissions import TransferPermission

PAGE = 100
#: Years back in which a departure without word is worth asking about.
DEPARTURES_BACK = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Row:
    """A transfer as a list shows it to one side."""

    one: Transfer
    here: bool
    leaves: bool
    days_left: int | None

    @property
    def state_title(self) -> str:
        """The state in words."""
        return rules.STATE_TITLES[State(self.one.state)]

    @property
    def ground_title(self) -> str:
        """Why it was completed, in words."""
        return rules.GROUND_TITLES[Ground(self.one.ground)] if self.one.ground else ""

    @property
    def objected(self) -> bool:
        """True when the former organisation objected."""
        return self.one.answer == Answer.OBJECTED

    @property
    def is_open(self) -> bool:
        """True when it is not over."""
        return State(self.one.state) in OPEN


class Box(NamedTuple):
    """Which transfers: those that wait for somebody, and those that are over."""

    open: list[Row]
    over: list[Row]


def arriving(actor: Actor) -> Box:
    """Return the transfers to the actor's organisations (исходящие заявления: кто к нам)."""
    return _box(actor, Q(receiver__in=organisations.own(actor.scope)), "переводы к нам")


def leaving(actor: Actor) -> Box:
    """Return the transfers from the actor's organisations, those not answered first (кто от нас); unapproved ones are not told yet."""
    return _box(
        actor, Q(former__in=organisations.own(actor.scope)) & ~Q(state=State.REGISTERED), "переводы от нас"
    )


def between(actor: Actor) -> Box:
    """Return every transfer of the actor's territory, objected and held up ones first."""
    here = organisations.own(actor.scope)
    return _box(actor, Q(receiver__in=here) | Q(former__in=here), "переводы территории")


def _box(actor: Actor, which: Q, what: str) -> Box:
    actor.require(TransferPermission.VIEW)
    found = Transfer.objects.select_related("former", "receiver", "group").filter(which)
    waiting = found.filter(Q(state__in=OPEN) | ~Q(held_up="")).order_by("due_on", "registered_at")
    over = found.exclude(state__in=OPEN).order_by("-completed_at", "-registered_at")
    rows, past = list(waiting[: 3 * PAGE]), list(over[:PAGE])
    reads.note(actor, ReadKind.LIST, [one.person_id for one in (*rows, *past)], what=what)
    box = Box([_row(actor, one) for one in rows], [_row(actor, one) for one in past])
    return Box(sorted(box.open, key=lambda row: (not row.one.held_up, not row.objected)), box.over)


def _row(actor: Actor, one: Transfer) -> Row:
    left = terms.days_left(clock.today(), one.due_on) if one.due_on and one.state == State.APPROVED else None
    covers = actor.scope.covers
    return Row(
        one,
        covers(one.receiver_id, one.receiver.municipality_id),
        covers(one.former_id, one.former.municipality_id),
        left,
    )


class Counts(NamedTuple):
    """What waits: to be answered as the former school, to be approved, held up."""

    to_answer: int
    to_approve: int
    held_up: int
    objected: int


def counts(actor: Actor) -> Counts:
    """Return what waits for the actor's organisations; one statement."""
    actor.require(TransferPermission.VIEW)
    here = list(actor.scope.organisations)
    every = actor.scope.whole_region or bool(actor.scope.municipalities)
    mine = "true" if every else "{} = ANY(%s)"
    given: list[Any] = [] if every else [here, here, here, here, here]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FILTER (WHERE state = 'approved' AND answer = '' AND {mine.format('former_id')}), "
            f"count(*) FILTER (WHERE state = 'registered' AND {mine.format('receiver_id')}), "
            f"count(*) FILTER (WHERE held_up <> '' AND ({mine.format('receiver_id')} OR {mine.format('former_id')})), "
            f"count(*) FILTER (WHERE state = 'approved' AND answer = 'objected' AND {mine.format('former_id')}) "
            "FROM transfers_transfer WHERE state IN ('registered', 'approved') OR held_up <> ''",
            given,
        )
        return Counts(*cursor.fetchone())


def one(actor: Actor, transfer_id: UUID) -> tuple[Row, list[TransferStep]]:
    """Return a transfer with its history.

    Raises:
        NotFound: it is of strangers.
    """
    row = _one(actor, transfer_id)
    reads.note(actor, ReadKind.LIST, [row.one.person_id], object_id=transfer_id, what="перевод")
    return row, list(row.one.steps.order_by("pk"))


def check_told(actor: Actor, transfer_id: UUID) -> None:
    """Raise ``NotFound`` unless the actor is told of a transfer; nothing of the child is read."""
    _one(actor, transfer_id)


def _one(actor: Actor, transfer_id: UUID) -> Row:
    actor.require(TransferPermission.VIEW)
    found = Transfer.objects.select_related(
        "former", "receiver", "group", "leaving_order", "arriving_order"
    ).filter(pk=transfer_id)
    row = next((_row(actor, each) for each in found), None)
    told = row is not None and (row.here or (row.leaves and row.one.approved_at is not None))
    if row is None or not told:
        raise NotFound("transfers.no_such", "Такого перевода нет.")
    return row


def of_family(actor: Actor, person_id: UUID) -> list[Row]:
    """Return the transfers of one's own child or of oneself, the newest first."""
    if person_id not in actor.scope.persons:
        raise NotAllowed("access.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
    found = Transfer.objects.select_related("former", "receiver", "group").filter(person_id=person_id)
    rows = [_row(actor, each) for each in found.order_by("-registered_at")[:PAGE]]
    if rows:
        reads.note(actor, ReadKind.FAMILY, [person_id], what="переводы")
    return rows


def about(person_id: UUID) -> list[Transfer]:
    """Return the transfers of a learner whom somebody's right has shown, within the scope in force, the newest first; whoever calls notes the look."""
    found = Transfer.objects.select_related("former", "receiver").filter(person_id=person_id)
    return list(found.order_by("-registered_at")[:PAGE])


# -- looking for the learner -------------------------------------------------------------------------


class Found(NamedTuple):
    """A learner like the one applied for, and where he studies."""

    candidate: Candidate
    organisation: str
    title: str
    starts_on: date | None


def find(actor: Actor, asked: Fingerprint, on: date) -> list[Found]:
    """Return who may be meant by an application: name, birth date, where they study, and nothing else; journaled.

    This looks beyond the actor's scope on purpose: the receiver knows of the learner what the family has told.
    """
    actor.require(TransferPermission.REGISTER)
    found = likeness.match_one(asked)
    places = enrolment.standing_of([each.person_id for each in found], on)
    reads.note(actor, ReadKind.COMPARE, [each.person_id for each in found], what="кто в заявлении о переводе")
    told = []
    for each in found:
        place = next(iter(places.get(each.person_id, [])), None)
        told.append(
            Found(
                each,
                place.organisation if place else "",
                place.title if place else "",
                place.starts_on if place else None,
            )
        )
    return told


# -- the personal file ---------------------------------------------------------------------------------


class Studied(NamedTuple):
    """Where the learner was, from when till when."""

    organisation: str
    level: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class PersonalFile:
    """What of a learner goes along (личное дело): where he studied, closing marks by year, the current marks of the year he left in.

    ``is_whole`` is false until the transfer is completed: the receiver then sees where the learner studies and his closing marks.
    """

    transfer: Transfer
    born: date | None
    studied: list[Studied]
    years: dict[int, list[ClosingMark]]
    current: list[tuple[str, str]]
    since: date
    is_whole: bool


def personal_file(actor: Actor, transfer_id: UUID) -> PersonalFile:
    """Return the personal file of a learner as it was on the day of arrival, to the receiver from its approval on.

    Nothing of what came after that day is in it: whoever the learner has left since sees no more than went along.

    Raises:
        NotFound: the transfer is of strangers.
        NotAllowed: the actor is not of the receiving organisation, or the transfer is not approved yet or did not come about.
    """
    row = _one(actor, transfer_id)
    actor.require(TransferPermission.REGISTER)
    if not row.here or State(row.one.state) not in {State.APPROVED, State.COMPLETED}:
        raise NotAllowed(
            "transfers.file_closed",
            "Личное дело открывается принимающей организации, когда зачисление утверждено, и закрывается, если перевод не состоялся.",
        )
    who, until, is_whole = row.one.person_id, row.one.arrives_on, row.one.state == State.COMPLETED
    year = SchoolYear.of(until)
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.short_name, e.level_code, e.starts_on, least(e.ends_on, %s) FROM enrolment_enrolment e JOIN organisations_organisation o "
            "ON o.id = e.organisation_id WHERE e.person_id = %s AND e.is_main AND e.superseded_at IS NULL AND e.starts_on < %s "
            "ORDER BY e.starts_on",
            [until, who, until],
        )
        studied = [
            Studied(name, codelists.title("education_programme", level), start, end)
            for name, level, start, end in cursor.fetchall()
        ]
        cursor.execute("SELECT birth_date FROM persons_person WHERE id = %s", [who])
        born = cursor.fetchone()[0]
        years: dict[int, list[ClosingMark]] = {}
        for mark in closing_marks_of([who])[who]:
            if mark.day < until:
                years.setdefault(mark.school_year, []).append(mark)
        marks = Mark.objects.filter(
            school_year=year.begins_in, person_id=who, withdrawn_at__isnull=True, given_on__lt=until
        )
        current = list(
            marks.order_by("subject_code", "given_on", "external_id").values_list("subject_code", "value")
            if is_whole
            else []
        )
    reads.note(
        actor,
        ReadKind.CARD,
        [who],
        object_id=transfer_id,
        organisation_id=row.one.receiver_id,
        what="личное дело при переводе",
    )
    return PersonalFile(
        row.one,
        born,
        studied,
        dict(sorted(years.items(), reverse=True)),
        _by_subject(current),
        year.starts_on,
        is_whole,
    )


def _by_subject(marks: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for subject, value in marks:
        found.setdefault(subject, []).append(value)
    told = [(codelists.title("subject", subject), " ".join(values)) for subject, values in found.items()]
    return sorted(told)


# -- leaving the region ------------------------------------------------------------------------------------


class Departure(NamedTuple):
    """Who left the region, and whether it is known that he arrived."""

    enrolment_id: UUID
    person_id: UUID
    name: str
    organisation: str
    left_on: date
    place: str
    arrived_on: date | None
    evidence: str
    confirmed_by: str


def departures(actor: Actor, *, confirmed: bool = False) -> list[Departure]:
    """Return those who left the region or the country in the last two years, unconfirmed ones, the longest ago first."""
    actor.require(TransferPermission.VIEW)
    condition, given = enrolment.organisations_condition(actor, "e")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.enrolment_id, e.person_id, concat_ws(' ', p.family_name, p.given_name, nullif(p.patronymic, '')), o.short_name, "
            "e.ends_on, e.destination_text, c.arrived_on, coalesce(c.evidence, ''), coalesce(c.confirmed_by_name, '') "
            "FROM enrolment_enrolment e JOIN persons_person p ON p.id = e.person_id JOIN organisations_organisation o ON o.id = e.organisation_id "
            "LEFT JOIN transfers_confirmeddeparture c ON c.enrolment_id = e.enrolment_id WHERE e.superseded_at IS NULL AND e.is_main "
            "AND e.reason_code IN ('T3', 'T4') AND e.ends_on >= %s AND (c.id IS NOT NULL) = %s "
            f"{condition} ORDER BY e.ends_on, p.name_key LIMIT %s",
            [clock.today() - DEPARTURES_BACK, confirmed, *given, 3 * PAGE],
        )
        found = [Departure(*row) for row in cursor.fetchall()]
    reads.note(actor, ReadKind.LIST, [each.person_id for each in found], what="выбывшие из региона")
    return found


class Destination(NamedTuple):
    """Where learners went who left the region: reason, place as it was told, how many, of how many it is known that they arrived."""

    reason_code: str
    place: str
    left: int
    confirmed: int


def destinations(
    actor: Actor, since: date, until: date, *, municipality_id: UUID | None = None
) -> list[Destination]:
    """Count those who left the region or the country in a period by the place they named, the most frequent first: no names."""
    actor.require(TransferPermission.VIEW)
    condition, given = enrolment.organisations_condition(actor, "e")
    if municipality_id is not None:
        condition, given = f"{condition} AND o.municipality_id = %s", [*given, municipality_id]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.reason_code, trim(e.destination_text), count(*), count(c.id) FROM enrolment_enrolment e "
            "JOIN organisations_organisation o ON o.id = e.organisation_id "
            "LEFT JOIN transfers_confirmeddeparture c ON c.enrolment_id = e.enrolment_id WHERE e.superseded_at IS NULL AND e.is_main "
            f"AND e.reason_code IN ('T3', 'T4') AND e.ends_on BETWEEN %s AND %s {condition} GROUP BY 1, 2 ORDER BY 3 DESC, 2",
            [since, until, *given],
        )
        return [Destination(*row) for row in cursor.fetchall()]
