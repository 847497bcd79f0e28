"""The declaration of ``fields.toml`` as values. Read once; a fault in it stops the start, not a page."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

PATH = Path(__file__).with_name("fields.toml")
SOURCED, RECONSTRUCTED = "sourced", "reconstructed"
SUBJECTS: Final = {"child": "обучающийся", "representative": "законный представитель"}


class Stage(StrEnum):
    """A stage of the rollout."""

    PERSONAL = "1"
    HEALTH = "2"
    ACHIEVEMENTS = "3"


@dataclass(frozen=True, slots=True)
class Term:
    """A purpose with its legal basis, or a term of keeping: what lawyers answer for, and whether one has confirmed it."""

    code: str
    title: str
    basis: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what data it means, of whom, what for, by which law, by which permissions, for how long.

    ``enters`` and ``sees`` are permissions; which roles hold them is said where roles are known. ``is_special`` marks the
    special categories of 152-ФЗ, art. 10.
    """

    code: str
    stage: Stage
    title: str
    data: str
    purpose: Term
    subjects: tuple[str, ...]
    enters: str
    sees: str
    retention: Term
    is_special: bool

    @property
    def is_confirmed(self) -> bool:
        """True when a source stands behind the basis and the term."""
        return self.purpose.is_confirmed and self.retention.is_confirmed

    @property
    def subject_titles(self) -> str:
        """Whose data they are, in Russian."""
        return ", ".join(SUBJECTS[one] for one in self.subjects)


def _term(code: str, told: dict[str, Any]) -> Term:
    return Term(code, told["title"], told.get("basis", ""), told["confidence"] == SOURCED)


def read(text: str) -> tuple[dict[Stage, str], frozenset[Stage], dict[str, Field]]:
    """Return titles of the stages, those open from the start, and the fields by code.

    Raises:
        KeyError, ValueError: the declaration names what is not there.
    """
    told = tomllib.loads(text)
    stages = {Stage(code): one["title"] for code, one in told["stages"].items()}
    started = frozenset(Stage(code) for code, one in told["stages"].items() if one["opens"] != "by order")
    purposes = {code: _term(code, one) for code, one in told["purposes"].items()}
    terms = {code: _term(code, one) for code, one in told["retention"].items()}
    fields = {}
    for code, one in told["fields"].items():
        if unknown := set(one["subjects"]) - set(SUBJECTS):
            raise ValueError(f"{code}: no such subject: {sorted(unknown)}")
        fields[code] = Field(
            code, Stage(one["stage"]), one["title"], one["data"], purposes[one["purpose"]], tuple(one["subjects"]),
            one["enters"], one["sees"], terms[one["retention"]], bool(one.get("special")),
        )  # fmt: skip
    return stages, started, fields


STAGES, FROM_THE_START, FIELDS = read(PATH.read_text(encoding="utf-8"))


def of_stage(stage: Stage) -> list[Field]:
    """Return the fields of a stage, as declared."""
    return [one for one in FIELDS.values() if one.stage is stage]
