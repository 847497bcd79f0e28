"""Printed: the book of issue, ready to be signed and sewn; supplements, as drafts before the issue and as kept after it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from kontingent.achievements.attestation.codes import DocumentKind, DocumentState
from kontingent.achievements.attestation.models import EducationDocument, SupplementLine
from kontingent.achievements.attestation.queries import BookRow, Graduate, Graduation
from kontingent.achievements.attestation.rules import final
from kontingent.codelists import queries as codelists
from kontingent.kernel.printing import pdf_of
from kontingent.organisations.models import Organisation

TEMPLATE = Path(__file__).with_name("book.typ")
SUPPLEMENT = Path(__file__).with_name("supplement.typ")
#: What is printed above the marks of each kind: the heading, what it belongs to.
HEADINGS = {
    "12": ("Приложение", "к аттестату об основном общем образовании"),
    "11": ("Приложение", "к аттестату о среднем общем образовании"),
    "41": ("Свидетельство об обучении", "по адаптированной основной общеобразовательной программе"),
    "4": ("Справка об обучении", ""),
}
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


# -- supplements -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A supplement as it is printed; ``problems`` say why a draft may not be issued, and what to do."""

    heading: str
    of: str
    name: str
    born: str
    school: str
    position: str
    head: str
    lines: list[tuple[str, str]]
    additional: list[tuple[str, str]]
    marks: str = "Итоговая отметка"
    said: str = ""
    number: str = ""
    registration: str = ""
    issued_on: str = ""
    basis: str = ""
    order: str = ""
    problems: tuple[str, ...] = ()
    is_draft: bool = False


def supplements_pdf(papers: Sequence[Paper], *, on: date, is_demo: bool) -> bytes:
    """Return supplements, each on a page of its own, in the order given."""
    told = {"papers": [asdict(one) for one in papers], "on": f"{on:%d.%m.%Y}", "is_demo": is_demo}
    return pdf_of(SUPPLEMENT, told)


def kept(document: EducationDocument, lines: Iterable[SupplementLine]) -> Paper:
    """Return the supplement of an issued document: what was kept with it, whatever has changed since."""
    printed = [(one.is_additional, (one.subject_title, final.in_words(one.value))) for one in lines]
    heading, of = _heading(document.kind_code, with_honours=document.with_honours)
    return Paper(
        heading=heading, of=f"{of} (дубликат)" if document.is_duplicate else of, name=document.full_name, born=f"{document.birth_date:%d.%m.%Y}",
        school=document.organisation_name or document.organisation.full_name, position=document.head_position, head=document.head_name,
        lines=[told for more, told in printed if not more], additional=[told for more, told in printed if more],
        number=f"{document.series} {document.number}".strip(), registration=document.registration_number,
        issued_on=f"{document.issued_on:%d.%m.%Y}", basis=document.basis,
        said=_said(document.kind_code, document.graduated_in),
    )  # fmt: skip


def draft(found: Graduation, one: Graduate) -> Paper:
    """Return what the supplement of a graduate would print today."""
    where, outcome = found.group.organisation, one.outcome
    heading, of = _heading(one.kind, with_honours=outcome.honours.with_honours)
    return Paper(
        heading=heading, of=of, name=one.row.full_name, born=f"{one.row.birth_date:%d.%m.%Y}", school=where.full_name, position=where.head_position,
        head=where.head_name, lines=[(line.subject, line.in_words) for line in outcome.lines],
        additional=[(line.subject, line.in_words) for line in outcome.additional],
        problems=tuple(control.message for control in outcome.errors), is_draft=True,
        said=_said(one.kind, found.year), order=outcome.level.order or _order(),
    )  # fmt: skip


def _order() -> str:
    order = final.declared()[0]
    return order.title if order.is_confirmed else f"{order.title} (текст восстановлен)"


def _said(kind: str, year: int) -> str:
    """What a document without an аттестат says of its bearer's studies."""
    if kind == DocumentKind.STUDIES:
        return f"Обучение завершено в {year} году."
    if kind == DocumentKind.REFERENCE:
        return f"Обучение в {year} году; аттестат не выдан: к государственной итоговой аттестации не допущен(а) или не прошёл (не прошла) её."
    return ""


def _heading(kind: str, *, with_honours: bool) -> tuple[str, str]:
    heading, of = HEADINGS.get(kind, ("Приложение", "к документу об образовании"))
    return heading, f"{of} с отличием" if with_honours else of
