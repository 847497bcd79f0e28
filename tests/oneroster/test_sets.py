"""Sets of CSV: valid ones go through unchanged, defective ones are refused with their place."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kontingent.exchange.oneroster import archives, checking, writing
from kontingent.exchange.oneroster.model import Edition, Mode
from kontingent.exchange.oneroster.writing import RosterSet
from tests.oneroster.sets import files_of, zipped

Files = dict[str, str | bytes]


@pytest.mark.parametrize("edition", ["1.1", "1.2"])
@pytest.mark.parametrize("delta", [False, True])
def test_a_valid_set_goes_through_byte_for_byte(edition: str, delta: bool) -> None:
    files = files_of(edition, delta=delta)
    read = checking.check(zipped(files))
    assert [str(one) for one in read.defects] == []
    assert read.content is not None
    assert (read.content.edition, read.content.modes["users"]) == (
        Edition(edition),
        Mode.DELTA if delta else Mode.BULK,
    )
    packed = writing.pack(read.content)
    again = checking.check(packed).content
    assert again is not None
    assert writing.pack(again) == packed
    assert {name: text.decode() for name, text in archives.unpack(packed).items()} == files


def test_a_mark_and_a_bom_and_metadata_are_taken_in() -> None:
    files = files_of()
    files["orgs.csv"] = "\ufeff" + files["orgs.csv"].replace("parentSourcedId\r", "parentSourcedId,metadata.oid\r").replace(
        "0001,\r", "0001,,1.2.643\r"
    )  # fmt: skip
    content = checking.check(zipped(files)).content
    assert content is not None
    assert content.rows["orgs"][0]["metadata.oid"] == "1.2.643"
    assert checking.check(writing.pack(content)).content == content


def test_the_draft_of_users_is_taken_in_and_goes_out_as_1_2_1() -> None:
    files = files_of()
    draft = (
        files["users.csv"]
        .replace(",pronouns", "")
        .replace("userMasterIdentifier,", "userMasterIdentifier,resourceSourcedIds,")
    )
    files["users.csv"] = draft
    content = checking.check(zipped(files)).content
    assert content is not None
    assert b"resourceSourcedIds" not in archives.unpack(writing.pack(content))["users.csv"]


def _swap(name: str, old: str, new: str) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        text = str(files[name])
        assert old in text
        files[name] = text.replace(old, new, 1)

    return spoil


def _drop(name: str) -> Callable[[Files], object]:
    return lambda files: files.pop(name)


DEFECTS: dict[str, tuple[Callable[[Files], object], tuple[str, str, int, str]]] = {
    "no manifest": (_drop("manifest.csv"), ("manifest_missing", "manifest.csv", 0, "")),
    "edition 1.3": (_swap("manifest.csv", "version,1.2", "version,1.3"), ("edition", "manifest.csv", 0, "value")),
    "mode unknown": (_swap("manifest.csv", "roles,bulk", "roles,full"), ("manifest_mode", "manifest.csv", 0, "value")),
    "manifest silent": (_swap("manifest.csv", "file.resources,absent\r\n", ""), ("manifest_silent", "manifest.csv", 0, "propertyName")),
    "absent but there": (_swap("manifest.csv", "demographics,bulk", "demographics,absent"), ("not_absent", "demographics.csv", 0, "")),
    "file missing": (_drop("roles.csv"), ("file_missing", "roles.csv", 0, "")),
    "stranger": (lambda files: files.update({"notes.txt": "x"}), ("stranger", "notes.txt", 0, "")),
    "header case": (_swap("orgs.csv", "sourcedId", "sourcedID"), ("header", "orgs.csv", 1, "sourcedID")),
    "header order": (_swap("orgs.csv", "name,type", "type,name"), ("header", "orgs.csv", 1, "type")),
    "column missing": (_swap("orgs.csv", ",parentSourcedId", ""), ("header", "orgs.csv", 1, "№ 7")),
    "metadata inside": (_swap("orgs.csv", "name,type", "name,metadata.x,type"), ("metadata", "orgs.csv", 1, "metadata.x")),
    "only a header": (_swap("roles.csv", "o1,,,u1,primary,student,2026-09-01,,s1,\r\n", ""), ("header_only", "roles.csv", 0, "")),
    "width": (_swap("roles.csv", ",,s1,", ",,s1"), ("width", "roles.csv", 2, "")),
    "not UTF-8": (lambda files: files.update({"orgs.csv": str(files["orgs.csv"]).encode("cp1251")}), ("encoding", "orgs.csv", 2, "")),
    "quote open": (_swap("orgs.csv", 'Пермь"', "Пермь"), ("csv", "orgs.csv", 2, "")),
    "line break": (_swap("orgs.csv", ", г. Пермь", ", г.\nПермь"), ("line_break", "orgs.csv", 2, "name")),
    "required": (_swap("users.csv", "Анна", ""), ("required", "users.csv", 2, "givenName")),
    "id twice": (_swap("academicSessions.csv", "q1,", "y27,"), ("twice", "academicSessions.csv", 3, "sourcedId")),
    "status in bulk": (_swap("users.csv", "u1,,", "u1,active,"), ("bulk_base", "users.csv", 2, "status")),
    "day": (_swap("enrollments.csv", "2026-09-01", "01.09.2026"), ("day", "enrollments.csv", 2, "beginDate")),
    "no such day": (_swap("demographics.csv", "2015-03-04", "2015-02-30"), ("day", "demographics.csv", 2, "birthDate")),
    "vocabulary": (_swap("orgs.csv", "school", "kindergarten"), ("code", "orgs.csv", 2, "type")),
    "number": (_swap("results.csv", "graded,4", "graded,отлично"), ("number", "results.csv", 2, "score")),
    "flag": (_swap("users.csv", "true", "1"), ("flag", "users.csv", 2, "enabledUser")),
    "year": (_swap("academicSessions.csv", ",,2027", ",,26/27"), ("year", "academicSessions.csv", 2, "schoolYear")),
    "period": (_swap("academicSessions.csv", "2026-10-30", "2026-08-30"), ("period", "academicSessions.csv", 3, "endDate")),
    "list": (_swap("classes.csv", '"y27,q1"', '"y27,,q1"'), ("references", "classes.csv", 2, "termSourcedIds")),
    "reference": (_swap("enrollments.csv", "c5a", "c5b"), ("reference", "enrollments.csv", 2, "classSourcedId")),
    "circle": (_swap("orgs.csv", "0001,", "0001,s1"), ("circle", "orgs.csv", 2, "parentSourcedId")),
    "minimum": (
        lambda files: (_drop("roles.csv")(files), _swap("manifest.csv", "roles,bulk", "roles,absent")(files)),
        ("minimum", "roles.csv", 0, ""),
    ),
    "demographics of nobody": (_swap("demographics.csv", "u1,", "u9,"), ("reference", "demographics.csv", 2, "sourcedId")),
    "attendance code": (_swap("ext_attendance.csv", ",н,", ",x,"), ("code", "ext_attendance.csv", 2, "code")),
}  # fmt: skip


@pytest.mark.parametrize("case", DEFECTS)
def test_a_defective_set_is_refused_with_its_place(case: str) -> None:
    spoil, place = DEFECTS[case]
    files: Files = dict(files_of())
    spoil(files)
    read = checking.check(zipped(files))
    assert read.content is None
    found = {(one.code, one.file, one.line, one.column): one for one in read.defects}
    assert place in found, [str(one) for one in read.defects]
    assert found[place].reason
    assert found[place].remedy


def test_changes_must_say_when() -> None:
    files = files_of(delta=True)
    files["users.csv"] = files["users.csv"].replace("2026-09-12T10:00:00Z", "", 1)
    read = checking.check(zipped(files))
    assert [(one.code, one.file, one.line, one.column) for one in read.defects] == [
        ("delta_base", "users.csv", 2, "dateLastModified")
    ]


def test_changes_may_refer_to_what_was_sent_before() -> None:
    files = files_of(delta=True)
    files["enrollments.csv"] = files["enrollments.csv"].replace("c5a", "c7b")
    assert checking.check(zipped(files)).content is not None


def test_all_defects_are_told_at_once_and_counted_beyond_a_bound() -> None:
    files = files_of()
    files["roles.csv"] += "".join(f"x{number},,,u1,third,student,,,s1,\r\n" for number in range(300))
    read = checking.check(zipped(files))
    assert len(read.defects) == checking.MOST_TOLD
    assert read.more == 100


# -- archives -----------------------------------------------------------------------------------


def _refusal(packed: bytes) -> str:
    (defect,) = checking.check(packed).defects
    return defect.code


@pytest.mark.parametrize("name", ["a/users.csv", "../users.csv", "/users.csv", "a\\users.csv", "c:users.csv"])
def test_a_path_in_a_name_is_refused(name: str) -> None:
    assert _refusal(zipped({name: "x"})) == "folder"


def test_other_archives_are_refused() -> None:
    assert _refusal(b"") == "not_a_zip"
    assert _refusal(b"PK\x03\x04 and no more") == "not_a_zip"
    assert _refusal(zipped({f"{number}.csv": "" for number in range(41)})) == "too_many_files"
    assert _refusal(zipped({"users.csv": "x", "USERS.csv": "x"})) == "twice"
    assert _refusal(zipped({"users.csv": b"0" * (archives.MEBIBYTE * 4)})) == "bomb"


def test_an_encrypted_archive_is_refused() -> None:
    packed = bytearray(zipped({"users.csv": "x"}))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(mark) + place] |= 1
    assert _refusal(bytes(packed)) == "encrypted"


def test_what_the_directory_claims_is_not_believed() -> None:
    packed = bytearray(zipped({"users.csv": b"0" * 400_000}))
    at = packed.index(b"PK\x01\x02") + 24
    packed[at : at + 4] = (9).to_bytes(4, "little")
    assert _refusal(bytes(packed)) in {"bomb", "not_a_zip"}


def test_another_compression_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("users.csv", "x")
    assert _refusal(packed.getvalue()) == "compression"


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(junk: bytes) -> None:
    files: Files = {**files_of(), "orgs.csv": junk}
    assert checking.check(junk).content is None
    assert checking.check(zipped(files)).content is None


class _Endless(list[Any]):
    """Rows that are made as they are read."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def __iter__(self) -> Any:
        return (
            {"sourcedId": f"r{n}", "lineItemSourcedId": "w", "studentSourcedId": "u", "comment": f"{n * n}"}
            for n in range(self.number)
        )


def test_writing_takes_the_same_memory_whatever_the_number_of_rows(tmp_path: Path) -> None:
    peaks = []
    for number in (2_000, 40_000):
        content = RosterSet(Edition.V12, {"results": Mode.BULK}, {"results": _Endless(number)})
        tracemalloc.start()
        with (tmp_path / f"{number}.zip").open("wb") as file:
            writing.write(content, file)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000
    files = archives.unpack((tmp_path / "40000.zip").read_bytes())
    assert files["results.csv"].count(b"\n") == 40_001
