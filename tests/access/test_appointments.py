"""Appointments, sessions, families, emergencies: who may do what, on which day, and that a refusal changes nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from kontingent.access import appointments, emergency, queries, rules, sessions
from kontingent.access.appointments import AppointmentDraft
from kontingent.access.models import Account, Appointment, EmergencyAccess, SignIn
from kontingent.access.roles import ROLES, Level
from kontingent.access.rules import Term
from kontingent.audit.models import Entry
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, RuleViolation
from kontingent.kernel.scope import Scope
from kontingent.persons.models import Representation
from tests import builders as b

DAY = date(2026, 10, 1)
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
terms = st.builds(Term, days, st.none() | days, st.booleans())


@given(terms, st.lists(terms, max_size=3), days)
def test_an_appointment_sleeps_while_somebody_stands_in(own: Term, stand_ins: list[Term], on: date) -> None:
    substituted = any(one.holds(on) for one in stand_ins)
    assert rules.is_in_force(own, stand_ins, on) == (own.holds(on) and not substituted)
    assert not rules.is_in_force(Term(own.starts_on, own.ends_on, is_revoked=True), [], on)


@given(st.dates(date(2000, 1, 1), date(2020, 12, 31)), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_fourteen_and_eighteen(born: date, on: date) -> None:
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    assert rules.may_act_for_oneself(born, on) == (age >= 14)
    assert rules.is_minor(born, on) == (age < 18)


def head_of(school: Any) -> Actor:
    return Actor(
        "account:x",
        "Директор",
        "Руководитель",
        ROLES["head"].permissions,
        Scope.of_organisation(school.id),
        school.id,
        role_code="head",
    )


def draft(**changes: Any) -> AppointmentDraft:
    values: dict[str, Any] = {
        "snils": b.snils_of(5001), "full_name": "Попова Ирина Сергеевна", "role_code": "operator", "order_number": "7-к",
        "order_date": DAY, "starts_on": DAY,
    }  # fmt: skip
    return AppointmentDraft(**(values | changes))


@pytest.mark.django_db
def test_a_head_appoints_the_own_staff_only() -> None:
    own, other = b.school("Своя"), b.school("Чужая")
    head = head_of(own)
    made = appointments.appoint(actor=head, draft=draft(organisation_id=own.id))
    assert made in queries.in_force(DAY)
    refused: list[dict[str, Any]] = [
        {"organisation_id": other.id}, {"organisation_id": own.id, "role_code": "head"}, {"role_code": "ministry"},
        {"organisation_id": own.id, "role_code": "representative"}, {"organisation_id": own.id, "role_code": "teacher"},
        {"organisation_id": own.id, "role_code": "teacher", "groups": (b.group(other, "5А").id,)},
        {"organisation_id": own.id, "snils": "111-111-111 11"}, {"organisation_id": own.id, "order_number": " "},
        {"organisation_id": own.id, "ends_on": DAY - timedelta(days=1)},
        {"substitutes_id": made.id}, {"organisation_id": own.id, "full_name": " "},
    ]  # fmt: skip
    before, written = Appointment.objects.count(), Entry.objects.count()
    for change in refused:
        with pytest.raises(KontingentError):
            appointments.appoint(actor=head, draft=draft(**change))
    assert (Appointment.objects.count(), Entry.objects.count()) == (before, written)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "role", [code for code, one in ROLES.items() if "access.appoint" not in one.permissions]
)
def test_others_do_not_appoint(role: str) -> None:
    school = b.school()
    actor = Actor(
        "account:x", "Кто-то", role, ROLES[role].permissions, Scope.of_organisation(school.id), school.id,
        role_code=role,
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        appointments.appoint(actor=actor, draft=draft(organisation_id=school.id))
    assert not Appointment.objects.exists()


@pytest.mark.django_db
def test_a_substitute_has_the_role_while_the_other_sleeps() -> None:
    school = b.school()
    original = b.appointed("operator", at=school)
    made = appointments.appoint(
        actor=head_of(school), draft=draft(substitutes_id=original.id, ends_on=DAY + timedelta(days=14))
    )
    assert made.role_code == "operator"
    during, after = DAY + timedelta(days=3), DAY + timedelta(days=14)
    assert list(queries.in_force(during)) == [made]
    assert list(queries.in_force(after)) == [original]


@pytest.mark.django_db
def test_a_revoked_role_ends_its_sessions_at_once() -> None:
    school = b.school()
    held = b.appointed("operator", at=school)
    client = b.browser(held)
    assert client.get("/").status_code == 200
    appointments.revoke(actor=head_of(school), appointment_id=held.id, reason="уволен")
    assert client.get("/").status_code == 302
    assert SignIn.objects.get().end_reason == "revoked"
    with pytest.raises(RuleViolation):
        appointments.revoke(actor=head_of(school), appointment_id=held.id, reason="ещё раз")


@pytest.mark.django_db
def test_a_role_that_lapses_overnight_ends_in_the_open_session() -> None:
    school = b.school()
    with time_machine.travel("2026-10-01 18:50:00+00:00", tick=False):  # 23:50 in Perm
        client = b.browser(b.appointed("operator", at=school, ends_on=date(2026, 10, 2)))
        assert client.get("/").status_code == 200
    with time_machine.travel("2026-10-01 19:10:00+00:00", tick=False):
        assert client.get("/").status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "why"), [(31, "idle"), (9 * 60, "absolute")])
def test_a_session_without_requests_ends(minutes: int, why: str) -> None:
    with time_machine.travel("2026-10-01 06:00:00+00:00", tick=False) as now:
        client = b.browser(b.appointed("operator", at=b.school()))
        now.shift(timedelta(minutes=minutes))
        assert client.get("/").status_code == 302
    assert SignIn.objects.get().end_reason == why


@pytest.mark.django_db
def test_a_session_in_use_ends_at_its_absolute_limit() -> None:
    with time_machine.travel("2026-10-01 04:00:00+00:00", tick=False) as now:
        client = b.browser(b.appointed("operator", at=b.school()))
        for _ in range(23):
            now.shift(timedelta(minutes=20))
            assert client.get("/groups/").status_code == 200
        now.shift(timedelta(minutes=21))
        assert client.get("/groups/").status_code == 302
    assert SignIn.objects.get().end_reason == "absolute"


@pytest.mark.django_db
def test_all_other_sessions_end_on_demand() -> None:
    held = b.appointed("operator", at=b.school())
    first, second = b.browser(held), b.browser(held)
    assert second.post("/sessions/").status_code == 302
    assert first.get("/").status_code == 302
    assert second.get("/sessions/").status_code == 200


# -- families ----------------------------------------------------------------------------------


def family() -> dict[str, Any]:
    group = b.group(b.school(), "5А", year=2026)
    child = b.person("Мальцева Анна Павловна", born=date(2015, 3, 1), snils=b.snils_of(6001))
    mother = b.person("Мальцева Ольга Андреевна", born=date(1986, 1, 1), snils=b.snils_of(6002))
    stranger = b.person("Тиунов Олег Игоревич", born=date(2015, 4, 1))
    for one in (child, stranger):
        b.admitted(one, group, on=date(2026, 9, 1))
    link = Representation.objects.create(child_id=child, adult_id=mother)
    return {
        "child": child,
        "stranger": stranger,
        "link": link,
        "mother": b.snils_of(6002),
        "pupil": b.snils_of(6001),
    }


@pytest.mark.django_db
def test_a_parent_sees_the_own_child_and_nobody_else() -> None:
    known = family()
    client = b.client_of(known["mother"])
    assert "Мальцева Анна" in client.get("/").content.decode()
    assert client.get(f"/family/{known['child']}/").status_code == 200
    assert client.get(f"/family/{known['stranger']}/").status_code == 403
    for address in (
        "/learners/",
        f"/learners/{known['child']}/",
        "/groups/",
        "/orders/",
        "/imports/",
        "/appointments/",
    ):
        assert client.get(address).status_code == 403, address


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"ends_on": date(2026, 1, 1)}, {"rights_limited": True}, {"starts_on": date(2040, 1, 1)}]
)
def test_representation_that_does_not_hold_opens_nothing(change: dict[str, Any]) -> None:
    known = family()
    client = b.client_of(known["mother"])
    Representation.objects.filter(pk=known["link"].pk).update(**change)
    assert client.get(f"/family/{known['child']}/").status_code == 302, "the open session ends"
    with pytest.raises(NotAllowed):
        b.client_of(known["mother"])


@pytest.mark.django_db
def test_representation_ends_at_eighteen_and_own_access_begins_at_fourteen() -> None:
    known = family()
    with time_machine.travel("2029-02-28 06:00:00+00:00"), pytest.raises(NotAllowed, match="с 14 лет"):
        b.client_of(known["pupil"], is_child_account=True)
    with time_machine.travel("2029-03-01 06:00:00+00:00"):
        own = b.client_of(known["pupil"], is_child_account=True)
        assert own.get(f"/family/{known['child']}/").status_code == 200
        assert own.get(f"/family/{known['stranger']}/").status_code == 403
    with time_machine.travel("2033-02-28 06:00:00+00:00"):
        assert b.client_of(known["mother"]).get("/").status_code == 200
    with time_machine.travel("2033-03-01 06:00:00+00:00"), pytest.raises(NotAllowed):
        b.client_of(known["mother"])


@pytest.mark.django_db
def test_children_that_the_register_does_not_link_are_pointed_out() -> None:
    known = family()
    client = b.client_of(known["mother"], kids_snils=(known["pupil"], b.snils_of(6009)))
    assert "есть ещё дети (1)" in client.get("/").content.decode()


# -- several qualities, emergencies ------------------------------------------------------------


@pytest.mark.django_db
def test_several_qualities_are_chosen_and_only_those_offered() -> None:
    one, two, third = b.school("Первая"), b.school("Вторая"), b.school("Третья")
    number = b.snils_of(8001)
    _first, second, unnamed = (b.appointed("operator", at=at, number=number) for at in (one, two, third))
    client = b.client_of(number, ogrns=(one.ogrn, two.ogrn))
    assert client.get("/").headers["Location"].startswith("/capacity/")
    page = client.get("/capacity/").content.decode()
    assert ("Первая" in page, "Вторая" in page, "Третья" in page) == (True, True, False)
    assert client.post("/capacity/", {"capacity": f"appointment:{unnamed.id}"}).status_code == 403
    assert client.post("/capacity/", {"capacity": f"appointment:{second.id}"}).status_code == 302
    assert "Вторая" in client.get("/").content.decode()


def session_of(held: Appointment) -> SignIn:
    assert held.organisation
    return sessions.open_session(
        b.citizen(held.snils, ogrns=(held.organisation.ogrn,)), sessions.Visitor(None, "")
    )


@pytest.mark.django_db
def test_an_emergency_opens_one_child_for_an_hour_and_is_reviewed() -> None:
    known = family()
    held, officer = b.appointed("operator", at=b.school("Другая")), b.appointed("security")
    with time_machine.travel("2026-10-01 06:00:00+00:00", tick=False) as now:
        client = b.browser(held)
        address = f"/learners/{known['child']}/"
        assert client.get(address).status_code == 403
        short = client.post("/emergency/", {"snils": known["pupil"], "reason": "надо"})
        assert (short.status_code, EmergencyAccess.objects.count()) == (422, 0)
        reason = {"snils": known["pupil"], "reason": "Ребёнка привезли в приёмный покой, ищем родителей"}
        assert client.post("/emergency/", reason).status_code == 302
        assert client.get(address).status_code == 200
        assert client.get(f"/learners/{known['stranger']}/").status_code == 403
        now.shift(timedelta(minutes=25))
        assert client.get(address).status_code == 200
        now.shift(timedelta(minutes=25))
        assert client.get(address).status_code == 200
        now.shift(timedelta(minutes=11))
        assert client.get(address).status_code == 403
        page = b.browser(officer).get("/emergencies/").content.decode()
        assert "приёмный покой" in page
    assert (
        Entry.objects.filter(kind="access.emergency_opened", subjects__contains=[known["child"]]).count() == 1
    )


@pytest.mark.django_db
def test_an_unjustified_emergency_is_closed_at_once() -> None:
    known = family()
    held = b.appointed("operator", at=b.school("Другая"))
    client = b.browser(held)
    reason = {"snils": known["pupil"], "reason": "Просто хочу посмотреть на карточку"}
    client.post("/emergency/", reason)
    made = EmergencyAccess.objects.get()
    officer = b.browser(b.appointed("security"))
    verdict = {"emergency": str(made.id), "verdict": "not", "review": "причины нет"}
    assert officer.post("/emergencies/", verdict).status_code == 302
    assert client.get(f"/learners/{known['child']}/").status_code == 403
    assert client.post("/emergencies/", verdict).status_code == 403


@pytest.mark.django_db
def test_an_emergency_needs_the_permission() -> None:
    known = family()
    held = b.appointed("operator", at=b.school("Другая"))
    session = session_of(held)
    teacher = Actor("account:x", "Учитель", "Учитель", ROLES["teacher"].permissions)
    with pytest.raises(NotAllowed):
        emergency.open_emergency(actor=teacher, session=session, number=known["pupil"], reason="x" * 40)
    operator = Actor("account:x", "Оператор", "Оператор", ROLES["operator"].permissions)
    with pytest.raises(InvalidValue):
        emergency.open_emergency(actor=operator, session=session, number=known["pupil"], reason="мало")
    assert not EmergencyAccess.objects.exists()


@pytest.mark.django_db
def test_a_class_teacher_sees_the_own_class_only() -> None:
    school = b.school()
    mine, other = b.group(school, "5А", year=2026), b.group(school, "5Б", year=2026)
    anna, oleg = b.person("Мальцева Анна Павловна"), b.person("Тиунов Олег Игоревич", born=date(2015, 4, 1))
    b.admitted(anna, mine, on=date(2026, 9, 1))
    b.admitted(oleg, other, on=date(2026, 9, 1))
    client = b.browser(b.appointed("teacher", at=school, groups=(mine.id,)))
    assert "5А" in client.get("/").content.decode()
    assert client.get(f"/groups/{mine.id}/").status_code == 200
    assert client.get(f"/groups/{other.id}/").status_code == 403
    assert client.get(f"/learners/{anna}/").status_code == 200
    assert client.get(f"/learners/{oleg}/").status_code == 403
    assert "Тиунов" not in client.get("/learners/?q=тиунов").content.decode().split("<tbody")[-1]


@pytest.mark.django_db
def test_the_first_administrator_comes_from_the_command_line() -> None:
    made = appointments.appoint(actor=b.ROOT, draft=draft(role_code="security"))
    assert ROLES[made.role_code].level is Level.REGION
    assert b.browser(made).get("/appointments/").status_code == 200
    assert Account.objects.get().snils == made.snils


@pytest.mark.django_db
def test_roles_are_given_and_taken_on_the_page() -> None:
    school = b.school()
    client: Client = b.browser(b.appointed("head", at=school))
    form = {
        "full_name": "Попова Ирина Сергеевна", "snils": b.snils_of(5001), "role": "operator", "post": "секретарь",
        "order_number": "7-к", "order_date": "2026-10-01", "starts_on": "2026-10-01",
    }  # fmt: skip
    assert client.post("/appointments/", form | {"role": "security"}).status_code == 422
    assert client.post("/appointments/", form).status_code == 302
    made = Appointment.objects.get(role_code="operator")
    assert made.organisation == school
    assert "Попова Ирина Сергеевна" in client.get("/appointments/").content.decode()
    assert client.post(f"/appointments/{made.id}/revoke/", {"reason": "уволена"}).status_code == 302
    made.refresh_from_db()
    assert made.revoked_at is not None
