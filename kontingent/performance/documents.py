"""Documents of a learner's school year as PDF: ведомость and справка."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from kontingent.codelists import queries as codelists
from kontingent.kernel.printing import pdf_of
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance.queries import YearResults

TEMPLATE = Path(__file__).with_name("results.typ")


class Kind(StrEnum):
    """Which document; the value names its file."""

    STATEMENT = "vedomost-uspevaemosti"
    CERTIFICATE = "spravka-ob-uspevaemosti"

    @property
    def told(self) -> str:
        """Return what it is called in the journal of reads."""
        return "ведомость успеваемости" if self is Kind.STATEMENT else "справка об успеваемости"


class Whose(NamedTuple):
    """The learner and the school, as the document names them."""

    name: str
    born: date | None
    group: str
    school: str = ""
    ogrn: str = ""
    head: str = ""


def write(kind: Kind, results: YearResults, whose: Whose, *, on: date, is_demo: bool) -> bytes:
    """Return the PDF."""
    told = {
        "is_certificate": kind is Kind.CERTIFICATE, "year": str(SchoolYear(results.school_year)), "on": f"{on:%d.%m.%Y}",
        "name": whose.name, "born": f"{whose.born:%d.%m.%Y}" if whose.born else "", "group": whose.group, "school": whose.school,
        "ogrn": whose.ogrn, "head": whose.head, "is_demo": is_demo, "columns": [title for _, title in results.columns],
        "rows": [
            [
                one.subject, " ".join(mark.value for mark in one.marks) if kind is Kind.STATEMENT else "",
                "" if one.average is None else str(one.average).replace(".", ","),
                *(one.closing[code].value if code in one.closing else "" for code, _ in results.columns),
            ]
            for one in results.subjects
        ],
        "absences": [[codelists.title("attendance_code", code), number] for code, number in sorted(results.absences.items())],
    }  # fmt: skip
    return pdf_of(TEMPLATE, told)
