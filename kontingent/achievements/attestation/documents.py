"""The book of issue as PDF, ready to be signed and sewn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kontingent.achievements.attestation.codes import DocumentState
from kontingent.achievements.attestation.queries import BookRow
from kontingent.codelists import queries as codelists
from kontingent.kernel.printing import pdf_of
from kontingent.organisations.models import Organisation

TEMPLATE = Path(__file__).with_name("book.typ")
MEDALS = {"": "", "1": "медаль I степени", "2": "медаль II степени"}


def book_pdf(rows: Sequence[BookRow], school: Organisation, year: int, *, on: date, is_demo: bool) -> bytes:
    """Return the book of issue of a school for a year of graduation."""
    told = {
        "school": school.full_name, "ogrn": school.ogrn or "", "year": year, "on": f"{on:%d.%m.%Y}", "is_demo": is_demo, "rows": [_row(one) for one in rows],
    }  # fmt: skip
    return pdf_of(TEMPLATE, told)


def _row(row: BookRow) -> dict[str, object]:
    one = row.document
    marks = [f"{title} – {value}" for title, value in row.marks]
    notes = [
        "дубликат" if one.is_duplicate else "",
        "с отличием" if one.with_honours else "",
        MEDALS[one.medal],
        codelists.title("document_state", one.state_code).lower()
        if one.state_code != DocumentState.ACTIVE
        else "",
    ]
    return {
        "number": one.registration_number, "name": one.full_name, "born": f"{one.birth_date:%d.%m.%Y}",
        "kind": codelists.title("education_document", one.kind_code), "blank": f"{one.series} {one.number}".strip(),
        "issued": f"{one.issued_on:%d.%m.%Y}", "marks": "; ".join(marks), "basis": one.basis, "notes": ", ".join(note for note in notes if note),
    }  # fmt: skip
