"""What every page needs around its content: who is signed in, the menu, the marks of a demonstration."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest

from kontingent.access.personas import SESSION_KEY
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.persons.permissions import PersonPermission


class Item(NamedTuple):
    """One entry of the menu."""

    title: str
    address: str
    active: bool


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of the page shell; costs no statement."""
    actor = getattr(request, "actor", None)
    if not isinstance(actor, Actor):
        return {"demo": settings.DEMO, "actor": None}
    return {
        "demo": settings.DEMO,
        "actor": actor,
        "actor_title": request.session[SESSION_KEY]["title"],
        "menu": [Item(title, address, _active(request.path, address)) for title, address in _menu(actor)],
        "today": clock.today(),
    }


def _active(path: str, address: str) -> bool:
    return path == address if address == "/" else path.startswith(address)


def _menu(actor: Actor) -> list[tuple[str, str]]:
    own = actor.organisation_id is not None
    items = [("Главная", "/")]
    if actor.may(PersonPermission.VIEW):
        items.append(("Ученики", "/learners/"))
    if own and actor.may(EnrolmentPermission.VIEW):
        items += [("Классы", "/groups/"), ("Приказы", "/orders/")]
    if "import.run" in actor.permissions and own:
        items.append(("Загрузка", "/imports/"))
    if actor.may(EnrolmentPermission.COUNT):
        items.append(("Контингент", "/contingent/"))
    return [*items, ("Организации", "/organisations/"), ("Справочники", "/codelists/")]
