"""Where this room names persons. Its own merges and pairs tell of records and stay with them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q

from kontingent.kernel.actor import Actor
from kontingent.persons import civil
from kontingent.persons.models import Representation
from kontingent.persons.references import Reference, Treatment

_NAME_OF = "(SELECT concat_ws(' ', p.family_name, p.given_name, nullif(p.patronymic, '')) FROM persons_person p WHERE p.id = {})"

REFERENCES = (
    Reference(
        model="persons.PersonName", title="Прежние ФИО", offered=False,
        describe="concat_ws(' ', t.family_name, t.given_name, t.patronymic)",
    ),
    Reference(model="persons.IdentityDocument", title="Документы", describe="concat_ws(' ', nullif(t.series, ''), t.number)"),
    Reference(model="persons.Address", title="Адреса", describe="t.text"),
    Reference(model="persons.Contact", title="Контакты", describe="t.value"),
    Reference(model="persons.Representation", column="child_id", title="Представители", describe=_NAME_OF.format("t.adult_id")),
    Reference(model="persons.Representation", column="adult_id", title="Представляет детей", describe=_NAME_OF.format("t.child_id")),
    Reference(
        model="persons.PersonCategory", title="Социальные категории", offered=False,
        collides="s.category_code = t.category_code AND s.superseded_at IS NULL AND t.superseded_at IS NULL "
        "AND daterange(s.starts_on, s.ends_on) && daterange(t.starts_on, t.ends_on)",
    ),
    # A record's citizenship follows its own fields (``settle``).
    Reference(model="persons.CitizenshipPeriod", title="Гражданство", treatment=Treatment.STAYS),
    Reference(model="persons.SourceKey", title="Ключи систем-источников", describe="t.source || ': ' || t.external_id"),
    Reference(model="persons.Introduction", title="Организации, внёсшие человека", offered=False),
    Reference(model="persons.Person", column="merged_into_id", title="Объединённые ранее записи", offered=False),
    *(
        Reference(model=model, column=column, title="Сопоставление записей", treatment=Treatment.STAYS)
        for model, column in (
            ("persons.Merge", "survivor_id"), ("persons.Merge", "merged_id"), ("persons.DuplicatePair", "one_id"),
            ("persons.DuplicatePair", "other_id"), ("persons.DuplicatePair", "claimant_id"),
        )
    ),
    # The journal lies below this room and keeps what it was told.
    Reference(model="audit.Entry", column="subjects", title="Журнал действий", treatment=Treatment.STAYS),
)  # fmt: skip


def objections(survivor_id: UUID, merged_id: UUID) -> list[str]:
    """A child and its own representative are two people."""
    both = [survivor_id, merged_id]
    if Representation.objects.filter(Q(child__in=both) & Q(adult__in=both)).exists():
        return [
            "Один из этих людей записан представителем другого. Если связь ошибочна, сначала прекратите её в карточке "
            "ребёнка."
        ]
    return []


def settle(_actor: Actor, person_ids: Collection[UUID]) -> None:
    """Say by the periods of citizenship what the records say now."""
    civil.follow_records(person_ids)
