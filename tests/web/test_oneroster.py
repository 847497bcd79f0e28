"""The page of OneRoster: a file checked, compared, lists written, machines and journals shown, each to whom it may."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kontingent.audit.models import Entry
from kontingent.exchange.journals.sources import actions
from kontingent.exchange.journals.sources.actions import SourceDraft
from kontingent.exchange.oneroster import checking
from kontingent.exchange.staging import jobs
from kontingent.exchange.staging.models import Batch
from tests import builders as b
from tests.machines import clients as m
from tests.oneroster.sets import files_of, zipped
from tests.oneroster.test_rostering import files

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(tmp_path: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    settings.VAR_DIR = tmp_path
    deferred: list[Any] = []
    monkeypatch.setattr(jobs.read, "defer", lambda **how: deferred.append(how))
    school = b.school("Школа № 5")
    anna = b.person("Мальцева Анна Павловна")
    b.admitted(anna, b.group(school, "5А", year=2026), on=date(2026, 9, 1))
    return {
        "school": school, "anna": anna, "deferred": deferred,
        "operator": b.browser(b.appointed("operator", at=school)),
        "municipal": b.browser(b.appointed("municipal", where=school.municipality)),
        "ministry": b.browser(b.appointed("ministry")), "teacher": b.browser(b.appointed("teacher", at=school, groups=())),
    }  # fmt: skip


def upload(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("набор.zip", content, "application/zip")


def post(client: Any, status: int = 200, **form: Any) -> Any:
    answer = client.post("/oneroster/", form)
    assert answer.status_code == status, None if answer.streaming else answer.content.decode()[:2000]
    return answer


def test_a_defective_file_is_told_place_by_place_and_a_right_one_by_its_files(town: dict[str, Any]) -> None:
    spoilt: dict[str, str | bytes] = dict(files_of())
    spoilt["users.csv"] = str(spoilt["users.csv"]).replace("true", "<b>да</b>", 1)
    told = post(town["municipal"], 422, act="check", file=upload(zipped(spoilt))).content.decode()
    for part in ("users.csv", "enabledUser", "&lt;b&gt;да&lt;/b&gt;", "Запишите true или false."):
        assert part in told
    assert "<b>да</b>" not in told
    right = post(town["municipal"], act="check", file=upload(zipped(files_of("1.1")))).content.decode()
    assert "OneRoster 1.1 верен" in right
    assert "results.csv" in right
    assert "Файл не выбран" in post(town["municipal"], 422, act="check").content.decode()
    assert (
        "не читается как архив"
        in post(town["municipal"], 422, act="check", file=upload(b"zip?")).content.decode()
    )


def test_lists_are_written_for_one_s_own_and_the_export_is_journaled(town: dict[str, Any]) -> None:
    answer = post(town["municipal"], act="export", edition="1.2", ogrn=town["school"].ogrn)
    assert answer.headers["Content-Type"] == "application/zip"
    packed = b"".join(answer.streaming_content)
    read = checking.check(packed)
    assert read.content is not None, [str(one) for one in read.defects]
    assert [row["familyName"] for row in read.content.rows["users"]] == ["Мальцева"]
    assert town["anna"] in Entry.objects.get(kind="read.export").subjects
    answer = post(
        town["municipal"], act="export", edition="1.1", ogrn=town["school"].ogrn, since="2020-01-01T10:00"
    )
    delta = b"".join(answer.streaming_content)
    with zipfile.ZipFile(io.BytesIO(delta)) as archive:
        assert b"file.users,delta" in archive.read("manifest.csv")


def test_what_cannot_be_exported_is_told(town: dict[str, Any]) -> None:
    far = b.school("Школа № 9", where=b.municipality("far", "Дальний округ"))
    assert town["municipal"].post("/oneroster/", {"act": "export", "edition": "1.2", "ogrn": far.ogrn}).status_code in {403, 404}  # fmt: skip
    ogrn = town["school"].ogrn
    assert "Укажите ОГРН" in post(town["ministry"], 422, act="export", edition="1.2").content.decode()
    assert (
        "не день"
        in post(
            town["municipal"], 422, act="export", edition="1.2", ogrn=ogrn, since="вчера"
        ).content.decode()
    )
    assert "Редакция" in post(town["municipal"], 422, act="export", edition="2.0", ogrn=ogrn).content.decode()
    assert "Выгружать нечего" in post(town["municipal"], 422, act="export", edition="1.2", ogrn=ogrn, since="2099-01-01").content.decode()  # fmt: skip
    assert not Entry.objects.filter(kind="read.export", subjects__len__gt=0).exists()


def test_a_set_is_taken_in_for_comparison_by_the_school_alone(town: dict[str, Any]) -> None:
    client = town["operator"]
    answer = post(client, 302, act="compare", file=upload(zipped(files(town["school"].ogrn))))
    batch = Batch.objects.get()
    assert answer.headers["Location"] == f"/imports/{batch.pk}/"
    assert town["deferred"] == [{"batch_id": str(batch.pk)}]
    assert (
        "Списки сверяет сама организация"
        in post(
            town["municipal"], 422, act="compare", file=upload(zipped(files(town["school"].ogrn)))
        ).content.decode()
    )


def test_journals_and_machines_are_shown_and_the_page_is_closed_to_others(
    town: dict[str, Any], settings: Any
) -> None:
    empty = town["municipal"].get("/oneroster/").content.decode()
    assert "Таких журналов нет" in empty
    client = m.client(town["school"], scopes=("roster-core.readonly", "roster.readonly"))
    settings.JOURNAL_HOSTS = ()
    actions.make_source(
        actor=b.ROOT,
        draft=SourceDraft(
            code="epos", title="ЭПОС школы", adapter="oneroster-rest", organisation_id=town["school"].pk, settings={}
        ),
    )  # fmt: skip
    told = town["municipal"].get("/oneroster/").content.decode()
    assert "ЭПОС школы" in told
    assert "не запускался" in told
    security = b.browser(b.appointed("security"))
    given = security.get("/oneroster/").content.decode()
    assert "roster-core.readonly" in given
    assert "не обращалась" in given
    assert "Проверить набор" not in given
    assert "Действие не выбрано" in post(security, 422, act="check", file=upload(b"")).content.decode()
    token = m.token_of(client)
    answer = Client().get("/ims/oneroster/rostering/v1p2/users", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    counted = security.get("/oneroster/").content.decode()
    assert f'/journal/?actor=client:{client.id}">1</a>' in counted
    assert town["teacher"].get("/oneroster/").status_code == 403
    assert town["teacher"].post("/oneroster/", {"act": "check"}).status_code == 403
