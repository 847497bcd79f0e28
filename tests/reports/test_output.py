"""A form going out: the workbook lies in the blank's cells, the XML fits the schema, the PDF prints, CSV and archive are whole."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import zipfile
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
import xmlschema
from pypdf import PdfReader
from python_calamine import load_workbook

from kontingent.codelists import actions as codelists
from kontingent.reports import actions, editions
from kontingent.reports.output import archive, pdf, rosstat, table, workbook
from kontingent.reports.output.subject import Subject, of_report
from kontingent.reports.output.workbook import Places
from tests import builders as b

pytestmark = pytest.mark.django_db
SOFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.fixture
def subject() -> Subject:
    """The form of a small school, with a name that would like to be markup."""
    codelists.load_all()
    school = b.school("Школа <№ 5> #set page() & «Мир»")
    to = b.group(school, "5А", year=2021, funding_code="13")
    for name in ("Мальцева Анна", "Ощепкова Вера", "Бражкин Иван"):
        b.admitted(b.person(name, born=date(2010, 5, 20)), to, on=date(2021, 9, 1))
    report = actions.prepare(actor=b.ROOT, organisation_id=school.id, form="oo-1", year=2021)
    report = actions.enter(actor=b.ROOT, report_id=report.id, values={"2.6.1/06/3": 1})
    assert report.version is not None
    return of_report(editions.get(report.edition), report, report.version)


def rows_of(content: bytes, sheet: str) -> list[list[Any]]:
    return load_workbook(io.BytesIO(content)).get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def test_the_workbook_lies_in_the_cells_of_the_blank(subject: Subject) -> None:
    content = workbook.write(subject)
    book = load_workbook(io.BytesIO(content))
    assert book.sheet_names[0] == "Титул"
    assert {"Раздел 2.1.1.1", "Раздел 2.1.1.2", "Раздел 2.15.3"} <= set(book.sheet_names)
    rows = rows_of(content, "Раздел 2.1.1.1")
    # the blank: row 10 of 2.1.1 is line 30 of the sheet, its columns 3 and 8 are P and U, row numbers stand in O
    assert (rows[29][14], rows[29][15], rows[29][20], rows[29][21]) == ("10", 3.0, 3.0, 0.0)
    places = Places(subject.edition.by_code["2.1.1.1"][0])
    assert (places.address("10", "3"), places.address("23", "16")) == ("P30", "AC43")
    crossed = rows_of(content, "Раздел 2.1.2.1")
    assert "х" in crossed[20]


def test_every_number_of_the_form_is_in_the_workbook(subject: Subject) -> None:
    content = workbook.write(subject)
    for place, variant in subject.tables():
        if not subject.is_filled(variant):
            continue
        rows, places = rows_of(content, variant.sheet[:31]), Places(place)
        for row, column in place.cells():
            said = rows[places.row(row.number)][places.column(column.number)]
            assert said == subject.text(place, variant, row, column), (
                variant.code,
                row.number,
                column.number,
            )


@pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice is not installed here: the workbook is read by calamine only"
)
def test_libreoffice_opens_it_with_the_numbers_in_place(subject: Subject, tmp_path: Path) -> None:
    source = tmp_path / "form.xlsx"
    source.write_bytes(workbook.write(subject))
    command = [
        str(SOFFICE),
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--convert-to",
        "ods",
        "--outdir",
        str(tmp_path),
        str(source),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    rows = (
        load_workbook(str(tmp_path / "form.ods"))
        .get_sheet_by_name("Раздел 2.1.1.1")
        .to_python(skip_empty_area=False)
    )
    assert (rows[29][15], rows[29][20]) == (3.0, 3.0)


def test_the_xml_fits_the_schema_and_holds_every_number(subject: Subject) -> None:
    content = rosstat.write(subject)
    xmlschema.XMLSchema(str(Path(__file__).with_name("report.xsd"))).validate(content.decode())
    report = fromstring(content)  # noqa: S314 - our own
    assert (report.get("OKUD"), report.get("shifr"), report.get("year")) == ("0609562", "ОО-1", "2021")
    found = {
        (section.get("code"), str(row.get("code")), column.get("code")): int(column.text or 0)
        for section in report.iter("section") for row in section.iter("row") for column in row.iter("col")
    }  # fmt: skip
    expected = {(key.table, key.row.lstrip("0"), key.column): number for key, number in subject.cells.items()}
    assert found == expected
    name = next(item.get("value") for item in report.iter("item") if item.get("name") == "name")
    assert name == subject.name


def test_the_sample_itself_fits_the_schema() -> None:
    sample = """<report code="60950601" OKUD="0609506" form="85" shifr="85-К" year="2024" period="0"><title>
    <item name="okpo" value="12345678"/></title><sections><section code="7"><row code="701"><col code="3">120</col></row></section></sections></report>"""
    schema = xmlschema.XMLSchema(str(Path(__file__).with_name("report.xsd")))
    schema.validate(sample)
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(sample.replace(">120<", ">сто двадцать<"))


def test_the_pdf_prints_what_is_filled_and_names_what_is_not(subject: Subject) -> None:
    reader = PdfReader(io.BytesIO(pdf.write(subject)))
    text = "\n".join(page.extract_text() for page in reader.pages)
    assert len(reader.pages) > 2
    assert "0609562" in text
    assert "#set page()" in text, "a name is no markup"
    assert "2.1.1.1" in text
    assert "Не заполнены" in text


def test_csv_has_a_line_for_every_number(subject: Subject) -> None:
    rows = list(csv.reader(io.StringIO(table.csv_of(subject).decode("utf-8-sig")), delimiter=";"))
    assert rows[0][:4] == ["Таблица", "Строка", "Графа", "Число"]
    assert len(rows) - 1 == sum(1 for number in subject.cells.values() if number)
    assert ["2.1.1.1", "10", "3", "3"] in [row[:4] for row in rows]


def test_an_archive_is_put_in_place_whole(subject: Subject, tmp_path: Path) -> None:
    path = tmp_path / "oo-1.zip"
    told: list[int] = []
    assert archive.write(path, [subject], told=told.append) == 1
    assert told == [1]
    with zipfile.ZipFile(path) as content:
        assert content.namelist() == [f"{subject.file}.xlsx"]
        assert content.testzip() is None
    assert list(tmp_path.iterdir()) == [path]
