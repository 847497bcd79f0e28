"""Who works in the invented region: appointments in the register, and the citizens of the ЕСИА stand that go with them.

A citizen is known to the stand by ``code``; the register knows the same person by СНИЛС.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.db import SessionStore

from demo.territory import Chunk, Place
from kontingent.access import sessions
from kontingent.access.esia.profile import Citizen, Employer
from kontingent.access.middleware import SESSION_KEY
from kontingent.access.models import Appointment
from kontingent.access.sessions import Visitor
from kontingent.enrolment.models import Group, Placement
from kontingent.kernel import clock
from kontingent.kernel.snils import control_number, format_snils
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Person, Representation

APPOINTED = date(2026, 8, 1)
FIRST_NUMBER = 999_000_001


@dataclass(frozen=True, slots=True)
class Persona:
    """One invented employee."""

    code: str
    name: str
    post: str
    role: str
    born: str = "12.04.1983"


STAFF = (
    Persona("secretary", "Тиунова Вера Павловна", "секретарь", "operator"),
    Persona("new-school", "Мальцева Ольга Андреевна", "секретарь новой школы", "operator"),
    Persona("teacher", "Попова Ирина Сергеевна", "классный руководитель", "teacher"),
    Persona("head", "Радостева Нина Петровна", "директор", "head"),
    Persona("kindergarten", "Волкова Анна Игоревна", "делопроизводитель", "operator"),
    Persona("college", "Орлов Павел Олегович", "заведующий учебной частью", "operator"),
    Persona("municipality", "Гилёва Марина Львовна", "специалист управления образования", "municipal"),
    Persona("ministry", "Зырянов Олег Иванович", "специалист министерства образования и науки", "ministry"),
    Persona("security", "Носков Денис Юрьевич", "администратор безопасности", "security"),
    Persona(
        "three-organisations", "Пермякова Лидия Фёдоровна", "делопроизводитель трёх организаций", "operator"
    ),
    Persona("no-organisation", "Кузнецова Раиса Ильинична", "секретарь, не прикреплённый в ЕСИА", "operator"),
    Persona("nurse", "Шилова Елена Викторовна", "медицинская сестра", "health"),
    Persona("nurse-nearby", "Бушуева Галина Ивановна", "медицинская сестра соседнего округа", "health"),
    Persona("nearby-school", "Ярушина Тамара Викторовна", "секретарь школы соседнего округа", "operator"),
    Persona(
        "secretary-nurse", "Ощепкова Любовь Ивановна", "секретарь и медицинская сестра", "operator_health"
    ),
)


def snils_of(code: str) -> str:
    """Return the СНИЛС of an employee by code."""
    number = FIRST_NUMBER + [one.code for one in STAFF].index(code)
    return f"{number}{control_number(str(number)):02d}"


def _perm(chunks: Sequence[Chunk]) -> Chunk:
    return next(chunk for chunk in chunks if chunk.schools and chunk.schools[0].municipality.code == "perm")


def home_of(chunks: Sequence[Chunk]) -> Place:
    """Return the school in which the demonstration begins."""
    return _perm(chunks).schools[0]


def nearby_of(chunks: Sequence[Chunk]) -> UUID | None:
    """Return a school of another municipality, which claims children of the first one."""
    schools = (chunk.schools[0] for chunk in chunks if chunk.schools)
    return next((one.id for one in schools if one.municipality.code != "perm"), None)


def appoint(chunks: Sequence[Chunk], empty_school: Organisation) -> None:
    """Write the appointments of a region just made."""
    perm = _perm(chunks)
    school, kindergarten = perm.schools[0], perm.kindergartens[0]
    nearby = nearby_of(chunks)
    college = next((chunk.colleges[0].id for chunk in chunks if chunk.colleges), None)
    places: dict[str, list[UUID | None]] = {
        "secretary": [school.id], "new-school": [empty_school.id], "nearby-school": [nearby] if nearby else [], "teacher": [school.id], "head": [school.id],
        "kindergarten": [kindergarten.id], "college": [college] if college else [], "municipality": [None],
        "ministry": [None], "security": [None], "no-organisation": [school.id],
        "nurse": [school.id], "secretary-nurse": [school.id], "nurse-nearby": [nearby] if nearby else [],
        "three-organisations": [school.id, kindergarten.id, empty_school.id],
    }  # fmt: skip
    own_class = (
        Group.objects.filter(organisation_id=school.id, school_year=2026).order_by("-title_key").first()
    )
    Appointment.objects.bulk_create(
        Appointment(
            snils=snils_of(one.code),
            full_name=one.name,
            post=one.post,
            role_code=one.role,
            organisation_id=organisation_id,
            municipality_id=school.municipality.id if one.role == "municipal" else None,
            groups=[own_class.id] if one.role == "teacher" and own_class else [],
            starts_on=APPOINTED,
            order_number="1-д",
            order_date=APPOINTED,
            created_at=clock.now(),
            created_by="Вымышленный регион",
        )
        for one in STAFF
        for organisation_id in places[one.code]
    )


def write_citizens(path: Path) -> None:
    """Write the citizens of the ЕСИА stand as JSON: the staff, a family of the region, and those who are turned away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [*_staff(), *_family(), *_turned_away()]
    for number, row in enumerate(rows, start=1):
        row["oid"] = str(1_000_000_000 + number)
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")


def _staff() -> list[dict[str, Any]]:
    rows = []
    for one in STAFF:
        held = list(Appointment.objects.filter(snils=snils_of(one.code)).select_related("organisation"))
        if not held:
            continue
        names = [] if one.code == "no-organisation" else [a.organisation for a in held if a.organisation]
        place = ", ".join(name.short_name for name in names)
        rows.append(
            {
                **_named(one.name), "code": one.code, "title": one.post + (f": {place}" if place else ""),
                "birth_date": one.born, "gender": "F" if one.name.endswith("а") else "M", "snils": format_snils(snils_of(one.code)),
                "roles": [
                    {"oid": str(n), "ogrn": org.ogrn, "kpp": org.kpp, "shortName": org.short_name, "type": "LEGAL", "active": True}
                    for n, org in enumerate(names, start=1)
                ],
            }
        )  # fmt: skip
    return rows


def _family() -> list[dict[str, Any]]:
    """A parent with two children and a pupil over 14, found in the region."""
    rows = []
    grown_up = clock.today() - timedelta(days=18 * 366)
    children: dict[UUID, list[Person]] = {}
    secretary = Appointment.objects.filter(snils=snils_of("secretary")).first()
    if secretary is None or secretary.organisation_id is None:
        return []
    home = secretary.organisation_id
    near = Placement.objects.filter(organisation_id=home, superseded_at=None, ends_on=None).values(
        "person_id"
    )
    found = Representation.objects.filter(
        child_id__in=near,
        child__birth_date__gt=grown_up,
        adult__snils__isnull=False,
        rights_limited=False,
        ends_on=None,
    ).select_related("child", "adult")
    adults = {}
    for one in found.order_by("adult_id", "child_id"):
        adults[one.adult_id] = one.adult
        children.setdefault(one.adult_id, []).append(one.child)
    if adults:
        adult = adults[max(children, key=lambda adult_id: (len(children[adult_id]), str(adult_id)))]
        rows.append(
            {
                **_person(adult),
                "code": "parent",
                "title": "родитель",
                "kids": [_kid(c) for c in children[adult.id]],
            }
        )
    pupil = (
        Person.objects.filter(
            pk__in=near, birth_date__lte=clock.today() - timedelta(days=15 * 366), birth_date__gt=grown_up, snils__isnull=False
        )
        .order_by("id")
        .first()
    )  # fmt: skip
    if pupil:
        rows.append({**_person(pupil), "code": "pupil", "title": "ученик старше 14 лет", "level": "KD"})
    young = Person.objects.filter(
        pk__in=near, birth_date__gt=clock.today() - timedelta(days=13 * 365), snils__isnull=False
    )
    if child := young.order_by("id").first():
        rows.append({**_person(child), "code": "young", "title": "ученик младше 14 лет", "level": "KD"})
    return rows


def _turned_away() -> list[dict[str, Any]]:
    stranger = {
        "birth_date": "01.01.1990",
        "gender": "M",
        "snils": format_snils(f"999001001{control_number('999001001'):02d}"),
    }
    return [
        {**_named("Попов Илья"), **stranger, "code": "simplified", "title": "упрощённая учётная запись", "snils": None,
         "trusted": False, "level": "P"},
        {**_named("Орлов Степан Ильич"), **stranger, "code": "standard", "title": "стандартная учётная запись", "trusted": False,
         "level": "P"},
        {**_named("Швецов Марк Юрьевич"), **stranger, "code": "stranger", "title": "взрослый, которого нет в реестре"},
        {**_named("Тиунов Егор Олегович"), **stranger, "code": "declines", "title": "тот, кто не даст согласия", "declines": True},
    ]  # fmt: skip


def _named(full_name: str) -> dict[str, Any]:
    last, first, *middle = full_name.split()
    return {"last_name": last, "first_name": first, "middle_name": " ".join(middle)}


def _person(person: Person) -> dict[str, Any]:
    return {
        "last_name": person.family_name, "first_name": person.given_name, "middle_name": person.patronymic,
        "birth_date": f"{person.birth_date or date(1985, 5, 5):%d.%m.%Y}", "gender": "M" if person.sex == "1" else "F",
        "snils": format_snils(person.snils or ""),
    }  # fmt: skip


def _kid(child: Person) -> dict[str, Any]:
    return {
        "id": 1, "lastName": child.family_name, "firstName": child.given_name, "middleName": child.patronymic,
        "birthDate": f"{child.birth_date:%d.%m.%Y}", "gender": "M" if child.sex == "1" else "F",
        "snils": format_snils(child.snils) if child.snils else "", "trusted": True,
    }  # fmt: skip


def session_key(code: str) -> str:
    """Open a session as an employee without the stand and return the key of its cookie: for measuring pages."""
    held = Appointment.objects.filter(snils=snils_of(code)).select_related("organisation").order_by("id")
    ogrns = tuple(Employer("", one.organisation.ogrn, "", "") for one in held if one.organisation)
    citizen = Citizen(
        "1", snils_of(code), held[0].full_name, None, "", "bench", is_child_account=False, employers=ogrns
    )
    session = sessions.open_session(citizen, Visitor(None, "bench"))
    store = SessionStore()
    store[SESSION_KEY] = str(session.id)
    store.create()
    return str(store.session_key)
