"""Where this room names persons: a record stays with the one it was written for, and is read together with all of one human being.

Merging runs as a role that may not look into the compartment, so it moves nothing here; undoing a merge leaves each with its own.
"""

from kontingent.persons.references import Reference, Treatment

REFERENCES = (
    Reference(
        model="health.HealthRecord", title="Сведения о здоровье", treatment=Treatment.STAYS, offered=False
    ),
)
