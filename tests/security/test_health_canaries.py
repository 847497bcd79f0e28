"""No value of health leaves without its permission: canaries are looked for in every answer, file, log line, entry and statement."""

from __future__ import annotations

import io
import json
import logging
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from python_calamine import load_workbook

from config.logs import ScrubbedFormatter
from kontingent.access.roles import ROLES
from kontingent.api import declarations
from kontingent.audit.models import Entry
from kontingent.codelists import queries as codelists
from kontingent.exchange.staging import applying, reading
from kontingent.exchange.staging.models import Batch
from kontingent.health import actions, queries
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.health.rules import Details, Record
from kontingent.persons.models import Person
from kontingent.stages.fields import FIELDS
from kontingent.storage.scope import scoped
from kontingent.web.import_profiles import PROFILES
from tests.health.test_health import opened, worker
from tests.machines import clients as m
from tests.web.test_pages import signed_in, town
from tests.web.test_reads_are_journaled import addresses, region
from tests.web.test_wizard import learner

__all__ = ["region", "town"]
pytestmark = pytest.mark.django_db
CANARIES = ("канарейка-справка-8801", "канарейка-бюро-8802", "канарейка-условия-8803")
#: Titles of codes that stand on no page but of whoever may know (and in the code lists themselves, which are public).
TITLES = tuple(
    codelists.title(code_list, code)
    for code_list, code in (
        ("disability_category", "22"),
        ("hard_situation", "9"),
        ("prevention_record", "police"),
    )
)
MAY = {"health", "operator_health", "head"}
#: Who may enter it, and load lists of it.
KEEPERS = {"health", "operator_health"}
#: The child herself, and her mother: a right of theirs (152-ФЗ, art. 14).
FAMILY = {"representative", "learner"}
#: Offer the values to choose from, before anybody has any.
FORMS = ("/health/", "/codelists/")
START = date(2026, 9, 1)
#: What the wizard of one learner sends of health.
IN_WIZARD = {
    "health_group_code": "12", "health_group_starts_on": "2026-09-01", "health_group_document": CANARIES[0], "disability_code": "14",
    "disability_category_code": "22", "disability_starts_on": "2026-09-01", "disability_ends_on": "2028-01-01", "disability_document": CANARIES[1],
}  # fmt: skip


@pytest.fixture
def sick(region: dict[str, Any], settings: Any, tmp_path: Path) -> dict[str, Any]:
    """Anna has a record of every kind; Oleg too, but where he studies the stage has been closed since."""
    settings.VAR_DIR = tmp_path
    opened()
    details = Details(*CANARIES)
    records = [
        Record(Kind.HEALTH_GROUP, "15", START, details=details),
        Record(Kind.DISABILITY, "14", START, date(2027, 6, 1), category_code="22", details=details),
        Record(Kind.ADAPTED_PROGRAMME, "212", START, variant_code="8.4", details=details),
        Record(Kind.LONG_TREATMENT, "2", START, details=details),
        Record(Kind.HARD_SITUATION, "9", START, details=details),
        Record(Kind.PREVENTION, "police", START, details=details),
    ]
    for who, school in (("anna", "five"), ("oleg", "seven")):
        actor = worker(region[school])
        with scoped(actor):
            actions.record_many(
                actor=actor, organisation_id=region[school].id, entered=[(region[who], one) for one in records]
            )  # fmt: skip
    opened(region["seven"].municipality, close=True)
    return region


def told(answer: Any) -> str:
    """Whatever of an answer is text, with the words of a workbook."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if "spreadsheet" in answer.headers.get("Content-Type", ""):
        book = load_workbook(io.BytesIO(content))
        return json.dumps(
            [book.get_sheet_by_name(n).to_python() for n in book.sheet_names], ensure_ascii=False
        )
    return str(content.decode(errors="replace")) + repr(sorted(answer.headers.items()))


def found(text: str, *, of: tuple[str, ...] = CANARIES + TITLES) -> list[str]:
    return [one for one in of if one in text]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(ScrubbedFormatter("%(levelname)s %(name)s %(message)s"))
    return caplog


class Statements:
    """Looks at every statement with its parameters: what a log of the database would show."""

    def __init__(self) -> None:
        self.seen, self.leaks = 0, list[str]()

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        self.seen += 1
        if found(f"{sql} {params}", of=CANARIES):
            self.leaks.append(str(sql))
        return execute(sql, params, many, context)


def everywhere(sick: dict[str, Any]) -> list[str]:
    records = list(HealthRecord.objects.values_list("person_id", "id"))
    kinds = [f"/learners/{sick['anna']}/health/?kind={kind}" for kind in Kind]
    kinds += [
        f"/stages/missing/{file}?stage={stage}" for stage in "23" for file in ("", "file.csv", "file.xlsx")
    ]
    kinds += [f"/stages/rollout/{file}?stage=2" for file in ("", "file.csv")]
    others = [
        str(one)
        for one in Person.objects.values_list("id", flat=True)
        if one not in {sick["anna"], sick["oleg"]}
    ]
    theirs = [one for one in addresses(sick) if not any(other in one for other in others)]
    return [*theirs, *kinds, *(f"/learners/{who}/health/{one}/end/" for who, one in records)]


def test_no_page_shows_a_value_to_who_may_not_know(sick: dict[str, Any], log: Any, tmp_path: Path) -> None:
    card, ours = f"/learners/{sick['anna']}/health/", f"/family/{sick['anna']}/"
    kinds = (card, *(f"{card}?kind={kind}" for kind in Kind))
    where = dict.fromkeys(MAY, kinds) | dict.fromkeys(FAMILY, (ours,))
    shown: dict[str, set[str]] = {}
    statements = Statements()
    leaks: list[tuple[str, str, list[str]]] = []
    with connection.execute_wrapper(statements):
        for role in sorted(ROLES):
            client = signed_in(sick, role)
            client.raise_request_exception = False
            for address in everywhere(sick):
                text = told(client.get(address))
                values = found(text, of=CANARIES) if any(one in address for one in FORMS) else found(text)
                if values and address not in where.get(role, ()):
                    leaks.append((role, address, values))
                elif values:
                    shown.setdefault(role, set()).update(values)
    assert leaks == []
    assert {role: values >= set(CANARIES) for role, values in shown.items()} == dict.fromkeys(
        MAY | FAMILY, True
    )
    assert statements.seen > 2000
    assert statements.leaks == []
    assert found(log.text) == []
    assert_nothing_in_files(tmp_path)
    assert_nothing_in_the_journal()


def test_no_form_sends_back_or_logs_what_was_typed_by_who_may_not(
    sick: dict[str, Any], log: Any, tmp_path: Path
) -> None:
    typed = {
        "kind": "disability", "code": "14", "starts_on": "2026-10-01", "document": CANARIES[0], "issuer": CANARIES[1],
        "note": CANARIES[2], "act": "end", "ends_on": "2026-10-01",
    }  # fmt: skip
    before = HealthRecord.objects.count()
    record = HealthRecord.objects.filter(person_id=sick["anna"]).values_list("id", flat=True)[0]
    for role in sorted(set(ROLES) - KEEPERS):
        client = signed_in(sick, role)
        for address in (
            f"/learners/{sick['anna']}/health/",
            f"/learners/{sick['anna']}/health/{record}/end/",
        ):
            answer = client.post(address, typed)
            assert answer.status_code == 403, (role, address)
            assert found(told(answer)) == [], (role, address)
        answer = client.post("/learners/wizard/", IN_WIZARD | {"step": "check", "act": "finish"})
        assert (answer.status_code, found(told(answer))) == (403, []), role
        grid = {f"health_group-{sick['anna']}": CANARIES[0]}
        assert client.post(f"/groups/{sick['mine'].id}/health/", grid).status_code in {302, 403, 422}, role
    assert HealthRecord.objects.count() == before
    assert found(log.text) == []
    assert_nothing_in_files(tmp_path)
    assert_nothing_in_the_journal()


def test_a_breakdown_tells_nothing(sick: dict[str, Any], log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page fails with the decrypted values at hand: neither the answer nor the traceback has them."""

    def broken(_found: Any) -> Any:
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(queries, "_by_day", lambda rows: [broken([queries._shown(one) for one in rows])])
        client = signed_in(sick, "health")
        client.raise_request_exception = False
        answer = client.get(f"/learners/{sick['anna']}/health/")
    assert answer.status_code == 500
    assert found(told(answer)) == []
    assert "broken" in log.text
    assert found(log.text) == []


def test_the_wizard_tells_health_to_whoever_types_it_and_to_nobody_else(
    sick: dict[str, Any], log: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("broken")

    statements, before = Statements(), HealthRecord.objects.count()
    keeper = signed_in(sick, "operator_health")
    keeper.raise_request_exception = False
    form = learner({"group": sick["mine"]}) | IN_WIZARD
    finish = form | {"step": "check", "act": "finish"}
    with connection.execute_wrapper(statements):
        typed = keeper.post("/learners/wizard/", form | {"step": "health", "act": "next"})
        assert set(found(told(typed))) == {*CANARIES[:2], TITLES[0]}
        with monkeypatch.context() as patched:
            patched.setattr(actions, "_place", broken)
            answer = keeper.post("/learners/wizard/", finish)
        assert (answer.status_code, found(told(answer))) == (500, [])
        assert HealthRecord.objects.count() == before
        answer = keeper.post("/learners/wizard/", finish)
        assert (answer.status_code, found(told(answer))) == (302, [])
        assert HealthRecord.objects.count() == before + 2
        child = Person.objects.get(given_name="Вера", family_name="Тиунова").id
        for role in sorted(ROLES):
            client = signed_in(sick, role)
            for address in (
                answer.headers["Location"],
                f"/learners/{child}/",
                f"/learners/{child}/health/",
                "/orders/",
                "/learners/?q=тиунова",
            ):
                assert found(told(client.get(address))) == [], (role, address)
    assert statements.leaks == []
    assert "broken" in log.text
    assert found(log.text) == []
    assert_nothing_in_files(tmp_path)
    assert_nothing_in_the_journal()


def test_no_answer_to_a_machine_has_a_value(sick: dict[str, Any], log: Any) -> None:
    """The API gives nothing of stage two, whatever scopes a system holds: there is no field for it."""
    token = m.token_of(m.client(sick["five"]))
    asked = 0
    for endpoint in declarations.ENDPOINTS:
        for person in Person.objects.values_list("id", flat=True) if "{id}" in endpoint.path else [None]:
            path = endpoint.path.replace("{id}", str(person))
            answer = Client().get(path, headers={"Authorization": f"Bearer {token}"})
            assert found(told(answer)) == [], path
            asked += 1
    assert asked > 8
    staged = {one.code for one in FIELDS.values() if one.stage != "1"}
    assert staged & set(declarations.SCHEMAS["Learner"]["properties"]) == set()
    assert found(log.text) == []


def test_no_list_of_health_shows_a_value_anywhere(
    sick: dict[str, Any], log: Any, tmp_path: Path, django_capture_on_commit_callbacks: Any
) -> None:
    """A file with columns of health from its coming to its end: pages, error files, templates, staging rows, the file itself."""
    head = "ФИО;Дата рождения;Инвалидность;Справка МСЭ;Кем выдана справка МСЭ;Категория инвалидности;Адаптированная программа;Заключение ПМПК;Специальные условия;Диагноз;Инвалидность до"
    anna = Person.objects.get(pk=sick["anna"])
    rows = (
        f"{anna.full_name};{anna.birth_date:%d.%m.%Y};ребёнок-инвалид;{CANARIES[0]};{CANARIES[1]};{TITLES[0]};ЗПР;{CANARIES[0]};{CANARIES[2]};{CANARIES[2]};01.01.2028",
        f"Неизвестный Пётр Ильич;20.05.2014;{TITLES[1]};{CANARIES[0]};{CANARIES[1]};{CANARIES[2]};{TITLES[2]};{CANARIES[0]};{CANARIES[1]};{CANARIES[2]}",
    )
    statements = Statements()
    health = signed_in(sick, "health")
    with connection.execute_wrapper(statements):
        sent = SimpleUploadedFile("список.csv", "\n".join([head, *rows]).encode())
        answer = health.post("/imports/", {"purpose": "health", "file": sent})
        batch = Batch.objects.get(options__purpose="health")
        assert answer.headers["Location"] == f"/imports/{batch.id}/"
        assert reading.read(batch.id).state == "checked"
        pages = [f"/imports/{batch.id}/{one}" for one in ("", "?status=refused", "?status=update", "columns/", "progress/", "refused.xlsx")]  # fmt: skip
        templates = [f"/imports/template/{code}.xlsx" for code in PROFILES]
        for role in sorted(ROLES):
            client = signed_in(sick, role)
            for address in (*pages, *templates, "/imports/"):
                answer = client.get(address)
                text = told(answer)
                # a template offers the values of the code lists to choose from
                assert found(text, of=CANARIES if address in templates else CANARIES + TITLES) == [], (
                    role,
                    address,
                )
                if address in pages:
                    assert (answer.status_code < 300) is (role in KEEPERS), (role, address)
                if "Неизвестный" in text:
                    assert role in KEEPERS, (role, address)
            if role not in KEEPERS:
                for act in ("apply", "undo", "check"):
                    assert client.post(f"/imports/{batch.id}/act/", {"act": act}).status_code >= 400, (
                        role,
                        act,
                    )
        assert in_the_dump() == []
        assert_nothing_in_files(tmp_path)
        actor = worker(sick["five"])
        with django_capture_on_commit_callbacks(execute=True), scoped(actor):
            assert applying.apply(actor=actor, batch_id=batch.id).result["health"] == 1
    assert "read.health" in set(Entry.objects.filter(object_id=batch.id).values_list("kind", flat=True))
    assert in_the_dump() == []
    assert statements.leaks == []
    assert found(log.text) == []
    assert_nothing_in_files(tmp_path)
    assert_nothing_in_the_journal()


def in_the_dump() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(string_agg(r::text, ' '), '') FROM staging_row r")
        rows = str((cursor.fetchone() or ("",))[0])
        cursor.execute("SELECT coalesce(string_agg(b::text, ' '), '') FROM staging_batch b")
        return found(rows + str((cursor.fetchone() or ("",))[0]))


def test_a_dump_of_the_database_has_no_text_of_health(sick: dict[str, Any]) -> None:
    """Every table of every schema as COPY writes it, as the owner: what a stolen backup would say."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [row[0] for row in cursor.fetchall()]
        assert "health.record" in tables
        dump = b""
        for table in tables:
            with cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT") as copy:
                dump += b"".join(bytes(part) for part in copy)
    assert "Мальцева".encode() in dump
    for canary in CANARIES:
        assert canary.encode() not in dump
        assert canary.encode().hex().encode() not in dump


def assert_nothing_in_files(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            assert found(path.read_bytes().decode(errors="replace")) == [], path


def assert_nothing_in_the_journal() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(string_agg(e::text, ' '), '') FROM audit_entry e")
        row = cursor.fetchone()
    assert row
    assert "health.recorded" in row[0]
    kinds = [f'"{kind}"' for kind in Kind]
    assert found(row[0]) + [kind for kind in kinds if kind in row[0]] == []
