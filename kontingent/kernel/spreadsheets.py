"""Files for spreadsheets: a workbook in which text never becomes a formula, CSV as our offices open it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

import xlsxwriter


def workbook(output: BinaryIO) -> Any:
    """Return a new XLSX book written to `output` when it is closed; text that looks like a formula or a link stays text."""
    return xlsxwriter.Workbook(
        output, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )


def csv_of(lines: Iterable[Sequence[Any]]) -> bytes:
    """Return the lines as CSV with semicolons and a byte order mark."""
    output = io.StringIO(newline="")
    csv.writer(output, delimiter=";").writerows(lines)
    return output.getvalue().encode("utf-8-sig")
