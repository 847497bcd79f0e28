"""Merging two records of one person, and taking a wrong merge back.

Nothing is thrown away: the merged record stays with what the survivor already had, its address leads to the survivor, and
the merge remembers which rows it moved. Who may know of the two is asked by the caller through ``enrolment.queries``,
as for every act of this room; who may decide is asked here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from kontingent.audit import actions as audit
from kontingent.kernel import clock, names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation
from kontingent.kernel.names import FullName
from kontingent.persons import lineage, references
from kontingent.persons.events import PersonsMerged, PersonsUnmerged
from kontingent.persons.lineage import Change, FormerName, Succession
from kontingent.persons.models import (
    Address,
    DuplicatePair,
    IdentityDocument,
    Merge,
    MovedRows,
    Person,
    PersonName,
)
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.references import Reference
from kontingent.storage import scope

VALID, CANCELLED = "1", "2"
_DAYS = frozenset({"birth_date", "died_on"})


# -- merging -----------------------------------------------------------------------------------


@transaction.atomic
@scope.whole_register()
def merge(
    *, actor: Actor, survivor_id: UUID, merged_id: UUID, from_merged: Collection[str] = (), basis: str
) -> Merge:
    """Merge one record into another (объединить): the survivor takes everything, the other's address leads to it.

    ``from_merged`` names the fields whose value is taken from the merged record; an empty value replaces nothing.
    """
    survivor, merged = _locked(survivor_id, merged_id)
    actor.require(PersonPermission.MERGE)
    _check(survivor, merged, basis)
    changes = lineage.choose(_fields(survivor), _fields(merged), from_merged)
    made = Merge.objects.create(
        survivor=survivor, merged=merged, basis=basis.strip()[:500], made_at=clock.now(), made_by_name=actor.name,
        fields={name: [_as_text(value) for value in change] for name, change in changes.items()},
        sides=_sides([survivor.id, merged.id]),
    )  # fmt: skip
    for reference in references.moving():
        _move(made, reference)
    _become_one(survivor, merged, changes)
    _settle(actor, [survivor.id])
    _close_pair(survivor.id, merged.id, actor, "merged", basis)
    audit.record(
        PersonsMerged(
            subjects=(survivor.id, merged.id), object_id=survivor.id, basis=made.basis, merge=str(made.id),
            taken=sorted(name for name, change in changes.items() if change.chosen != change.survivor),
        ),
        actor=actor,
    )  # fmt: skip
    return made


def _locked(one: UUID, other: UUID) -> tuple[Person, Person]:
    rows = {p.id: p for p in Person.objects.select_for_update().filter(pk__in=[one, other]).order_by("id")}
    if one not in rows or other not in rows:
        raise NotFound("persons.no_such", "Такой записи о человеке нет.")
    return rows[one], rows[other]


def _check(survivor: Person, merged: Person, basis: str) -> None:
    if survivor.id == merged.id:
        raise InvalidValue("persons.merge_itself", "Это одна и та же запись. Выберите две разные.")
    if survivor.status_code != VALID or merged.status_code != VALID:
        raise Conflict(
            "persons.merge_not_valid",
            "Одна из записей уже объединена или отменена. Обновите страницу и посмотрите, что изменилось.",
        )
    if not basis.strip():
        raise InvalidValue(
            "persons.basis_missing", "Укажите основание: по каким документам видно, что это один человек."
        )
    one, other = sorted([survivor.id, merged.id])
    if DuplicatePair.objects.filter(one_id=one, other_id=other, state="distinct").exists():
        raise RuleViolation(
            "persons.merge_distinct",
            "Эти записи признаны разными людьми. Если решение ошибочно, сначала верните пару на рассмотрение.",
        )
    if found := [text for room in references.rooms() for text in room.objections(survivor.id, merged.id)]:
        raise RuleViolation("persons.merge_contradicts", " ".join(found))


def _fields(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in lineage.FIELDS}


def _as_text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def get(merge_id: UUID) -> Merge:
    """Return a merge with both records."""
    found = Merge.objects.select_related("survivor", "merged").filter(pk=merge_id).first()
    if found is None:
        raise NotFound("persons.no_such_merge", "Такого объединения нет.")
    return found


def in_force(person_id: UUID) -> list[Merge]:
    """Return the merges by which others were merged into a record, the latest first."""
    found = Merge.objects.filter(survivor_id=person_id, undone_at__isnull=True).select_related("merged")
    return list(found.order_by("-made_at"))


def changes_of(made: Merge) -> dict[str, Change]:
    """Return every field before the merge on both sides, and as it was chosen."""
    return {
        name: Change(*(date.fromisoformat(v) if v and name in _DAYS else v for v in made.fields[name]))
        for name in lineage.FIELDS
    }


def _move(made: Merge, reference: Reference) -> None:
    """Hand the rows over in one statement, remembering which; those the survivor has the like of stay behind."""
    stay = reference.colliding(made.survivor_id, made.merged_id)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH held AS (SELECT coalesce(array_agg({reference.key}), '{{}}') AS keys FROM {reference.table} t "
            f"WHERE t.{reference.column} = %(survivor)s), "
            f"moved AS (UPDATE {reference.table} t SET {reference.column} = %(survivor)s WHERE t.{reference.column} = %(merged)s "
            f"AND {reference.key} <> ALL(%(stay)s) RETURNING {reference.key} AS key) "
            f"INSERT INTO {MovedRows._meta.db_table} (merge_id, reference, moved, held) "
            "SELECT %(merge)s, %(code)s, (SELECT coalesce(array_agg(key), '{}') FROM moved), held.keys FROM held",
            {
                "survivor": made.survivor_id, "merged": made.merged_id, "stay": stay, "merge": made.id,
                "code": reference.code,
            },
        )  # fmt: skip


def _become_one(survivor: Person, merged: Person, changes: Mapping[str, Change]) -> None:
    """The number that the survivor does not bear stays with the merged record, so that both still find the person."""
    number = changes["snils"].chosen
    spare = next((s for s in (survivor.snils, merged.snils) if s and s != number), None)
    survivor.snils, survivor.status_code = None, VALID
    survivor.save(update_fields=["snils"])
    merged.snils, merged.status_code, merged.merged_into = spare, CANCELLED, survivor
    merged.updated_at, merged.version = clock.now(), merged.version + 1
    merged.save()
    _write(survivor, {name: change.chosen for name, change in changes.items()})


def _write(person: Person, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(person, name, value)
    person.family_key, person.given_key = names.fold(person.family_name), names.fold(person.given_name)
    person.name_key = names.full_key(person.family_name, person.given_name, person.patronymic)
    person.updated_at, person.version = clock.now(), person.version + 1
    person.save()


def _settle(actor: Actor, person_ids: Collection[UUID]) -> None:
    for room in references.rooms():
        room.settle(actor, person_ids)


def _close_pair(one: UUID, other: UUID, actor: Actor, state: str, remark: str) -> None:
    first, second = sorted([one, other])
    decided = {
        "state": state, "decided_at": clock.now(), "decided_by_name": actor.name, "remark": remark[:500],
        "claimed_snils": None, "claimant": None,
    }  # fmt: skip
    DuplicatePair.objects.update_or_create(
        one_id=first,
        other_id=second,
        defaults=decided,
        create_defaults={
            **decided, "level": "possible", "score": 0, "found_by": "person", "found_at": clock.now(),
        },
    )  # fmt: skip


def _sides(person_ids: Collection[UUID]) -> dict[str, dict[str, Any]]:
    """What rows say of their end before anything is merged."""
    addresses = Address.objects.filter(person_id__in=person_ids).values_list("id", "ends_on")
    documents = IdentityDocument.objects.filter(person_id__in=person_ids).values_list("id", "is_current")
    return {
        "addresses": {str(key): _as_text(ends_on) for key, ends_on in addresses},
        "documents": {str(key): is_current for key, is_current in documents},
    }


# -- what came since ---------------------------------------------------------------------------


@dataclass(slots=True)
class Unit:
    """Rows that came after a merge and can only be assigned together."""

    code: str
    title: str
    description: str
    rows: int = 1


@dataclass(slots=True)
class Since:
    """What came after a merge: rows, and fields changed, with {code: chosen, present}."""

    units: list[Unit] = field(default_factory=list)
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class _Rows:
    """The survivor's rows of one reference: back to the merged one, and new by unit."""

    reference: Reference
    back: list[str] = field(default_factory=list)
    new: dict[str, list[str]] = field(default_factory=dict)
    described: dict[str, str] = field(default_factory=dict)


def since(merge_id: UUID) -> Since:
    """Return what came since a merge that the scope shows, all that undoing it will divide.

    Addresses and documents are offered even to whom they are hidden elsewhere: what is not offered would stay silently.
    """
    made = _active(merge_id)
    units: dict[str, Unit] = {}
    with scope.whole_register():
        sorted_out = _sorted_out(made)
    for rows in sorted_out:
        if not rows.reference.offered:
            continue
        for code, keys in rows.new.items():
            if code in units:
                units[code].rows += len(keys)
            else:
                units[code] = Unit(code, rows.reference.title, rows.described[keys[0]], len(keys))
    changes, present = changes_of(made), _fields(Person.objects.get(pk=made.survivor_id))
    found = Since(list(units.values()))
    for unit in lineage.changed_since(made.edited):
        parts = lineage.NAME if unit == lineage.NAME_UNIT else (unit,)
        found.fields[unit] = (_told(changes[p].chosen for p in parts), _told(present[p] for p in parts))
    return found


def _told(values: Iterable[Any]) -> str:
    return " ".join(f"{v:%d.%m.%Y}" if isinstance(v, date) else str(v) for v in values if v) or "–"


def _active(merge_id: UUID) -> Merge:
    found = Merge.objects.filter(pk=merge_id).first()
    if found is None:
        raise NotFound("persons.no_such_merge", "Такого объединения нет.")
    if found.undone_at is not None:
        raise Conflict("persons.merge_undone", "Это объединение уже отменено. Обновите страницу.")
    return found


def _sorted_out(made: Merge) -> list[_Rows]:
    """Sort the survivor's rows: as before the merge, moved by it, new. Rows of one unit go one way."""
    ledger = {one.reference: one for one in MovedRows.objects.filter(merge=made)}
    present = [(reference, _present(made.survivor_id, reference)) for reference in references.moving()]
    moved: set[str] = set()
    held: set[str] = set()
    for reference, rows in present:
        if entry := ledger.get(reference.code):
            was_moved, was_held = set(entry.moved), set(entry.held)
            moved |= {unit for key, unit, _ in rows if key in was_moved}
            held |= {unit for key, unit, _ in rows if key in was_held}
    found = []
    for reference, rows in present:
        sorted_rows = _Rows(reference)
        for key, unit, description in rows:
            if unit in moved:
                sorted_rows.back.append(key)
            elif unit not in held:
                sorted_rows.new.setdefault(unit, []).append(key)
                sorted_rows.described[key] = description
        found.append(sorted_rows)
    return found


def _present(person_id: UUID, reference: Reference) -> list[tuple[str, str, str]]:
    """Return (key, unit, description) of a person's rows."""
    unit = (
        f"'{reference.units}|' || {reference.unit}"
        if reference.unit
        else f"'{reference.code}|' || {reference.key}"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {reference.key}, {unit}, {reference.describe} FROM {reference.table} t "
            f"WHERE t.{reference.column} = %s ORDER BY {reference.key}",
            [person_id],
        )
        return [(key, of_unit, description) for key, of_unit, description in cursor.fetchall()]


# -- taking it back ----------------------------------------------------------------------------


def unmerge(*, actor: Actor, merge_id: UUID, to_merged: Collection[str] = (), basis: str) -> Merge:
    """Undo a merge (разъединить): both records as they were, each with what came since and is its own.

    ``to_merged`` names the units and fields of ``since`` that belong to the record restored; the rest stays.
    """
    try:
        with transaction.atomic():
            return _unmerge(actor, merge_id, set(to_merged), basis)
    except IntegrityError as error:
        raise RuleViolation(
            "persons.unmerge_contradicts",
            "Так разделить нельзя: записи начнут противоречить реестру (пересекутся обучения по основной программе, СНИЛС "
            "занят или строка окажется дважды). Распределите иначе или исправьте то, что появилось после объединения.",
        ) from error


@scope.whole_register()
def _unmerge(actor: Actor, merge_id: UUID, to_merged: set[str], basis: str) -> Merge:
    made = _active(merge_id)
    survivor, merged = _locked(made.survivor_id, made.merged_id)
    made = _active(merge_id)  # once more, now that nobody else can undo it
    actor.require(PersonPermission.MERGE)
    if not basis.strip():
        raise InvalidValue("persons.basis_missing", "Укажите основание: почему это разные люди.")
    _require_latest(made)
    rows = _sorted_out(made)
    known = {unit for one in rows if one.reference.offered for unit in one.new} | set(
        lineage.changed_since(made.edited)
    )
    if unknown := to_merged - known:
        raise Conflict(
            "persons.unmerge_changed",
            f"За это время записи изменились ({len(unknown)}). Обновите страницу и распределите заново.",
        )
    kept = _names_kept(rows)
    present = _fields(survivor)
    mine, theirs = lineage.divide(changes_of(made), present, made.edited, to_merged)
    for one in rows:
        _give_back(made, one, to_merged)
    _part(survivor, merged, mine, theirs)
    _tell_names_anew(made, kept, merged if lineage.NAME_UNIT in to_merged else survivor)
    _tell_successions_anew(made)
    made.undone_at, made.undone_by_name, made.undo_basis = clock.now(), actor.name, basis.strip()[:500]
    made.save(update_fields=["undone_at", "undone_by_name", "undo_basis"])
    _settle(actor, [survivor.id, merged.id])
    _close_pair(survivor.id, merged.id, actor, "distinct", basis)
    audit.record(
        PersonsUnmerged(
            subjects=(survivor.id, merged.id), object_id=survivor.id, basis=made.undo_basis, merge=str(made.id),
            assigned=len(to_merged),
        ),
        actor=actor,
    )  # fmt: skip
    return made


def _require_latest(made: Merge) -> None:
    """Merges are undone in the reverse order, since a later one has moved what the earlier had brought."""
    both = [made.survivor_id, made.merged_id]
    later = (
        Merge.objects.filter(
            Q(survivor__in=both) | Q(merged__in=both), undone_at__isnull=True, made_at__gte=made.made_at
        )
        .exclude(pk=made.pk)
        .select_related("merged", "survivor")
        .order_by("-made_at")
        .first()
    )
    if later is not None:
        raise RuleViolation(
            "persons.unmerge_later",
            f"После этого объединения было ещё одно: «{later.merged}» с записью «{later.survivor}» "
            f"{later.made_at.astimezone(clock.REGION_ZONE):%d.%m.%Y}. Сначала отмените его.",
        )


def _give_back(made: Merge, rows: _Rows, to_merged: Collection[str]) -> None:
    reference = rows.reference
    keys = rows.back + [key for unit, new in rows.new.items() if unit in to_merged for key in new]
    if not keys:
        return
    if reference.model == "persons.Address":
        # One present address of a kind: closed for a moment, told anew at the end.
        Address.objects.filter(pk__in=keys, ends_on__isnull=True).update(ends_on=date.max)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {reference.table} t SET {reference.column} = %s WHERE t.{reference.column} = %s AND {reference.key} = ANY(%s)",
            [made.merged_id, made.survivor_id, keys],
        )


def _part(survivor: Person, merged: Person, mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    for person in (survivor, merged):
        person.snils = None
        person.save(update_fields=["snils"])
    merged.merged_into, merged.status_code = None, VALID
    _write(merged, theirs)
    _write(survivor, mine)


def _names_kept(rows: Iterable[_Rows]) -> list[int]:
    """Former names kept since the merge, in the order of the renamings."""
    return sorted(
        int(key)
        for one in rows
        if one.reference.model == "persons.PersonName"
        for keys in one.new.values()
        for key in keys
    )


def _tell_names_anew(made: Merge, kept: Collection[int], owner: Person) -> None:
    """The former names kept since go to whom the change of name belongs, and say what that record was called."""
    rows = list(PersonName.objects.filter(pk__in=kept).order_by("pk"))
    if not rows:
        return
    changes = changes_of(made)
    side = "merged" if owner.id == made.merged_id else "survivor"
    told = lineage.former_names(
        [FormerName(row.pk, FullName(row.family_name, row.given_name, row.patronymic)) for row in rows],
        own=FullName(*(getattr(changes[part], side) for part in lineage.NAME)),
        final=FullName(*(getattr(owner, part) for part in lineage.NAME)),
    )
    for row in rows:
        name = told[row.pk]
        if name is None:
            row.delete()
            continue
        row.person = owner
        row.family_name, row.given_name, row.patronymic = name
        row.family_key, row.name_key = names.fold(name.family), names.full_key(*name)
        row.save()


def _tell_successions_anew(made: Merge) -> None:
    """Addresses and documents: as at the merge, then each new one closes the present one of its own record."""
    before = made.sides
    for person_id in (made.survivor_id, made.merged_id):
        addresses = list(Address.objects.filter(person_id=person_id).order_by("pk"))
        ends = lineage.succeed(
            (
                Succession(
                    row.pk, row.kind_code, _day(before["addresses"].get(str(row.pk))),
                    row.starts_on or clock.today(), is_new=str(row.pk) not in before["addresses"],
                )
                for row in addresses
            ),
            open_end=None,
        )  # fmt: skip
        # Closed ones first: two present addresses of a kind must not meet on the way.
        for address in sorted(addresses, key=lambda row: ends[row.pk] is None):
            if address.ends_on != ends[address.pk]:
                address.ends_on = ends[address.pk]
                address.save(update_fields=["ends_on"])
        documents = list(IdentityDocument.objects.filter(person_id=person_id).order_by("pk"))
        current = lineage.succeed(
            (
                Succession(
                    row.pk, row.kind_code, before["documents"].get(str(row.pk)), False,  # noqa: FBT003
                    is_new=str(row.pk) not in before["documents"],
                )
                for row in documents
            ),
            open_end=True,
        )  # fmt: skip
        for document in documents:
            if document.is_current != current[document.pk]:
                document.is_current = current[document.pk]
                document.save(update_fields=["is_current"])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
