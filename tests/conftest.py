"""Fixtures for every test. The server itself is started by ``runtime.testing``."""

import pytest
from pytest_django import DjangoDbBlocker

from kontingent.storage import row_security


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Protect the tables as ``kontingent migrate`` does. Builders write as the owner, pages and API read within scopes."""
    with django_db_blocker.unblock():
        row_security.protect()
