"""What a form counts in an organisation depends on the stages open there: elsewhere the same cells are entered by hand."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from kontingent.kernel import clock
from kontingent.organisations.models import Organisation
from kontingent.reports import editions
from kontingent.reports.models import Report
from kontingent.reports.rules.editions import Edition
from kontingent.reports.rules.vocabulary import FACTS
from kontingent.stages import queries as stages
from kontingent.stages import rules
from kontingent.stages.fields import FIELDS

#: Fields that facts of the forms come from.
FIELDS_OF_FACTS = frozenset(fact.opens for fact in FACTS.values() if fact.opens)


def editions_for(code: str, organisation_ids: Collection[UUID]) -> dict[UUID, Edition]:
    """Return an edition as each organisation fills it, in two statements."""
    orders, today = stages.said(), clock.today()
    places = Organisation.objects.filter(pk__in=list(organisation_ids)).values_list("id", "municipality_id")
    closed: dict[UUID, frozenset[str]] = {}
    for municipality_id in {place for _, place in places}:
        closed[municipality_id] = frozenset(
            field
            for field in FIELDS_OF_FACTS
            if not rules.is_open(orders, FIELDS[field].stage, municipality_id, today)
        )
    return {organisation_id: editions.where_closed(code, closed[place]) for organisation_id, place in places}


def edition_of(report: Report) -> Edition:
    """Return the edition of a form as its organisation fills it."""
    return editions_for(report.edition, [report.organisation_id])[report.organisation_id]
