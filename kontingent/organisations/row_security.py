"""The registry of organisations is open by law (273-ФЗ, ст. 29, 91, 98); heads are named in it as officials."""

from kontingent.storage.row_security import Rule, not_personal

RULES: tuple[Rule, ...] = tuple(
    not_personal(f"organisations.{model}", "реестр организаций открыт по закону")
    for model in (
        "Municipality", "MunicipalityCode", "MunicipalitySuccession", "Organisation", "OrganisationVersion",
        "OrganisationLink", "Licence", "Building", "ChangeProposal",
    )
)  # fmt: skip
