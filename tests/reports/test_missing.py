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
from kontingent.enrolment.models import Placement
from kontingent.kernel.errors import NotAllowed
from kontingent.persons.duplicates import Claim, claim
from kontingent.persons.models import Address, IdentityDocument, Person, Representation
from kontingent.reports import completeness, missing
from kontingent.reports.missing import Problem
from kontingent.rollout import jobs
from kontingent.rollout.models import CompletenessCount
from kontingent.stages.fields import Stage
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.reports.test_completeness import DAY, region
from tests.rollout.test_rollout import plainly as rollout_plainly
from tests.rollout.test_rollout import whole

__all__ = ["region", "whole"]
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
    elif not documents.exclude(issuer="").exclude(issued_on=None):
        found.add(("document", Problem.UNCONFIRMED))
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


# -- the other stages ----------------------------------------------------------------------------


def test_what_is_told_by_child_is_what_the_night_has_counted(whole: dict[str, Any]) -> None:
    """Fields of stages one and three: as many are empty, wrong, unconfirmed and stale as the kept numbers say."""
    jobs.count(DAY)
    compared = 0
    for stage in (Stage.PERSONAL, Stage.ACHIEVEMENTS):
        for school in whole["schools"][:2]:
            with scoped(b.ROOT):
                found = missing.of_organisation(b.ROOT, school.id, DAY, stage=stage)
            for code, _, numbers in found.numbers:
                kept = CompletenessCount.objects.get(organisation=school, stage=stage, field=code)
                told = dict(numbers)
                assert told[Problem.EMPTY] == kept.required - kept.filled, (school, code)
                wrong = 0 if kept.valid is None else kept.filled - kept.valid
                assert told[Problem.WRONG] == wrong, (school, code)
                compared += wrong + told[Problem.EMPTY]
    assert compared > 20


def test_stage_three_is_named_by_field_and_only_where_it_is_open(whole: dict[str, Any]) -> None:
    school, lysva = whole["schools"][0], whole["schools"][2]
    operator = b.browser(b.appointed("operator", at=school))
    text = operator.get(f"/stages/missing/?stage=3&on={DAY}").content.decode()
    lacks = [
        who for who in whole["people"][school.id] if not dict(rollout_plainly(who)).get("exam", (True,))[0]
    ]
    assert lacks
    only = operator.get(f"/stages/missing/?stage=3&on={DAY}&field=exam&problem=empty").content.decode()
    assert f"Обязательные экзамены за 9 класс – не заполнено: {len(lacks)}" in only
    assert all(f"/learners/{who}/exams/" in only for who in lacks)
    assert "Аттестат за 9 класс" in text
    closed = b.browser(b.appointed("operator", at=lysva))
    answer = closed.get(f"/stages/missing/?stage=3&on={DAY}")
    assert "этот этап не открыт" in answer.content.decode()
    assert closed.get(f"/stages/missing/file.csv?stage=3&on={DAY}").status_code in {409, 422}
    teacher = b.actor_of(school, "enrolment.view", "person.view", "exam.view")
    with scoped(teacher), pytest.raises(NotAllowed):
        missing.of_organisation(teacher, school.id, DAY, stage=Stage.ACHIEVEMENTS)


def test_health_is_told_as_numbers_and_by_class_to_whoever_may_see_it(whole: dict[str, Any]) -> None:
    school = whole["schools"][0]
    lacking = sum(not rollout_plainly(who)["health_group"][0] for who in whole["people"][school.id])
    (group_id,) = set(Placement.objects.filter(organisation=school).values_list("group_id", flat=True))
    shown = {}
    for role in ("operator", "head", "health"):
        browser = b.browser(b.appointed(role, at=school))
        text = browser.get(f"/stages/missing/?stage=2&on={DAY}").content.decode()
        assert f'Группа здоровья</th><td class="num">{lacking}</td>' in text, role
        assert not any(f"/learners/{who}/" in text for who in whole["people"][school.id]), "numbers alone"
        shown[role] = f"/groups/{group_id}/health/" in text
        saved = browser.get(f"/stages/missing/file.csv?stage=2&on={DAY}").content.decode("utf-8-sig")
        assert saved.splitlines()[-1].startswith(f"Всего;{len(whole['people'][school.id])};{lacking}")
        assert len(saved.splitlines()) == (2 if role == "operator" else 3)
    assert shown == {"operator": False, "head": True, "health": True}
    stranger = b.browser(b.appointed("operator", at=whole["schools"][1]))
    assert stranger.get(f"/stages/missing/?stage=2&organisation={school.id}").status_code == 403
