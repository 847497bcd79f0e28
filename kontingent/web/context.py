"""What every page needs around its content: who is signed in, the menu, the marks of a demonstration."""

from enum import StrEnum
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest

from kontingent.access import queries as access
from kontingent.access.machines.permissions import MachinePermission
from kontingent.access.models import SignIn
from kontingent.access.permissions import AccessPermission
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.exchange.epgu.permissions import EpguPermission
from kontingent.exchange.journals.permissions import SourcePermission
from kontingent.exchange.reconciliation.permissions import ReconciliationPermission
from kontingent.exchange.services.permissions import CertificatePermission
from kontingent.exchange.staging.permissions import StagingPermission
from kontingent.health.permissions import HealthPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.performance.permissions import PerformancePermission
from kontingent.persons.permissions import PersonPermission
from kontingent.privacy.permissions import PrivacyPermission
from kontingent.reports.permissions import ReportPermission
from kontingent.stages.permissions import StagePermission
from kontingent.trajectory.cases.permissions import CasePermission
from kontingent.trajectory.feed.permissions import FeedPermission
from kontingent.trajectory.transfers.permissions import TransferPermission


class Item(NamedTuple):
    """One entry of the menu: a link, or a group of links, which has no address of its own."""

    title: str
    address: str
    active: bool
    items: tuple["Item", ...] = ()


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the variables of the page shell; costs no statement."""
    actor = getattr(request, "actor", None)
    if not isinstance(actor, Actor):
        return {"demo": settings.DEMO, "actor": None}
    return {
        "demo": settings.DEMO,
        "actor": actor,
        "actor_title": _title(request, actor),
        "menu": _menu(actor, request.path),
        "may_search": actor.may(PersonPermission.VIEW),
        "today": clock.today(),
    }


def _title(request: HttpRequest, actor: Actor) -> str:
    """Post and place, as the head of every page says them."""
    session = getattr(request, "sign_in", None)
    if isinstance(session, SignIn) and session.appointment is not None:
        return f"{actor.post}: {access.place_of(session.appointment)}"
    return actor.role


class Section(NamedTuple):
    """A section of the product: shown to whoever holds the permission; some only to those of an organisation."""

    title: str
    address: str
    permission: StrEnum | None
    in_organisation: bool = False


#: The sections as people look for them: by what they work on.
_SECTIONS: dict[str, tuple[Section, ...]] = {
    "Дети": (
        Section("Ученики", "/learners/", PersonPermission.VIEW),
        Section("Классы", "/groups/", EnrolmentPermission.VIEW, in_organisation=True),
        Section("Загрузка", "/imports/", StagingPermission.IMPORT, in_organisation=True),
        Section("Здоровье", "/health/terms/", HealthPermission.VIEW, in_organisation=True),
        Section("Дубли", "/duplicates/", PersonPermission.PROPOSE_MERGE),
        Section("Вопросы семей", "/questions/", PrivacyPermission.ANSWER),
    ),
    "Движение": (
        Section("Приказы", "/orders/", EnrolmentPermission.DRAFT_ORDER, in_organisation=True),
        Section("Переводы", "/transfers/", TransferPermission.VIEW),
        Section("Справки", "/certificates/", CertificatePermission.VIEW, in_organisation=True),
        Section("Вне поля зрения", "/cases/", CasePermission.VIEW),
        Section("Потоки", "/flows/", EnrolmentPermission.COUNT),
    ),
    "Учёба": (
        Section("Успеваемость", "/performance/", PerformancePermission.VIEW),
        Section("Экзамены и документы", "/exams/", AttestationPermission.VIEW_EXAMS),
        Section("Достижения", "/portfolio/", PortfolioPermission.VIEW),
        Section("Поздние правки", "/late/", PerformancePermission.DECIDE, in_organisation=True),
        Section("Учебные периоды", "/periods/", PerformancePermission.VIEW),
        Section("Сверка с журналом", "/reconciliation/", ReconciliationPermission.VIEW),
        Section("Источники журналов", "/sources/", SourcePermission.VIEW),
        Section("OneRoster", "/oneroster/", SourcePermission.VIEW),
    ),
    "Сводки": (
        Section("Контингент", "/contingent/", EnrolmentPermission.COUNT),
        Section("Отчётность", "/reports/", ReportPermission.VIEW),
        Section("Этапы", "/stages/", StagePermission.VIEW),
    ),
    "Доступ": (
        Section("Назначения", "/appointments/", AccessPermission.APPOINT),
        Section("Экстренный доступ", "/emergency/", AccessPermission.EMERGENCY),
        Section("Экстренные доступы", "/emergencies/", AccessPermission.REVIEW),
        Section("Внешние системы", "/machines/", MachinePermission.MANAGE),
        Section("Лента изменений", "/feed/", FeedPermission.WATCH),
        Section("ЕПГУ", "/epgu/", EpguPermission.WATCH),
        Section("Журнал", "/journal/", AccessPermission.JOURNAL),
        Section("Сигналы", "/alerts/", AccessPermission.JOURNAL),
    ),
    "Реестр": (
        Section("Организации", "/organisations/", None),
        Section("Справочники", "/codelists/", None),
    ),
}
#: A menu of so many entries still fits one line, and nobody has to open anything.
_FLAT = 8


def _menu(actor: Actor, path: str) -> list[Item]:
    """Return the menu: the sections in one line while they fit, by groups when there are more."""
    home = Item("Главная", "/", path == "/")
    if actor.may(AccessPermission.OWN_FAMILY):
        return [home]
    groups = {title: _shown(actor, sections, path) for title, sections in _SECTIONS.items()}
    if sum(len(items) for items in groups.values()) < _FLAT:
        return [home, *(item for items in groups.values() for item in items)]
    return [home, *(_group(title, items) for title, items in groups.items() if items)]


def _shown(actor: Actor, sections: tuple[Section, ...], path: str) -> tuple[Item, ...]:
    own = actor.organisation_id is not None
    return tuple(
        Item(one.title, one.address, path.startswith(one.address))
        for one in sections
        if (one.permission is None or actor.may(one.permission)) and (own or not one.in_organisation)
    )


def _group(title: str, items: tuple[Item, ...]) -> Item:
    """Return a group; one of a single entry is the entry."""
    return items[0] if len(items) == 1 else Item(title, "", any(item.active for item in items), items)
