"""Where this room names persons."""

from kontingent.persons.references import Reference

REFERENCES = (
    Reference(
        model="reconciliation.Discrepancy", column="person_id", title="Расхождения с журналом", offered=False
    ),
)
