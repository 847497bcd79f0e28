"""Rules of the order itself: which lines it may hold, when it may be signed and cancelled."""

from __future__ import annotations

from datetime import date

from kontingent.enrolment.codes import MovementKind, OrderKind, OrderStatus
from kontingent.kernel.errors import RuleViolation

LONGEST_NUMBER = 40

#: Which movements an order of each kind may make.
LINES_OF_ORDER: dict[OrderKind, frozenset[MovementKind]] = {
    OrderKind.ADMISSION: frozenset({MovementKind.ADMISSION}),
    OrderKind.ADMISSION_BY_TRANSFER: frozenset({MovementKind.ADMISSION_BY_TRANSFER}),
    OrderKind.CLASS_FORMATION: frozenset({MovementKind.CLASS_FORMATION}),
    OrderKind.PROMOTION: frozenset({MovementKind.PROMOTION}),
    OrderKind.CONDITIONAL_PROMOTION: frozenset(
        {MovementKind.CONDITIONAL_PROMOTION, MovementKind.DEBT_CLEARED}
    ),
    OrderKind.REPEAT: frozenset({MovementKind.REPEAT}),
    OrderKind.PLACEMENT: frozenset({MovementKind.PLACEMENT}),
    OrderKind.STUDY_FORM: frozenset({MovementKind.STUDY_FORM}),
    OrderKind.TRANSFER_OUT: frozenset({MovementKind.TRANSFER_OUT}),
    OrderKind.EXPULSION: frozenset({MovementKind.EXPULSION}),
    OrderKind.GRADUATION: frozenset({MovementKind.GRADUATION}),
    OrderKind.ACADEMIC_LEAVE: frozenset({MovementKind.ACADEMIC_LEAVE}),
    OrderKind.RETURN: frozenset({MovementKind.RETURN}),
    OrderKind.REINSTATEMENT: frozenset({MovementKind.REINSTATEMENT}),
    OrderKind.YEAR_TURNOVER: frozenset(
        {
            MovementKind.PROMOTION,
            MovementKind.CONDITIONAL_PROMOTION,
            MovementKind.REPEAT,
            MovementKind.GRADUATION,
        }
    ),
    OrderKind.NAME_CHANGE: frozenset({MovementKind.NAME_CHANGE}),
}


def check_may_sign(*, status: str, number: str, dated: date | None, lines: int, today: date) -> None:
    """Raise unless a draft with a number, a date and at least one line is being signed."""
    if status == OrderStatus.SIGNED:
        raise RuleViolation("enrolment.order_signed_already", "Приказ уже подписан. Обновите страницу.")
    if status == OrderStatus.CANCELLED:
        raise RuleViolation(
            "enrolment.order_cancelled", "Приказ отменён, подписать его нельзя. Создайте новый приказ."
        )
    if not number.strip():
        raise RuleViolation(
            "enrolment.order_number_missing", "У приказа нет номера. Укажите номер и подпишите снова."
        )
    if len(number.strip()) > LONGEST_NUMBER:
        raise RuleViolation(
            "enrolment.order_number_long", f"Номер приказа длиннее {LONGEST_NUMBER} знаков. Сократите его."
        )
    if dated is None:
        raise RuleViolation(
            "enrolment.order_date_missing", "У приказа нет даты. Укажите дату и подпишите снова."
        )
    if dated > today:
        raise RuleViolation(
            "enrolment.order_date_future",
            f"Дата приказа {dated:%d.%m.%Y} ещё не наступила. Подпишите его в этот день или исправьте дату.",
        )
    if not lines:
        raise RuleViolation("enrolment.order_empty", "В приказе нет ни одного ученика. Добавьте учеников.")


def check_may_cancel(*, status: str, reason: str) -> None:
    """Raise unless a signed order is being cancelled with a reason."""
    if status != OrderStatus.SIGNED:
        raise RuleViolation(
            "enrolment.order_not_signed",
            "Отменить можно только подписанный приказ. Черновик можно удалить, отменённый уже отменён.",
        )
    if not reason.strip():
        raise RuleViolation(
            "enrolment.cancel_reason_missing", "Укажите причину отмены: она останется в журнале приказа."
        )
