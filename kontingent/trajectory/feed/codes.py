"""The kinds of change; the triggers of the migration write these values."""

from enum import StrEnum


class ChangeKind(StrEnum):
    """What happened (вид изменения)."""

    MOVEMENT_RECORDED = "movement.recorded"  # приказ подписан: движение вступило в силу
    MOVEMENT_CANCELLED = "movement.cancelled"  # приказ отменён вместе с движением
    MOVEMENT_REASSIGNED = (
        "movement.reassigned"  # записи объединены или разъединены: движение принадлежит другой
    )
    PERSON_MERGED = "person.merged"  # запись объединена с другой
    PERSON_UNMERGED = "person.unmerged"  # объединение отменено
    PERSON_CORRECTED = "person.corrected"  # исправлены сведения; сказано, какие, но не их значения
    CONDITIONS_AMENDED = (
        "conditions.amended"  # изменены условия обучения; какие, не сказано: иное говорит о здоровье
    )
    GROUP_OPENED = "group.opened"  # открыт класс или группа
    GROUP_AMENDED = "group.amended"  # сведения о классе изменены, класс закрыт; сказано, какие


class MinorKind(StrEnum):
    """What МВД must be told of a foreign minor, of what the register knows."""

    ENROLLED = "enrolled"
    LEFT = "left"
    ENROLMENT_CANCELLED = "enrolment_cancelled"
    LEAVING_CANCELLED = "leaving_cancelled"


class Reading(StrEnum):
    """Which of the two readings of the feed a subscriber follows."""

    CHANGES = "changes"
    FOREIGN_MINORS = "foreign_minors"
