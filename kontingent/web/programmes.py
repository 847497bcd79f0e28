"""Programmes of one's own organisation: what it teaches, and registering a new one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError
from kontingent.organisations import queries as organisations
from kontingent.programmes import actions, queries, rules
from kontingent.programmes.permissions import ProgrammePermission
from kontingent.programmes.rules import ProgrammeFacts
from kontingent.web.request import actor_of, optional_day, own_organisation, page, whole

_KINDS = {rules.PRESCHOOL, *rules.GENERAL, *rules.VOCATIONAL, *rules.ADDITIONAL}
MONTHS = 12


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """The programmes; on POST register one."""
    actor, organisation_id = actor_of(request), own_organisation(request)
    may_add = actor.may(ProgrammePermission.MANAGE)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            made = actions.register_programme(
                actor=actor,
                organisation_id=organisation_id,
                facts=_facts(request),
                valid_from=optional_day(request.POST.get("valid_from", ""), "Действует с") or clock.today(),
            )
            messages.success(request, f"Программа «{made.title}» заведена.")
            return HttpResponseRedirect("/programmes/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "programmes/index.html",
        organisation=organisations.get(organisation_id),
        programmes=[
            (one, (one.duration_months or rules.USUAL_MONTHS.get(one.kind_code, 0)) / MONTHS)
            for one in queries.of_organisation(organisation_id).order_by(
                "kind_code", "adaptation_code", "title"
            )
        ],
        may_add=may_add,
        error=error,
        values=request.POST,
        today=clock.today(),
        kinds=[(c, t) for c, t in codelists.choices("education_programme", leaves_only=False) if c in _KINDS],
        adaptations=codelists.choices("programme_adaptation"),
        variants=codelists.choices("adaptation_variant"),
        bases=codelists.choices("admission_base"),
        directions=codelists.choices("additional_direction"),
        languages=codelists.choices("language_of_instruction"),
    )


def _facts(request: HttpRequest) -> ProgrammeFacts:
    data = request.POST
    years = whole(data.get("years"))
    return ProgrammeFacts(
        kind_code=data.get("kind", ""),
        title=data.get("title", ""),
        adaptation_code=data.get("adaptation") or rules.NOT_ADAPTED,
        variant_code=data.get("variant", ""),
        base_code=data.get("base", ""),
        direction_code=data.get("direction", ""),
        speciality_code=data.get("speciality", "").strip()[:10],
        language_code=data.get("language") or "rus",
        duration_months=years * MONTHS if years else None,
        hours=whole(data.get("hours")),
    )
