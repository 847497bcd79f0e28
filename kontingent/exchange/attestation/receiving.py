"""Files of results and documents on their way in (``exchange.incoming``)."""

from __future__ import annotations

from typing import Final

from kontingent.achievements.attestation import actions
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.exchange.attestation.profiles import profile_of
from kontingent.exchange.attestation.rows import RowReader
from kontingent.exchange.incoming.receiving import Receiving
from kontingent.kernel import clock

FILES: Final = Receiving(
    intake=actions.INTAKE,
    profile_of=lambda kind: profile_of(DeliveryKind(kind)),
    reader=lambda one, profile, mapping: RowReader(profile, mapping, clock.today(), DeliveryKind(one.kind)),
)
receive, read, apply = FILES.receive, FILES.read, FILES.apply
