"""Code lists are public."""

from kontingent.storage.row_security import Rule, not_personal

RULES: tuple[Rule, ...] = tuple(
    not_personal(model, "справочник") for model in ("codelists.CodeList", "codelists.CodeValue")
)
