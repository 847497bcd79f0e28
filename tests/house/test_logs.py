"""No log line holds a СНИЛС, a secret, a token, a code, a password or a row of the database."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from config import gunicorn
from config.logs import ScrubbedFormatter, scrubbed
from kontingent.access.machines.digests import SECRET_PREFIX, TOKEN_PREFIX, new_secret
from kontingent.kernel import snils
from kontingent.persons.models import Person
from tests import builders as b

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMTIyMzM0NDU5NSJ9.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("line", "secrets"),
    [
        ("человек 112-233-445 95 не найден", ["112-233-445", "445 95"]),
        ("snils=11223344595;", ["11223344595"]),
        ("GET /learners/?q=112-233-445%2095 500", ["112-233", "445"]),
        ("https://kontingent.example/esia/callback/?code=abcdef0123&state=xyz-1", ["abcdef0123", "xyz-1"]),
        ("Authorization: Bearer kgt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ["kgt_AAAA"]),
        ("Authorization: Basic a2ctMTIzOmtnc19zZWNyZXQ=", ["a2ctMTIz"]),
        (f"token {JWT} refused", [JWT[:20], JWT[-8:]]),
        ("{'client_secret': 'kgs_very-secret-value-0123456789'}", ["kgs_very", "0123456789"]),
        ("client_secret=sesame-open&grant_type=client_credentials", ["sesame"]),
        ('{"access_token": "abc.def", "id_token": "ghi.jkl"}', ["abc.def", "ghi.jkl"]),
        ("postgresql://kontingent:pa55word@%2Fvar%2Frun/kontingent refused", ["pa55word"]),
        ("password=hunter22 host=db", ["hunter22"]),
        ("Cookie: sessionid=abcdef123456; csrftoken=fedcba", ["abcdef123456", "fedcba"]),
        ("duplicate key\nDETAIL:  Key (family_name)=(Мальцева) already exists.\n", ["Мальцева"]),
        ('CONTEXT:  COPY persons_person, line 3: "Мальцева\tАнна"', ["Мальцева", "Анна"]),
    ],
)
def test_what_is_taken_out(line: str, secrets: list[str]) -> None:
    kept = scrubbed(line)
    assert "…" in kept
    for secret in secrets:
        assert secret not in kept, kept


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-25 10:00:00,123 INFO kontingent.exchange 5000 rows in 1.25 s",
        "order 018f0000-0000-7000-8000-000000000000 signed",
        "organisation 1025900000125 is closed",
        "the API failed at /api/v1/learners",
        "1732500000.123 1732500000123",
        "code list sex: 2 values, token issued, no password",
    ],
)
def test_what_is_left_as_it_is(line: str) -> None:
    assert scrubbed(line) == line


@given(st.integers(1_001_998, 999_999_999), st.text(max_size=20), st.text(max_size=20))
def test_no_snils_gets_through_however_it_is_written(number: int, before: str, after: str) -> None:
    head = f"{number:09d}"
    control = f"{snils.control_number(head):02d}"
    before, after = before.rstrip("0123456789."), after.lstrip("0123456789.")
    for written in (
        f"{head[:3]}-{head[3:6]}-{head[6:]} {control}",
        f"{head}{control}",
        f"{head[:3]}-{head[3:6]}-{head[6:]}-{control}",
    ):
        assert written not in scrubbed(f"{before}{written}{after}")


@given(st.sampled_from([SECRET_PREFIX, TOKEN_PREFIX]), st.text(max_size=20))
def test_no_secret_of_ours_gets_through(prefix: str, around: str) -> None:
    secret = new_secret(prefix)
    assert secret not in scrubbed(f"{around} {secret} {around}")


@pytest.mark.django_db
def test_a_refused_row_is_not_told_with_its_traceback() -> None:
    b.person("Мальцева Анна Павловна", snils=b.snils_of(5))
    other = b.person("Тиунов Олег Игоревич")
    record = None
    try:
        with transaction.atomic():
            Person.objects.filter(pk=other).update(snils=b.snils_of(5))
    except IntegrityError:
        record = logging.LogRecord(
            "x", logging.ERROR, __file__, 1, "failed for %s", (b.snils_of(5),), sys.exc_info()
        )
    assert record is not None
    line = ScrubbedFormatter("%(levelname)s %(message)s").format(record)
    assert "IntegrityError" in line
    assert b.snils_of(5) not in line
    assert "DETAIL: …" in line


def test_nobody_writes_a_line_of_his_own() -> None:
    record = logging.LogRecord(
        "x", logging.INFO, __file__, 1, "asked for %s", ("a\r\n2026 ERROR forged",), None
    )
    assert ScrubbedFormatter("%(message)s").format(record) == r"asked for a\r\n2026 ERROR forged"


def test_every_handler_of_the_product_and_of_the_server_scrubs() -> None:
    ours: dict[str, Any] = dict(settings.LOGGING)
    used = {handler["formatter"] for handler in ours["handlers"].values()}
    assert used == set(ours["formatters"])
    formatters = [*ours["formatters"].values(), *gunicorn.logconfig_dict["formatters"].values()]
    assert {one["()"] for one in formatters} == {"config.logs.ScrubbedFormatter"}
    assert gunicorn.accesslog is None
