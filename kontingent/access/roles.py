"""Roles as code: what each may do. Stored by code; the matrix in docs/reference/permissions.md is generated from here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kontingent.enrolment.permissions import EnrolmentPermission as Enrol
from kontingent.organisations.permissions import OrganisationPermission as Org
from kontingent.persons.permissions import PersonPermission as Person
from kontingent.programmes.permissions import ProgrammePermission as Programme

#: The import sits beside this room, so its permissions are named by their stable codes.
IMPORTS = ("import.run", "import.apply", "import.undo")


@dataclass(frozen=True, slots=True)
class Role:
    """A role: stable code, title for people, permissions."""

    code: str
    title: str
    permissions: frozenset[str]


def _role(code: str, title: str, *permissions: StrEnum | str) -> Role:
    return Role(code, title, frozenset(str(permission) for permission in permissions))


_READ = (Org.VIEW, Person.VIEW, Enrol.VIEW, Enrol.COUNT)
_OPERATE = (
    *_READ, Person.VIEW_DOCUMENTS, Person.VIEW_ADDRESSES, Person.EDIT, Enrol.MANAGE_GROUPS, Enrol.DRAFT_ORDER,
    Org.PROPOSE, Programme.MANAGE, *IMPORTS,
)  # fmt: skip

ROLES: dict[str, Role] = {
    role.code: role
    for role in (
        _role("operator", "Оператор организации", *_OPERATE, Enrol.SIGN_ORDER, Enrol.CANCEL_ORDER),
        _role("teacher", "Классный руководитель", *_READ),
        _role("head", "Руководитель организации", *_OPERATE, Enrol.SIGN_ORDER, Enrol.CANCEL_ORDER),
        _role("municipal", "Специалист муниципалитета", *_READ, Person.VIEW_DOCUMENTS, Org.CONFIRM),
        _role("ministry", "Специалист министерства", *_READ, Org.CONFIRM, Org.REGISTER),
        _role("security", "Администратор безопасности", Org.VIEW),
    )
}
