"""``kontingent journal`` prints what the journal needs, once, and what it prints lets it in."""

from __future__ import annotations

import argparse
import re

import pytest

from kontingent.kernel.errors import Conflict
from kontingent.performance.models import Journal
from runtime import journals
from tests import builders as b
from tests.api.machine import TOKEN, basic, posted

pytestmark = pytest.mark.django_db


def connected(code: str, ogrn: str) -> str:
    said: list[str] = []
    arguments = argparse.Namespace(
        code=code, title="ЭПОС.Школа", organisation=ogrn, municipality=None, region=False, contact=""
    )
    assert journals.connect(arguments, out=said.append) == 0
    return "\n".join(said)


def test_a_journal_is_connected_and_let_in() -> None:
    school = b.school()
    said = connected("epos", school.ogrn)
    client_id, secret = (re.search(rf"{name} +(\S+)", said) for name in ("client_id", "client_secret"))
    assert client_id
    assert secret
    answer = posted(TOKEN, {"grant_type": "client_credentials"}, Authorization=basic(client_id[1], secret[1]))
    assert "journals.write" in answer.json()["scope"].split()
    assert Journal.objects.get().code == "epos"
    with pytest.raises(Conflict):
        connected("epos", school.ogrn)
    assert Journal.objects.count() == 1
