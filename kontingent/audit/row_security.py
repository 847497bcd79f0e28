"""The journal is written by everybody and read by nobody, but for whoever opens it (``storage.scope.journal``).

Its privileges, not its policies, keep it: only an id comes back from writing, and nothing changes or goes.
"""

from kontingent.storage.row_security import Rule, not_personal

_WRITTEN = "INSERT, SELECT (id)"
RULES: tuple[Rule, ...] = (
    Rule(
        model="audit.Entry", about="кто, что и с кем сделал: открывается только через журнал", grants=_WRITTEN,
        door=_WRITTEN, journal="SELECT",
    ),
    not_personal("audit.Seal", "печати: номера записей и хеши", door="", grants="SELECT, INSERT"),
    not_personal("audit.Anchor", "якоря: хеши", door="", grants="SELECT, INSERT"),
    not_personal("audit.Horizon", "до какой транзакции опечатано", door=""),
)  # fmt: skip
