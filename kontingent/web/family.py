"""The family's pages: one's own children or oneself, what the register holds of them."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from kontingent.access.permissions import AccessPermission
from kontingent.achievements.attestation import queries as attestation
from kontingent.enrolment import queries as enrolment
from kontingent.exchange.epgu import queries as epgu
from kontingent.exchange.epgu.codes import REFUSAL_TOLD, RIGHT_TITLES
from kontingent.exchange.services import queries as certificates
from kontingent.health import queries as health
from kontingent.kernel import clock
from kontingent.persons import queries as persons
from kontingent.trajectory.flows.queries import path as paths
from kontingent.trajectory.transfers import queries as transfers
from kontingent.web import charts
from kontingent.web.certificates import order_key
from kontingent.web.request import actor_of, page
from kontingent.web.sign_in import session_of

#: For so long the first page tells that a transfer is done.
NEWS_LASTS = timedelta(days=14)


def index(request: HttpRequest) -> HttpResponse:
    """Show the children (or oneself) with where they study."""
    actor = actor_of(request)
    actor.require(AccessPermission.OWN_FAMILY)
    facts = persons.snapshot(actor.scope.persons)
    known = {one.person.snils for one in facts.values()}
    cards = [enrolment.own_card(actor, person_id, brief=True) for person_id in facts]
    moving = {
        card.person.id: [
            one for one in transfers.of_family(actor, card.person.id) if one.is_open or _is_news(one)
        ]
        for card in cards
    }
    cards.sort(key=lambda card: (card.person.birth_date is None, card.person.birth_date))
    session = session_of(request)
    missing = (
        [number for number in session.kids if number not in known] if session.capacity == "family" else []
    )
    return page(
        request,
        "family/index.html",
        cards=[(card, moving[card.person.id]) for card in cards],
        is_family=session.capacity == "family",
        missing=len(missing),
    )


def _is_news(row: transfers.Row) -> bool:
    """Say whether a transfer was carried out so lately that the first page still tells of it."""
    return row.one.completed_at is not None and clock.now() - row.one.completed_at < NEWS_LASTS


def one(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Show all that the register holds of one's own child."""
    actor = actor_of(request)
    actor.require(AccessPermission.OWN_FAMILY)
    card = enrolment.own_card(actor, person_id)
    names: dict[UUID | None, str] = {one.adult_id: one.adult.full_name for one in card.representatives}
    names[person_id] = card.person.full_name
    way = paths.of(card.path, clock.today())
    return page(
        request, "family/one.html", card=card, line=charts.path_line(way.stays, way.gaps, clock.today()), path_rows=way.rows, person=card.person, health=health.of_own(actor, person_id),
        transfers=transfers.of_family(actor, person_id), certificates=certificates.of_child(actor, person_id), order=order_key(), is_learning=bool(card.current),
        asked=[
            (one, names.get(one.applicant_id, ""), RIGHT_TITLES[one.right], REFUSAL_TOLD[one.refusal] if one.refusal else "")
            for one in epgu.asked_about(actor, person_id)
        ],
        results=attestation.own_results(actor, person_id), documents=attestation.own_documents(actor, person_id),
    )  # fmt: skip
