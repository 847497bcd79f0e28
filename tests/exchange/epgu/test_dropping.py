"""Requests and answers as files: the same right, one answer for a request whatever dies when, and what is no request goes back."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree  # reads our own answers and bombs that expat has refused

import pytest
import xmlschema
from django.conf import settings

from kontingent.access.machines import queries as machines
from kontingent.access.machines.models import ApiClient
from kontingent.audit.models import Entry
from kontingent.exchange.epgu import actions, dropping, jobs, questions
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.exchange.epgu.transfers import AskedState
from kontingent.kernel import clock, folders
from tests import builders as b
from tests.exchange.epgu.case import CHILD, MOTHER, STRANGER, Case
from tests.machines import clients as m

pytestmark = pytest.mark.django_db
SCHEMA = xmlschema.XMLSchema(Path(questions.__file__).with_name("performance.xsd"))
NS = settings.EPGU_NAMESPACE
IN_NS = f"{{{NS}}}"


def request(message: str = "m-1", *, applicant: str = MOTHER, child: str = CHILD, inner: str = "", attributes: str = "") -> bytes:  # fmt: skip
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><PerformanceRequest xmlns="{NS}" messageId="{message}"{attributes}>'
        f"<applicant><snils>{applicant}</snils></applicant><child><snils>{child}</snils></child>{inner}</PerformanceRequest>"
    )
    return text.encode()


def about_transfers(message: str = "m-1", **whom: str) -> bytes:
    return request(message, **whom).replace(b"PerformanceRequest", b"TransferStateRequest")


class Drop:
    """A system's folder, and the system that fetches its answers."""

    def __init__(self, folder: Path) -> None:
        self.client = ApiClient.objects.get()
        self.folder = folder / self.client.client_id
        self.fetched: list[bytes] = []
        (self.folder / "in").mkdir(parents=True)

    def put(self, name: str, content: bytes) -> Path:
        path = self.folder / "in" / name
        path.write_bytes(content)
        return path

    def take(self) -> dropping.Taken:
        try:
            return dropping.take(self.folder, machines.citizens_service(self.client.client_id), NS)
        finally:
            self.fetch()

    def fetch(self) -> None:
        for one in sorted((self.folder / "out").glob("*.xml")):
            self.fetched.append(one.read_bytes())
            one.unlink()

    def reason(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "refused" / f"{name}.reason.json").read_text())
        return found

    def left(self) -> set[str]:
        return {
            str(one.relative_to(self.folder))
            for one in self.folder.rglob("*")
            if not one.is_dir() and one.name != "lock"
        }


@pytest.fixture
def drop(case: Case, tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_a_mother_is_answered_by_file_as_over_http(drop: Drop, case: Case) -> None:
    drop.put("m-1.xml", request())
    assert drop.take() == dropping.Taken(answered=1)
    (answer,) = drop.fetched
    SCHEMA.validate(answer.decode())
    root = ElementTree.fromstring(answer)  # noqa: S314 - our own
    told = case.get("requests/m-1").json()
    assert (root.get("messageId"), root.get("id")) == ("m-1", told["id"])
    (found,) = root
    assert (found.tag, found.get("right")) == (f"{IN_NS}Answer", "representative")
    lessons = found.findall(f"{IN_NS}lesson")
    assert [one.get("subject") for one in lessons] == [one["subject"] for one in told["answer"]["lessons"]]
    assert lessons[0].findtext(f"{IN_NS}homework") == "№ 5"
    assert [one.get("value") for one in lessons[0].findall(f"{IN_NS}mark")] == ["5"]
    assert [one.get("value") for one in found.findall(f"{IN_NS}final")] == ["4"]
    (child,) = found.findall(f"{IN_NS}child")
    assert (child.get("lastName"), child.get("birthDate")) == ("Мальцева", "2014-05-20")
    assert [one.get("title") for one in found.findall(f"{IN_NS}studyPeriod")] == ["3-я четверть"]
    assert drop.left() == set()
    entry = Entry.objects.get(kind="epgu.answered")
    assert (set(entry.subjects), entry.actor_name) == ({case.child, case.mother}, drop.client.name)
    assert Entry.objects.filter(kind__startswith="read.", purpose="epgu", subjects__contains=[case.child]).exists()  # fmt: skip
    for number in (MOTHER, CHILD):
        assert number not in answer.decode()


def test_whoever_has_no_right_is_told_so_in_the_words_of_smev(drop: Drop) -> None:
    drop.put("m-1.xml", request(applicant=STRANGER))
    drop.take()
    SCHEMA.validate(drop.fetched[0].decode())
    (found,) = ElementTree.fromstring(drop.fetched[0])  # noqa: S314 - our own
    assert (found.tag, found.get("refusal")) == (f"{IN_NS}RequestRejected", "NOT_REPRESENTATIVE")
    assert found.findtext(f"{IN_NS}RejectionReasonCode") == "ACCESS_DENIED"


def test_the_same_message_again_gets_the_same_bytes_and_another_question_none(drop: Drop) -> None:
    for _ in range(2):
        drop.put("m-1.xml", request())
        drop.take()
    first, second = drop.fetched
    assert first == second
    other = request(inner="<content>marks</content>")
    drop.put("m-1.xml", other)
    assert drop.take() == dropping.Taken(refused=1)
    assert drop.reason("m-1.xml")["code"] == "epgu.message_reused"
    assert (drop.folder / "refused" / "m-1.xml").read_bytes() == other
    assert (ServiceRequest.objects.count(), len(drop.fetched)) == (1, 2)


class Killed(BaseException):
    """The process is gone."""


def dying(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> Callable[[], int]:
    """Let every step on disk and in the database count, and the process die before or after one of them."""
    steps = 0

    def mortal(real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **named: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == at and not after:
                raise Killed
            done = real(*args, **named)
            if steps == at:
                raise Killed
            return done

        return step

    for where, name in (
        (Path, "rename"),
        (Path, "unlink"),
        (os, "fsync"),
        (actions, "answer"),
        (actions, "_record"),
    ):
        monkeypatch.setattr(where, name, mortal(getattr(where, name)))
    return lambda: steps


def test_killed_at_any_step_there_is_one_answer(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one message is lost or answered twice, even when the system fetches its answers at once and the next run dies too."""
    drop.put("m-0.xml", request("m-0"))
    drop.put("bad.xml", b"<no")
    with monkeypatch.context() as patched:
        counted = dying(patched, 0, after=False)
        dropping.take(drop.folder, machines.citizens_service(drop.client.client_id), NS)
        steps = counted()
    drop.fetch()
    assert steps > 12
    for at in range(1, steps + 1):
        for after in (False, True):
            name = f"m-{at}-{after}"
            drop.fetched.clear()
            drop.put(f"{name}.xml", request(name))
            drop.put(f"{name}-bad.xml", b"<no")
            for _ in range(2):
                with monkeypatch.context() as patched:
                    dying(patched, at, after=after)
                    with contextlib.suppress(Killed):
                        dropping.take(drop.folder, machines.citizens_service(drop.client.client_id), NS)
                drop.fetch()
            drop.take()
            drop.take()
            assert len(drop.fetched) == 1, (at, after)
            assert ServiceRequest.objects.filter(message_id=name).count() == 1
            assert drop.reason(f"{name}-bad.xml")["code"] == "epgu.not_xml"
            assert not [one for one in drop.left() if one.startswith(("in/", "out/")) or one.endswith(("out", "refused"))]  # fmt: skip
    answered = Entry.objects.filter(kind="epgu.answered")
    assert answered.count() == ServiceRequest.objects.count() == 2 * steps + 1


#: answer, its journal, the bytes on the disk, the rename into ``work``.
STEP_OF_THE_OUTCOME = 4


def test_another_request_under_the_name_of_one_on_its_way_is_not_lost(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    drop.put("m-1.xml", request())
    with monkeypatch.context() as patched:
        dying(patched, STEP_OF_THE_OUTCOME, after=True)
        with pytest.raises(Killed):
            drop.take()
    assert [one for one in drop.left() if one.endswith(".out")]
    drop.put("m-1.xml", request(inner="<content>marks</content>"))
    drop.take()
    assert len(drop.fetched) == 1
    assert drop.reason("m-1.xml")["code"] == "epgu.message_reused"


def test_two_workers_do_not_take_one_folder_at_once(drop: Drop) -> None:
    drop.put("m-1.xml", request())
    drop.take()
    drop.put("m-2.xml", request("m-2"))
    with folders.alone(drop.folder / dropping.WORK / "lock") as mine:
        assert mine
        assert drop.take() == dropping.Taken()
    assert drop.take() == dropping.Taken(answered=1)


GOOD = request(inner="<period><from>2026-03-16</from><to>2026-03-17</to></period><content>marks</content><content>finals</content>")  # fmt: skip
FULL = GOOD.replace(
    b"</snils></child>",
    b"</snils><lastName> A </lastName><birthDate>2014-05-20</birthDate></child><orgOgrn> 1025900000125 </orgOgrn>",
)
#: Name → content, code, whether the schema itself refuses it.
BAD: dict[str, tuple[bytes, str, bool]] = {
    "not XML": (b"PK\x03\x04", "epgu.not_xml", True),
    "wrong OGRN": (GOOD.replace(b"</child>", b"</child><orgOgrn>102</orgOgrn>"), "epgu.structure", True),
    "cut short": (GOOD[:-9], "epgu.not_xml", True),
    "empty": (b"", "epgu.not_xml", True),
    "not UTF-8": (GOOD.replace(b"finals", b"\xff"), "epgu.not_xml", True),
    "unknown encoding": (GOOD.replace(b"UTF-8", b"KOI-99"), "epgu.not_xml", True),
    "another namespace": (GOOD.replace(NS.encode(), b"urn:x"), "epgu.structure", True),
    "another root": (b"<a/>", "epgu.structure", True),
    "days of a transfer": (GOOD.replace(b"PerformanceRequest", b"TransferStateRequest"), "epgu.structure", True),
    "a transfer of nobody": (about_transfers().replace(b"child>", b"kid>"), "epgu.structure", True),
    "a transfer with a slip": (about_transfers(child=CHILD[:-1] + "0"), "epgu.snils", False),
    "a transfer under another name": (about_transfers("m-2"), "epgu.file_name", False),
    "unknown element": (request(inner="<color/>"), "epgu.structure", True),
    "unknown attribute": (request(attributes=' color="1"'), "epgu.structure", True),
    "attribute inside": (GOOD.replace(b"<content>", b'<content a="1">', 1), "epgu.structure", True),
    "text between": (request(inner="и ещё"), "epgu.structure", True),
    "element in text": (request(inner="<content><b/></content>"), "epgu.structure", True),
    "wrong order": (request(inner="<content>marks</content><period><from>2026-03-16</from><to>2026-03-17</to></period>"), "epgu.structure", True),
    "two periods": (request(inner="<period><from>2026-03-16</from><to>2026-03-17</to></period>" * 2), "epgu.structure", True),
    "half a period": (request(inner="<period><from>2026-03-16</from></period>"), "epgu.structure", True),
    "no such day": (request(inner="<period><from>2026-02-30</from><to>2026-03-17</to></period>"), "epgu.structure", True),
    "a moment for a day": (request(inner="<period><from>2026-03-16Z</from><to>2026-03-17</to></period>"), "epgu.structure", True),
    "unknown content": (request(inner="<content>health</content>"), "epgu.structure", True),
    "no child": (GOOD.replace(b"child>", b"kid>"), "epgu.structure", True),
    "period backwards": (request(inner="<period><from>2026-03-16</from><to>2026-03-01</to></period>"), "epgu.days", False),
    "СНИЛС with a slip": (request(child=CHILD[:-1] + "0"), "epgu.snils", False),
    "not a СНИЛС": (request(child="12"), "epgu.snils", True),
    "an id with a slash": (request("a/b"), "epgu.message_id", True),
    "name of another message": (request("m-2"), "epgu.file_name", False),
    "too long": (GOOD + b" " * 30_000, "epgu.too_long", False),
    "bomb": (b'<!DOCTYPE a [<!ENTITY b "cccc"><!ENTITY d "&b;&b;&b;&b;">]><a>&d;</a>', "epgu.doctype", True),
    "another file": (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "epgu.doctype", True),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_request_goes_back_with_the_reason_and_nothing_is_kept(drop: Drop, name: str) -> None:
    content, code, _ = BAD[name]
    before = Entry.objects.count()
    drop.put("m-1.xml", content)
    assert drop.take() == dropping.Taken(refused=1)
    reason = drop.reason("m-1.xml")
    assert reason["code"] == code
    assert any("а" <= letter <= "я" for letter in reason["detail"])
    assert (drop.folder / "refused" / "m-1.xml").read_bytes() == content
    assert drop.left() == {"refused/m-1.xml", "refused/m-1.xml.reason.json"}
    assert (ServiceRequest.objects.count(), Entry.objects.count(), drop.fetched) == (0, before, [])


@pytest.mark.parametrize("name", BAD)
def test_the_schema_refuses_what_the_reader_refuses_by_it(name: str) -> None:
    content, _, by_schema = BAD[name]
    assert SCHEMA.is_valid(_source(content)) is not by_schema


def _source(content: bytes) -> str:
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - written in this file
        return str(ElementTree.tostring(root, encoding="unicode"))
    except (ElementTree.ParseError, LookupError, ValueError):
        return "<no/>"


@pytest.mark.parametrize("content", [request(), GOOD, FULL])
def test_the_schema_takes_what_the_reader_takes(content: bytes) -> None:
    SCHEMA.validate(content.decode())
    asked = questions.from_xml(content, NS)
    assert isinstance(asked, actions.Asked)
    assert asked.child == CHILD
    located = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b" messageId'
    assert questions.from_xml(content.replace(b" messageId", located), NS).message_id == "m-1"


def test_the_schema_takes_a_question_about_transfers() -> None:
    SCHEMA.validate(about_transfers().decode())
    asked = questions.from_xml(about_transfers(), NS)
    assert asked == questions.TransferQuestion("m-1", AskedState(MOTHER, CHILD, None))


def test_links_pipes_and_folders_lead_nowhere(drop: Drop, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_bytes(request("link"))
    (drop.folder / "in" / "link.xml").symlink_to(secret)
    os.mkfifo(drop.folder / "in" / "pipe.xml")
    (drop.folder / "in" / "folder.xml").mkdir()
    drop.put("m-1.xml.part", request())
    drop.put("ы" * 100 + ".xml", request())
    assert drop.take() == dropping.Taken(refused=2)
    assert drop.reason("link.xml")["code"] == drop.reason("pipe.xml")["code"] == "epgu.no_file"
    assert secret.exists()
    assert ServiceRequest.objects.count() == 0


def test_the_worker_takes_the_folders_of_systems_that_may_ask(drop: Drop, settings: Any, caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    settings.EPGU_DROP = str(drop.folder.parent)
    poor = m.client(b.school("Школа № 9"), scopes=("learners.read",))
    stopped = m.client(b.school("Школа № 8"))
    ApiClient.objects.filter(pk=stopped.pk).update(suspended_at=clock.now(), suspend_reason="проверка")
    theirs = [
        drop.folder.parent / name / "in" for name in (poor.client_id, stopped.client_id, "nobody", "..x")
    ]
    for folder in theirs:
        folder.mkdir(parents=True)
        (folder / "m-1.xml").write_bytes(request())
    drop.put("m-1.xml", request())
    with caplog.at_level(logging.DEBUG):
        jobs.take_files(timestamp=0)
    drop.fetch()
    assert len(drop.fetched) == ServiceRequest.objects.count() == 1
    assert all((folder / "m-1.xml").exists() for folder in theirs)
    assert not any((folder.parent / "out").exists() for folder in theirs)
    written = "\n".join(one.getMessage() for one in caplog.records if one.name != "django.db.backends")
    assert written.count("папка обмена не принимается") == len(theirs)
    for number in (MOTHER, CHILD):
        assert number not in written


def test_what_nobody_fetched_is_wiped_after_three_days(drop: Drop) -> None:
    drop.put("m-1.xml", request())
    drop.put("bad.xml", b"<no")
    dropping.take(drop.folder, machines.citizens_service(drop.client.client_id), NS)
    for one in drop.folder.rglob("*"):
        os.utime(one, (clock.now().timestamp(),) * 2)
    assert dropping.wipe(drop.folder, now=clock.now() + timedelta(days=2)) == 0
    assert dropping.wipe(drop.folder, now=clock.now() + timedelta(days=4)) == 3
    actions.wipe(now=clock.now() + timedelta(days=4))
    drop.put("m-1.xml", request())
    assert drop.take() == dropping.Taken(refused=1)
    assert drop.reason("m-1.xml")["code"] == "epgu.answer_gone"
