"""What citizens have asked through ЕПГУ about the learners of the school that the demonstration begins in, in the last days.

Requests alone, as the page of the service counts them; the times of processing are drawn, the answers are wiped as they are after three days.
"""

from __future__ import annotations

import hashlib
import random
from datetime import datetime, time, timedelta
from uuid import UUID

from kontingent.access.machines import actions as machines
from kontingent.access.machines.actions import ClientDraft
from kontingent.access.machines.rules import MachineScope, Reach
from kontingent.enrolment.models import Placement
from kontingent.exchange.epgu import rules
from kontingent.exchange.epgu.codes import Content, Refusal, Right
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.persons.models import Representation

CLIENT = "ЕПГУ (вымышленное подключение)"
DAYS = 30
#: How often a question is refused, and for what: most often somebody asks who is not known as the representative.
REFUSED = {
    Refusal.NOT_REPRESENTATIVE: 0.07, Refusal.NOT_ENROLLED: 0.01, Refusal.PERIOD_TOO_LONG: 0.015, Refusal.JOURNAL_UNAVAILABLE: 0.02,
}  # fmt: skip
#: Whose right was shown before the question was refused.
_BY_RIGHT = frozenset({Refusal.NOT_ENROLLED, Refusal.PERIOD_TOO_LONG, Refusal.JOURNAL_UNAVAILABLE})


def write(home_id: UUID, *, seed: int) -> None:
    """Write a month of questions, more of them on the evenings of working days."""
    rng = random.Random(seed * 23 + 5)
    client = machines.register_client(
        actor=system_actor("demo", "Вымышленный регион"),
        draft=ClientDraft(name=CLIENT, reach=Reach(whole_region=True), scopes=(MachineScope.EPGU,)),
    )
    near = Placement.objects.filter(organisation_id=home_id, superseded_at=None, ends_on=None)
    pairs = list(
        Representation.objects.filter(
            child_id__in=near.values("person_id"), rights_limited=False, ends_on=None
        )
        .order_by("child_id", "adult_id")
        .values_list("adult_id", "child_id")
    )
    if not pairs:
        return
    made, today = list[ServiceRequest](), clock.today()
    for back in range(DAYS, -1, -1):
        day = today - timedelta(days=back)
        for _ in range(rng.randint(6, 14) if day.weekday() < 5 else rng.randint(1, 5)):
            at = datetime.combine(day, time(rng.choice((8, 13, 17, 18, 19, 20, 21)), rng.randint(0, 59), rng.randint(0, 59)), clock.REGION_ZONE)  # fmt: skip
            if at < clock.now():
                made.append(_request(rng, client.actor_code, len(made), at, *rng.choice(pairs)))
    ServiceRequest.objects.bulk_create(made, batch_size=500)


def _request(
    rng: random.Random, client: str, number: int, at: datetime, adult: UUID, child: UUID
) -> ServiceRequest:
    chance, refusal = rng.random(), None
    for one, share in REFUSED.items():
        chance -= share
        if chance < 0 and refusal is None:
            refusal = one
    starts_on, ends_on = rules.days_of(None, None, at.date())
    took = round(rng.lognormvariate(2.2, 0.4) if refusal and refusal not in _BY_RIGHT else rng.lognormvariate(3.7, 0.45))  # fmt: skip
    has_right = refusal is None or refusal in _BY_RIGHT
    return ServiceRequest(
        client_code=client, client_name=CLIENT, message_id=f"demo-{number}", digest=hashlib.sha256(f"demo-{number}".encode()).hexdigest(),
        applicant_id=adult, child_id=child if has_right else None, right=Right.REPRESENTATIVE if has_right else "",
        content=sorted(Content), starts_on=starts_on, ends_on=ends_on, refusal=refusal or "", answer=None, received_at=at,
        answered_at=at + timedelta(milliseconds=took), took_ms=took,
    )  # fmt: skip
