"""Closing marks that the journal lacks are brought with a document, decided about, taken back (внести недостающие отметки).

Cells do not depend on each other: what can be kept is kept, what cannot comes back with its reason (ADR 0033). Nothing of the journal
is changed, and no state of a mark is overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from kontingent.achievements.attestation import queries
from kontingent.achievements.attestation.actions.issuing import one_at_a_time
from kontingent.achievements.attestation.events import MarkDecided, MarksBrought
from kontingent.achievements.attestation.issuers import require_issuer
from kontingent.achievements.attestation.models import BroughtMark
from kontingent.achievements.attestation.queries.marks import MarkRow, MarkSheet, last_states
from kontingent.achievements.attestation.rules import marks
from kontingent.achievements.attestation.rules.marks import Slot
from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.cells import Cell, Kept, check_number, check_same
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation

LONGEST = 300
UNDONE = "отмена последней записи"
EMPTIED = "убрана при заполнении"
CONVERTED = "перевод из стобалльной шкалы"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Where marks come from: a code of ``mark_source``, the document with number and day."""

    source_code: str
    document: str


#: A cell of this grid, and what came of its cells.
MarkCell = Cell[Slot]
MarksKept = Kept[Slot]


@transaction.atomic
def bring(
    *, actor: Actor, group_id: UUID, cells: Sequence[MarkCell], basis: Basis, is_undo: bool = False
) -> MarksKept:
    """Keep the changed cells of a class, each by itself; an emptied cell takes its mark back, ``is_undo`` returns to what stood before.

    Raises:
        NotAllowed: without the permission, or for another organisation.
        RuleViolation: the stage is not open.
        InvalidValue: no source, no document, too many cells.
    """
    check_number(cells)
    if not is_undo and any(one.typed.strip() for one in cells):
        _check(basis)
    sheet = _opened(actor, group_id)
    before = last_states([one.person_id for one in cells]) if is_undo else {}
    kept = MarksKept()
    for cell in cells:
        try:
            row = _row(sheet, cell.person_id)
            now = _undo(actor, sheet, row, cell, before) if is_undo else _keep(actor, sheet, row, cell, basis)
        except (InvalidValue, RuleViolation, Conflict) as refusal:
            kept.refused[cell.key] = refusal.message
            continue
        kept.saved[cell.key] = (row.at(cell.slot).shown, now)
    if kept.saved:
        brought = sum(bool(now) for _, now in kept.saved.values())
        audit.record(
            MarksBrought(
                subjects=tuple(dict.fromkeys(person_id for person_id, _ in kept.saved)), object_id=group_id,
                organisation_id=sheet.group.organisation_id, basis=UNDONE if is_undo else basis.document.strip()[:LONGEST],
                source=basis.source_code, brought=brought, taken_back=len(kept.saved) - brought,
            ),
            actor=actor,
        )  # fmt: skip
    return kept


@transaction.atomic
def overrule(
    *, actor: Actor, group_id: UUID, person_id: UUID, slot: Slot, value: str, basis: Basis, reason: str
) -> None:
    """Decide that the mark of a document counts and not the journal's (считать отметку по документу), with a reason.

    It holds against the journal's mark of today: should the journal change it, somebody decides anew.
    """
    _check(basis)
    _check_reason(reason)
    sheet = _opened(actor, group_id)
    row = _row(sheet, person_id)
    _check_slot(sheet, row, slot)
    place = row.at(slot)
    if not place.journal:
        raise RuleViolation(
            "attestation.nothing_to_overrule",
            "В журнале этой отметки нет: впишите её в таблицу, решать нечего.",
        )
    read = marks.read_value(value)
    if read == place.journal:
        raise RuleViolation(
            "attestation.same_as_journal", f"В журнале и так {read}: внесите отметку, которая отличается."
        )
    _write(
        actor,
        sheet,
        row,
        slot,
        value=read,
        basis=basis,
        against=place.journal,
        reason=reason.strip()[:LONGEST],
    )
    _decided(actor, sheet, person_id, slot.subject_code, "document", reason)


@transaction.atomic
def bring_course(
    *, actor: Actor, group_id: UUID, person_id: UUID, title: str, value: str, basis: Basis
) -> None:
    """Add a course that no subject of the level is, for «Дополнительные сведения» of the supplement."""
    _check(basis)
    sheet = _opened(actor, group_id)
    row = _row(sheet, person_id)
    name = " ".join(title.split())
    if not name or len(name) > marks.LONGEST_TITLE:
        raise InvalidValue(
            "attestation.course", f"Укажите название курса, не длиннее {marks.LONGEST_TITLE} знаков."
        )
    if any(one.title == name for one in row.courses):
        raise RuleViolation(
            "attestation.course_twice", f"Курс «{name}» уже внесён. Уберите прежнюю строку, если она неверна."
        )
    slot = Slot(sheet.group.grade or row.level.last_grade, "")
    _write(actor, sheet, row, slot, value=marks.read_value(value), basis=basis, title=name)
    audit.record(
        MarksBrought(
            subjects=(person_id,), object_id=group_id, organisation_id=sheet.group.organisation_id,
            basis=basis.document.strip()[:LONGEST], source=basis.source_code, brought=1, taken_back=0,
        ),
        actor=actor,
    )  # fmt: skip


@transaction.atomic
def take_back(*, actor: Actor, group_id: UUID, mark_id: UUID, reason: str) -> None:
    """Take back a mark that was brought (убрать внесённую); where the journal has another, it is the journal's that counts."""
    _check_reason(reason)
    sheet = _opened(actor, group_id)
    row, one = next(
        (
            (row, one)
            for row in sheet.rows
            for one in (*row.brought.values(), *row.courses)
            if one.id == mark_id
        ),
        (None, None),
    )
    if row is None or one is None:
        raise NotFound("attestation.no_such_mark", "Этой отметки уже нет. Обновите страницу.")
    _check_not_issued(row)
    journal = row.at(queries.slot_of(one)).journal if not one.title else ""
    _end(actor, one, reason.strip()[:LONGEST])
    if journal:
        _decided(actor, sheet, row.person_id, one.subject_code, "journal", reason)
        return
    audit.record(
        MarksBrought(
            subjects=(row.person_id,), object_id=group_id, organisation_id=sheet.group.organisation_id, basis=reason.strip()[:LONGEST],
            source=one.source_code, brought=0, taken_back=1,
        ),
        actor=actor,
    )  # fmt: skip


# -- within ------------------------------------------------------------------------------------------


def _opened(actor: Actor, group_id: UUID) -> MarkSheet:
    one_at_a_time(group_id)
    sheet = queries.mark_sheet(actor, group_id)
    require_issuer(actor, sheet.group.organisation, "final_mark")
    return sheet


def _row(sheet: MarkSheet, person_id: UUID) -> MarkRow:
    row = sheet.by_person.get(person_id)
    if row is None:
        raise NotFound(
            "attestation.not_in_class", "Кого-то из этих учеников в классе уже нет. Обновите страницу."
        )
    return row


def _check(basis: Basis) -> None:
    if basis.source_code not in codelists.titles("mark_source"):
        raise InvalidValue("attestation.mark_source", "Выберите, откуда отметка.")
    if not basis.document.strip():
        raise InvalidValue(
            "attestation.mark_document",
            "Укажите документ: что это, номер и дата. Без документа отметку не внести.",
        )
    if len(basis.document.strip()) > LONGEST:
        raise InvalidValue("attestation.mark_document", f"Документ: не длиннее {LONGEST} знаков. Сократите.")


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidValue("attestation.reason", "Укажите причину: почему считается эта отметка.")


def _check_slot(sheet: MarkSheet, row: MarkRow, slot: Slot) -> None:
    if not row.takes(slot.subject_code) or (slot.grade, slot.period_code) not in sheet.closings:
        raise InvalidValue(
            "attestation.slot", "Такой отметки в приложении этого уровня не бывает. Обновите страницу."
        )


def _check_not_issued(row: MarkRow) -> None:
    if row.is_issued:
        raise RuleViolation(
            "attestation.issued_before",
            "Документ уже выдан, его отметки не меняются. Ошибку исправляют дубликатом.",
        )


def _keep(actor: Actor, sheet: MarkSheet, row: MarkRow, cell: MarkCell, basis: Basis) -> str:
    """Write one cell; return what stands in it now."""
    _check_slot(sheet, row, cell.slot)
    _check_not_issued(row)
    check_same(cell, row.at(cell.slot).shown)
    place = row.at(cell.slot)
    if not cell.typed.strip():
        if place.brought is not None:
            _end(actor, place.brought, basis.document.strip()[:LONGEST] or EMPTIED)
        return ""
    value = marks.read_value(cell.typed)
    if not place.may_be_typed:
        raise RuleViolation(
            "attestation.journal_has_it",
            f"В журнале уже стоит {place.journal}. Если верна другая отметка, откройте ученика и решите с причиной.",
        )
    converts = {"against": place.journal, "reason": CONVERTED} if place.journal else {}
    _write(actor, sheet, row, cell.slot, value=value, basis=basis, **converts)
    return value


def _undo(
    actor: Actor, sheet: MarkSheet, row: MarkRow, cell: MarkCell, before: Mapping[tuple[UUID, Slot], BroughtMark]
) -> str:  # fmt: skip
    """Return one cell to what stood before its last change, with the document it stood in."""
    _check_not_issued(row)
    check_same(cell, row.at(cell.slot).shown)
    standing, was = row.brought.get(cell.slot), before.get(cell.key)
    if standing is not None and was is not None and was.superseded_at != standing.recorded_at:
        was = None  # the standing one took nobody's place
    if (was.value if was else "") != cell.typed.strip():
        raise RuleViolation(
            "attestation.changed_meanwhile", "Эту запись уже меняли: обновите страницу и впишите отметку заново."
        )  # fmt: skip
    if was is None:
        if standing is not None:
            _end(actor, standing, UNDONE)
        return ""
    basis = Basis(source_code=was.source_code, document=was.document)
    _write(actor, sheet, row, cell.slot, value=was.value, basis=basis, against=was.against, reason=was.reason)
    return was.value


def _write(
    actor: Actor, sheet: MarkSheet, row: MarkRow, slot: Slot, *, value: str, basis: Basis, title: str = "", against: str = "", reason: str = "",
) -> None:  # fmt: skip
    _check_not_issued(row)
    moment = clock.now()
    standing = None if title else row.brought.get(slot)
    if standing is not None:
        _end(actor, standing, basis.document.strip()[:LONGEST], moment)
    facts: dict[str, Any] = {
        "person_id": row.person_id, "organisation_id": sheet.group.organisation_id, "grade": slot.grade, "subject_code": slot.subject_code,
        "title": title, "period_code": slot.period_code, "value": value, "source_code": basis.source_code,
        "document": basis.document.strip(), "against": against, "reason": reason, "recorded_at": moment, "recorded_by": actor.code[:80],
        "recorded_by_name": actor.name[:200],
    }  # fmt: skip
    try:
        with transaction.atomic():
            BroughtMark.objects.create(**facts)
    except IntegrityError as error:
        if "brought_mark_stands_once" not in str(error):
            raise
        raise Conflict(
            "attestation.mark_elsewhere",
            "Эту отметку ученику только что внесли в другом месте. Обновите страницу и сверьте.",
        ) from error


def _end(actor: Actor, one: BroughtMark, why: str, moment: Any = None) -> None:
    BroughtMark.objects.filter(pk=one.pk, superseded_at__isnull=True).update(
        superseded_at=moment or clock.now(), superseded_by_name=actor.name[:200], superseded_for=why
    )


def _decided(
    actor: Actor, sheet: MarkSheet, person_id: UUID, subject_code: str, counts: str, reason: str
) -> None:
    audit.record(
        MarkDecided(
            subjects=(person_id,), object_id=sheet.group.id, organisation_id=sheet.group.organisation_id, basis=reason.strip()[:LONGEST],
            subject=subject_code, counts=counts,
        ),
        actor=actor,
    )  # fmt: skip
