"""Builders that read like sentences and give valid objects by default. Two schools, named people."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.test import Client

from kontingent.access import sessions
from kontingent.access.esia.profile import Citizen, Employer
from kontingent.access.middleware import SESSION_KEY
from kontingent.access.models import Appointment
from kontingent.access.sessions import Visitor
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Group, Order
from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.kernel import clock, names
from kontingent.kernel.actor import EVERYTHING, Actor
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Municipality, Organisation
from kontingent.persons import actions as persons
from kontingent.persons.actions import PersonDraft
from kontingent.programmes.models import Programme

SEPTEMBER = date(2025, 9, 1)
_numbers = itertools.count(1)
ROOT = Actor("test:root", "Проверка", "Проверка", frozenset({EVERYTHING}), Scope.region())


def ogrn(number: int) -> str:
    """A valid ОГРН made of a number."""
    head = f"10259{number:07d}"
    return f"{head}{int(head) % 11 % 10}"


def snils_of(number: int) -> str:
    """A valid СНИЛС made of a number."""
    from kontingent.kernel import snils

    head = f"{100_000_000 + number:09d}"
    return f"{head}{snils.control_number(head):02d}"


def municipality(code: str = "perm", name: str = "Пермский городской округ") -> Municipality:
    """Пермь, or another one."""
    made, _ = Municipality.objects.get_or_create(
        code=code,
        defaults={
            "name": name,
            "kind": "городской округ",
            "valid_from": date(2006, 1, 1),
            "sort_key": names.fold(name),
        },
    )
    return made


def school(name: str = "Школа № 5", *, where: Municipality | None = None, **attributes: Any) -> Organisation:
    """A school with its three programmes."""
    number = next(_numbers)
    made = Organisation.objects.create(
        municipality=where or municipality(),
        full_name=f"МАОУ «{name}»",
        short_name=name,
        name_key=names.fold(name),
        ogrn=attributes.pop("ogrn", None) or ogrn(number),
        inn=f"59{number:08d}",
        type_code="12",
        opened_on=date(2000, 1, 1),
        status_since=date(2000, 1, 1),
        **attributes,
    )
    for kind, title in (("12", "НОО"), ("13", "ООО"), ("14", "СОО")):
        programme(made, kind, title)
    return made


def programme(at: Organisation, kind: str, title: str = "Программа") -> Programme:
    """A programme of an organisation."""
    made, _ = Programme.objects.get_or_create(
        organisation=at,
        kind_code=kind,
        title=title,
        adaptation_code="1",
        defaults={"valid_from": date(2000, 1, 1)},
    )
    return made


def group(
    at: Organisation,
    title: str = "5А",
    *,
    year: int = 2025,
    kind: str | None = None,
    study_form: str = "11",
    **attributes: Any,
) -> Group:
    """A class by its title: «5А» is grade 5, letter А; attributes are those of ``ClassFacts``."""
    digits = "".join(c for c in title[:2] if c.isdigit())
    grade = int(digits) if digits else None
    kind = kind or ("11" if grade is None else "12" if grade <= 4 else "13" if grade <= 9 else "14")
    return enrolment.open_group(
        actor=ROOT,
        organisation_id=at.id,
        draft=enrolment.GroupDraft(
            school_year=year,
            programme_id=(
                Programme.objects.filter(organisation=at, kind_code=kind).first() or programme(at, kind)
            ).id,
            grade=grade,
            letter=title[len(digits) :],
            title=title,
            study_form_code=study_form,
            facts=ClassFacts(**attributes),
        ),
    )


def person(
    name: str = "Мальцева Анна Павловна",
    *,
    born: date = date(2014, 5, 20),
    sex: str | None = None,
    **attributes: Any,
) -> UUID:
    """A person by full name; the sex follows from the family name's ending."""
    family, given, *rest = name.split()
    return persons.create_person(
        actor=ROOT,
        draft=PersonDraft(
            family_name=family,
            given_name=given,
            patronymic=" ".join(rest),
            sex=sex or ("2" if family.endswith("а") else "1"),
            birth_date=born,
            **attributes,
        ),
    )


def signed(
    at: Organisation,
    kind: OrderKind,
    lines: Sequence[enrolment.LineDraft],
    *,
    dated: date | None = None,
    actor: Actor = ROOT,
) -> Order:
    """A signed order with these lines, dated by the first of them."""
    day = dated or min(lines[0].effective_on, clock.today())
    order = enrolment.draft_order(actor=actor, organisation_id=at.id, kind=kind)
    enrolment.add_lines(actor=actor, order_id=order.id, lines=lines)
    return enrolment.sign_order(actor=actor, order_id=order.id, number=f"{next(_numbers)}-к", dated=day)


def admitted(who: UUID, to: Group, *, on: date = SEPTEMBER, actor: Actor = ROOT) -> UUID:
    """Admit a person to a class by a signed order; return the enrolment id."""
    line = enrolment.LineDraft(person_id=who, kind=MovementKind.ADMISSION, effective_on=on, group_id=to.id)
    order = signed(to.organisation, OrderKind.ADMISSION, [line], actor=actor)
    return Enrolment.objects.get(opened_by=order, superseded_at__isnull=True).enrolment_id


def moved(
    who: UUID, enrolment_id: UUID, at: Organisation, kind: MovementKind, *, on: date, **facts: Any
) -> Order:
    """Sign an order with one line that moves an enrolled learner."""
    order_kind = {"debt_cleared": OrderKind.CONDITIONAL_PROMOTION}.get(kind, OrderKind(kind))
    line = enrolment.LineDraft(person_id=who, kind=kind, effective_on=on, enrolment_id=enrolment_id, **facts)
    return signed(at, order_kind, [line])


def left(who: UUID, enrolment_id: UUID, at: Organisation, *, on: date, reason: str = "T3") -> Order:
    """Release a learner to another region."""
    return moved(
        who,
        enrolment_id,
        at,
        MovementKind.TRANSFER_OUT,
        on=on,
        reason_code=reason,
        destination_text="г. Уфа, Башкортостан",
    )


def actor_of(at: Organisation, *permissions: str) -> Actor:
    """Somebody who works in one organisation."""
    return Actor(
        f"test:{at.id}",
        "Оператор",
        "Оператор школы",
        frozenset(permissions or {EVERYTHING}),
        Scope.of_organisation(at.id),
        at.id,
    )


def appointed(
    role: str,
    *,
    at: Organisation | None = None,
    where: Municipality | None = None,
    groups: tuple[UUID, ...] = (),
    number: str | None = None,
    **attributes: Any,
) -> Appointment:
    """An appointment in force since last year."""
    values = {
        "full_name": "Гилёва Анна Сергеевна", "post": "должность", "starts_on": date(2025, 9, 1), "order_number": "1-д",
        "order_date": date(2025, 9, 1), "created_at": clock.now(), "created_by": "Проверка",
    }  # fmt: skip
    return Appointment.objects.create(
        snils=number or snils_of(next(_numbers)),
        role_code=role,
        organisation=at,
        municipality=where,
        groups=list(groups),
        **(values | attributes),
    )


def citizen(
    number: str, *, ogrns: tuple[str, ...] = (), name: str = "Гилёва Анна Сергеевна", **attributes: Any
) -> Citizen:
    """Somebody whom ЕСИА has confirmed."""
    values: dict[str, Any] = {
        "birth_date": date(1985, 5, 5),
        "session": "sid",
        "method": "PWD",
        "is_child_account": False,
    }
    employers = tuple(Employer("1", ogrn, "", "") for ogrn in ogrns)
    return Citizen(
        oid="1000000001", snils=number, full_name=name, employers=employers, **(values | attributes)
    )


def client_of(number: str, *, capacity: str = "", ogrns: tuple[str, ...] = (), **attributes: Any) -> Client:
    """A browser in which that person has signed in (and chosen a capacity, where there are several)."""
    session = sessions.open_session(
        citizen(number, ogrns=ogrns, **attributes), Visitor("127.0.0.1", "pytest")
    )
    if capacity:
        sessions.choose(session, capacity)
    client = Client()
    store = client.session
    store[SESSION_KEY] = str(session.id)
    store.save()
    return client


def browser(appointment: Appointment) -> Client:
    """A browser in which the holder of an appointment has signed in."""
    ogrn = appointment.organisation.ogrn if appointment.organisation else None
    return client_of(appointment.snils, ogrns=(ogrn,) if ogrn else (), name=appointment.full_name)


def is_bookkeeping(statement: str) -> bool:
    """Transactions, the scope and the browser's session: the same few on every page, not the page's own reading."""
    return "django_session" in statement or statement.startswith(
        ("SAVEPOINT", "RELEASE", "SET LOCAL", "RESET", "SELECT set_config('role'")
    )
