"""Where this room names persons."""

from kontingent.persons.references import Reference, Treatment

REFERENCES = (
    Reference(model="epgu.ServiceRequest", column="child_id", title="Запросы через ЕПГУ", offered=False),
    Reference(
        model="epgu.ServiceRequest",
        column="applicant_id",
        title="Запросы через ЕПГУ",
        treatment=Treatment.STAYS,
    ),
)
