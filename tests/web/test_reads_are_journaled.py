"""Whoever is shown on a page, in a file or in an answer to a machine is in the journal, and nobody else is."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from pypdf import PdfReader
from python_calamine import load_workbook

from kontingent.access import emergency
from kontingent.access.models import SignIn
from kontingent.access.roles import ROLES
from kontingent.achievements.attestation.models import (
    BroughtMark,
    Delivery,
    EducationDocument,
    ExamResult,
)
from kontingent.achievements.portfolio.models import Achievement, ContestFile, ContestRow
from kontingent.api import declarations
from kontingent.audit.models import Entry
from kontingent.audit.purposes import PURPOSES
from kontingent.audit.queries import READS, SHOWING
from kontingent.codelists import actions as codelists
from kontingent.enrolment.models import Enrolment, Group, Order
from kontingent.exchange.journals.models import JournalSource
from kontingent.exchange.services import actions as certificates
from kontingent.exchange.staging import reading
from kontingent.kernel import clock
from kontingent.performance import actions as performance
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.models import LateCorrection
from kontingent.persons import duplicates, merging
from kontingent.persons.duplicates import Likeness
from kontingent.persons.matching import Level, Verdict
from kontingent.persons.models import DuplicatePair, Merge, Person, Representation
from kontingent.reports import actions as reports
from kontingent.stages.models import StageOrder
from kontingent.trajectory.cases.models import Case
from kontingent.trajectory.transfers.models import Transfer
from kontingent.web import urls
from tests import builders as b
from tests.attestation import town as attestation
from tests.exchange.journals.journal import Sender, mark
from tests.machines import clients as m
from tests.performance import records
from tests.web.test_pages import signed_in, town

__all__ = ["town"]
pytestmark = pytest.mark.django_db
LIST = """Фамилия;Имя;Отчество;Дата рождения;Пол;Класс;СНИЛС
Мальцева;Анна;Павловна;01.01.2010;ж;5А;
Мальцева;Анна;Петровна;01.01.2010;ж;5А;
"""


@pytest.fixture
def region(town: dict[str, Any], settings: Any, tmp_path: Path) -> dict[str, Any]:
    """The two schools, a list just read, a pair that looks alike, two records that have been merged."""
    settings.VAR_DIR = tmp_path
    codelists.load_all()
    batch = reading.receive(
        actor=b.actor_of(town["five"]), organisation_id=town["five"].id, file=io.BytesIO(LIST.encode()), filename="5А.csv"
    )  # fmt: skip
    assert reading.read(batch.id).state == "checked"
    duplicates.note([Likeness(town["anna"], town["oleg"], Verdict(Level.POSSIBLE, 50, ()))], found_by="door")
    one, other = b.person("Ощепкова Вера Ильинична"), b.person("Ощепкова Вера Игоревна")
    b.admitted(one, town["mine"], on=date(2026, 9, 1))
    merging.merge(actor=b.ROOT, survivor_id=one, merged_id=other, basis="Паспорт")
    journal = Sender(town["five"])
    journal.send([mark(1, town["anna"], date="2026-09-10")], year=2026)
    closed = GradingPeriodDraft("1", date(2026, 9, 1), date(2026, 9, 15), date(2026, 9, 16))
    performance.set_periods(actor=b.ROOT, school_year=2026, periods=[closed])
    journal.send([mark(1, town["anna"], version=2, value="3", date="2026-09-10")], key="k2", year=2026)
    assert LateCorrection.objects.count() == 1
    _performance(town)
    StageOrder.objects.create(
        stage="3", opens=True, municipality=town["five"].municipality, starts_on=date(2026, 9, 1), number="1", dated=date(2026, 9, 1),
        recorded_at=clock.now(), recorded_by="Проверка",
    )  # fmt: skip
    for state in ("proposed", "accepted"):
        Achievement.objects.create(
            person_id=town["anna"], organisation=town["five"], kind_code="200", title=f"Конкурс {state}", title_key=state,
            happened_on=date(2026, 10, 1), level_code="100", result_code="winner", state=state, by_family=True,
            entered_at=clock.now(), entered_by_name="Семья",
        )  # fmt: skip
    Transfer.objects.create(
        person_id=town["anna"], learner_name="Мальцева Анна Павловна", former=town["five"], receiver=town["other"].organisation,
        group=town["other"], applicant="Родитель", applied_on=date(2026, 11, 1), arrives_on=date(2026, 11, 1), state="approved",
        registered_at=clock.now(), approved_at=clock.now(), due_on=date(2026, 11, 5),
    )  # fmt: skip
    learner = Enrolment.objects.filter(
        organisation=town["five"], is_main=True, superseded_at=None, ends_on=None
    ).earliest("id")
    for who in (town["anna"], town["oleg"]):
        Case.objects.create(
            rule="left_nowhere", person_id=who, key=str(who), organisation=town["five"], severity=1, since=date(2026, 11, 1),
            opened_on=date(2026, 11, 1), due_on=date(2026, 11, 11),
        )  # fmt: skip
    return town | {
        "graduating": _graduating(town["five"]),
        "certificate": certificates.issue(
            actor=b.ROOT,
            person_id=learner.person_id,
            order_key=uuid4(),
            site="http://testserver",
            is_demo=True,
        ),
        "delivery": _attestation(town),
        "contests": _contests(town),
        "batch": batch,
        "report": reports.prepare(actor=b.ROOT, organisation_id=town["five"].id, form="oo-1", year=2026),
        "order": Order.objects.filter(organisation=town["five"]).earliest("created_at"),
    }


def _performance(town: dict[str, Any]) -> None:
    """A lesson, a failing mark, an absence and a debt of somebody in each school."""
    for who, at in ((town["anna"], town["mine"]), (town["oleg"], town["other"])):
        records.lesson(at, date(2026, 11, 24), 1, "s09", "Дроби")
        records.mark(who, at, date(2026, 11, 24), "s09", "2", lesson_number=1)
        records.absence(who, at, date(2026, 11, 25), "s09", "н")
        records.closing(who, at, date(2026, 5, 26), "s09", "2", kind="year", period="20")


def _attestation(town: dict[str, Any]) -> Delivery:
    """A result, a document and a line of a file about somebody in each school; stage three is open everywhere."""
    attestation.opened()
    lines: list[tuple[Any, ...]] = []
    for who, at in ((town["anna"], town["five"]), (town["oleg"], town["seven"])):
        person = Person.objects.get(pk=who)
        assert person.birth_date is not None
        of: dict[str, Any] = {
            "person_id": who,
            "organisation_id": at.id,
            "recorded_at": clock.now(),
            "recorded_by": "Проверка",
        }
        ExamResult.objects.create(
            **of,
            year=2027,
            form="oge",
            stage_code="main",
            subject_code="1",
            held_on=date(2026, 11, 2),
            mark=4,
            status_code="valid",
        )
        EducationDocument.objects.create(
            **of, document_id=uuid4(), kind_code="12", number=f"0590400012345{len(lines)}", registration_number="1", issued_on=date(2026, 11, 5),
            graduated_in=2026, family_name=person.family_name, given_name=person.given_name, patronymic=person.patronymic,
            birth_date=person.birth_date, sex=person.sex,
        )  # fmt: skip
        lines.append(attestation.exam(who, "2", day=date(2026, 11, 3)))
    return attestation.sent(
        attestation.worker("head", town["five"]),
        attestation.table(attestation.HEAD, lines[:1]),
        at=town["five"],
    )


def _graduating(school: Any) -> Group:
    """A ninth class with a mark that was brought for somebody of it."""
    nine, who = b.group(school, "9Я", year=2026), b.person("Чердынцева Ника Олеговна", born=date(2011, 2, 3))
    b.admitted(who, nine, on=date(2026, 9, 1))
    BroughtMark.objects.create(
        person_id=who, organisation=school, grade=9, subject_code="s21", period_code="20", value="5", source_code="former", document="Справка",
        recorded_at=clock.now(), recorded_by="test", recorded_by_name="Проверка",
    )  # fmt: skip
    ExamResult.objects.create(
        person_id=who, organisation=school, year=2027, form="interview", stage_code="main", subject_code="70", held_on=date(2026, 11, 2),
        passed=True, status_code="valid", recorded_at=clock.now(), recorded_by="Проверка",
    )  # fmt: skip
    records.mark(who, nine, date(2026, 11, 24), "s09", "4")
    return nine


def _contests(town: dict[str, Any]) -> ContestFile:
    """A checked line of a file of contests about somebody of the school, and a refused one."""
    anna = Person.objects.get(pk=town["anna"])
    one = ContestFile.objects.create(
        kind="contest", organisation=town["five"], verified=False, sent_by="test", sent_by_name="Проверка", filename="x.csv", size=1,
        digest="0" * 64, state="checked", created_at=clock.now(), columns=[["ФИО", "full_name"]], totals={"rows": 2, "create": 1, "refused": 1},
    )  # fmt: skip
    for line, outcome in ((2, "create"), (3, "refused")):
        ContestRow.objects.create(
            delivery=one, sheet="1", line=line, raw=anna.full_name, family_name=anna.family_name, given_name=anna.given_name,
            patronymic=anna.patronymic, person_id=anna.pk, outcome=outcome, problems=[["name", "", "twice", "Дважды."]] if line == 3 else [],
        )  # fmt: skip
    return one


def addresses(region: dict[str, Any]) -> Iterator[str]:
    """Every address of the pages with every person, class, order and batch there is, and with what may be asked."""
    ids = {
        "person_id": list(Person.objects.values_list("id", flat=True)),
        "group_id": [region["mine"].id, region["other"].id, region["graduating"].id],
        "pair_id": list(DuplicatePair.objects.values_list("id", flat=True)),
        "merge_id": list(Merge.objects.values_list("id", flat=True)),
        "order_id": list(Order.objects.values_list("id", flat=True)),
        "batch_id": [region["batch"].id],
        "organisation_id": [region["five"].id],
        "appointment_id": [],
        "proposal_id": [],
        "late_id": list(LateCorrection.objects.values_list("id", flat=True)),
        "achievement_id": list(Achievement.objects.values_list("id", flat=True)),
        "scan_id": [],
        "file_id": [region["contests"].id, region["delivery"].id],
        "transfer_id": list(Transfer.objects.values_list("id", flat=True)),
        "link_id": [],
        "case_id": list(Case.objects.values_list("id", flat=True)),
        "client_id": [],
        "source_id": list(JournalSource.objects.values_list("id", flat=True)),
        "category_id": [1],
        "record_id": [],
        "certificate_id": [region["certificate"].id],
        "document_id": list(EducationDocument.objects.values_list("document_id", flat=True)),
        "enrolment_id": list(Enrolment.objects.values_list("enrolment_id", flat=True)),
        "code": ["sex"],
        "report_id": [region["report"].id],
        "form": ["oo-1"],
        "year": [2026],
        "kind": ["csv"],
        "name": ["levels", "coverage"],
    }
    for pattern in urls.urlpatterns:
        route = str(pattern.pattern)
        if route.startswith(("esia/", "sign-in/")):
            continue
        found = re.findall(r"<(?:\w+:)?(\w+)>", route)
        assert set(found) <= set(ids), f"{route}: say here what to try"
        routes = [route]
        for name in found:
            routes = [
                re.sub(rf"<(?:\w+:)?{name}>", str(one), text, count=1) for text in routes for one in ids[name]
            ]
        yield from ("/" + one for one in routes)
    anna, mine = region["anna"], region["mine"].id
    yield from (
        "/learners/?q=мальцева", "/learners/?q=тиунов", "/learners/?q=01.01.2010", "/contingent/learners/?grade=5",
        "/orders/new/?kind=transfer_out", f"/orders/new/?kind=placement&from_group={mine}",
        f"/orders/new/?kind=admission&person={anna}", "/orders/turnover/?year=2026", "/learners/school/?on=2026-10-01",
        f"/imports/{region['batch'].id}/?status=possible", f"/learners/{anna}/record/?records=marks&journal=epos&year=2026&id=m1",
        f"/reports/{region['report'].id}/cell/?table=2.1.1.1&row=10&column=3",
        f"/reports/{region['report'].id}/cell/?table=2.1.1.1&row=01&column=3",
        *(f"/groups/{region['graduating'].id}/graduation/marks/?person={who}" for who in Person.objects.filter(family_name="Чердынцева").values_list("id", flat=True)),
        "/performance/file.xlsx", f"/education-documents/?organisation={region['five'].id}",
        f"/education-documents/?organisation={region['seven'].id}", f"/education-documents/book.pdf?organisation={region['seven'].id}", f"/performance/attention/?organisation={region['five'].id}",
        f"/performance/attention/?organisation={region['seven'].id}", f"/groups/{mine}/sheet/file.xlsx",
    )  # fmt: skip


def standing() -> list[Person]:
    """The records that stand for people; a merged one bears a former name of another."""
    return list(Person.objects.filter(merged_into__isnull=True))


def shown(answer: Any) -> set[UUID]:
    """Who is named in an answer: whichever part of it is text."""
    if "spreadsheet" in answer.headers.get("Content-Type", ""):
        book = load_workbook(io.BytesIO(answer.content))
        text = json.dumps(
            [book.get_sheet_by_name(name).to_python() for name in book.sheet_names], ensure_ascii=False
        )
    elif answer.headers.get("Content-Type") == "application/pdf":
        text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    else:
        text = re.sub(r"<[^>]*>", "", answer.content.decode(errors="replace"))
    if answer.headers.get("Content-Type", "").startswith("text/csv"):
        text = text.replace(";", " ")  # a name may stand in three columns
    text = " ".join(text.split())
    return {one.id for one in standing() if one.full_name in text}


def noted(answer: Any) -> set[UUID]:
    """Whose data the journal says the request has read."""
    rows = Entry.objects.filter(request_id=answer.headers["X-Request-Id"])
    known = {one.id for one in standing()}
    return known & {
        subject
        for row in rows
        if row.kind.startswith(READS) or row.kind in SHOWING
        for subject in row.subjects
    }


def test_every_page_notes_whom_it_shows(region: dict[str, Any]) -> None:
    seen: dict[str, int] = {}
    wrong: list[tuple[str, str, int]] = []
    for role in sorted(ROLES):
        client = signed_in(region, role)
        for address in addresses(region):
            answer = client.get(address)
            if answer.status_code == 405:
                continue
            assert answer.status_code in {200, 204, 302, 403, 404, 422}, (role, address, answer.status_code)
            if unnoted := shown(answer) ^ noted(answer):
                wrong.append((role, address, len(unnoted)))
            seen[address] = max(seen.get(address, 0), len(shown(answer)))
    assert wrong == []
    assert sum(bool(count) for count in seen.values()) > 15, "the pages of this walk show people"


def test_the_journal_says_who_why_and_from_where(region: dict[str, Any]) -> None:
    answer = signed_in(region, "operator").get(f"/learners/{region['anna']}/")
    rows = list(Entry.objects.filter(request_id=answer.headers["X-Request-Id"]).order_by("id"))
    mother = Representation.objects.get(child_id=region["anna"]).adult_id
    assert [(row.kind, row.subjects) for row in rows] == [
        ("read.card", [region["anna"]]), ("read.relative", [mother]),
    ]  # fmt: skip
    card = rows[0]
    assert (card.organisation_id, card.actor_post) == (region["five"].id, "должность")
    assert (card.purpose, card.address) == ("contingent", "127.0.0.1")
    signed_in(region, "municipal").get(f"/learners/{region['anna']}/")
    card = Entry.objects.filter(kind="read.card").latest("id")
    assert (card.organisation_id, card.data["place"]) == (None, region["five"].municipality.name)


def test_the_region_opens_a_card_with_its_acts(region: dict[str, Any]) -> None:
    answer = signed_in(region, "ministry").get(f"/learners/{region['oleg']}/")
    assert answer.status_code == 200
    assert "Зачисление" in answer.content.decode() or "Кто и что изменял" in answer.content.decode()
    assert not Entry.objects.filter(kind="audit.refused", request_id=answer.headers["X-Request-Id"]).exists()


def test_an_emergency_is_a_purpose_of_its_own(region: dict[str, Any]) -> None:
    client = signed_in(region, "head")
    session = SignIn.objects.get(appointment=region["held"]["head"])
    Person.objects.filter(pk=region["oleg"]).update(snils=b.snils_of(7100))
    emergency.open_emergency(
        actor=b.actor_of(region["five"]), session=session, number=b.snils_of(7100), reason="Ребёнок найден на улице один"
    )  # fmt: skip
    answer = client.get(f"/learners/{region['oleg']}/")
    assert answer.status_code == 200
    row = Entry.objects.get(request_id=answer.headers["X-Request-Id"], kind="read.card")
    assert (row.purpose, row.subjects) == ("emergency", [region["oleg"]])
    review = signed_in(region, "security").get("/emergencies/")
    assert noted(review) == shown(review) == {region["oleg"]}


def test_every_answer_to_a_machine_notes_whom_it_gives(region: dict[str, Any]) -> None:
    one = m.client(region["five"])
    token = m.token_of(one)
    given = 0
    for endpoint in declarations.ENDPOINTS:
        if not endpoint.path.startswith(declarations.PREFIX):
            continue  # a citizen's question: tests/exchange/epgu
        for person in standing() if "{id}" in endpoint.path else [None]:
            path = endpoint.path.replace("{id}", str(person.id if person else ""))
            answer: Any = Client().get(
                path, {"on": "2026-10-01"} if "on" in {one.name for one in endpoint.parameters} else {},
                headers={"Authorization": f"Bearer {token}"},
            )  # fmt: skip
            assert answer.status_code in {200, 404}, path
            in_answer = {one.id for one in standing() if str(one.id) in answer.content.decode()}
            assert noted(answer) == (in_answer if answer.status_code == 200 else set()), path
            given += len(in_answer)
    assert given >= 2
    row = Entry.objects.filter(kind__in=SHOWING).latest("id")
    assert (row.actor_code, row.purpose) == (f"client:{one.id}", "exchange")
    assert row.purpose in PURPOSES


def test_a_refused_look_names_the_person_and_no_query(region: dict[str, Any]) -> None:
    answer = signed_in(region, "operator").get(f"/learners/{region['oleg']}/?q=Тиунов")
    assert answer.status_code == 403
    row = Entry.objects.get(request_id=answer.headers["X-Request-Id"], kind="audit.refused")
    assert (row.subjects, row.data["code"]) == ([region["oleg"]], "access.out_of_scope")
    assert row.data["path"] == f"/learners/{region['oleg']}/"


def test_a_refusal_is_written_though_its_act_is_taken_back(region: dict[str, Any]) -> None:
    before = list(Order.objects.values()) + list(Enrolment.objects.values())
    answer = signed_in(region, "teacher").post(
        f"/orders/{region['order'].id}/act/", {"act": "cancel", "reason": "Проверка"}
    )
    assert answer.status_code in {403, 422}
    assert list(Order.objects.values()) + list(Enrolment.objects.values()) == before
    assert Entry.objects.filter(request_id=answer.headers["X-Request-Id"], kind="audit.refused").count() == 1
