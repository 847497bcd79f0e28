"""Codes that the rules of this room branch on."""

from enum import StrEnum


class Content(StrEnum):
    """What may be asked for (состав сведений)."""

    MARKS = "marks"
    ATTENDANCE = "attendance"
    SCHEDULE = "schedule"
    HOMEWORK = "homework"
    FINALS = "finals"


class Right(StrEnum):
    """By which right the applicant is answered."""

    REPRESENTATIVE = "representative"
    SELF = "self"


RIGHT_TITLES = {
    Right.REPRESENTATIVE: "по запросу законного представителя",
    Right.SELF: "по запросу самого обучающегося",
}


class Refusal(StrEnum):
    """Why there is no answer (own schema, protocols §4.2; no public one is known)."""

    NOT_REPRESENTATIVE = "NOT_REPRESENTATIVE"
    CHILD_NOT_FOUND = "CHILD_NOT_FOUND"
    NOT_ENROLLED = "NOT_ENROLLED"
    PERIOD_TOO_LONG = "PERIOD_TOO_LONG"
    JOURNAL_UNAVAILABLE = "JOURNAL_UNAVAILABLE"


#: СМЭВ knows fewer reasons (RejectionReasonCode).
SMEV_REASON = {
    Refusal.NOT_REPRESENTATIVE: "ACCESS_DENIED",
    Refusal.CHILD_NOT_FOUND: "NO_DATA",
    Refusal.NOT_ENROLLED: "NO_DATA",
    Refusal.PERIOD_TOO_LONG: "FAILURE",
    Refusal.JOURNAL_UNAVAILABLE: "FAILURE",
}

#: What a citizen is told of a refusal, and what to do.
REFUSAL_TOLD = {
    Refusal.NOT_REPRESENTATIVE: "По сведениям реестра вы не законный представитель этого ребёнка, или СНИЛС указан с ошибкой. Проверьте "
    "номера; если всё верно, попросите школу внести вас представителем. С 14 лет ученик может спросить о себе сам.",
    Refusal.CHILD_NOT_FOUND: "Ребёнок с такими данными в организациях этого реестра не найден. Проверьте СНИЛС и дату рождения.",
    Refusal.NOT_ENROLLED: "Сегодня ребёнок в организации не числится. Обратитесь в организацию, где он учится.",
    Refusal.PERIOD_TOO_LONG: "Период слишком длинный или его дни переставлены. Запросите не больше 100 дней.",
    Refusal.JOURNAL_UNAVAILABLE: "Электронный журнал школы в этом учебном году сведений не передавал. Обратитесь в школу.",
}
