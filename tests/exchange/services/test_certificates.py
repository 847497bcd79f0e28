"""Certificates of study: who gets one, how it is numbered, what a stranger learns from its code, what a revocation changes."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from kontingent.audit import queries as journal
from kontingent.audit.models import Entry
from kontingent.enrolment.models import Group
from kontingent.exchange.services import actions, printing, queries, rules
from kontingent.exchange.services.models import Certificate, Series
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import (
    Conflict,
    InvalidValue,
    KontingentError,
    NotAllowed,
    NotFound,
    RuleViolation,
)
from kontingent.kernel.scope import Scope
from kontingent.persons.models import Person, Representation
from kontingent.privacy import queries as privacy
from kontingent.storage.scope import scoped
from tests import builders as b

NOW = datetime(2026, 3, 18, 12, 0, tzinfo=clock.REGION_ZONE)
MOTHER, CHILD = b.snils_of(901), b.snils_of(902)
SITE = "https://kontingent.example"
REASON = "Ошибка в имени ученика"


@dataclass
class Case:
    """A child of 5А with a mother."""

    child: UUID
    mother: UUID
    group: Group

    @property
    def family(self) -> Actor:
        scope = Scope(persons=frozenset({self.child}))
        return Actor("account:mother", "Мальцева Ольга Ивановна", "Законный представитель", frozenset({"access.family"}), scope, purpose="family")  # fmt: skip

    @property
    def school(self) -> Actor:
        return b.actor_of(self.group.organisation, "certificate.view", "certificate.issue", "person.view")

    def issued(self, actor: Actor | None = None, *, key: UUID | None = None) -> Certificate:
        return actions.issue(
            actor=actor or self.family,
            person_id=self.child,
            order_key=key or uuid4(),
            site=SITE,
            is_demo=False,
        )


def made() -> Case:
    group = b.group(b.school(), "5А")
    child = b.person("Мальцева Анна Ильинична", born=date(2014, 5, 20), snils=CHILD)
    b.admitted(child, group)
    mother = b.person("Мальцева Ольга Ивановна", born=date(1985, 1, 1), snils=MOTHER)
    Representation.objects.create(child_id=child, adult_id=mother)
    return Case(child, mother, group)


@pytest.fixture
def case(db: None) -> Iterator[Case]:
    with time_machine.travel(NOW, tick=True):
        yield made()


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


# -- rules -----------------------------------------------------------------------------------------


@given(st.binary(min_size=8, max_size=8))
def test_a_code_is_typed_as_it_is_printed(random: bytes) -> None:
    code = rules.code_of(random)
    assert len(code) == rules.CODE_LENGTH
    assert rules.code_as_typed(f" {rules.grouped(code).lower()} ") == code


def test_every_bit_of_sixty_is_in_the_code() -> None:
    codes = {rules.code_of((1 << bit).to_bytes(8, "big")) for bit in range(60)}
    assert len(codes) == 60
    with pytest.raises(ValueError, match="too few"):
        rules.code_of(b"1234567")


@pytest.mark.parametrize(("typed", "code"), [("OIL0 1234 5678", "011012345678"), ("АВЕК-МНРС-ТХ12", "ABEKMHPCTX12"), ("short", None), ("U" * 12, None), ("1" * 13, None), ("", None)])  # fmt: skip
def test_look_alikes_are_forgiven_and_nothing_else(typed: str, code: str | None) -> None:
    assert rules.code_as_typed(typed) == code


@pytest.mark.parametrize(("name", "masked"), [(("Мальцева", "Анна", "Ильинична"), "М***** А. И."), (("Ли", "Ю", ""), "Л***** Ю."), (("", "", ""), "*****")])  # fmt: skip
def test_a_masked_name_tells_initials_and_not_its_length(name: tuple[str, str, str], masked: str) -> None:
    assert rules.masked(*name) == masked


# -- issuing ---------------------------------------------------------------------------------------


def test_a_mother_orders_one_and_the_paper_says_it(case: Case) -> None:
    found = case.issued()
    file = queries.file(case.family, found.id)
    text = text_of(file.content)
    assert file.is_original
    for said in (
        "№ 1/2026",
        "18.03.2026",
        "Мальцева Анна Ильинична",
        "20.05.2014",
        "01.09.2025",
        "5А",
        rules.grouped(found.code),
        f"{SITE}/check/{found.code}/",
    ):
        assert said in text, said
    assert CHILD not in text
    event = Entry.objects.get(kind="certificate.issued")
    assert (event.subjects, event.data) == ([case.child], {"number": "1/2026", "ordered_by": "семья"})
    assert Entry.objects.filter(kind="read.family", object_id=found.id, data__what="справка об обучении № 1/2026").count() == 1  # fmt: skip
    assert journal.viewings([case.child], hidden=[], limit=9) == [], (
        "whoever looks at one's own paper is no stranger"
    )


def test_the_same_bytes_years_later_whatever_became_of_the_child(case: Case) -> None:
    found = case.issued()
    first = queries.file(case.family, found.id).content
    Person.objects.filter(pk=case.child).update(family_name="Сухих")
    case.group.organisation.full_name = "Лицей"
    case.group.organisation.save()
    with time_machine.travel(NOW + timedelta(days=900)):
        assert queries.file(case.family, found.id).content == first


def test_a_reprint_that_cannot_be_the_same_file_says_so(case: Case) -> None:
    found = case.issued()
    Certificate.objects.update(digest="0" * 64)
    file = queries.file(case.family, found.id)
    assert not file.is_original
    text = text_of(file.content)
    assert "Повторно сформирована 18.03.2026" in text
    assert "Мальцева Анна Ильинична" in text


def test_names_are_no_markup(case: Case) -> None:
    Person.objects.filter(pk=case.child).update(family_name='#read("/etc/passwd")', given_name="*Анна*")
    text = text_of(queries.file(case.family, case.issued().id).content)
    assert '#read("/etc/passwd") *Анна*' in text


def test_pressed_twice_is_one_certificate_and_a_key_serves_one_learner(case: Case) -> None:
    key = uuid4()
    assert case.issued(key=key) == case.issued(key=key)
    sister = b.person("Мальцева Вера Ильинична", born=date(2012, 5, 20))
    b.admitted(sister, case.group)
    both = Actor("account:mother", "", "", frozenset({"access.family"}), Scope(persons=frozenset({case.child, sister})))  # fmt: skip
    with pytest.raises(Conflict):
        actions.issue(actor=both, person_id=sister, order_key=key, site=SITE, is_demo=False)
    assert (Certificate.objects.count(), Series.objects.get().last) == (1, 1)


def test_numbers_go_by_organisation_and_year_and_a_failed_issue_takes_none(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    assert [case.issued(case.school).label for _ in range(2)] == ["1/2026", "2/2026"]
    with monkeypatch.context() as patched:
        patched.setattr(printing, "pdf_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            case.issued(case.school)
    assert case.issued(case.school).label == "3/2026"
    with time_machine.travel(NOW + timedelta(days=330)):
        assert case.issued(case.school).label == "1/2027"
    other = b.group(b.school("Школа № 9"), "1А")
    theirs = b.person("Зырянов Илья Петрович", born=date(2018, 5, 20))
    b.admitted(theirs, other)
    actor = b.actor_of(other.organisation, "certificate.issue", "person.view")
    assert actions.issue(actor=actor, person_id=theirs, order_key=uuid4(), site=SITE, is_demo=False).label == "1/2026"  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_numbers_without_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third issue fails after it has its number; another takes that number."""
    monkeypatch.setattr(rules, "MOST_A_DAY", 100)
    case = made()
    together = Barrier(6)

    def one(number: int) -> None:
        if number < 6:
            together.wait(10)
        try:
            with scoped(case.school):
                case.issued(case.school)
                if number % 3 == 0:
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(18)))
    assert sorted(Certificate.objects.values_list("number", flat=True)) == list(range(1, 13))


def leave(case: Case) -> None:
    from kontingent.enrolment.models import Enrolment

    stream = Enrolment.objects.get(person_id=case.child, superseded_at=None).enrolment_id
    b.left(case.child, stream, case.group.organisation, on=date(2026, 3, 1))


REFUSED: dict[str, tuple[Any, type[KontingentError], str]] = {
    "another family": (lambda case: Actor("account:x", "", "", frozenset({"access.family"}), Scope(persons=frozenset({case.mother}))), NotAllowed, "access.not_own"),
    "a teacher": (lambda case: b.actor_of(case.group.organisation, "person.view"), NotAllowed, "access.no_permission"),
    "another school": (lambda _: b.actor_of(b.school("Школа № 9"), "certificate.issue", "person.view"), NotAllowed, "access.out_of_scope"),
    "nobody": (lambda _: Actor("x", "", "", frozenset()), NotAllowed, "access.no_permission"),
}  # fmt: skip


@pytest.mark.parametrize("who", REFUSED)
def test_others_get_none_and_nothing_changes(case: Case, who: str) -> None:
    actor, kind, code = REFUSED[who]
    with pytest.raises(kind) as refusal:
        case.issued(actor(case))
    assert refusal.value.code == code
    assert not Certificate.objects.exists()
    assert not Series.objects.exists()
    assert not Entry.objects.filter(kind="certificate.issued").exists()


def test_who_studies_nowhere_and_who_orders_too_many_are_refused(case: Case) -> None:
    for _ in range(rules.MOST_A_DAY):
        case.issued()
    with pytest.raises(RuleViolation, match="завтра"):
        case.issued()
    leave(case)
    with time_machine.travel(NOW + timedelta(days=1)), pytest.raises(RuleViolation, match="не числится"):
        case.issued()
    assert (Certificate.objects.count(), Series.objects.get().last) == (rules.MOST_A_DAY, rules.MOST_A_DAY)


def test_the_former_school_makes_none_after_a_child_has_left(case: Case) -> None:
    leave(case)
    new = b.group(b.school("Школа № 9"), "5Б")
    b.admitted(case.child, new, on=date(2026, 3, 2))
    with pytest.raises(NotAllowed):
        case.issued(case.school)
    assert case.issued().organisation == new.organisation


# -- revoking --------------------------------------------------------------------------------------


def test_a_school_revokes_for_a_reason_once(case: Case) -> None:
    found = case.issued()
    for reason in ("", "нет", "х" * 301):
        with pytest.raises(InvalidValue):
            actions.revoke(actor=case.school, certificate_id=found.id, reason=reason)
    for actor in (case.family, b.actor_of(b.school("Школа № 9"), "certificate.issue"), b.actor_of(case.group.organisation, "certificate.view")):  # fmt: skip
        with pytest.raises(NotAllowed):
            actions.revoke(actor=actor, certificate_id=found.id, reason=REASON)
    with pytest.raises(NotFound):
        actions.revoke(actor=case.school, certificate_id=uuid4(), reason=REASON)
    found.refresh_from_db()
    assert found.is_valid
    assert not Entry.objects.filter(kind="certificate.revoked").exists()
    revoked = actions.revoke(actor=case.school, certificate_id=found.id, reason=f"  {REASON} ")
    assert (revoked.is_valid, revoked.revoke_reason) == (False, REASON)
    assert Entry.objects.get(kind="certificate.revoked").subjects == [case.child]
    with pytest.raises(RuleViolation):
        actions.revoke(actor=case.school, certificate_id=found.id, reason=REASON)
    assert case.issued().label == "2/2026", "a revoked number is not given again"


# -- the open page ---------------------------------------------------------------------------------


def test_a_stranger_learns_what_is_on_the_paper_and_no_more(case: Case) -> None:
    found = case.issued()
    answer = Client().get(f"/check/{found.code}/")
    text = answer.content.decode()
    assert answer.status_code == 200
    for said in (
        "действительна",
        "1/2026",
        "18 марта 2026" if "18 марта 2026" in text else "18.03.2026",
        "М***** А. И.",
        case.group.organisation.short_name,
    ):
        assert said in text, said
    for hidden in (
        "Мальцева",
        "Анна",
        "Ильинична",
        "20.05.2014",
        "5А",
        CHILD,
        str(case.child),
        str(found.id),
    ):
        assert hidden not in text, hidden
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Cache-Control"] == "no-store"
    actions.revoke(actor=case.school, certificate_id=found.id, reason=REASON)
    text = Client().get(f"/check/{found.code}/").content.decode()
    assert "отозвана" in text
    assert REASON not in text
    reads = Entry.objects.filter(actor_code="system:check")
    assert [one.subjects for one in reads] == [[case.child]] * 2
    assert {one.purpose for one in privacy.told(list(reads))} == {"Справка об обучении: выдача и проверка подлинности"}  # fmt: skip


def test_whoever_is_signed_in_checks_as_a_stranger_does(case: Case) -> None:
    found = case.issued()
    head = b.browser(b.appointed("head", at=b.school("Школа № 9")))
    assert "М***** А. И." in head.get(f"/check/{found.code}/").content.decode()
    assert head.get(f"/certificates/{found.id}/spravka.pdf").status_code == 404


def test_an_unknown_code_and_no_code_are_told_the_same(case: Case) -> None:
    found = case.issued()
    other = found.code[:-1] + ("0" if found.code[-1] != "0" else "1")
    answers = [Client().get(address) for address in (f"/check/{other}/", "/check/1/", f"/check/{'x' * 300}/", f"/check/{found.id}/", "/check/?code=x")]  # fmt: skip
    assert {one.status_code for one in answers} == {404}
    assert len({re.sub(r'"X-CSRFToken": "[^"]+"', "", one.content.decode()) for one in answers}) == 1
    assert Client().get(f"/check/?code={rules.grouped(found.code).lower()}").headers["Location"] == f"/check/{found.code}/"  # fmt: skip
    assert not Entry.objects.filter(actor_code="system:check").exists()


@time_machine.travel(NOW, tick=False)
def test_codes_are_not_to_be_tried_out(db: None) -> None:
    found = made().issued()
    for _ in range(rules.MOST_CHECKS):
        assert Client().get("/check/000000000000/").status_code == 404
    answer = Client().get(f"/check/{found.code}/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "М*****" not in answer.content.decode()
    assert Client().get(f"/check/{found.code}/", REMOTE_ADDR="192.0.2.7").status_code == 200
    with time_machine.travel(NOW + timedelta(minutes=1)):
        assert Client().get(f"/check/{found.code}/").status_code == 200


# -- pages -----------------------------------------------------------------------------------------


def key_on(text: str) -> str:
    found = re.search(r'name="order" value="([^"]+)"', text)
    assert found
    return found.group(1)


def test_the_family_orders_on_its_page_and_downloads(case: Case) -> None:
    mother = b.client_of(MOTHER)
    page = f"/family/{case.child}/"
    order = {"order": key_on(mother.get(page).content.decode())}
    for _ in range(2):
        assert mother.post(f"{page}certificate/", order).status_code == 302
    text = mother.get(page).content.decode()
    assert text.count("spravka.pdf") == 1
    found = Certificate.objects.get()
    pdf = mother.get(f"/certificates/{found.id}/spravka.pdf")
    assert (pdf.headers["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert "http://testserver/check/" in text_of(pdf.content)
    assert mother.post(f"{page}certificate/", {"order": "x"}).status_code == 422
    assert mother.post(f"/family/{case.mother}/certificate/", {"order": str(uuid4())}).status_code == 403
    assert mother.get("/certificates/").status_code == 403
    assert Certificate.objects.count() == 1
    actions.revoke(actor=case.school, certificate_id=found.id, reason=REASON)
    assert REASON in mother.get(page).content.decode()


def test_a_learner_of_fourteen_orders_for_oneself(case: Case) -> None:
    Person.objects.filter(pk=case.child).update(birth_date=date(2011, 5, 20))
    learner = b.client_of(CHILD)
    page = f"/family/{case.child}/"
    assert learner.post(f"{page}certificate/", {"order": key_on(learner.get(page).content.decode())}).status_code == 302  # fmt: skip
    assert Certificate.objects.get().by_family


def test_a_school_makes_one_lists_and_revokes(case: Case) -> None:
    operator = b.browser(b.appointed("operator", at=case.group.organisation))
    assert "справок не выдавали" in operator.get("/certificates/").content.decode()
    card = f"/learners/{case.child}/"
    order = {"order": key_on(operator.get(card).content.decode())}
    assert operator.post(f"{card}certificate/", order).headers["Location"] == "/certificates/"
    text = operator.get("/certificates/").content.decode()
    assert "Мальцева Анна Ильинична" in text
    assert Entry.objects.filter(kind="read.list", data__what__startswith="реестр справок", subjects=[case.child]).exists()  # fmt: skip
    found = Certificate.objects.get()
    address = f"/certificates/{found.id}/revoke/"
    short = operator.post(address, {"reason": "нет"})
    assert short.status_code == 422
    assert "от 10 до 300" in short.content.decode()
    assert operator.post(address, {"reason": REASON}).status_code == 302
    assert operator.post(address, {"reason": REASON}).status_code == 422
    assert REASON in operator.get("/certificates/?year=2026&page=1").content.decode()
    teacher = b.browser(b.appointed("teacher", at=case.group.organisation, groups=(case.group.id,)))
    assert 'name="order"' not in teacher.get(card).content.decode()
    for answer in (teacher.get("/certificates/"), teacher.post(f"{card}certificate/", {"order": str(uuid4())}), teacher.get(f"/certificates/{found.id}/spravka.pdf")):  # fmt: skip
        assert answer.status_code == 403


def test_a_register_costs_the_same_whatever_its_length(case: Case, django_assert_num_queries: Any) -> None:
    organisation = case.group.organisation.id
    for number in (1, 4):
        for _ in range(number):
            case.issued(case.school)
        with django_assert_num_queries(5):  # years, rows, both counts, the journal
            queries.register(case.school, organisation, 2026, 0)


def test_no_snils_in_a_log_a_journal_or_the_table(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        mother = b.client_of(MOTHER)
        page = f"/family/{case.child}/"
        mother.post(f"{page}certificate/", {"order": key_on(mother.get(page).content.decode())})
        Client().get(f"/check/{Certificate.objects.get().code}/")
    written = "\n".join(one.getMessage() for one in caplog.records if one.name != "django.db.backends")
    kept = str([*Certificate.objects.values(), *Entry.objects.filter(kind__startswith="certificate").values("data", "basis")])  # fmt: skip
    for number in (MOTHER, CHILD):
        assert number not in written
        assert number not in kept
