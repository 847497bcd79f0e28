"""Code lists: files are checked, loading is idempotent, codes are mapped and never assumed."""

from decimal import Decimal
from pathlib import Path

import pytest

from kontingent.codelists import actions, files, queries
from kontingent.codelists.models import CodeList, CodeValue
from kontingent.enrolment.codes import LearnerState, MovementKind, OrderKind
from kontingent.enrolment.rules import reasons
from kontingent.kernel.errors import NotFound

CARD = 'title = "Проверка"\nedition = "1"\nsource = "тест"\nconfidence = "sourced"\n'
HEAD = "code,title,parent,valid_from,valid_to,aliases\n"


def listed(folder: Path, rows: str, head: str = HEAD) -> files.ListFile:
    (folder / "probe.csv").write_text(head + rows, encoding="utf-8")
    (folder / "probe.toml").write_text(CARD, encoding="utf-8")
    return files.read(folder / "probe.csv")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("1,Раз,,,,\n1,Два,,,,\n", "probe.csv:3: код 1 уже есть"),
        ("1,Раз,9,,,\n", "нет родителя 9"),
        ("1,Раз,,2026-09-01,2026-01-01,\n", "probe.csv:2: срок"),
        ("1,Раз,,завтра,,\n", "probe.csv:2"),
        ("1,,,,,\n", "пустой код или название"),
        ("1,Раз\n", "число столбцов"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(tmp_path: Path, rows: str, says: str) -> None:
    with pytest.raises(files.BadList, match=says):
        listed(tmp_path, rows)


def test_a_list_without_a_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "probe.csv").write_text(HEAD, encoding="utf-8")
    with pytest.raises(files.BadList, match="изданием и источником"):
        files.read(tmp_path / "probe.csv")


@pytest.mark.django_db
def test_loading_twice_changes_nothing() -> None:
    first = actions.load_all()
    assert len(first.loaded) == len(files.packaged())
    before = list(CodeValue.objects.order_by("pk").values())
    again = actions.load_all()
    assert (again.loaded, again.retired) == ([], [])
    assert list(CodeValue.objects.order_by("pk").values()) == before


@pytest.mark.django_db
def test_a_value_that_disappears_is_retired_and_stays(tmp_path: Path) -> None:
    actions.load_all([listed(tmp_path, "1,Раз,,,,\n2,Два,,,,\n")])
    report = actions.load_all([listed(tmp_path, "1,Раз,,,,\n")])
    assert report.retired == ["probe:2"]
    assert CodeValue.objects.get(code_list_id="probe", code="2").valid_to is not None
    assert CodeList.objects.get(pk="probe").values.count() == 2


def test_every_code_that_rules_branch_on_is_listed() -> None:
    for list_code, codes in (
        ("movement_kind", MovementKind),
        ("order_kind", OrderKind),
        ("learner_state", LearnerState),
    ):
        assert {code.value for code in codes} <= set(queries.titles(list_code)), list_code
    assert set().union(*reasons.FITTING.values()) <= set(queries.titles("leaving_reason"))


@pytest.mark.parametrize(
    ("list_code", "ours", "counterpart", "theirs"),
    [
        ("citizenship", "0", "edc", "1"), ("citizenship", "3", "edc", "2"), ("citizenship", "1", "uftt", "1"),
        ("study_form", "12", "edc", "13"), ("study_form", "13", "edc", "12"), ("organisation_type", "13", "edc", "14"),
        ("leaving_reason", "T1", "uftt", "0"), ("leaving_reason", "D1", "uftt", "2"), ("organisation_status", "7", "uftt", "207"),
    ],
)  # fmt: skip
def test_editions_that_disagree_are_mapped(list_code: str, ours: str, counterpart: str, theirs: str) -> None:
    assert queries.to_external(list_code, ours, counterpart) == theirs
    if list_code != "leaving_reason":
        assert queries.from_external(list_code, counterpart, theirs) == ours


@pytest.mark.parametrize(
    ("text", "code"),
    [("Таджикистан", "762"), ("РФ", "643"), ("россия", "643"), ("Кыргызстан", "417"), ("Атлантида", None)],
)
def test_a_country_is_found_by_what_people_call_it(text: str, code: str | None) -> None:
    assert queries.find("country", text) == code


def test_a_list_has_two_hundred_and_fifty_countries() -> None:
    assert len(queries.titles("country")) > 250


def test_a_number_that_a_list_keeps_is_read_once_for_all_and_a_missing_one_is_said() -> None:
    assert queries.number("transfer_term", "answer") == Decimal(3)
    assert queries.number("retention", "journal", "years") == 5
    with pytest.raises(NotFound, match="нет значения «never»"):
        queries.number("transfer_term", "never")
    with pytest.raises(NotFound):
        queries.number("transfer_term", "answer", "weeks")
