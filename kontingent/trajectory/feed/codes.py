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


TITLES: dict[ChangeKind, str] = {
    ChangeKind.MOVEMENT_RECORDED: "движение записано", ChangeKind.MOVEMENT_CANCELLED: "движение отменено",
    ChangeKind.MOVEMENT_REASSIGNED: "движение перешло к другой записи", ChangeKind.PERSON_MERGED: "записи объединены",
    ChangeKind.PERSON_UNMERGED: "объединение отменено", ChangeKind.PERSON_CORRECTED: "сведения о человеке исправлены",
    ChangeKind.CONDITIONS_AMENDED: "условия обучения изменены", ChangeKind.GROUP_OPENED: "класс открыт",
    ChangeKind.GROUP_AMENDED: "сведения о классе изменены",
}  # fmt: skip


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


READING_TITLES: dict[Reading, str] = {
    Reading.CHANGES: "изменения",
    Reading.FOREIGN_MINORS: "для МВД (314-ФЗ)",
}


class Pace(StrEnum):
    """How a subscriber keeps up, the most troubled first."""

    LOST = "lost"  # его место забыто или впереди ленты: перечитать реестр
    SILENT = "silent"  # давно не обращался
    NEVER = "never"  # ещё не обращался
    BEHIND = "behind"  # читает, но не всё прочёл
    ABREAST = "abreast"  # прочёл всё
    CLOSED = "closed"  # доступ к ленте закрыт
