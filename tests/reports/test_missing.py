"""The list of what is missing names exactly those of whom a plain look finds it, and nobody else's."""

from __future__ import annotations

import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from python_calamine import load_workbook

from kontingent.audit.models import Entry
from kontingent.kernel.errors import NotAllowed
from kontingent.persons.duplicates import Claim, claim
from kontingent.persons.models import Address, IdentityDocument, Person, Representation
from kontingent.reports import completeness, missing
from kontingent.reports.missing import Problem
from kontingent.stages.fields import Stage
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.reports.test_completeness import DAY, region

__all__ = ["region"]
pytestmark = pytest.mark.django_db


def plainly(who: UUID) -> set[tuple[str, Problem]]:
    """Look at one child as a person would."""
    one, found = Person.objects.get(pk=who), set()
    documents = IdentityDocument.objects.filter(person=one)
    links = Representation.objects.filter(child=one, ends_on=None)
    if not one.snils:
        found.add(("snils", Problem.EMPTY))
    if not one.birth_place:
        found.add(("birth_place", Problem.EMPTY))
    if not documents:
        found.add(("document", Problem.EMPTY))
    elif one.birth_date and one.birth_date <= date(2011, 7, 3) and not documents.filter(kind_code="12"):
        found.add(("document", Problem.WRONG))
    if not Address.objects.filter(person=one, ends_on=None).exists():
        found.add(("address", Problem.EMPTY))
    if one.birth_date and one.birth_date > date(2007, 10, 1):
        if not links:
            found.add(("representative", Problem.EMPTY))
        elif not links.exclude(document_kind_code=""):
            found.add(("representative", Problem.UNCONFIRMED))
    return found


def test_it_names_whom_a_plain_look_finds(region: dict[str, Any]) -> None:
    for school in region["schools"]:
        people = region["people"][school.id]
        actor = b.actor_of(
            school,
            "enrolment.view",
            "enrolment.count",
            "person.view",
            "person.documents",
            "person.addresses",
            "stage.view",
        )
        with scoped(actor), CaptureQueriesContext(connection) as few:
            found = missing.of_organisation(actor, school.id, DAY)
            counted = completeness.by_organisation(actor, Stage.PERSONAL, DAY)[0]
        assert len([one for one in few.captured_queries if not b.is_bookkeeping(one["sql"])]) <= 8
        told = {one.person_id: {(gap.field, gap.problem) for gap in one.gaps} for one in found.rows}
        assert told == {who: gaps for who in people if (gaps := plainly(who))}
        assert found.learners == len(people)
        empty = [dict(numbers)[Problem.EMPTY] for _, _, numbers in found.numbers]
        assert empty == [counted.learners - one for one in counted.filled], "as completeness counts"


def test_a_field_is_told_wrong_with_its_reason(region: dict[str, Any]) -> None:
    school = region["schools"][0]
    mine, other = region["people"][school.id][0], region["people"][region["schools"][1].id][0]
    Person.objects.filter(pk=mine).update(snils=None, birth_date=date(2014, 1, 1))
    Person.objects.filter(pk=other).update(snils=b.snils_of(1))
    claim([Claim(b.snils_of(1), mine, other)], actor=b.ROOT)
    IdentityDocument.objects.filter(person_id=mine).delete()
    IdentityDocument.objects.create(
        person_id=mine, kind_code="21", number="7", key="k", valid_to=date(2025, 9, 30)
    )
    with scoped(b.ROOT):
        row = next(
            one for one in missing.of_organisation(b.ROOT, school.id, DAY).rows if one.person_id == mine
        )
    told = {gap.field: (gap.problem, gap.advice) for gap in row.gaps}
    assert told["snils"][0] is Problem.WRONG
    assert "Дубли" in told["snils"][1]
    assert told["document"] == (Problem.WRONG, "Срок действия документа истёк. Добавьте новый.")


def test_who_may_not_see_documents_is_refused_instead_of_misled(region: dict[str, Any]) -> None:
    school = region["schools"][0]
    actor = b.actor_of(school, "enrolment.view", "person.view", "person.addresses")
    with pytest.raises(NotAllowed):
        missing.of_organisation(actor, school.id, DAY)
    assert not Entry.objects.filter(kind="read.list").exists()


def test_the_page_narrows_links_and_is_saved(region: dict[str, Any]) -> None:
    school, other = region["schools"][0], region["schools"][1]
    browser = b.browser(b.appointed("operator", at=school))
    lacks = [who for who in region["people"][school.id] if ("snils", Problem.EMPTY) in plainly(who)]
    answer = browser.get(f"/stages/missing/?on={DAY}&field=snils&problem=empty")
    text = answer.content.decode()
    assert "СНИЛС – не заполнено: " + str(len(lacks)) in text
    assert all(f"/learners/{who}/" in text for who in lacks)
    assert text.count('<th scope="row"><a href="/learners/') == len(lacks)
    entry = Entry.objects.get(kind="read.list", request_id=answer.headers["X-Request-Id"])
    assert set(entry.subjects) == set(lacks)
    saved = browser.get(f"/stages/missing/file.xlsx?on={DAY}&field=snils&problem=empty")
    rows = load_workbook(io.BytesIO(saved.content)).get_sheet_by_index(0).to_python()
    assert rows[0] == ["ФИО", "Класс", "Поле", "Что не так", "Что сделать"]
    assert len(rows) == 1 + len(lacks)
    assert Entry.objects.filter(kind="read.export", request_id=saved.headers["X-Request-Id"]).exists()
    assert browser.get(f"/stages/missing/?organisation={other.id}&on={DAY}").status_code == 403
    assert browser.get(f"/stages/missing/file.exe?on={DAY}").status_code == 404
    completeness_page = browser.get(f"/stages/completeness/?on={DAY}").content.decode()
    assert f"/stages/missing/?organisation={school.id}" in completeness_page
    for role in ("ministry", "municipal"):
        stranger = b.browser(b.appointed(role, where=school.municipality if role == "municipal" else None))
        assert stranger.get(f"/stages/missing/?organisation={school.id}").status_code == 403
