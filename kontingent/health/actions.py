"""Entering, ending and withdrawing records; encrypting them anew by a new key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.enrolment import actions as entering
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.actions import Entered, LearnerEntry
from kontingent.health import queries, rules, texts
from kontingent.health.cipher import Damaged, LostKey, Sealed, cipher
from kontingent.health.events import HealthRecorded, KeyRotated
from kontingent.health.models import HealthRecord
from kontingent.health.permissions import HealthPermission
from kontingent.health.rules import Record, RowsRefused
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotFound, RuleViolation
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Person
from kontingent.stages import queries as stages
from kontingent.storage import scope

#: So many texts are encrypted anew in one transaction: rows stay locked for some tens of milliseconds.
ROTATED_AT_ONCE = 500
_COPIED = (
    "person_id", "organisation_id", "kind", "code", "category_code", "reason_code", "variant_code", "starts_on", "key_id", "sealed", "batch_id",
)  # fmt: skip


def record(*, actor: Actor, organisation_id: UUID, person_id: UUID, entered: Record) -> UUID:
    """Enter one record of a learner (внести); an earlier one of the same kind ends where it begins."""
    return record_many(actor=actor, organisation_id=organisation_id, entered=[(person_id, entered)])[0]


@transaction.atomic
def record_many(
    *,
    actor: Actor,
    organisation_id: UUID,
    entered: Sequence[tuple[UUID, Record]],
    batch_id: UUID | None = None,
    skip_known: bool = False,
) -> list[UUID]:
    """Enter records of many learners of an organisation (внести списком), all or none.

    With ``skip_known`` (a list that is loaded again) what holds already, or was entered for a later day, is left as it is.

    Raises:
        NotAllowed: without the permission, or for another organisation.
        RuleViolation: the stage is not open there, somebody does not study there, an overlap.
        InvalidValue: a value that cannot be.
    """
    organisation = organisations.get(organisation_id)
    actor.require(
        HealthPermission.EDIT, organisation_id=organisation.id, municipality_id=organisation.municipality_id
    )
    gate = stages.gate(organisation.municipality)
    for kind in {one.kind for _, one in entered}:
        gate.require(kind)
    whom, today = list(dict.fromkeys(person_id for person_id, _ in entered)), clock.today()
    _require_learners(organisation, whom, today)
    births = dict(Person.objects.filter(pk__in=whom).values_list("id", "birth_date"))
    complete = [(person_id, rules.with_usual_term(one)) for person_id, one in entered]
    _check(complete, births, today)
    moment = clock.now()
    with scope.compartment(HealthPermission.EDIT.value):
        _lock(whom)
        if skip_known:
            complete = _unknown(complete)
        made = _place(actor, organisation, complete, batch_id, moment)
    _tell(
        actor,
        HealthRecorded(
            subjects=tuple(whom), organisation_id=organisation.id, change="entered", records=len(made),
            object_id=whom[0] if len(whom) == 1 else organisation.id,
        ),
    )  # fmt: skip
    return made


@transaction.atomic
def enter_learner(
    *, actor: Actor, organisation_id: UUID, entry: LearnerEntry, records: Sequence[Record]
) -> Entered:
    """Enter a learner whole (внести ученика целиком) with what is known of health: all of it, or nothing."""
    done = entering.enter_learner(actor=actor, organisation_id=organisation_id, entry=entry)
    if records:
        record_many(
            actor=actor, organisation_id=organisation_id, entered=[(done.person_id, one) for one in records]
        )
    return done


def fresh_among(*, actor: Actor, entered: Sequence[tuple[UUID, Record]]) -> list[tuple[UUID, Record]]:
    """Return which of these records would say something new; nothing is written, nothing is said of what is known."""
    actor.require(HealthPermission.EDIT)
    with scope.compartment(HealthPermission.EDIT.value):
        return _unknown([(person_id, rules.with_usual_term(one)) for person_id, one in entered])


def _require_learners(organisation: Organisation, whom: Sequence[UUID], today: date) -> None:
    """Refuse whoever neither studies here nor, studying nowhere, is about to be admitted here."""
    standing = enrolment.standing_of(whom, today)
    others = {
        person_id
        for person_id in whom
        if all(place.organisation_id != organisation.id for place in standing.get(person_id, ()))
    }
    if others and others != enrolment.awaited(organisation.id, others - standing.keys()):
        raise RuleViolation(
            "health.not_here",
            "Сведения о здоровье вносит организация, где ученик учится или, если он не учится нигде, куда его зачисляет черновик приказа. "
            f"Сегодня он не числится в «{organisation.short_name}».",
        )


def _tell(actor: Actor, event: HealthRecorded) -> None:
    """An act upon health is for health, whatever else the role is for."""
    audit.record(event, actor=replace(actor, purpose=queries.PURPOSE))


def _check(entered: Sequence[tuple[UUID, Record]], births: Mapping[UUID, date | None], today: date) -> None:
    """Refuse what cannot be: one record by its own refusal, of many all that is wrong at once."""
    problems: dict[UUID, dict[str, str]] = {}
    for person_id, one in entered:
        try:
            rules.check(one, born=births.get(person_id), today=today, has=codelists.has)
        except InvalidValue as refusal:
            if len(entered) == 1:
                raise
            problems.setdefault(person_id, {})[one.kind] = refusal.message
    if problems:
        raise RowsRefused(problems)


def _lock(whom: Sequence[UUID]) -> None:
    """Two who enter records of one child at once come one after the other; in the order of ids, so that none waits in a ring."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(one, 7)) FROM unnest(%s::text[]) one ORDER BY one",
            [sorted(map(str, whom))],
        )


def _unknown(entered: Sequence[tuple[UUID, Record]]) -> list[tuple[UUID, Record]]:
    fresh = []
    for kind in {one.kind for _, one in entered}:
        of_kind = [(person_id, one) for person_id, one in entered if one.kind is kind]
        known = queries.known_of([person_id for person_id, _ in of_kind], kind)
        for person_id, one in of_kind:
            there = [k for k in known.get(person_id, ()) if k.ends_on is None or one.starts_on < k.ends_on]
            if not any(
                k.code == one.code or (k.starts_on >= one.starts_on and not rules.SHAPES[kind].many)
                for k in there
            ):
                fresh.append((person_id, one))
    return fresh


def _place(
    actor: Actor,
    organisation: Organisation,
    entered: Sequence[tuple[UUID, Record]],
    batch_id: UUID | None,
    moment: datetime,
) -> list[UUID]:
    cut: dict[UUID, date] = {}
    for kind in {one.kind for _, one in entered}:
        of_kind = [(person_id, one) for person_id, one in entered if one.kind is kind]
        known = queries.known_of([person_id for person_id, _ in of_kind], kind)
        for person_id, one in of_kind:
            try:
                cut |= dict.fromkeys(rules.cut_short(known.get(person_id, ()), one), one.starts_on)
            except RuleViolation as refusal:
                if len(entered) == 1:
                    raise
                raise RowsRefused({person_id: {one.kind: refusal.message}}) from refusal
    _end(actor, cut, moment)
    rows = [_row(actor, organisation, person_id, one, batch_id, moment) for person_id, one in entered]
    HealthRecord.objects.bulk_create(rows, batch_size=500)
    return [row.id for row in rows]


def _row(
    actor: Actor,
    organisation: Organisation,
    person_id: UUID,
    one: Record,
    batch_id: UUID | None,
    moment: datetime,
) -> HealthRecord:
    sealed = texts.seal(one.details, person_id=person_id, kind=one.kind)
    return HealthRecord(
        person_id=person_id, organisation_id=organisation.id, kind=one.kind.value, code=one.code,
        category_code=one.category_code, reason_code=one.reason_code, variant_code=one.variant_code, starts_on=one.starts_on,
        ends_on=one.ends_on, key_id=sealed.key_id if sealed else "", sealed=sealed.blob if sealed else None, batch_id=batch_id,
        recorded_at=moment, recorded_by=actor.name[:200],
    )  # fmt: skip


def _end(actor: Actor, ends: Mapping[UUID, date], moment: datetime) -> None:
    """Supersede records by copies with another end; the encrypted text goes along as it is, whether or not its key is there."""
    if not ends:
        return
    former = list(HealthRecord.objects.filter(pk__in=list(ends)))
    HealthRecord.objects.filter(pk__in=list(ends)).update(superseded_at=moment)
    HealthRecord.objects.bulk_create(
        [
            HealthRecord(
                **{name: getattr(one, name) for name in _COPIED}, ends_on=ends[one.id], recorded_at=moment,
                recorded_by=actor.name[:200],
            )
            for one in former
        ],
        batch_size=500,
    )  # fmt: skip


@transaction.atomic
def end(*, actor: Actor, record_id: UUID, person_id: UUID, ends_on: date) -> None:
    """Say that a record ceases to hold on a day (завершить)."""
    _change(actor, record_id, person_id, ends_on)


@transaction.atomic
def withdraw(*, actor: Actor, record_id: UUID, person_id: UUID) -> None:
    """Say that a record was entered by mistake (отозвать): from now on we know that it never held."""
    _change(actor, record_id, person_id, None)


def _change(actor: Actor, record_id: UUID, person_id: UUID, ends_on: date | None) -> None:
    moment, whose = clock.now(), queries.all_records(person_id)
    actor.require(HealthPermission.EDIT)
    enrolment.require_visible(actor, person_id)
    with scope.compartment(HealthPermission.EDIT.value):
        _lock([person_id])
        one = HealthRecord.objects.filter(
            pk=record_id, person_id__in=whose, superseded_at__isnull=True
        ).first()
    if one is None:
        raise NotFound("health.no_such", "Этой записи уже нет. Обновите страницу.")
    organisation = organisations.get(one.organisation_id)
    stages.gate(organisation.municipality).require(one.kind)
    actor.require(
        HealthPermission.EDIT, organisation_id=organisation.id, municipality_id=organisation.municipality_id
    )
    if ends_on is not None and ends_on <= one.starts_on:
        raise InvalidValue(
            "health.ends_before", f"Запись действует с {one.starts_on:%d.%m.%Y}: завершить её раньше нельзя. Исправьте дату."
        )  # fmt: skip
    with scope.compartment(HealthPermission.EDIT.value):
        if ends_on is None:
            HealthRecord.objects.filter(pk=one.id).update(superseded_at=moment)
        else:
            _end(actor, {one.id: ends_on}, moment)
    _tell(
        actor,
        HealthRecorded(
            subjects=(person_id,), object_id=person_id, organisation_id=organisation.id, records=1,
            change="withdrawn" if ends_on is None else "ended",
        ),
    )  # fmt: skip


@transaction.atomic
def withdraw_batch(*, actor: Actor, batch_id: UUID) -> int:
    """Withdraw what an import has entered, and let go on what it had ended, unless that has been changed since.

    Return how many records were withdrawn.
    """
    actor.require(HealthPermission.EDIT)
    moment = clock.now()
    with scope.compartment(HealthPermission.EDIT.value):
        entered = HealthRecord.objects.filter(batch_id=batch_id, superseded_at__isnull=True)
        whose = dict(entered.values_list("person_id", "recorded_at"))
        _lock(list(whose))
        number = entered.update(superseded_at=moment)
        for recorded_at in set(whose.values()):
            _let_go_on(
                actor, [who for who, when in whose.items() if when == recorded_at], recorded_at, moment
            )
    return number


def _let_go_on(actor: Actor, whom: Sequence[UUID], ended_at: datetime, moment: datetime) -> None:
    """Give the records of persons that were cut short at a moment their former ends back."""
    cut = HealthRecord.objects.filter(person_id__in=whom, recorded_at=ended_at, superseded_at__isnull=True)
    former = {
        (one.person_id, one.kind, one.code, one.starts_on): one
        for one in HealthRecord.objects.filter(person_id__in=whom, superseded_at=ended_at)
    }
    found = [
        (one, before)
        for one in cut
        if (before := former.get((one.person_id, one.kind, one.code, one.starts_on)))
    ]
    HealthRecord.objects.filter(pk__in=[one.id for one, _ in found]).update(superseded_at=moment)
    HealthRecord.objects.bulk_create(
        [
            HealthRecord(
                **{name: getattr(before, name) for name in _COPIED}, ends_on=before.ends_on, recorded_at=moment,
                recorded_by=actor.name[:200],
            )
            for _, before in found
        ],
        batch_size=500,
    )  # fmt: skip


@transaction.atomic
def withdraw_not_admitted(*, actor: Actor) -> int:
    """Withdraw what was entered of whoever was to be admitted and was not: the purpose has gone. Return how many records."""
    moment = clock.now()
    with scope.compartment(HealthPermission.EDIT.value):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM scope.health_not_admitted()")
            ids = [row[0] for row in cursor.fetchall()]
        found = HealthRecord.objects.filter(pk__in=ids, superseded_at__isnull=True)
        _lock(list(found.values_list("person_id", flat=True)))
        whose = list(found.values_list("organisation_id", "person_id"))
        found.update(superseded_at=moment)
    by_place: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for organisation_id, person_id in whose:
        by_place[organisation_id].append(person_id)
    for organisation_id, withdrawn in by_place.items():
        _tell(
            actor,
            HealthRecorded(
                subjects=tuple(dict.fromkeys(withdrawn)), object_id=organisation_id, organisation_id=organisation_id, change="withdrawn",
                records=len(withdrawn),
            ),
        )  # fmt: skip
    return len(whose)


# -- keys ----------------------------------------------------------------------------------------


def rotate(*, actor: Actor, report: Callable[[int], None] = lambda _done: None) -> tuple[int, int]:
    """Encrypt every text by the current key (перешифровать), some hundreds at a time while the system serves; may be repeated.

    Return how many were encrypted anew and how many could not be read: their key is lost, or they are damaged; those stay as
    they are.
    """
    actor.require(HealthPermission.KEYS)
    key_id, done, lost, after = cipher().current(), 0, 0, UUID(int=0)
    while True:
        with scope.scoped(actor), scope.compartment(HealthPermission.KEYS.value):
            taken, failed, after = _rotate_some(key_id, after)
        if not taken and not failed:
            break
        done, lost = done + taken, lost + failed
        report(done)
    with scope.scoped(actor):
        audit.record(KeyRotated(key_id=key_id, records=done, lost=lost), actor=actor)
    return done, lost


def _rotate_some(key_id: str, after: UUID) -> tuple[int, int, UUID]:
    rows = list(
        HealthRecord.objects.filter(sealed__isnull=False, pk__gt=after)
        .exclude(key_id=key_id)
        .order_by("pk")
        .select_for_update()[:ROTATED_AT_ONCE]
    )
    fresh: list[HealthRecord] = []
    for one in rows:
        assert one.sealed is not None  # noqa: S101 - asked for above
        old = Sealed(one.key_id, bytes(one.sealed))
        bound = texts.about(one.person_id, one.kind)
        try:
            new = cipher().seal(cipher().open(old, about=bound), about=bound)
        except (LostKey, Damaged):
            continue
        one.key_id, one.sealed = new.key_id, new.blob
        fresh.append(one)
    if fresh:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE health.record r SET key_id = n.key_id, sealed = n.sealed FROM "
                "unnest(%s::uuid[], %s::text[], %s::bytea[]) AS n(id, key_id, sealed) WHERE r.id = n.id",
                [[one.id for one in fresh], [one.key_id for one in fresh], [bytes(one.sealed or b"") for one in fresh]],
            )  # fmt: skip
    return len(fresh), len(rows) - len(fresh), rows[-1].id if rows else after


def key_counts(*, actor: Actor) -> dict[str, int]:
    """Return how many texts each key has encrypted."""
    actor.require(HealthPermission.KEYS)
    with scope.scoped(actor), scope.compartment(HealthPermission.KEYS.value):
        rows = HealthRecord.objects.filter(sealed__isnull=False).values_list("key_id").annotate(n=Count("id"))
        return {str(key_id): number for key_id, number in rows.order_by("key_id")}
