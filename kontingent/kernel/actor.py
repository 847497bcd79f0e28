"""Who acts: a person or a machine, with permissions and a scope. Every write takes one.

The domain knows only this value; the access room builds it from a verified sign-in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from kontingent.kernel.errors import NotAllowed
from kontingent.kernel.scope import Scope

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Actor:
    """One acting subject.

    ``code`` is a stable key for the journal ("account:<id>", "client:<id>", "system:cli"), ``name`` and ``role`` are what
    the journal shows, ``role_code`` is its code for people with an appointment, ``organisation_id`` is the employer on whose behalf one acts, ``post`` what families see of the
    actor instead of the name, ``place`` where one works who works in no organisation, ``purpose`` the code of what the role sees personal data for (``audit.purposes``; 152-ФЗ, art. 5).
    """

    code: str
    name: str
    role: str
    permissions: frozenset[str]
    scope: Scope = field(default_factory=Scope)
    organisation_id: UUID | None = None
    post: str = ""
    purpose: str = ""
    place: str = ""
    role_code: str = ""

    def may(self, permission: StrEnum) -> bool:
        """Say whether the actor holds the permission at all, wherever."""
        return permission.value in self.permissions or EVERYTHING in self.permissions

    def require(
        self,
        permission: StrEnum,
        *,
        organisation_id: UUID | None = None,
        municipality_id: UUID | None = None,
        group_id: UUID | None = None,
    ) -> None:
        """Raise ``NotAllowed`` unless the actor holds the permission for that organisation.

        With neither organisation nor municipality given, the permission alone is asked for.
        """
        if not self.may(permission):
            raise NotAllowed(
                "access.no_permission",
                f"Действие недоступно вашей роли «{self.role}». "
                "Обратитесь к администратору вашей организации.",
                permission=permission.value,
            )
        if organisation_id is None and municipality_id is None and group_id is None:
            return
        if not self.scope.covers(organisation_id, municipality_id, group_id):
            raise NotAllowed(
                "access.out_of_scope",
                "Эта запись относится к другой организации, доступа к ней у вас нет.",
                permission=permission.value,
            )


def system_actor(code: str, name: str) -> Actor:
    """Return the actor of a command line or a nightly job: everything, everywhere, under its own name."""
    return Actor(
        code=f"system:{code}",
        name=name,
        role="Система",
        permissions=frozenset({EVERYTHING}),
        scope=Scope.region(),
    )
