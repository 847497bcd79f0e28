"""Where this room names persons."""

from kontingent.persons.references import Reference, Treatment

REFERENCES = (
    Reference(model="portfolio.Achievement", title="Достижения", describe="t.title"),
    Reference(
        model="portfolio.ContestRow", title="Строки загрузок олимпиад и конкурсов", treatment=Treatment.STAYS
    ),
)
