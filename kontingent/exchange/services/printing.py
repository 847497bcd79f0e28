"""The certificate as PDF. The same content gives the same bytes, as long as the template and typst are the same."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

from kontingent.exchange.services import rules
from kontingent.kernel import qr
from kontingent.kernel.printing import pdf_of

TEMPLATE = Path(__file__).with_name("certificate.typ")


def pdf_of_certificate(content: dict[str, Any], *, reprinted_on: date | None = None) -> bytes:
    """Return the PDF of a content; ``reprinted_on`` makes it say that it is not the file which was issued."""
    return pdf_of(
        TEMPLATE,
        {
            **content,
            "code": rules.grouped(content["code"]),
            "qr": qr.matrix_of(content["check_at"]),
            "reprinted_on": f"{reprinted_on:%d.%m.%Y}" if reprinted_on else "",
        },
    )


def digest_of(pdf: bytes) -> str:
    """Return what tells this file from any other."""
    return hashlib.sha256(pdf).hexdigest()
