"""Roles as code: what each may do and where. Stored by code; docs/reference/permissions.md is generated from here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from kontingent.access.machines.permissions import MachinePermission as Machine
from kontingent.access.permissions import AccessPermission as Access
from kontingent.achievements.attestation.permissions import AttestationPermission as Attest
from kontingent.achievements.portfolio.permissions import PortfolioPermission as Portfolio
from kontingent.enrolment.permissions import EnrolmentPermission as Enrol
from kontingent.health.permissions import HealthPermission as Health
from kontingent.organisations.permissions import OrganisationPermission as Org
from kontingent.performance.permissions import PerformancePermission as Perform
from kontingent.persons.permissions import PersonPermission as Person
from kontingent.programmes.permissions import ProgrammePermission as Programme
from kontingent.reports.permissions import ReportPermission as Report
from kontingent.stages.permissions import StagePermission as Stage
from kontingent.trajectory.cases.permissions import CasePermission as Case
from kontingent.trajectory.feed.permissions import FeedPermission as Feed
from kontingent.trajectory.transfers.permissions import TransferPermission as Transfer

#: The import sits beside this room, so its permissions are named by their stable codes.
IMPORTS = ("import.run", "import.apply", "import.undo")
#: So does the room of personal data (privacy): a family asks, an organisation and the security officer answer.
ASK, ANSWER = "privacy.ask", "privacy.answer"
#: And the room of ЕПГУ: the ministry sees how the service works.
WATCH_EPGU = "epgu.watch"
#: And the room of certificates: a school sees its register, makes and revokes them.
CERTIFICATES = ("certificate.view", "certificate.issue")
#: And the room of reconciliation: what journal and register do not agree on is seen, and settled.
SEE_DISCREPANCIES, SETTLE_DISCREPANCIES = "reconciliation.view", "reconciliation.resolve"
#: And the intake of journals: who reads which journal, and how it fares.
SOURCES = ("sources.view", "sources.manage")


class Level(StrEnum):
    """What an appointment to a role is bound to; ``OWN`` follows from the register, nobody is appointed to it."""

    REGION = "region"
    MUNICIPALITY = "municipality"
    ORGANISATION = "organisation"
    GROUPS = "groups"
    OWN = "own"


LEVEL_TITLES = {
    Level.REGION: "регион",
    Level.MUNICIPALITY: "муниципалитет",
    Level.ORGANISATION: "организация",
    Level.GROUPS: "классы",
    Level.OWN: "свои дети или свои данные",
}


@dataclass(frozen=True, slots=True)
class Role:
    """A role: stable code, title for people, what it is bound to, permissions, which roles it may give, and what it sees
    personal data for (``audit.purposes``)."""

    code: str
    title: str
    level: Level
    permissions: frozenset[str]
    appoints: frozenset[str] = frozenset()
    purpose: str = ""


def _role(
    code: str,
    title: str,
    level: Level,
    purpose: str,
    *permissions: StrEnum | str,
    appoints: tuple[str, ...] = (),
) -> Role:
    held = frozenset(str(permission) for permission in permissions)
    return Role(code, title, level, held, frozenset(appoints), purpose)


_READ = (Org.VIEW, Stage.VIEW, Person.VIEW, Enrol.VIEW, Enrol.COUNT, Perform.VIEW)
_ATTEST = (Attest.VIEW_EXAMS, Attest.IMPORT_EXAMS, Attest.VIEW_DOCUMENTS)
_DECIDE_DUPLICATES = (Person.PROPOSE_MERGE, Person.MERGE)
_OPERATE = (
    *_READ, Person.PROPOSE_MERGE, Person.VIEW_DOCUMENTS, Person.VIEW_ADDRESSES, Person.VIEW_CATEGORIES, Person.EDIT_CATEGORIES,
    Person.EDIT, Enrol.MANAGE_GROUPS, Enrol.CONDITIONS, Enrol.DRAFT_ORDER,
    Enrol.SIGN_ORDER, Enrol.CANCEL_ORDER, Org.PROPOSE, Programme.MANAGE, *IMPORTS, Access.EMERGENCY,
    Perform.DECIDE, Perform.NAME_CLASSES, Perform.SET_PERIODS, *SOURCES, SEE_DISCREPANCIES, SETTLE_DISCREPANCIES, Report.VIEW, Report.PREPARE,
    *_ATTEST, Attest.ISSUE, *CERTIFICATES,
    Transfer.VIEW, Transfer.REGISTER, Transfer.APPROVE,
    Portfolio.VIEW, Portfolio.EDIT, Portfolio.IMPORT,
    Case.VIEW, Case.WORK,
)  # fmt: skip
_STAFF = ("operator", "teacher", "health", "operator_health")

ROLES: dict[str, Role] = {
    role.code: role
    for role in (
        _role("operator", "Оператор организации", Level.ORGANISATION, "contingent", *_OPERATE),
        _role("teacher", "Классный руководитель", Level.GROUPS, "class", *_READ, Portfolio.VIEW, Enrol.CONDITIONS, Attest.VIEW_EXAMS),
        _role(
            "health", "Ответственный за сведения о здоровье", Level.ORGANISATION, "health", *_READ, Health.VIEW, Health.EDIT, *IMPORTS,
        ),
        _role(
            "operator_health", "Оператор и ответственный за сведения о здоровье", Level.ORGANISATION, "contingent", *_OPERATE, Health.VIEW, Health.EDIT
        ),
        _role(
            "head", "Руководитель организации", Level.ORGANISATION, "contingent", *_OPERATE, Health.VIEW, Report.SIGN, Access.APPOINT, ANSWER, appoints=_STAFF
        ),
        _role(
            "municipal", "Специалист муниципалитета", Level.MUNICIPALITY, "municipal", *_READ,
            *_DECIDE_DUPLICATES, Person.VIEW_DOCUMENTS, Person.VIEW_CATEGORIES, Org.CONFIRM, Access.EMERGENCY, SEE_DISCREPANCIES, *SOURCES,
            Report.VIEW, Report.PREPARE, Report.ACCEPT, *_ATTEST,
            Transfer.VIEW, Transfer.DECIDE,
            Portfolio.VIEW, Portfolio.IMPORT,
            Case.VIEW, Case.WORK,
        ),
        _role(
            "ministry", "Специалист министерства", Level.REGION, "region", *_READ, Org.CONFIRM,
            Org.REGISTER, Stage.MANAGE, *_DECIDE_DUPLICATES, Person.SEARCH_DUPLICATES, Perform.MANAGE_JOURNALS, *SOURCES, SEE_DISCREPANCIES, SETTLE_DISCREPANCIES, WATCH_EPGU, Feed.WATCH, Report.VIEW, Report.PREPARE, Report.ACCEPT, Report.FREEZE,
            Case.VIEW, Case.WORK, Case.RULES,
            *_ATTEST,
            Transfer.VIEW, Transfer.DECIDE,
            Portfolio.VIEW, Portfolio.IMPORT,
        ),
        _role(
            "security", "Администратор безопасности", Level.REGION, "security", Org.VIEW, Stage.VIEW,
            Access.APPOINT, Access.REVIEW, Access.JOURNAL, Machine.MANAGE, Machine.MANAGE_ANYWHERE, Feed.WATCH, ANSWER,
            appoints=(*_STAFF, "head", "municipal", "ministry", "security"),
        ),
        _role("representative", "Законный представитель", Level.OWN, "family", Access.OWN_FAMILY, ASK),
        _role("learner", "Обучающийся", Level.OWN, "family", Access.OWN_FAMILY, ASK),
    )
}  # fmt: skip


def appointable() -> list[Role]:
    """Return the roles somebody may be appointed to."""
    return [role for role in ROLES.values() if role.level is not Level.OWN]
