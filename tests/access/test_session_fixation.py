"""A session key planted before signing in, or seen before choosing a capacity, is worth nothing afterwards."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from kontingent.persons.models import Representation
from tests import builders as b
from tests.access.conftest import Walk
from tests.access.test_esia import OFFICER, PARENT

pytestmark = [pytest.mark.django_db, pytest.mark.enable_socket, pytest.mark.xdist_group("esia")]
NAME = "sessionid"


def is_let_in(key: str) -> bool:
    client = Client()
    client.cookies[NAME] = key
    return bool(client.get("/").status_code == 200)


def test_the_key_changes_at_the_door(walk: Walk) -> None:
    b.appointed("security", number=OFFICER)
    client = Client()
    back = walk.choose(walk.arrive(client), "officer")
    planted = client.cookies[NAME].value
    assert client.get(back).status_code == 302
    held = client.cookies[NAME].value
    assert planted != held
    assert not is_let_in(planted)
    assert is_let_in(held)


def test_the_key_changes_with_the_capacity_and_dies_with_the_session(walk: Walk) -> None:
    school = b.school("СОШ № 12", ogrn="1025900000125")
    pupil = b.person("Носков Пётр Андреевич", snils=b.snils_of(9), born=date(2012, 5, 30))
    parent = b.person("Гилёва Анна Сергеевна", snils=PARENT, born=date(1986, 4, 12))
    Representation.objects.create(child_id=pupil, adult_id=parent)
    b.appointed("operator", at=school, number=PARENT)
    client = Client()
    assert walk.sign_in(client, "one-organisation").headers["Location"] == "/capacity/"
    undecided = client.cookies[NAME].value
    assert client.post("/capacity/", {"capacity": "family"}).status_code == 302
    held = client.cookies[NAME].value
    assert undecided != held
    assert not is_let_in(undecided)
    assert is_let_in(held)
    client.post("/sign-out/")
    assert not is_let_in(held)
