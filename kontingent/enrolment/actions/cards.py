"""Filling the cards of a class in a grid (заполнить карточки класса): each cell by the persons room's own action.

Cells do not depend on each other: what can be kept is kept, what cannot is returned with its reason, so that a column of
thirty pasted numbers with two slips is twenty-eight numbers kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.db import transaction

from kontingent.enrolment.actions.signing import lock_persons
from kontingent.enrolment.queries.cards import RESIDENCE, class_cards, representatives_of, values_of
from kontingent.enrolment.rules import cards
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.cells import Cell, Kept, check_number, check_same, differ
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound, RuleViolation
from kontingent.kernel.snils import format_snils, normalise
from kontingent.persons import actions as persons
from kontingent.persons.rules import EMAIL, PHONE, parse_document

#: A cell of this grid: its slot is a field of ``rules.cards``.
CardCell = Cell[str]


@transaction.atomic
def fill_cards(
    *, actor: Actor, group_id: UUID, cells: Sequence[CardCell], basis: str, on: date | None = None
) -> Kept[str]:
    """Write the changed cells of a class, each by itself, and return what was kept and what was refused.

    A cell that somebody else has changed since the page was shown is refused with what stands there now.
    """
    check_number(cells)
    if not basis.strip():
        raise InvalidValue("cards.basis_missing", "Укажите основание: по каким документам внесены сведения.")
    _, rows = class_cards(actor, group_id, on or clock.today())
    here = {row.person_id for row in rows}
    if any(one.person_id not in here for one in cells):
        raise NotFound("cards.not_here", "Кого-то из этих учеников в классе уже нет. Обновите страницу.")
    lock_persons([one.person_id for one in cells])
    standing = values_of({one.person_id for one in cells})
    result = Kept[str]()
    for cell in cells:
        before = standing[cell.person_id].get(cell.slot)
        if before is None or not differ(before, cell.typed):
            continue
        try:
            with transaction.atomic():
                _check(cell, before)
                _write(actor, cell, before, basis)
        except NotAllowed:
            raise
        except KontingentError as refusal:
            result.refused[cell.key] = refusal.message
            continue
        result.saved[cell.key] = (before, cell.typed)
    after = values_of({person_id for person_id, _ in result.saved})
    for (person_id, code), (before, typed) in list(result.saved.items()):
        now = after[person_id][code]
        if differ(before, now):
            result.saved[person_id, code] = (before, now)
        else:
            del result.saved[person_id, code]
            result.refused[person_id, code] = _not_written(code, typed)
    return result


def _check(cell: CardCell, before: str) -> None:
    about = cards.BY_CODE[cell.slot]
    check_same(cell, before)
    if len(cell.typed) > about.longest:
        raise InvalidValue(
            "cards.too_long", f"«{about.title}»: не длиннее {about.longest} знаков. Сократите."
        )


def _write(actor: Actor, cell: CardCell, before: str, basis: str) -> None:
    text = cell.typed.strip()
    match cell.slot:
        case cards.DOCUMENT:
            if not text:
                raise RuleViolation(
                    "cards.document_kept", "Документ отсюда не убирают: впишите новый или откройте карточку."
                )
            document = parse_document(text)
            persons.add_document(
                actor=actor, person_id=cell.person_id, kind_code=document.kind_code, series=document.series,
                number=document.number, issued_on=_day(document.issued_on), issuer=document.issuer,
            )  # fmt: skip
        case cards.ADDRESS:
            persons.set_address(actor=actor, person_id=cell.person_id, kind_code=RESIDENCE, text=text)
        case cards.PHONE | cards.EMAIL:
            adult_id = representatives_of([cell.person_id]).get(cell.person_id)
            if adult_id is None:
                raise RuleViolation(
                    "cards.no_representative",
                    "Представитель не указан. Добавьте его в карточке ученика, потом впишите контакт.",
                )
            kind = PHONE if cell.slot == cards.PHONE else EMAIL
            persons.replace_contact(
                actor=actor, person_id=adult_id, kind_code=kind, former=before, value=text
            )
        case _:
            persons.correct_person(
                actor=actor, person_id=cell.person_id, changes={cell.slot: text}, basis=basis
            )


def _day(text: str) -> date | None:
    if not text:
        return None
    day, month, year = (int(part) for part in text.replace("/", ".").replace("-", ".").split("."))
    try:
        return date(year if year > 99 else 2000 + year, month, day)
    except ValueError:
        raise InvalidValue(
            "cards.issued_on", f"Дата выдачи «{text}» – не дата. Напишите её как 12.03.2015."
        ) from None


def _not_written(code: str, typed: str) -> str:
    """Why nothing was written without a refusal: the number is another person's, the room has opened a case."""
    if code != cards.SNILS:
        return "То же самое здесь уже записано."
    return (
        f"СНИЛС {format_snils(normalise(typed))} уже записан за другим человеком и здесь не записан. Сверьте номер; "
        "если он верен, пару разберут в разделе «Дубли»."
    )
