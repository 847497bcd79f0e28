"""Systems, not people: digests of secrets, public keys, the contact of a system. The door and the region alone use them."""

from kontingent.storage.row_security import ALL, Rule, not_personal

RULES: tuple[Rule, ...] = tuple(
    not_personal(f"machines.{model}", "внешняя система, не человек", door=ALL)
    for model in ("ApiClient", "ClientSecret", "ClientKey", "UsedAssertion", "AccessToken", "RateWindow")
)
