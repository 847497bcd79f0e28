"""What a journal declared is its own; whoever may see the marks of an organisation sees the works they were given for.

A category belongs to no organisation: it is a word and a weight.
"""

from __future__ import annotations

from kontingent.performance.permissions import PerformancePermission
from kontingent.storage.row_security import Rule, holds, in_scope

_ITS_JOURNAL = (
    "EXISTS (SELECT 1 FROM public.performance_journal j WHERE j.id = {t}.journal_id "
    "AND j.client_code = (SELECT scope.actor()))"
)
_VIEWS = holds(PerformancePermission.VIEW.value)
_DELIVERS = f"{holds(PerformancePermission.DELIVER.value)} AND {_ITS_JOURNAL}"


def _of_class(model: str, about: str) -> Rule:
    return Rule(
        model=model, about=about, reads=f"({_VIEWS} OR {_DELIVERS}) AND {in_scope()}",
        writes=f"{_DELIVERS} AND {in_scope()}",
    )  # fmt: skip


RULES: tuple[Rule, ...] = (
    Rule(
        model="oneroster.Category", about="категории работ журнала: название и вес", reads=f"{_VIEWS} OR {_DELIVERS}",
        writes=_DELIVERS,
    ),
    _of_class("oneroster.LineItem", "работы классов, объявленные журналом: в названии и описании может быть сказано о ком-то"),
    _of_class("oneroster.ScoreScale", "шкалы оценок классов, объявленные журналом"),
)  # fmt: skip
