"""The portfolio as PDF (портфолио обучающегося)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kontingent.achievements.portfolio import queries
from kontingent.achievements.portfolio.queries import Portfolio
from kontingent.kernel import clock
from kontingent.kernel.printing import pdf_of

TEMPLATE = Path(__file__).with_name("portfolio.typ")


def portfolio(found: Portfolio, whose: Mapping[str, str], *, is_demo: bool) -> bytes:
    """Return the PDF; ``whose`` has ``name``, ``born`` and ``school``."""
    told = {
        **whose, "is_demo": is_demo, "on": f"{clock.today():%d.%m.%Y}", "kinds": [list(one) for one in found.by_kind],
        "rows": [
            [
                f"{one.happened_on:%d.%m.%Y}", one.title, queries.told("kind_code", one.kind_code), queries.told("level_code", one.level_code),
                queries.told("result_code", one.result_code) + (f", место {one.place}" if one.place else ""),
                queries.told("subject_code", one.subject_code), one.document or "–", "да" if one.verified_at else "нет",
            ]
            for one in found.accepted
        ],
    }  # fmt: skip
    return pdf_of(TEMPLATE, told)
