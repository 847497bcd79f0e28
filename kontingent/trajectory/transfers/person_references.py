"""Where this room names persons."""

from kontingent.persons.references import Reference, Treatment

REFERENCES = (
    Reference(
        model="transfers.Transfer", title="Переводы", offered=False,
        collides="t.state IN ('registered', 'approved') AND s.state IN ('registered', 'approved')",
    ),
    Reference(model="transfers.ConfirmedDeparture", title="Подтверждённые выезды", treatment=Treatment.STAYS),
)  # fmt: skip
