"""The demo's door: a list of invented people to sign in as (ADR 0010).

Two independent switches must both be on: ``KONTINGENT_DEMO`` and the mark on the database itself.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from kontingent.access.models import DemoPersona
from kontingent.access.roles import ROLES
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.kernel.scope import Scope

MARK = "kontingent demo"
SESSION_KEY = "actor"


def is_demo_database() -> bool:
    """Say whether the database is marked as a demonstration by the loader of the synthetic region."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = current_database()"
        )
        row = cursor.fetchone()
    return bool(row and row[0].startswith(MARK))


def require_demo() -> None:
    """Refuse the door anywhere but in a demonstration."""
    if not settings.DEMO:
        raise NotAllowed(
            "access.no_demo_door",
            "Вход по списку лиц есть только в демонстрации. Вход через ЕСИА появится следующим выпуском.",
        )
    if not is_demo_database():
        raise NotAllowed(
            "access.not_a_demo_database",
            "База данных не отмечена как демонстрационная: вход по списку лиц закрыт. "
            "Запустите make demo или уберите KONTINGENT_DEMO.",
        )


def personas() -> list[DemoPersona]:
    """Return whom one may sign in as."""
    require_demo()
    return list(DemoPersona.objects.all())


def actor_data(code: str) -> dict[str, Any]:
    """Return the session's record of a persona; raise ``NotAllowed`` for an unknown one."""
    require_demo()
    persona = DemoPersona.objects.filter(pk=code).first()
    if persona is None or persona.role_code not in ROLES:
        raise NotAllowed("access.no_such_persona", "Такого лица в списке нет. Выберите из списка.")
    return {
        "code": f"demo:{persona.code}",
        "name": persona.name,
        "title": persona.title,
        "role": persona.role_code,
        "organisation": str(persona.organisation_id) if persona.organisation_id else None,
        "municipality": str(persona.municipality_id) if persona.municipality_id else None,
    }


def actor_of(data: dict[str, Any]) -> Actor:
    """Build the actor from the session's record; permissions come from the role as the code has it today."""
    role = ROLES[data["role"]]
    organisation = UUID(data["organisation"]) if data["organisation"] else None
    municipality = UUID(data["municipality"]) if data["municipality"] else None
    if organisation is not None:
        scope = Scope.of_organisation(organisation)
    elif municipality is not None:
        scope = Scope.of_municipality(municipality)
    else:
        scope = Scope.region() if role.code == "ministry" else Scope()
    return Actor(data["code"], data["name"], role.title, role.permissions, scope, organisation)
