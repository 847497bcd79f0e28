"""The matrix as PDF: field × purpose × basis × roles × term × where it is collected."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path

from kontingent.kernel.printing import pdf_of
from kontingent.stages.fields import STAGES
from kontingent.stages.queries import MatrixRow

TEMPLATE = Path(__file__).with_name("matrix.typ")


def write(rows: Collection[MatrixRow], *, on: date, roles_of: Callable[[str], str], is_demo: bool) -> bytes:
    """Return the PDF; ``roles_of`` names the roles that hold a permission."""
    told = {
        "on": f"{on:%d.%m.%Y}", "is_demo": is_demo,
        "stages": [
            {
                "title": title,
                "rows": [
                    [
                        one.field.title, one.field.data, one.field.subject_titles, one.field.purpose.title, one.field.purpose.basis,
                        roles_of(one.field.enters), roles_of(one.field.sees), one.field.retention.title, one.where,
                        "" if one.field.is_confirmed else "*",
                    ]
                    for one in rows
                    if one.field.stage is stage
                ],
            }
            for stage, title in STAGES.items()
        ],
    }  # fmt: skip
    return pdf_of(TEMPLATE, told)
