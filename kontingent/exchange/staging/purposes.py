"""What a file is brought for, and so which of its columns are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from kontingent.exchange.spreadsheets import fields, tables
from kontingent.exchange.spreadsheets.problems import FileRefused
from kontingent.exchange.staging.models import Batch
from kontingent.health.permissions import HealthPermission
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose: which fields of ``spreadsheets.fields`` it reads, whether it is about people the register knows, whom it asks for."""

    code: str
    title: str
    fields: frozenset[str]
    of_known: bool = False
    permission: StrEnum | None = None

    def may(self, actor: Actor) -> bool:
        """Say whether somebody may bring such a file and see it; every import asks for its own permission besides."""
        return self.permission is None or actor.may(self.permission)


CLASS_LIST: Final = Purpose("class", "Списки классов: ученики, семьи, зачисление", frozenset(fields.BY_CODE))
#: Nobody is entered or changed by it: a row finds a learner of the organisation, and says of health alone.
HEALTH: Final = Purpose(
    "health", "Сведения о здоровье учеников, которые уже есть в реестре", fields.IDENTIFYING | fields.STAGED.keys(), of_known=True,
    permission=HealthPermission.EDIT,
)  # fmt: skip
PURPOSES: Final = {one.code: one for one in (CLASS_LIST, HEALTH)}


def of(batch: Batch) -> Purpose:
    """Return what a batch was brought for."""
    return PURPOSES[batch.options.get("purpose") or CLASS_LIST.code]


def named(code: str) -> Purpose:
    """Return a purpose by its code; raise ``InvalidValue`` where there is none."""
    if code not in PURPOSES:
        raise InvalidValue("import.purpose", "Выберите из списка, что загружаете.", field="purpose")
    return PURPOSES[code]


def limited(found: Iterable[tables.Table], purpose: Purpose) -> list[tables.Table]:
    """Return the tables with the columns of a purpose alone.

    Raises:
        FileRefused: a list of health without a column of health.
    """
    kept = list(found)
    for table in kept:
        table.columns = [
            one if one.field in purpose.fields else replace(one, field=None) for one in table.columns
        ]
    if purpose is HEALTH and not any(one.field in fields.STAGED for table in kept for one in table.columns):
        raise FileRefused(
            "no_health",
            "В файле нет ни одного столбца о здоровье: назовите столбцы, как в шаблоне (страница «Загрузка»), и загрузите снова.",
        )
    return kept
