"""Where this room names persons."""

from kontingent.persons.references import Reference

REFERENCES = (Reference(model="portfolio.Achievement", title="Достижения", describe="t.title"),)
