"""The first page: what there is and what needs me today."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from kontingent.access import queries as access
from kontingent.access import watching
from kontingent.access.esia import certificates
from kontingent.access.permissions import AccessPermission
from kontingent.enrolment import contingent
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.contingent import Dimension, Filter
from kontingent.exchange.reconciliation import queries as reconciliation
from kontingent.exchange.reconciliation.permissions import ReconciliationPermission
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.organisations.permissions import OrganisationPermission
from kontingent.performance import queries as performance
from kontingent.performance.permissions import PerformancePermission
from kontingent.persons import duplicates
from kontingent.persons.permissions import PersonPermission
from kontingent.privacy import queries as privacy
from kontingent.rollout import queries as rollout
from kontingent.trajectory.cases import queries as cases
from kontingent.trajectory.cases.permissions import CasePermission
from kontingent.trajectory.transfers import queries as transfers
from kontingent.trajectory.transfers.permissions import TransferPermission
from kontingent.web import family
from kontingent.web.request import actor_of, page


def home(request: HttpRequest) -> HttpResponse:
    """Show the operator's numbers, or the region's for those above."""
    actor = actor_of(request)
    if actor.may(AccessPermission.OWN_FAMILY):
        return family.index(request)
    if actor.may(AccessPermission.JOURNAL):
        return _security(request)
    if actor.scope.groups and actor.organisation_id:
        return _teacher(request, actor.organisation_id)
    proposals = organisations.proposals(actor).count() if actor.may(OrganisationPermission.CONFIRM) else 0
    alike = (
        duplicates.waiting(actor, within=enrolment.visible(actor))
        if actor.may(PersonPermission.PROPOSE_MERGE)
        else 0
    )
    if actor.organisation_id is not None:
        organisation = organisations.get(actor.organisation_id)
        board = enrolment.dashboard(actor, clock.today())
        return page(
            request,
            "home/home.html",
            heading=organisation.short_name,
            board=board,
            own=True,
            may_name_gaps=actor.may(PersonPermission.VIEW_DOCUMENTS),
            proposals=proposals,
            alike=alike,
            transfers=transfers.counts(actor) if actor.may(TransferPermission.VIEW) else None,
            discrepancies=reconciliation.count(actor) if actor.may(ReconciliationPermission.VIEW) else 0,
            cases=cases.waiting(actor) if actor.may(CasePermission.VIEW) else (0, 0),
            reminders=rollout.reminders(actor, clock.today()),
            late=performance.late_count(actor) if actor.may(PerformancePermission.DECIDE) else 0,
        )
    on = clock.today()
    return page(
        request,
        "home/region.html",
        heading="Пермский край" if actor.scope.whole_region else "Муниципалитет",
        main=contingent.total(actor, on=on),
        additional=contingent.total(actor, on=on, where=Filter(main=False)),
        levels=contingent.count(actor, on=on, by=(Dimension.LEVEL,)),
        organisations=organisations.own(actor.scope).count(),
        proposals=proposals,
        alike=alike,
        transfers=transfers.counts(actor) if actor.may(TransferPermission.VIEW) else None,
        cases=cases.waiting(actor) if actor.may(CasePermission.VIEW) else (0, 0),
        reminders=rollout.reminders(actor, on),
        urgent=cases.urgent(actor) if actor.may(CasePermission.VIEW) else [],
    )


def _security(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    trusted = certificates.load(settings.ESIA.trusted) if settings.ESIA else []
    return page(
        request,
        "home/security.html",
        waiting=access.emergencies(actor).filter(reviewed_at__isnull=True).count(),
        appointments=access.in_force(clock.today()).count(),
        alerts=watching.alerts(actor, state="new").count(),
        questions=privacy.to_answer(actor).filter(answered_at__isnull=True).count(),
        warnings=certificates.lapsing(trusted, clock.now()),
    )


def _teacher(request: HttpRequest, organisation_id: UUID) -> HttpResponse:
    year = SchoolYear.of(clock.today())
    rows = enrolment.groups(actor_of(request), organisation_id, year.begins_in, clock.today())
    return page(
        request, "home/teacher.html", heading=organisations.get(organisation_id).short_name, rows=rows
    )
