"""Programmes are public (273-ФЗ, ст. 29)."""

from kontingent.storage.row_security import Rule, not_personal

RULES: tuple[Rule, ...] = tuple(
    not_personal(model, "образовательные программы открыты по закону")
    for model in ("programmes.Programme", "programmes.Subject")
)
