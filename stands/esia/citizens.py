"""Whom the stand lets choose: invented people with accounts of every kind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Citizen:
    """One account: what ЕСИА would say of its holder.

    ``level``: ``PR`` confirmed, ``P`` simplified or standard, ``KD`` a child's. ``kids`` and ``roles`` are given as they go
    out over REST.
    """

    code: str
    title: str
    oid: str
    last_name: str
    first_name: str
    middle_name: str
    birth_date: str
    gender: str
    snils: str | None
    note: str = ""
    trusted: bool = True
    level: str = "PR"
    email: str = ""
    declines: bool = False
    kids: tuple[dict[str, Any], ...] = field(default=())
    roles: tuple[dict[str, Any], ...] = field(default=())

    @property
    def full_name(self) -> str:
        """ФИО."""
        return " ".join(part for part in (self.last_name, self.first_name, self.middle_name) if part)

    def person(self, scopes: set[str]) -> dict[str, Any]:
        """Return the person as REST gives it: only fields of the scopes granted."""
        answer: dict[str, Any] = {
            "stateFacts": ["EntityRoot"],
            "status": "REGISTERED",
            "trusted": self.trusted,
        }
        if "fullname" in scopes:
            answer |= {
                "lastName": self.last_name,
                "firstName": self.first_name,
                "middleName": self.middle_name,
            }
        if "birthdate" in scopes:
            answer["birthDate"] = self.birth_date
        if "gender" in scopes:
            answer["gender"] = self.gender
        if "snils" in scopes and self.snils:
            answer["snils"] = self.snils
        return answer


def load(path: Path | None) -> dict[str, Citizen]:
    """Return citizens by code: those of a JSON file, else the standing ones."""
    if path is None:
        return {one.code: one for one in STANDING}
    rows = json.loads(path.read_text(encoding="utf-8"))
    people = [
        Citizen(**{**row, "kids": tuple(row.get("kids", ())), "roles": tuple(row.get("roles", ()))})
        for row in rows
    ]
    return {one.code: one for one in people}


def _organisation(oid: str, ogrn: str, name: str) -> dict[str, Any]:
    return {
        "oid": oid, "prnOid": oid, "fullName": name, "shortName": name, "type": "LEGAL", "ogrn": ogrn, "active": True,
    }  # fmt: skip


def _kid(number: int, name: str, born: str, snils: str) -> dict[str, Any]:
    return {
        "id": number, "lastName": "Гилёва", "firstName": name, "middleName": "Павловна", "birthDate": born, "gender": "F",
        "snils": snils, "trusted": True,
    }  # fmt: skip


STANDING = (
    Citizen("parent", "Родитель двоих детей", "1000000001", "Гилёва", "Анна", "Сергеевна", "12.04.1986", "F", "112-233-445 95",
            kids=(_kid(1, "Мария", "03.02.2015", "160-722-394 47"), _kid(2, "Вера", "21.07.2018", "087-654-303 00"))),
    Citizen("simplified", "Упрощённая учётная запись", "1000000002", "Попов", "Илья", "", "01.01.1990", "M", None, trusted=False, level="P"),
    Citizen("standard", "Стандартная, не подтверждённая", "1000000003", "Орлова", "Нина", "Ивановна", "09.09.1979", "F", "112-233-445 95",
            trusted=False, level="P"),
    Citizen("pupil", "Ученик старше 14 лет", "1000000004", "Носков", "Пётр", "Андреевич", "30.05.2010", "M", "160-722-394 47", level="KD"),
    Citizen("no-organisation", "Сотрудник без организации", "1000000005", "Волкова", "Ольга", "Игоревна", "17.11.1983", "F", "112-233-445 95"),
    Citizen("one-organisation", "Сотрудник одной организации", "1000000006", "Волкова", "Ольга", "Игоревна", "17.11.1983", "F", "112-233-445 95",
            roles=(_organisation("1", "1025900000125", "СОШ № 12"),)),
    Citizen("three-organisations", "Сотрудник трёх организаций", "1000000007", "Волкова", "Ольга", "Игоревна", "17.11.1983", "F", "112-233-445 95",
            roles=tuple(_organisation(str(n), ogrn, f"Организация {n}") for n, ogrn in enumerate(("1025900000125", "1025900000136", "1025900000147"), 1))),
    Citizen("officer", "Администратор безопасности", "1000000008", "Зырянов", "Олег", "Иванович", "05.03.1975", "M", "087-654-303 00"),
    Citizen("declines", "Тот, кто откажется", "1000000009", "Тиунов", "Егор", "Олегович", "22.02.1988", "M", "112-233-445 95", declines=True),
)  # fmt: skip
