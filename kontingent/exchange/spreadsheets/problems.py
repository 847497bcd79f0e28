"""What is found wrong with a file, a column or a cell: place, value, remedy."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from kontingent.kernel.errors import KontingentError


class Severity(StrEnum):
    """An error refuses the row, a warning asks to look, an info tells what was repaired."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Problem(NamedTuple):
    """One finding in one cell. Problems with the same ``cause`` are shown and decided together."""

    severity: str
    code: str
    cause: str
    field: str
    value: str
    message: str
    remedy: str = ""


class FileRefused(KontingentError):
    """A file that is not read at all; the message says what is wrong and what to do."""

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        """Prefix the code with ``file.``."""
        super().__init__(f"file.{code}", message, **facts)
