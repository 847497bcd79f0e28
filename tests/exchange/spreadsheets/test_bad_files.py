"""Files that must be refused, in Russian, with place, value and remedy; nothing is written, the service stays up."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from kontingent.audit.models import Entry
from kontingent.exchange.spreadsheets import reading as files
from kontingent.exchange.spreadsheets.problems import FileRefused
from kontingent.exchange.staging import queries, reading
from kontingent.exchange.staging.models import Batch, Row
from kontingent.persons.models import Person
from tests import builders as b

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).parent.parent / "data" / "spisok-klassov.xlsx"
HEAD = ["Фамилия", "Имя", "Отчество", "Дата рождения", "Пол", "СНИЛС", "Класс"]
GOOD = ["Мальцева", "Анна", "Павловна", "20.05.2014", "ж", "", "5А"]


@pytest.fixture(autouse=True)
def _var(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


def book(rows: list[list[Any]], **options: Any) -> bytes:
    output = io.BytesIO()
    workbook = xlsxwriter.Workbook(output, {"in_memory": True, **options})
    sheet = workbook.add_worksheet("5А")
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            sheet.write(y, x, cell)
    workbook.close()
    return output.getvalue()


def with_entry(content: bytes, name: str, data: bytes) -> bytes:
    output = io.BytesIO(content)
    with zipfile.ZipFile(output, "a") as archive:
        archive.writestr(name, data)
    return output.getvalue()


def bomb(size: int) -> bytes:
    """A workbook whose sheet unpacks to ``size`` bytes of spaces."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as entry:
            block = b" " * (1 << 22)
            for _ in range(size >> 22):
                entry.write(block)
    return output.getvalue()


def lying(content: bytes) -> bytes:
    """The same bomb with a header that promises ten bytes."""
    size = (600 << 20).to_bytes(4, "little")
    return content.replace(size, (10).to_bytes(4, "little"))


def encrypted() -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "EncryptedPackage".encode("utf-16-le") + bytes(512)
    )


def formulas() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book([HEAD, GOOD]))) as source, zipfile.ZipFile(content, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                cells = b"".join(b'<c r="A%d"><f>B%d&amp;C%d</f></c>' % (i, i, i) for i in range(3, 9))
                data = data.replace(b"</sheetData>", b'<row r="3">' + cells + b"</row></sheetData>")
            target.writestr(name, data)
    return content.getvalue()


def csv_of(*rows: list[str]) -> bytes:
    return "\n".join(";".join(row) for row in (HEAD, *rows)).encode()


BAD_FILES: dict[str, tuple[str, Any, str, str]] = {
    "empty": ("список.xlsx", lambda: b"", "file.empty", "пуст"),
    "two gigabytes when unpacked": ("список.xlsx", lambda: bomb(2 << 30), "file.bomb", "вредоносные"),
    "a bomb that lies about its size": ("список.xlsx", lambda: lying(bomb(600 << 20)), "file.", ""),
    "macros": (
        "список.xlsm",
        lambda: with_entry(SAMPLE.read_bytes(), "xl/vbaProject.bin", b"x"),
        "file.macros",
        "макросы",
    ),
    "formulas without values": ("список.xlsx", formulas, "file.formulas", "F9"),
    "wrong extension": ("список.xls", SAMPLE.read_bytes, "file.mismatch", "Сохранить как"),
    "a table that is none": ("список.csv", lambda: b"<html><table>", "file.not_a_table", "xlsx"),
    "a document": ("список.docx", lambda: b"PK", "file.extension", "xlsx, xls, ods и csv"),
    "truncated": ("список.xlsx", lambda: SAMPLE.read_bytes()[:7000], "file.damaged", "обрезан"),
    "password": ("список.xls", encrypted, "file.encrypted", "пароль"),
    "nul bytes": ("список.csv", lambda: csv_of(GOOD) + b"\0\0", "file.nul", "нулевой байт"),
    "another archive": (
        "список.xlsx",
        lambda: with_entry(b"", "a.txt", b"x"),
        "file.not_a_workbook",
        "архив",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_at_the_door(name: str, tmp_path: Path) -> None:
    filename, content, code, says = BAD_FILES[name]
    data = content()
    school = b.school()
    before = Entry.objects.count()
    started = time.perf_counter()
    with pytest.raises(FileRefused) as caught:
        reading.receive(actor=b.ROOT, organisation_id=school.id, file=io.BytesIO(data), filename=filename)
    assert time.perf_counter() - started < 20
    assert caught.value.code.startswith(code)
    assert says in caught.value.message
    assert (Batch.objects.count(), Person.objects.count(), Entry.objects.count()) == (0, 0, before)
    assert list((tmp_path / "imports").iterdir()) == []


def refused_when_read(content: bytes, filename: str) -> str:
    batch = reading.receive(
        actor=b.ROOT, organisation_id=b.school().id, file=io.BytesIO(content), filename=filename
    )
    batch = reading.read(batch.id)
    assert batch.state == "refused"
    assert (Row.objects.count(), Person.objects.count()) == (0, 0)
    return batch.refusal


def test_a_thousand_columns_are_refused() -> None:
    refusal = refused_when_read(book([[*HEAD, *[f"Столбец {i}" for i in range(1000)]], GOOD]), "список.xlsx")
    assert "столбцов: 1007" in refusal
    assert "до 200" in refusal


def test_a_file_without_a_table_is_refused() -> None:
    assert "не найдена таблица" in refused_when_read(book([["Меню", "Цена"], ["Каша", "10"]]), "список.xlsx")


def test_a_table_without_learners_is_refused() -> None:
    assert "ни одного ученика" in refused_when_read(csv_of(), "список.csv")


def test_an_unclosed_quote_names_its_line() -> None:
    content = csv_of(GOOD) + '\n"Попова;Анна;'.encode() + b"x" * 30_000
    assert "Строка" in refused_when_read(content, "список.csv")


@pytest.mark.parametrize(
    ("column", "value", "code", "says"),
    [
        (3, "31.02.2015", "date.impossible", "31.02.2015"),
        (3, "05.03.2099", "birth_date.future", "05.03.2099"),
        (3, "скоро", "date.format", "скоро"),
        (3, "", "birth_date.missing", "даты рождения"),
        (4, "ы", "sex.unknown", "ы"),
        (5, "111-111-111 11", "snils.control", "111-111-111 11"),
        (5, "12", "snils.format", "12"),
        (6, "99Я", "class.format", "99Я"),
        (1, "Ан7на", "name.letters", "7"),
        (0, "", "name.incomplete", "фамилия"),
    ],
)
def test_a_bad_cell_refuses_its_row_alone(column: int, value: str, code: str, says: str) -> None:
    bad = [*GOOD]
    bad[column] = value
    school = b.school()
    content = csv_of(["Попова", "Ольга", "Ильинична", "02.03.2014", "ж", "", "5А"], bad)
    batch = reading.receive(
        actor=b.ROOT, organisation_id=school.id, file=io.BytesIO(content), filename="список.csv"
    )
    batch = reading.read(batch.id)
    assert (batch.totals.get("create"), batch.totals.get("refused")) == (1, 1)
    row = Row.objects.get(status="refused")
    assert row.line == 3
    cause = next(c for c in queries.causes(batch) if c.severity == "error")
    assert cause.code == code
    assert says in cause.example
    assert cause.remedy
    assert Person.objects.count() == 0


def test_formula_injection_comes_back_as_text(tmp_path: Path) -> None:
    evil = [*GOOD]
    evil[0], evil[3] = "=HYPERLINK(1)", "31.02.2015"
    content = csv_of(evil)
    batch = reading.receive(
        actor=b.ROOT, organisation_id=b.school().id, file=io.BytesIO(content), filename="список.csv"
    )
    reading.read(batch.id)
    data = queries.refused_workbook(b.ROOT, batch.id)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_in_any_usual_writing_is_read(encoding: str, delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "список.csv"
    path.write_bytes("\r\n".join(delimiter.join(row) for row in (HEAD, GOOD)).encode(encoding))
    (sheet,) = files.open_sheets(path, path.name, max_bytes=10**6)
    assert [row for _, row in sheet.rows] == [HEAD, GOOD]


def test_an_old_excel_and_an_open_document_are_read(tmp_path: Path) -> None:
    import odf.opendocument
    import odf.table
    import odf.text
    import xlwt

    old = xlwt.Workbook()
    sheet = old.add_sheet("5А")
    for y, row in enumerate((HEAD, GOOD)):
        for x, cell in enumerate(row):
            sheet.write(y, x, cell)
    old.save(str(tmp_path / "список.xls"))
    document = odf.opendocument.OpenDocumentSpreadsheet()
    table = odf.table.Table(name="5А")
    for row in (HEAD, GOOD):
        line = odf.table.TableRow()
        for cell in row:
            box = odf.table.TableCell(valuetype="string")
            box.addElement(odf.text.P(text=cell))
            line.addElement(box)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    document.save(str(tmp_path / "список.ods"))
    for name in ("список.xls", "список.ods"):
        (found,) = files.open_sheets(tmp_path / name, name, max_bytes=10**7)
        rows = [row for _, row in found.rows]
        assert rows[1][:5] == GOOD[:5], name


def test_a_file_name_with_a_path_keeps_only_its_name() -> None:
    batch = reading.receive(
        actor=b.ROOT,
        organisation_id=b.school().id,
        file=io.BytesIO(csv_of(GOOD)),
        filename="../../etc/список.csv",
    )
    assert batch.filename == "список.csv"
