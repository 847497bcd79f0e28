"""Reading and applying as background jobs."""

from kontingent.exchange.attestation.receiving import FILES
from kontingent.exchange.incoming.tasks import Jobs

JOBS = Jobs("attestation", FILES)
