"""What an examination finds: refusals forbid, warnings ask to look again."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How heavy a finding is."""

    REFUSAL = "refusal"
    WARNING = "warning"


class Finding(NamedTuple):
    """One thing to say of a line: a stable code and a Russian sentence with what to do next."""

    severity: Severity
    code: str
    message: str


def refusal(code: str, message: str) -> Finding:
    """Make a refusal."""
    return Finding(Severity.REFUSAL, f"enrolment.{code}", message)


def warning(code: str, message: str) -> Finding:
    """Make a warning."""
    return Finding(Severity.WARNING, f"enrolment.{code}", message)
