"""Where this room names persons."""

from kontingent.persons.references import Reference

REFERENCES = (Reference(model="cases.Case", title="Дела о детях вне поля зрения", offered=False),)
