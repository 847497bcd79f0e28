"""Health and the social block (сведения о здоровье): special category, kept apart.

Its own schema, its own database role, its own permission; free texts are encrypted by a key outside the database; every read is
journaled with the purpose; nothing of it is in search, logs, exports, events and errors. Fields open by stage two.
Basis: 152-ФЗ art. 10, 273-ФЗ art. 41 and 79; data: shared/domain/kontingent.md §5; why so: ADR 0025.
"""
