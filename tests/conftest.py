"""Fixtures for every test. The server itself is started by ``runtime.testing``."""

import shutil
from collections.abc import Iterator

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

from kontingent.storage import row_security
from runtime import postgres

#: A busy machine is no fault of a property: neither how long an example takes nor how long making it does.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Protect the tables as ``kontingent migrate`` does. Builders write as the owner, pages and API read within scopes."""
    with django_db_blocker.unblock():
        row_security.protect()


@pytest.fixture(autouse=True)
def special_categories_go_too(
    request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """What a test commits is flushed after it, in the schema ``public`` alone: the compartment is emptied here."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker and marker.kwargs.get("transaction")):
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(sorted(row_security.special_tables()))}")


@pytest.fixture(scope="session", autouse=True)
def no_cluster_is_left_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Root's clusters lie outside the temporary folders (``runtime.postgres``); they go when the run ends."""
    yield
    for remembered in tmp_path_factory.getbasetemp().rglob(postgres.REMEMBERED):
        shutil.rmtree(postgres.ELSEWHERE / remembered.read_text().strip(), ignore_errors=True)
