"""What the room records in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsRegistered(Event):
    """Persons entered the register, one by hand or many by an import."""

    kind: ClassVar[str] = "persons.registered"
    title: ClassVar[str] = "Люди внесены в реестр"
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsIntroduced(Event):
    """An organisation goes on with persons whom the register knew already: matching has shown that they are meant."""

    kind: ClassVar[str] = "persons.introduced"
    title: ClassVar[str] = "Организации открыты записи, найденные сопоставлением"
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonCorrected(Event):
    """Personal data changed: the names of the fields, not their values, which the register itself keeps."""

    kind: ClassVar[str] = "persons.corrected"
    title: ClassVar[str] = "Исправлены личные данные"
    fields: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CitizenshipChanged(Event):
    """A person took or lost a citizenship on a day; the values are in the register."""

    kind: ClassVar[str] = "persons.citizenship_changed"
    title: ClassVar[str] = "Изменено гражданство"
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChanged(Event):
    """A social category was entered, ended or withdrawn; which one is in the register, not in the journal."""

    kind: ClassVar[str] = "persons.category_changed"
    title: ClassVar[str] = "Изменена социальная категория"
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRenamed(Event):
    """A person's name changed; the former one is kept."""

    kind: ClassVar[str] = "persons.renamed"
    title: ClassVar[str] = "Изменены фамилия, имя или отчество"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAdded(Event):
    """An identity document was added."""

    kind: ClassVar[str] = "persons.document_added"
    title: ClassVar[str] = "Добавлен документ, удостоверяющий личность"
    document_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressSet(Event):
    """An address was set; the former one of the kind was closed."""

    kind: ClassVar[str] = "persons.address_set"
    title: ClassVar[str] = "Указан адрес"
    address_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAdded(Event):
    """A phone or an e-mail was added."""

    kind: ClassVar[str] = "persons.contact_added"
    title: ClassVar[str] = "Добавлен контакт"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRemoved(Event):
    """A phone or an e-mail was taken away, or another took its place."""

    kind: ClassVar[str] = "persons.contact_removed"
    title: ClassVar[str] = "Убран контакт"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentationChanged(Event):
    """Somebody began or ceased to represent a child."""

    kind: ClassVar[str] = "persons.representation_changed"
    title: ClassVar[str] = "Изменено законное представительство"
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsMarkedMistaken(Event):
    """Records were marked as entered by mistake: the import that made them was taken back."""

    kind: ClassVar[str] = "persons.marked_mistaken"
    title: ClassVar[str] = "Записи отмечены внесёнными по ошибке"
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsMerged(Event):
    """Two records of one person became one; ``taken`` names the fields taken from the merged record."""

    kind: ClassVar[str] = "persons.merged"
    title: ClassVar[str] = "Записи об одном человеке объединены"
    merge: str
    taken: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsUnmerged(Event):
    """A merge was undone; ``assigned`` counts what came since and went to the restored record."""

    kind: ClassVar[str] = "persons.unmerged"
    title: ClassVar[str] = "Объединение записей отменено"
    merge: str
    assigned: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateProposed(Event):
    """Somebody said what they think of two records that look alike."""

    kind: ClassVar[str] = "persons.duplicate_proposed"
    title: ClassVar[str] = "Предложено решение о похожих записях"
    proposal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateDecided(Event):
    """Two records were found to be different people, or the decision was taken back."""

    kind: ClassVar[str] = "persons.duplicate_decided"
    title: ClassVar[str] = "Решено о похожих записях"
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnilsClaimed(Event):
    """A number was to be written for one person while another holds it: a case was opened, the number not written."""

    kind: ClassVar[str] = "persons.snils_claimed"
    title: ClassVar[str] = "СНИЛС указан для двух людей: открыт разбор"


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatesSearched(Event):
    """The whole region was searched for duplicates."""

    kind: ClassVar[str] = "persons.duplicates_searched"
    title: ClassVar[str] = "Проведён региональный поиск дублей"
    figures: dict[str, Any]
