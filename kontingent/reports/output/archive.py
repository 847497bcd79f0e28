"""Many forms in one archive, a workbook each."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from kontingent.reports.output import workbook
from kontingent.reports.output.subject import Subject


def write(path: Path, subjects: Iterable[Subject], *, told: Callable[[int], None]) -> int:
    """Write the archive beside and put it in place when whole; ``told`` hears how many are done. Return how many there are."""
    part = path.with_suffix(".part")
    number = 0
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, subject in enumerate(subjects, start=1):
            archive.writestr(f"{subject.file}.xlsx", workbook.write(subject))
            told(number)
    part.replace(path)
    return number
