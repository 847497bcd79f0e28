"""The first page: what there is and what needs me today."""

from django.http import HttpRequest, HttpResponse

from kontingent.enrolment import contingent
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.contingent import Dimension, Filter
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.kernel import clock
from kontingent.organisations import queries as organisations
from kontingent.organisations.permissions import OrganisationPermission
from kontingent.web.request import actor_of, page


def home(request: HttpRequest) -> HttpResponse:
    """Show the operator's numbers, or the region's for those above."""
    actor = actor_of(request)
    if not actor.may(EnrolmentPermission.VIEW):
        return page(request, "home/security.html")
    proposals = organisations.proposals(actor).count() if actor.may(OrganisationPermission.CONFIRM) else 0
    if actor.organisation_id is not None:
        organisation = organisations.get(actor.organisation_id)
        board = enrolment.dashboard(actor, clock.today())
        return page(
            request,
            "home/home.html",
            heading=organisation.short_name,
            board=board,
            own=True,
            proposals=proposals,
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
    )
