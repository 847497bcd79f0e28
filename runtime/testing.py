"""A pytest plugin: gives a run its own throwaway PostgreSQL before Django reads its settings.

Loaded by ``-p runtime.testing`` in pyproject. ``DATABASE_URL`` points the suite at a server of one's
own instead (`make test-debian-postgres`). Workers of pytest-xdist inherit the address.
"""

import os
from contextlib import ExitStack

from runtime import postgres

_stack = ExitStack()

if "DATABASE_URL" not in os.environ:
    os.environ["DATABASE_URL"] = _stack.enter_context(postgres.throwaway()).url


def pytest_unconfigure() -> None:
    """Stop the server when the run ends."""
    _stack.close()
