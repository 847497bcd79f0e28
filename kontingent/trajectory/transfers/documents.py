"""The personal file that goes along, as PDF (сведения личного дела)."""

from __future__ import annotations

from pathlib import Path

from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.printing import pdf_of
from kontingent.kernel.school_year import SchoolYear
from kontingent.trajectory.transfers.queries import PersonalFile

TEMPLATE = Path(__file__).with_name("file.typ")


def personal_file(file: PersonalFile, *, is_demo: bool) -> bytes:
    """Return the PDF."""
    one = file.transfer
    told = {
        "name": one.learner_name, "born": f"{file.born:%d.%m.%Y}" if file.born else "", "former": one.former.full_name,
        "receiver": one.receiver.full_name, "arrives": f"{one.arrives_on:%d.%m.%Y}", "on": f"{clock.today():%d.%m.%Y}", "is_demo": is_demo,
        "studied": [
            [each.organisation, each.level, f"{each.starts_on:%d.%m.%Y}", f"{each.ends_on:%d.%m.%Y}" if each.ends_on else "по настоящее время"]
            for each in file.studied
        ],
        "years": [
            [
                str(SchoolYear(year)),
                [
                    [codelists.title("subject", mark.subject_code), codelists.title("study_period", mark.period_code), mark.value]
                    for mark in sorted(marks, key=lambda mark: (mark.subject_code, mark.period_code))
                ],
            ]
            for year, marks in file.years.items()
        ],
        "is_whole": file.is_whole, "current": [list(each) for each in file.current],
    }  # fmt: skip
    return pdf_of(TEMPLATE, told)
