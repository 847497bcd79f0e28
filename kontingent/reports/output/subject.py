"""What goes out: a form's cells with whose they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from kontingent.reports.models import Report, Version
from kontingent.reports.rules.cells import read
from kontingent.reports.rules.counting import Key
from kontingent.reports.rules.editions import Edition, Line, Table, Variant


@dataclass(frozen=True, slots=True)
class Subject:
    """A form of an organisation, or a sum of many, ready to be written."""

    edition: Edition
    year: int
    name: str
    place: str
    ogrn: str
    inn: str
    head: str
    state: str
    version: int
    explanations: tuple[tuple[str, str], ...]
    cells: Mapping[Key, int]

    @property
    def on(self) -> date:
        """The form's date."""
        return self.edition.on(self.year)

    @property
    def file(self) -> str:
        """The name of a file without its suffix, in letters that every system takes."""
        return f"{self.edition.code}-{self.year}-{self.ogrn or 'svod'}"

    def tables(self) -> Iterator[tuple[Table, Variant]]:
        """Yield the tables of the form with their variants."""
        yield from self.edition.by_code.values()

    def is_filled(self, variant: Variant) -> bool:
        """Say whether a table has any number."""
        return any(key[0] == variant.code for key in self.cells)

    def text(self, table: Table, variant: Variant, row: Line, column: Line) -> str | int:
        """Return what stands in a cell: a number, «х» where the blank crosses it out, "" where the blank prints itself."""
        if (row.number, column.number) in table.blocked:
            return "х"
        if column.printed:
            return ""
        return self.cells.get(Key(variant.code, row.number, column.number), 0)


def of_report(edition: Edition, report: Report, version: Version) -> Subject:
    """Return a form of an organisation."""
    organisation = report.organisation
    told = report.explanations.values_list("control", "text").order_by("id")
    return Subject(
        edition=edition, year=report.year, name=organisation.full_name, place=organisation.actual_address,
        ogrn=organisation.ogrn, inn=organisation.inn, head=organisation.head_name, state=report.state,
        version=version.number, explanations=tuple(told), cells=read(version.cells),
    )  # fmt: skip
