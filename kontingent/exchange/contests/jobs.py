"""Reading and applying as background jobs."""

from kontingent.exchange.contests.receiving import FILES
from kontingent.exchange.incoming.tasks import Jobs

JOBS = Jobs("contests", FILES)
