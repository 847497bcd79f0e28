"""The fields that a class list may carry, and what schools call them.

A synonym is compared folded (``kernel.names.fold``), whole first, then as a part of the heading. Adding a field is
adding a line here and a setter in ``rows``.
"""

from __future__ import annotations

from typing import NamedTuple

from kontingent.enrolment.rules.conditions import BY_NAME
from kontingent.health.codes import Kind
from kontingent.kernel import names


class Field(NamedTuple):
    """One field: code, title for people, what headings call it."""

    code: str
    title: str
    synonyms: tuple[str, ...]
    #: Parts of a heading that suffice.
    parts: tuple[str, ...] = ()


FIELDS: tuple[Field, ...] = (
    Field("number", "№ по порядку", ("№ по порядку", "№ п/п", "№", "п/п", "номер по порядку", "n п/п", "n")),
    Field("full_name", "ФИО", ("фио", "ф.и.о.", "фамилия имя отчество", "фио обучающегося", "фио ребенка", "ученик", "обучающийся", "список"), ("ф.и.о.", "фио ", "фамилия, имя", "фамилия имя")),
    Field("family_name", "Фамилия", ("фамилия", "фамилия ребенка", "фамилия обучающегося")),
    Field("given_name", "Имя", ("имя", "имя ребенка", "имя обучающегося")),
    Field("patronymic", "Отчество", ("отчество", "отчество при наличии", "отчество ребенка")),
    Field("birth_date", "Дата рождения", ("дата рождения", "дата рожд.", "д.р.", "др", "год рождения", "дата рождения ребенка"), ("дата рожд", "число месяц год рожд")),
    Field("birth_place", "Место рождения", ("место рождения",), ("место рожд",)),
    Field("sex", "Пол", ("пол",)),
    Field("snils", "СНИЛС", ("снилс", "снилс ребенка", "страховой номер"), ("снилс",)),
    Field("citizenship", "Гражданство", ("гражданство", "страна"), ("гражданств",)),
    Field("document", "Документ одной строкой", ("св-во о рождении / паспорт", "свидетельство о рождении", "документ удостоверяющий личность", "паспорт"), ("св-во о рожд", "свидетельство", "паспорт", "серия и номер", "документ, удост")),
    Field("document_kind", "Вид документа", ("документ", "вид документа", "тип документа")),
    Field("document_series", "Серия", ("серия", "серия документа")),
    Field("document_number", "Номер документа", ("номер", "номер документа", "№ документа")),
    Field("document_date", "Дата выдачи", ("дата выдачи", "когда выдан"), ("дата выдачи",)),
    Field("document_issuer", "Кем выдан", ("кем выдан", "выдан"), ("кем выдан",)),
    Field("address_registration", "Адрес регистрации", ("адрес регистрации", "адрес прописки", "прописка", "регистрация"), ("регистрац", "пропис")),
    Field("address_residence", "Адрес проживания", ("адрес фактический", "адрес проживания", "фактический адрес", "адрес", "домашний адрес", "место жительства"), ("прожив", "фактич", "домашний адрес")),
    Field("phone", "Телефон ребёнка", ("телефон", "тел.", "телефон ребенка", "контактный телефон")),
    Field("grade", "Класс", ("класс", "параллель", "группа", "класс группа")),
    Field("letter", "Литера", ("литера", "буква", "литера класса")),
    Field("admission_date", "Дата зачисления", ("дата зачисления", "зачислен", "дата поступления"), ("дата зачисл", "дата поступл")),
    Field("order", "Приказ о зачислении", ("приказ №", "приказ", "приказ о зачислении", "номер приказа", "№ приказа"), ("приказ",)),
    Field("mother", "Мать одной строкой", ("мать", "мама", "мать фио телефон"), ("мать", "мама")),
    Field("father", "Отец одной строкой", ("отец", "папа", "отец фио телефон"), ("отец", "папа")),
    Field("representative", "Представитель одной строкой", ("представитель", "родители", "законный представитель", "родитель", "опекун"), ("законн", "родител", "опекун")),
    Field("representative_family", "Фамилия представителя", ("представитель фамилия", "фамилия представителя", "фамилия родителя")),
    Field("representative_given", "Имя представителя", ("представитель имя", "имя представителя", "имя родителя")),
    Field("representative_patronymic", "Отчество представителя", ("представитель отчество", "отчество представителя", "отчество родителя")),
    Field("representative_snils", "СНИЛС представителя", ("представитель снилс", "снилс представителя", "снилс родителя")),
    Field("representative_birth", "Дата рождения представителя", ("представитель дата рождения", "дата рождения представителя")),
    Field("representative_phone", "Телефон представителя", ("представитель телефон", "телефон представителя", "телефон родителя", "телефон родителей")),
    Field("kinship", "Кем приходится", ("кем приходится", "степень родства", "родство"), ("кем приход", "родств")),
    Field("external_id", "Код записи в вашей системе", ("id", "код", "идентификатор", "код ученика")),
    Field("foreign_languages", "Иностранные языки", ("иностранный язык", "иностранные языки", "ин. яз.", "ин.яз.", "изучаемый язык"), ("иностранн",)),
    Field("native_language_code", "Родной язык", ("родной язык", "родной (нерусский) язык"), ("родной яз", "родной (нерус")),
    Field("native_language_mode_code", "Как изучается родной язык", ("как изучается родной язык", "форма изучения родного языка"), ("изучается родн", "изучения родн")),
    Field("profile_code", "Профиль обучения", ("профиль", "профиль обучения"), ("профиль обуч",)),
    Field("extended_day", "Группа продлённого дня", ("гпд", "группа продленного дня", "продленка"), ("продленн", "гпд")),
    Field("meals_code", "Горячее питание", ("питание", "горячее питание"), ("горячее пит",)),
    Field("meals_benefit", "Льгота на питание", ("льгота на питание", "льготное питание", "льгота по питанию"), ("льгот",)),
    Field("transport_code", "Подвоз", ("подвоз", "школьный автобус", "нуждается в подвозе"), ("подвоз",)),
    Field("distance_km", "Расстояние до школы, км", ("расстояние до школы", "расстояние до школы км", "км до школы"), ("расстояние",)),
    Field("boarding", "Живёт в интернате", ("интернат", "проживает в интернате", "проживание в интернате"), ("интернат",)),
    Field("individual_plan_code", "Индивидуальный план", ("индивидуальный план", "индивидуальный учебный план", "иуп"), ("индивидуальн",)),
    Field("health_group", "Группа здоровья", ("группа здоровья", "гр. здоровья", "гр.здоровья"), ("группа здоров", "гр. здоров")),
    Field("physical_group", "Физкультурная группа", ("физкультурная группа", "группа по физкультуре", "медицинская группа", "физ. группа", "медицинская (физкультурная) группа"), ("физкультурн", "по физкультуре")),
    Field("health_group_since", "Дата осмотра", ("дата осмотра", "дата профосмотра", "группа здоровья с"), ("дата осмотр",)),
    Field("health_group_until", "Группа здоровья до", ("группа здоровья до", "осмотр действует до")),
    Field("health_group_document", "Заключение по осмотру", ("заключение по осмотру", "заключение осмотра")),
    Field("physical_group_since", "Физкультурная группа с", ("физкультурная группа с", "физ. группа с")),
    Field("physical_group_until", "Физкультурная группа до", ("физкультурная группа до", "физ. группа до")),
    Field("physical_group_document", "Медицинское заключение", ("медицинское заключение", "справка о физкультурной группе")),
    Field("disability", "Инвалидность", ("инвалидность", "группа инвалидности", "инвалид", "ребенок-инвалид"), ("инвалид",)),
    Field("disability_document", "Справка МСЭ", ("справка мсэ", "мсэ", "документ об инвалидности"), ("мсэ",)),
    Field("disability_issuer", "Кем выдана справка МСЭ", ("кем выдана справка мсэ", "бюро мсэ")),
    Field("disability_category", "Категория инвалидности", ("категория инвалидности",)),
    Field("disability_reason", "Причина инвалидности", ("причина инвалидности",)),
    Field("disability_since", "Инвалидность с", ("инвалидность с", "инвалидность установлена", "справка мсэ с")),
    Field("disability_until", "Инвалидность до", ("инвалидность до", "срок инвалидности", "справка мсэ до")),
    Field("adapted_programme", "Адаптированная программа", ("адаптированная программа", "овз", "вид овз", "аооп", "потребность в адаптированной программе"), ("адаптирован", "овз")),
    Field("adapted_programme_document", "Заключение ПМПК", ("заключение пмпк", "пмпк"), ("пмпк",)),
    Field("adapted_programme_variant", "Вариант программы (ПМПК)", ("вариант программы (пмпк)", "вариант программы", "вариант аооп", "вариант адаптированной программы")),
    Field("adapted_programme_issuer", "Комиссия (ПМПК)", ("комиссия (пмпк)", "комиссия пмпк", "какая пмпк", "кем выдано заключение пмпк")),
    Field("adapted_programme_since", "Заключение ПМПК с", ("заключение пмпк с", "дата заключения пмпк", "пмпк с", "пмпк от")),
    Field("adapted_programme_until", "Заключение ПМПК до", ("пмпк до", "заключение пмпк до", "срок заключения пмпк")),
    Field("adapted_programme_note", "Специальные условия", ("специальные условия", "условия по пмпк"), ("специальные услов",)),
    Field("long_treatment", "Длительное лечение", ("длительное лечение", "нуждается в длительном лечении"), ("длительн",)),
    Field("long_treatment_document", "Заключение врачебной комиссии", ("заключение врачебной комиссии", "заключение вк"), ("врачебн",)),
    Field("long_treatment_since", "Длительное лечение с", ("длительное лечение с",)),
    Field("long_treatment_until", "Длительное лечение до", ("длительное лечение до",)),
    Field("hard_situation", "Трудная жизненная ситуация", ("трудная жизненная ситуация", "тжс"), ("трудная жизн",)),
    Field("hard_situation_document", "Основание ТЖС", ("основание тжс", "документ о тжс")),
    Field("hard_situation_since", "ТЖС с", ("тжс с",)),
    Field("hard_situation_until", "ТЖС до", ("тжс до",)),
    Field("prevention", "Профилактический учёт", ("профилактический учет", "внутришкольный учет", "вшу", "состоит на учете", "кдн", "пдн"), ("профилактическ", "состоит на уч")),
    Field("prevention_document", "Решение о постановке на учёт", ("решение о постановке на учет", "основание учета")),
    Field("prevention_since", "На учёте с", ("на учете с",)),
    Field("prevention_until", "На учёте до", ("на учете до",)),
    Field("note", "Примечание", ("прим.", "примечание", "примечания", "комментарий"), ("примеч",)),
)  # fmt: skip
#: How a learner studies (``enrolment.rules.conditions``). The place of studies is left out: a list that says "on a doctor's
#: word at home" is health, and that stage is not open.
CONDITIONS = frozenset(BY_NAME) & {field.code for field in FIELDS}
#: What stands beside the value of health in columns of their own: ``disability_document``.
HEALTH_PARTS = ("since", "until", "document", "issuer", "note", "category", "reason", "variant")
#: Columns of a later stage: the field of ``stages/fields.toml`` that must be open for the organisation before a file with such
#: a column is taken in.
STAGED: dict[str, str] = {
    field.code: kind.value
    for kind in Kind
    for field in FIELDS
    if field.code in {kind, *(f"{kind}_{part}" for part in HEALTH_PARTS)}
}  # fmt: skip
BY_CODE = {field.code: field for field in FIELDS}
#: Whom a row is about.
IDENTIFYING = frozenset(
    {
        "number",
        "full_name",
        "family_name",
        "given_name",
        "patronymic",
        "birth_date",
        "snils",
        "grade",
        "letter",
    }
)
#: A table is recognised by these: a name and something that tells people apart.
NAME_FIELDS = frozenset({"full_name", "family_name"})

_WHOLE = {names.fold(synonym): field.code for field in FIELDS for synonym in field.synonyms}
_PARTS = [(names.fold(part), field.code) for field in FIELDS for part in field.parts]


def recognise(heading: str) -> tuple[str, int] | None:
    """Return (field code, confidence in percent) for a column heading, or None."""
    folded = names.fold(heading)
    if not folded:
        return None
    if folded in _WHOLE:
        return _WHOLE[folded], 100
    for part, code in _PARTS:
        if part in folded:
            return code, 80
    for whole, code in _WHOLE.items():
        if len(whole) > 4 and folded.startswith(whole):
            return code, 60
    return None
