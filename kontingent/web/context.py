"""What every page needs around its content: who is signed in, the menu, the marks of a demonstration."""

from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest

from kontingent.access import queries as access
from kontingent.access.models import SignIn
from kontingent.access.permissions import AccessPermission
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.persons.permissions import PersonPermission
from kontingent.privacy.permissions import PrivacyPermission


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
        "actor_title": _title(request, actor),
        "menu": [Item(title, address, _active(request.path, address)) for title, address in _menu(actor)],
        "today": clock.today(),
    }


def _active(path: str, address: str) -> bool:
    return path == address if address == "/" else path.startswith(address)


def _title(request: HttpRequest, actor: Actor) -> str:
    """Post and place, as the head of every page says them."""
    session = getattr(request, "sign_in", None)
    if isinstance(session, SignIn) and session.appointment is not None:
        return f"{actor.post}: {access.place_of(session.appointment)}"
    return actor.role


def _menu(actor: Actor) -> list[tuple[str, str]]:
    own = actor.organisation_id is not None
    items = [("Главная", "/")]
    if actor.may(AccessPermission.OWN_FAMILY):
        return items
    if actor.may(PersonPermission.VIEW):
        items.append(("Ученики", "/learners/"))
    if actor.may(PersonPermission.PROPOSE_MERGE):
        items.append(("Дубли", "/duplicates/"))
    if own and actor.may(EnrolmentPermission.VIEW):
        items.append(("Классы", "/groups/"))
    if own and actor.may(EnrolmentPermission.DRAFT_ORDER):
        items.append(("Приказы", "/orders/"))
    if "import.run" in actor.permissions and own:
        items.append(("Загрузка", "/imports/"))
    if actor.may(EnrolmentPermission.COUNT):
        items.append(("Контингент", "/contingent/"))
    if actor.may(AccessPermission.APPOINT):
        items.append(("Назначения", "/appointments/"))
    if actor.may(AccessPermission.EMERGENCY):
        items.append(("Экстренный доступ", "/emergency/"))
    if actor.may(AccessPermission.REVIEW):
        items.append(("Экстренные доступы", "/emergencies/"))
    if actor.may(AccessPermission.JOURNAL):
        items += [("Журнал", "/journal/"), ("Сигналы", "/alerts/")]
    if actor.may(PrivacyPermission.ANSWER):
        items.append(("Вопросы семей", "/questions/"))
    return [*items, ("Организации", "/organisations/"), ("Справочники", "/codelists/")]
