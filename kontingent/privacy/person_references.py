"""What refers to persons in this room."""

from kontingent.persons.references import Reference

REFERENCES = (Reference(model="privacy.Question", title="Вопросы о просмотрах", describe="t.about"),)
