"""The codes that the rules of enrolment branch on. Titles for people are in the code lists."""

from enum import StrEnum


class OrderStatus(StrEnum):
    """Life of an order: draft → signed → cancelled; a draft may also be thrown away."""

    DRAFT = "draft"
    SIGNED = "signed"
    CANCELLED = "cancelled"


class OrderKind(StrEnum):
    """What an order is about (вид приказа): shared/domain/kontingent.md §7.4."""

    ADMISSION = "admission"  # о зачислении
    ADMISSION_BY_TRANSFER = "admission_by_transfer"  # о зачислении в порядке перевода
    CLASS_FORMATION = "class_formation"  # о формировании классов
    PROMOTION = "promotion"  # о переводе в следующий класс
    CONDITIONAL_PROMOTION = "conditional_promotion"  # об условном переводе
    REPEAT = "repeat"  # об оставлении на повторное обучение
    PLACEMENT = "placement"  # о переводе в другой класс
    STUDY_FORM = "study_form"  # об изменении формы обучения или программы
    TRANSFER_OUT = "transfer_out"  # об отчислении в порядке перевода
    EXPULSION = "expulsion"  # об отчислении
    GRADUATION = "graduation"  # о выпуске
    ACADEMIC_LEAVE = "academic_leave"  # о предоставлении академического отпуска
    RETURN = "return"  # о выходе из академического отпуска
    REINSTATEMENT = "reinstatement"  # о восстановлении
    YEAR_TURNOVER = "year_turnover"  # сводный: перевод года
    NAME_CHANGE = "name_change"  # о смене фамилии, имени, отчества


class MovementKind(StrEnum):
    """What a line does to a learner (вид движения)."""

    ADMISSION = "admission"  # opens: зачисление
    ADMISSION_BY_TRANSFER = "admission_by_transfer"  # opens: зачисление в порядке перевода
    REINSTATEMENT = "reinstatement"  # opens: восстановление
    CLASS_FORMATION = "class_formation"  # распределение в класс
    PROMOTION = "promotion"  # перевод в следующий класс
    CONDITIONAL_PROMOTION = "conditional_promotion"  # условный перевод (академическая задолженность)
    DEBT_CLEARED = "debt_cleared"  # задолженность ликвидирована
    REPEAT = "repeat"  # повторное обучение
    PLACEMENT = "placement"  # перевод в другой класс
    STUDY_FORM = "study_form"  # изменение формы обучения или программы
    ACADEMIC_LEAVE = "academic_leave"  # академический отпуск
    RETURN = "return"  # выход из академического отпуска
    TRANSFER_OUT = "transfer_out"  # closes: выбытие в порядке перевода
    EXPULSION = "expulsion"  # closes: отчисление
    GRADUATION = "graduation"  # closes: выпуск
    NAME_CHANGE = "name_change"  # changes nothing of the enrolment; kept in the log


OPENING = frozenset({MovementKind.ADMISSION, MovementKind.ADMISSION_BY_TRANSFER, MovementKind.REINSTATEMENT})
CLOSING = frozenset({MovementKind.TRANSFER_OUT, MovementKind.EXPULSION, MovementKind.GRADUATION})


class LearnerState(StrEnum):
    """What a learner is in a placement (состояние обучающегося)."""

    STUDYING = "studying"
    CONDITIONAL = "conditional"  # переведён условно
    REPEATING = "repeating"  # оставлен на повторное обучение
    ON_LEAVE = "on_leave"  # в академическом отпуске: числится, но не учится


#: Main general-education programmes (коды education_programme): one enrolment at a time.
MAIN_GENERAL_PROGRAMMES = frozenset({"11", "12", "13", "14", "15"})
PRESCHOOL = "11"
PRIMARY = "12"  # НОО, grades 1–4
BASIC = "13"  # ООО, grades 5–9
SECONDARY = "14"  # СОО, grades 10–11 (12)
VOCATIONAL = frozenset({"21", "211", "212", "23"})
#: Programmes that make a child covered, and of which flows are counted: general education and vocational; neither circles nor sport.
STUDIES = MAIN_GENERAL_PROGRAMMES | VOCATIONAL
