"""A transaction says its scope: what it shows, what a refusal leaves, what a failure takes back, and that nothing stays behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.test import RequestFactory

from kontingent.access.middleware import ScopeMiddleware
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import NotAllowed, RuleViolation
from kontingent.kernel.ids import new_id
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.persons.models import Contact, IdentityDocument, Person
from kontingent.storage import bulk, scope
from tests import builders as b

pytestmark = pytest.mark.django_db


@pytest.fixture
def school() -> Organisation:
    made = b.school()
    b.admitted(b.person("Мальцева Анна Павловна"), b.group(made))
    other = b.school("Школа № 7")
    b.admitted(b.person("Тиунов Олег Игоревич"), b.group(other))
    return made


def role() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('kontingent.organisations', true)")
        row: Any = cursor.fetchone()
    return str(row[0])


def names() -> list[str]:
    return sorted(Person.objects.values_list("family_name", flat=True))


def test_a_scope_shows_its_own_and_ends(school: Organisation) -> None:
    owner = role()
    with scope.scoped(b.actor_of(school)):
        assert (role(), names()) == (scope.APPLICATION, ["Мальцева"])
    assert (role(), names()) == (owner, ["Мальцева", "Тиунов"])


def test_scopes_nest_and_the_former_one_comes_back(school: Organisation) -> None:
    with scope.scoped(system_actor("test", "Проверка")):
        assert len(names()) == 2
        with scope.scoped(b.actor_of(school)):
            assert names() == ["Мальцева"]
            with scope.whole_register():
                assert (role(), len(names())) == (scope.REGION, 2)
                with scope.whole_register():
                    assert len(names()) == 2
                assert len(names()) == 2
            assert (role(), names()) == (scope.APPLICATION, ["Мальцева"])
        assert (role(), len(names())) == (scope.REGION, 2)


def test_looking_wider_ends_whatever_happens(school: Organisation) -> None:
    def refuse() -> None:
        with scope.whole_register():
            raise RuleViolation("test.no", "Нет.")

    def break_off() -> None:
        with transaction.atomic(), scope.whole_register(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO persons_person (id) VALUES (NULL)")

    with scope.scoped(b.actor_of(school)):
        for kind, act in ((RuleViolation, refuse), (IntegrityError, break_off)):
            with pytest.raises(kind):
                act()
            assert (role(), names()) == (scope.APPLICATION, ["Мальцева"])


def _note(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (moment, kind, actor_code, actor_name, actor_role, subjects, basis, data) "
            "VALUES (now(), %s, '', '', '', '{}', '', '{}')",
            [text],
        )


def _noted() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind FROM audit_entry WHERE kind LIKE 'test.%' ORDER BY kind")
        return [row[0] for row in cursor.fetchall()]


def test_a_refusal_takes_back_its_act_and_leaves_what_was_before(school: Organisation) -> None:
    @transaction.atomic
    def act() -> None:
        _note("test.act")
        raise RuleViolation("test.no", "Нет.")

    def request() -> None:
        with scope.scoped(b.actor_of(school)):
            _note("test.before")
            act()

    with pytest.raises(RuleViolation):
        request()
    assert _noted() == ["test.before"]


def test_a_failure_takes_everything_back(school: Organisation) -> None:
    def request() -> None:
        with scope.scoped(b.actor_of(school)):
            _note("test.before")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        request()
    assert _noted() == []


@pytest.mark.django_db(transaction=True)
def test_on_its_own_a_scope_is_a_transaction_whose_hooks_run() -> None:
    done: list[str] = []
    with scope.at_the_door():
        transaction.on_commit(lambda: done.append("after"))
        assert (role(), done) == (scope.DOOR, [])
    assert done == ["after"]
    assert not connection.in_atomic_block
    assert role() not in scope.ROLES


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_sees_one_moment() -> None:
    with scope.scoped(system_actor("test", "Проверка"), snapshot=True), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("repeatable read",)


def test_a_family_sees_its_documents_and_a_colleague_without_the_permission_none(
    school: Organisation,
) -> None:
    child = Person.objects.get(family_name="Мальцева").id
    IdentityDocument.objects.create(person_id=child, kind_code="11", number="1", key="11::1")

    def seen(*permissions: str, where: Scope) -> int:
        with scope.scoped(Actor("x", "", "", frozenset(permissions), where)):
            return IdentityDocument.objects.count()

    here = Scope.of_organisation(school.id)
    assert seen("person.view", "person.documents", where=here) == 1
    assert seen("person.view", where=here) == 0
    assert seen("person.view", where=here.with_persons(frozenset({child}))) == 0, (
        "named in an emergency is not family"
    )
    assert seen("access.family", where=Scope(persons=frozenset({child}))) == 1
    assert seen("person.view", where=Scope.region()) == 0
    assert seen("person.view", "person.documents", where=Scope.region()) == 1


def test_the_journal_opens_about_those_one_sees(school: Organisation) -> None:
    mine, other = (Person.objects.get(family_name=name).id for name in ("Мальцева", "Тиунов"))

    def read(actor: Actor, **what: Any) -> str:
        with scope.scoped(actor), scope.journal(**what):
            return role()

    assert read(b.actor_of(school, "person.view"), about=[mine]) == scope.JOURNAL
    with pytest.raises(NotAllowed):
        read(b.actor_of(school, "person.view"), about=[other])
    assert read(b.actor_of(school, "access.journal"), permission="access.journal") == scope.JOURNAL
    with pytest.raises(NotAllowed):
        read(b.actor_of(school, "person.view"), permission="access.journal")


@pytest.mark.parametrize("how_many", [0, 1, bulk.FEW, bulk.FEW + 1, 500])
def test_rows_in_bulk_go_through_the_policies(school: Organisation, how_many: int) -> None:
    mine, other = (Person.objects.get(family_name=name).id for name in ("Мальцева", "Тиунов"))

    def write(person_id: UUID) -> int:
        rows = ((person_id, "1", f"+7902{n:07d}") for n in range(how_many))
        with scope.scoped(b.actor_of(school)):
            return bulk.copy_rows(Contact._meta.db_table, ["person_id", "kind_code", "value"], rows)

    assert write(mine) == how_many
    assert Contact.objects.filter(person_id=mine).count() == how_many
    if how_many:
        with pytest.raises(Exception, match="row-level security"):
            write(other)
    assert Contact.objects.filter(person_id=other).count() == 0


@pytest.mark.django_db(transaction=True)
def test_what_an_answer_streams_is_seen_within_the_scope_and_of_one_moment(school: Organisation) -> None:
    seen: list[str] = []

    def view(_request: HttpRequest) -> StreamingHttpResponse:
        def rows() -> Iterator[str]:
            with connection.cursor() as cursor:
                cursor.execute("SHOW transaction_isolation")
                seen.append(cursor.fetchone()[0])
            yield from names()

        return StreamingHttpResponse(rows())

    request: Any = RequestFactory().get("/somewhere/")
    request.actor = b.actor_of(school)
    answer: Any = ScopeMiddleware(view)(request)
    assert b"".join(answer).decode() == "Мальцева"
    assert seen == ["repeatable read"]
    assert len(names()) == 2


def test_a_person_entered_by_hand_is_known_to_the_organisation_before_any_order(school: Organisation) -> None:
    from kontingent.persons import actions as persons
    from kontingent.persons.actions import PersonDraft

    draft = PersonDraft(family_name="Зырянов", given_name="Илья", sex="1", birth_date=None)
    with scope.scoped(b.actor_of(school)):
        made = persons.create_person(actor=b.actor_of(school), draft=draft)
        persons.add_contact(actor=b.actor_of(school), person_id=made, kind_code="3", value="a@example.org")
    with scope.scoped(b.actor_of(school)):
        assert Contact.objects.filter(person_id=made).count() == 1
    with scope.scoped(b.actor_of(Organisation.objects.get(short_name="Школа № 7"))):
        assert not Person.objects.filter(pk=made).exists()


def test_an_unknown_person_cannot_be_put_into_an_order(school: Organisation) -> None:
    from kontingent.enrolment import actions
    from kontingent.enrolment.codes import OrderKind
    from kontingent.enrolment.models import OrderLine

    stranger = Person.objects.get(family_name="Тиунов").id

    def put_in() -> None:
        actor = b.actor_of(school)
        with scope.scoped(actor):
            order = actions.draft_order(actor=actor, organisation_id=school.id, kind=OrderKind.ADMISSION)
            line = actions.LineDraft(person_id=stranger, kind="admission", effective_on=b.SEPTEMBER)
            actions.add_lines(actor=actor, order_id=order.id, lines=[line])

    before = OrderLine.objects.count()
    with pytest.raises(Exception, match="row-level security"):
        put_in()
    assert OrderLine.objects.count() == before
    assert new_id() != stranger
