"""Where access names persons: an emergency was about the record that was opened, whatever became of it."""

from kontingent.persons.references import Reference, Treatment

REFERENCES = (
    Reference(model="access.EmergencyAccess", title="Экстренные доступы", treatment=Treatment.STAYS),
)
