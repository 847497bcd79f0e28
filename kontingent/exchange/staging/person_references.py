"""Where staging names persons: a row tells which record it made or met; undoing asks whether it still stands."""

from kontingent.persons.references import Reference, Treatment

REFERENCES = (Reference(model="staging.Row", title="Строки загрузок", treatment=Treatment.STAYS),)
