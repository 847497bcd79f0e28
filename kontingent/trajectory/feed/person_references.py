"""Where the feed names persons: a change names the record it was about then; merging is itself told in the feed."""

from kontingent.persons.references import Reference, Treatment

REFERENCES = (
    Reference(model="feed.Change", title="Лента изменений", treatment=Treatment.STAYS),
    Reference(
        model="feed.Change", title="Лента изменений", column="other_person_id", treatment=Treatment.STAYS
    ),
)
