"""The vocabulary of forms: what may be asked of a learner, a class, a leaver (факты, из которых собирается форма).

A predicate of a form names facts of one *source*: the kind of thing that is counted. ``reports.facts`` says how each fact
reads in the register; a test holds the two together. A fact that no room keeps yet has ``awaits``: cells that ask for it
are entered by hand, and count themselves as soon as the room is there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """What is counted, one row each."""

    LEARNERS = "learners"  # a membership on the form's date
    BEFORE = "before"  # a membership on the eve of the form's period
    DIRECTIONS = "directions"  # a child at a direction of additional programmes on the form's date, once whatever the circles
    CLASSES = "classes"  # a class with at least one learner on the form's date
    SETS = "sets"  # classes that learn together (класс-комплект) on the form's date
    DAY_GROUPS = "day_groups"  # an after-school group at a level on the form's date
    PLACES = "places"  # a place in a class or group with at least one learner on the form's date
    FINISHED = "finished"  # a learner who finished a grade in the form's period
    LEFT = "left"  # a learner who left a class in the form's period
    ARRIVED = "arrived"  # a learner who came in the form's period


SOURCE_TITLES = {
    Source.LEARNERS: "обучающиеся на дату",
    Source.BEFORE: "обучающиеся на начало периода",
    Source.DIRECTIONS: "обучающиеся по направлениям дополнительных программ на дату",
    Source.CLASSES: "классы и группы на дату",
    Source.SETS: "классы-комплекты на дату",
    Source.DAY_GROUPS: "группы продлённого дня на дату",
    Source.PLACES: "места в классах и группах на дату",
    Source.FINISHED: "окончившие класс за период",
    Source.LEFT: "выбывшие за период",
    Source.ARRIVED: "прибывшие за период",
}
#: Rows that are people: only they open into a list of children and compare child by child.
OF_PEOPLE = frozenset(
    {Source.LEARNERS, Source.BEFORE, Source.DIRECTIONS, Source.FINISHED, Source.LEFT, Source.ARRIVED}
)


class Kind(StrEnum):
    """How a fact is compared."""

    CODE = "code"  # one code of a list
    CODES = "codes"  # several codes of a list; equals means contains
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its name in predicates, what people call it, how it compares, of which sources it is known."""

    name: str
    title: str
    kind: Kind
    sources: frozenset[Source]
    code_list: str = ""
    #: Codes that are not of a list, with their titles.
    codes: tuple[tuple[str, str], ...] = ()
    awaits: str = ""
    #: The field of ``stages/fields.toml`` that brings it: it awaits only where that field's stage is not open.
    opens: str = ""
    #: The fact that is asked for instead where that field is closed: nothing is awaited then.
    stand_in: str = ""

    @property
    def is_known(self) -> bool:
        """False while no room keeps it."""
        return not self.awaits or bool(self.opens)

    def awaited_where(self, closed: Collection[str]) -> str:
        """Return what must be collected first where these fields are closed, "" when it can be counted."""
        return self.awaits if not self.opens or self.opens in closed else ""


_S = Source
#: Of a child at a direction less is known than of a membership: the circles of one direction may differ.
_PEOPLE = OF_PEOPLE - {_S.DIRECTIONS}
_IN_CLASS = _PEOPLE | {_S.CLASSES}
_CHILDREN = _PEOPLE | {_S.DIRECTIONS}
_GROUPS = _IN_CLASS | {_S.PLACES}
_HEALTH = "сведения о здоровье (второй этап)"
_IMPLANTS = "кохлеарные импланты: в составе сведений второго этапа такого поля нет"
_EXAMS = "сведения об экзаменах и аттестатах (третий этап)"
_BENEFITS = "сведения о льготных категориях студентов"
_TRAINING = "сведения о профессиональном обучении в школе"
_WAYS = (
    ("out", "выбыл из организации"),
    ("form", "перешёл на другую форму обучения в той же организации"),
    ("correctional", "перешёл в класс для детей с ОВЗ в той же организации"),
)
_ORIGINS = (
    ("here", "раньше учился в этой же организации"),
    ("family", "раньше был на семейном образовании или самообразовании"),
    ("municipality", "из другой организации того же муниципалитета"),
    ("region", "из организации другого муниципалитета региона"),
)
_PAYMENTS = (
    ("federal", "федеральный бюджет"),
    ("regional", "бюджет субъекта Российской Федерации"),
    ("local", "местный бюджет"),
    ("contract", "только по договорам"),
    ("both", "за счёт бюджета и по договорам"),
)
_LEVELS = (
    ("primary", "1–4 классы"),
    ("basic", "5–9 классы"),
    ("secondary", "10–12 классы"),
)
_OUTCOMES = (
    ("promoted", "переведён в следующий класс"),
    ("conditional", "переведён условно"),
    ("graduated", "окончил выпускной класс"),
    ("repeat", "оставлен на повторное обучение"),
)
_EXAM = (
    ("passed", "получил аттестат"),
    ("failed", "получил неудовлетворительный результат"),
    ("absent", "не участвовал"),
)
_EGE = (("passed", "сдал"), ("failed", "не сдал"))
_CERTIFIED = (("autumn", "в IV квартале прошлого года"), ("september", "после 1 сентября"))
#: Exams and documents of a period are those of whoever finished a grade in it.
_GRADUATES = frozenset({_S.FINISHED})

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        Fact("programme", "Программа", Kind.CODE, _GROUPS | {_S.DIRECTIONS}, "education_programme"),
        Fact("level", "Уровень по классу", Kind.CODE, _IN_CLASS | {_S.SETS, _S.DAY_GROUPS}, codes=_LEVELS),
        Fact("adaptation", "Адаптация программы ученика", Kind.CODE, _CHILDREN, "programme_adaptation"),
        Fact(
            "special_needs", "ОВЗ: заключение ПМПК или адаптированная программа", Kind.CODE, _CHILDREN, "programme_adaptation",
            opens="adapted_programme", stand_in="adaptation",
        ),
        Fact("variant", "Вариант адаптированной программы", Kind.CODE, _IN_CLASS, "adaptation_variant"),
        Fact("years", "Срок освоения программы, лет", Kind.NUMBER, _IN_CLASS),
        Fact("class_years", "Срок освоения программы класса, лет", Kind.NUMBER, _IN_CLASS),
        Fact("direction", "Направленность", Kind.CODE, _IN_CLASS | {_S.DIRECTIONS}, "additional_direction"),
        Fact("base", "База приёма", Kind.CODE, _IN_CLASS, "admission_base"),
        Fact("study_form", "Форма обучения ученика", Kind.CODE, _PEOPLE, "study_form"),
        Fact("class_study_form", "Форма обучения класса", Kind.CODE, _IN_CLASS | {_S.SETS}, "study_form"),
        Fact("grade", "Класс (курс)", Kind.NUMBER, _IN_CLASS),
        Fact("final_grade", "Класс выпускной", Kind.FLAG, _IN_CLASS),
        Fact("year_of_grade", "Год обучения в классе", Kind.CODE, _IN_CLASS, "year_of_grade"),
        Fact("class_kind", "Вид класса", Kind.CODE, _IN_CLASS, "group_kind"),
        Fact("class_adaptation", "Адаптация программы класса", Kind.CODE, _IN_CLASS, "programme_adaptation"),
        Fact(
            "inclusive", "В классе есть лица с ОВЗ", Kind.FLAG, frozenset({_S.LEARNERS, _S.CLASSES}),
            opens="adapted_programme", stand_in="inclusive_by_programme",
        ),
        Fact("inclusive_by_programme", "В классе есть ученики по адаптированным программам", Kind.FLAG, frozenset({_S.LEARNERS, _S.CLASSES})),
        Fact("shift", "Смена", Kind.CODE, _IN_CLASS, "group_shift"),
        Fact("language", "Язык обучения", Kind.CODE, _IN_CLASS, "language_of_instruction"),
        Fact("regime", "Режим пребывания", Kind.CODE, _GROUPS, "kindergarten_regime"),
        Fact("orientation", "Направленность группы", Kind.CODE, _GROUPS, "group_orientation"),
        Fact("age_band", "Возраст группы", Kind.CODE, _GROUPS, "age_band"),
        Fact("profile", "Профиль обучения", Kind.CODE, _IN_CLASS, "study_profile"),
        Fact("advanced_profile", "Профиль углублённого изучения", Kind.CODE, _IN_CLASS, "advanced_profile"),
        Fact("rural", "В сельской местности", Kind.FLAG, frozenset(Source)),
        Fact("organisation_type", "Тип организации", Kind.CODE, frozenset(Source), "organisation_type"),
        # -- a learner
        Fact("main", "Основная программа", Kind.FLAG, _CHILDREN),
        Fact("sex", "Пол", Kind.CODE, _CHILDREN, "sex"),
        Fact("age_january", "Полных лет на 1 января следующего года", Kind.NUMBER, _CHILDREN),
        Fact("age", "Полных лет на дату", Kind.NUMBER, _CHILDREN),
        Fact("funding", "Источник финансирования", Kind.CODE, _PEOPLE, "funding"),
        Fact("state", "Состояние", Kind.CODE, _PEOPLE, "learner_state"),
        Fact("in_class", "Распределён в класс", Kind.FLAG, _PEOPLE),
        Fact("foreign_language", "Изучает иностранный язык", Kind.CODES, _PEOPLE, "foreign_language"),
        Fact("foreign_languages", "Сколько иностранных языков изучает", Kind.NUMBER, _PEOPLE),
        Fact("foreign_language_gap", "Иностранный язык не преподаётся", Kind.CODE, _PEOPLE, "foreign_language_gap"),
        Fact("native_language", "Изучает родной язык", Kind.CODE, _PEOPLE, "language_of_instruction"),
        Fact("native_language_mode", "Как изучает родной язык", Kind.CODE, _PEOPLE, "native_language_mode"),
        Fact("extended_day", "Посещает группу продлённого дня", Kind.FLAG, _PEOPLE),
        Fact("meals", "Горячее питание", Kind.CODE, _PEOPLE, "meals"),
        Fact("meals_benefit", "Льгота на питание", Kind.FLAG, _PEOPLE),
        Fact("transport", "Подвоз", Kind.CODE, _PEOPLE, "transport"),
        Fact("boarding", "Живёт в интернате", Kind.FLAG, _PEOPLE),
        Fact("education_place", "Место обучения", Kind.CODE, _PEOPLE, "education_place"),
        Fact("individual_plan", "Индивидуальный учебный план", Kind.CODE, _PEOPLE, "individual_plan"),
        Fact("network", "Сетевая форма", Kind.CODE, _PEOPLE, "implementation_form"),
        Fact("e_learning", "Электронное обучение", Kind.CODE, _PEOPLE, "implementation_form"),
        Fact("distance", "Дистанционные технологии", Kind.CODE, _PEOPLE, "implementation_form"),
        Fact("concurrent_secondary", "Одновременно получает СОО", Kind.FLAG, _PEOPLE),
        Fact("orphan", "Сирота или без попечения родителей", Kind.FLAG, _PEOPLE),
        Fact("refugee", "Беженец или вынужденный переселенец", Kind.FLAG, _PEOPLE),
        Fact("citizenship", "Гражданство", Kind.CODE, _PEOPLE, "citizenship"),
        Fact("country", "Страна гражданства", Kind.CODE, _PEOPLE, "country"),
        # -- a movement
        Fact("outcome", "Чем окончил класс", Kind.CODE, frozenset({_S.FINISHED}), codes=_OUTCOMES),
        Fact("continued", "Продолжил обучение по программе СОО в этой же организации", Kind.FLAG, _GRADUATES),
        Fact("way", "Куда перешёл", Kind.CODE, frozenset({_S.LEFT}), codes=_WAYS),
        Fact("reason", "Причина выбытия", Kind.CODE, frozenset({_S.LEFT}), "leaving_reason"),
        Fact("quarter", "Квартал периода", Kind.NUMBER, frozenset({_S.LEFT, _S.ARRIVED})),
        Fact("came_by", "Как прибыл", Kind.CODE, frozenset({_S.ARRIVED}), "movement_kind"),
        Fact("came_from", "Откуда прибыл, если учился в регионе", Kind.CODE, frozenset({_S.ARRIVED}), codes=_ORIGINS),
        # -- a child at a direction of additional programmes
        Fact("once", "Ребёнок – один раз в организации", Kind.FLAG, frozenset({_S.DIRECTIONS})),
        Fact("any_network", "Хотя бы одна программа – в сетевой форме", Kind.FLAG, frozenset({_S.DIRECTIONS})),
        Fact("any_remote", "Хотя бы одна программа – с ЭО или ДОТ", Kind.FLAG, frozenset({_S.DIRECTIONS})),
        Fact("payment", "Кто платит за обучение по направлению", Kind.CODE, frozenset({_S.DIRECTIONS}), codes=_PAYMENTS),
        # -- a class or a group
        Fact("size", "Наполняемость", Kind.NUMBER, frozenset({_S.CLASSES, _S.SETS, _S.DAY_GROUPS})),
        Fact("is_small", "Меньше 25 учеников в городе или 14 в селе", Kind.FLAG, frozenset({_S.CLASSES, _S.SETS})),
        Fact("combined", "Входит в класс-комплект", Kind.FLAG, frozenset({_S.CLASSES})),
        # -- what no room keeps yet
        Fact("disability", "Инвалидность", Kind.CODE, _CHILDREN, codes=(("adult", "инвалид"), ("child", "ребёнок-инвалид")), awaits=_HEALTH, opens="disability"),
        Fact("implant", "Кохлеарный имплант", Kind.FLAG, _PEOPLE, awaits=_IMPLANTS),
        Fact("exam_basic", "ГИА за курс ООО", Kind.CODE, _GRADUATES, codes=_EXAM, awaits=_EXAMS, opens="exam"),
        Fact("exam_secondary", "ГИА за курс СОО", Kind.CODE, _GRADUATES, codes=_EXAM, awaits=_EXAMS, opens="exam"),
        Fact("honours", "Аттестат с отличием", Kind.FLAG, _GRADUATES, awaits=_EXAMS, opens="exam"),
        Fact("certified_late", "Когда получил аттестат", Kind.CODE, _GRADUATES, codes=_CERTIFIED, awaits=_EXAMS, opens="exam"),
        Fact("studies_certificate", "Получил свидетельство об обучении", Kind.FLAG, _GRADUATES, awaits=_EXAMS, opens="exam"),
        Fact("veteran", "Участник боевых действий", Kind.FLAG, _PEOPLE, awaits=_BENEFITS),
        Fact("radiation", "Подвергся воздействию радиации", Kind.FLAG, _PEOPLE, awaits=_BENEFITS),
        Fact("ege", "Участвовал в ЕГЭ", Kind.FLAG, _GRADUATES, awaits=_EXAMS, opens="exam"),
        Fact("ege_russian", "ЕГЭ по русскому языку", Kind.CODE, _GRADUATES, codes=_EGE, awaits=_EXAMS, opens="exam"),
        Fact("ege_mathematics", "ЕГЭ по математике", Kind.CODE, _GRADUATES, codes=_EGE, awaits=_EXAMS, opens="exam"),
        Fact("trained", "Прошёл профессиональное обучение", Kind.FLAG, _PEOPLE, awaits=_TRAINING),
    )
}  # fmt: skip
