"""What personal data are looked at for, with the legal basis: the words that families and inspectors read.

Bases are facts of law with their article; ``shown`` is false where the law itself forbids telling the family.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose of processing (цель обработки): code kept in the journal, words, legal basis."""

    code: str
    title: str
    basis: str
    shown: bool = True


PURPOSES = {
    one.code: one
    for one in (
        Purpose("contingent", "Учёт обучающихся организации", "273-ФЗ, ст. 28 ч. 3 и ст. 98; 152-ФЗ, ст. 6 ч. 1 п. 2"),
        Purpose("class", "Работа классного руководителя со своим классом", "273-ФЗ, ст. 48; 152-ФЗ, ст. 6 ч. 1 п. 2"),
        Purpose("municipal", "Учёт детей, подлежащих обучению, на территории муниципалитета",
                "273-ФЗ, ст. 9 ч. 1 п. 6; 152-ФЗ, ст. 6 ч. 1 п. 2"),
        Purpose("region", "Надзор и статистика региона", "273-ФЗ, ст. 8 и ст. 97; 152-ФЗ, ст. 6 ч. 1 п. 2"),
        Purpose("health", "Условия обучения по состоянию здоровья, охрана здоровья и профилактика",
                "273-ФЗ, ст. 41 и 79; 120-ФЗ, ст. 14; 152-ФЗ, ст. 10 ч. 2"),
        Purpose("exchange", "Передача сведений в другую информационную систему", "273-ФЗ, ст. 98; 152-ФЗ, ст. 6 ч. 1 п. 4"),
        Purpose("epgu", "Услуга «Информация о текущей успеваемости» на Госуслугах",
                "210-ФЗ, ст. 1 ч. 3; 273-ФЗ, ст. 44 ч. 3 п. 4; 152-ФЗ, ст. 6 ч. 1 п. 4"),
        Purpose("epgu_transfer", "Ход заявления о переводе на Госуслугах",
                "273-ФЗ, ст. 34 ч. 1 п. 15; 210-ФЗ, ст. 1 ч. 3; 152-ФЗ, ст. 6 ч. 1 п. 4"),
        Purpose("certificate", "Справка об обучении: выдача и проверка подлинности",
                "273-ФЗ, ст. 28 ч. 3 и ст. 44 ч. 3; 152-ФЗ, ст. 6 ч. 1 п. 4"),
        Purpose("security", "Контроль доступа к персональным данным", "152-ФЗ, ст. 18.1 и ст. 19"),
        Purpose("family", "Сведения о своём ребёнке или о себе", "152-ФЗ, ст. 14"),
        Purpose("emergency", "Экстренный доступ: угроза жизни, здоровью или иной неотложный случай",
                "152-ФЗ, ст. 6 ч. 1 п. 6"),
        Purpose("investigation", "Проверка по запросу органов дознания, следствия или суда",
                "152-ФЗ, ст. 14 ч. 8 п. 2", shown=False),
    )
}  # fmt: skip


def of(code: str) -> Purpose:
    """Return a purpose by code; what an outside system declares in its own words has the basis of its agreement."""
    return PURPOSES.get(code) or Purpose(
        code, code or "Цель не указана", "соглашение об информационном обмене"
    )


def hidden() -> list[str]:
    """Return the codes that families are not told of."""
    return [one.code for one in PURPOSES.values() if not one.shown]
