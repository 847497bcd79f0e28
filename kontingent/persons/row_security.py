"""Whose rows about people a scope shows. Who is known within a scope says the enrolment room (``scope.sees``)."""

from kontingent.persons.permissions import PersonPermission
from kontingent.storage.row_security import Rule, about_person, holds, in_scope, not_personal, part_of, sees

_EDIT = PersonPermission.EDIT.value
_BOTH = f"({sees('{t}.one_id')} OR {sees('{t}.other_id')})"
_MERGED = f"({sees('{t}.survivor_id')} OR {sees('{t}.merged_id')})"

_MERGE = Rule(model="persons.Merge", about="прежние значения полей", reads=_MERGED, writes=_MERGED)

RULES: tuple[Rule, ...] = (
    Rule(
        model="persons.Person", about="ФИО, дата рождения, СНИЛС", reads=sees("{t}.id"), adds=holds(_EDIT),
        writes=f"{holds(_EDIT)} AND {sees('{t}.id')}",
        door="SELECT (id, snils, birth_date, died_on, status_code, merged_into_id)",
    ),
    Rule(
        model="persons.Introduction", about="кого организация внесла сама", reads=in_scope(),
        writes=f"{holds(_EDIT)} AND {in_scope()}",
    ),
    about_person("persons.PersonName", "прежние ФИО", writes=_EDIT, in_bulk=False),
    about_person("persons.CitizenshipPeriod", "гражданство на день", writes=_EDIT),
    about_person(
        "persons.PersonCategory", "сирота, беженец", writes=PersonPermission.EDIT_CATEGORIES.value,
        needs=PersonPermission.VIEW_CATEGORIES.value,
    ),
    about_person(
        "persons.IdentityDocument", "паспорт, свидетельство", writes=_EDIT, needs=PersonPermission.VIEW_DOCUMENTS.value
    ),
    about_person("persons.Address", "адреса", writes=_EDIT, needs=PersonPermission.VIEW_ADDRESSES.value, in_bulk=False),
    about_person("persons.Contact", "телефон, почта", writes=_EDIT, in_bulk=False),
    about_person("persons.Representation", "кто кого представляет", column="child_id", writes=_EDIT, door="SELECT"),
    about_person("persons.SourceKey", "номер в другой системе", writes=_EDIT),
    _MERGE,
    part_of("persons.MovedRows", "какие строки перенесены", whole=_MERGE, column="merge_id"),
    Rule(model="persons.DuplicatePair", about="кто на кого похож", reads=_BOTH, writes=_BOTH),
    not_personal("persons.DuplicateSearch", "ход поиска и числа"),
)  # fmt: skip
