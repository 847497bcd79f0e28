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
from kontingent.trajectory.transfers.permissions import TransferPermission


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
        "may_search": actor.may(PersonPermission.VIEW),
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


class Section(NamedTuple):
    """A section of the product: shown to whoever holds the permission; some only to those of an organisation."""

    title: str
    address: str
    permission: StrEnum
    in_organisation: bool = False


_SECTIONS = (
    Section("Ученики", "/learners/", PersonPermission.VIEW),
    Section("Вне поля зрения", "/cases/", CasePermission.VIEW),
    Section("Дубли", "/duplicates/", PersonPermission.PROPOSE_MERGE),
    Section("Классы", "/groups/", EnrolmentPermission.VIEW, in_organisation=True),
    Section("Приказы", "/orders/", EnrolmentPermission.DRAFT_ORDER, in_organisation=True),
    Section("Переводы", "/transfers/", TransferPermission.VIEW),
    Section("Справки", "/certificates/", CertificatePermission.VIEW, in_organisation=True),
    Section("Загрузка", "/imports/", StagingPermission.IMPORT, in_organisation=True),
    Section("Поздние правки", "/late/", PerformancePermission.DECIDE, in_organisation=True),
    Section("Сверка с журналом", "/reconciliation/", ReconciliationPermission.VIEW),
    Section("Источники журналов", "/sources/", SourcePermission.VIEW),
    Section("Здоровье", "/health/terms/", HealthPermission.VIEW, in_organisation=True),
    Section("Достижения", "/portfolio/", PortfolioPermission.VIEW),
    Section("Контингент", "/contingent/", EnrolmentPermission.COUNT),
    Section("Потоки", "/flows/", EnrolmentPermission.COUNT),
    Section("Успеваемость", "/performance/", PerformancePermission.VIEW),
    Section("Экзамены и документы", "/exams/", AttestationPermission.VIEW_EXAMS),
    Section("Отчётность", "/reports/", ReportPermission.VIEW),
    Section("Этапы", "/stages/", StagePermission.VIEW),
    Section("ЕПГУ", "/epgu/", EpguPermission.WATCH),
    Section("Назначения", "/appointments/", AccessPermission.APPOINT),
    Section("Экстренный доступ", "/emergency/", AccessPermission.EMERGENCY),
    Section("Экстренные доступы", "/emergencies/", AccessPermission.REVIEW),
    Section("Внешние системы", "/machines/", MachinePermission.MANAGE),
    Section("Журнал", "/journal/", AccessPermission.JOURNAL),
    Section("Сигналы", "/alerts/", AccessPermission.JOURNAL),
    Section("Вопросы семей", "/questions/", PrivacyPermission.ANSWER),
)


def _menu(actor: Actor) -> list[tuple[str, str]]:
    if actor.may(AccessPermission.OWN_FAMILY):
        return [("Главная", "/")]
    own = actor.organisation_id is not None
    shown = [
        (one.title, one.address)
        for one in _SECTIONS
        if actor.may(one.permission) and (own or not one.in_organisation)
    ]
    return [("Главная", "/"), *shown, ("Организации", "/organisations/"), ("Справочники", "/codelists/")]
