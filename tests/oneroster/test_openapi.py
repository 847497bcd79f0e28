"""The OpenAPI of ``/ims/oneroster`` says what the doors do: the snapshot is current, answers fit, nothing that may be sent breaks a server."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
import time_machine
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode

from kontingent.api import gradebook, oneroster, oneroster_openapi
from tests import builders as b
from tests.exchange.journals.journal import mark
from tests.machines import clients as m
from tests.oneroster.test_gradebook_writing import NOW, Journal, result, work

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DOCUMENT = oneroster_openapi.document()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
#: 1.1 is the same doors under another base, but for what may be sent.
OPERATIONS: list[Any] = [
    found.ok()  # type: ignore[union-attr]
    for found in SCHEMA.get_all_operations()
    if oneroster.V11 not in found.ok().path or found.ok().method.upper() == "PUT"  # type: ignore[union-attr]
]
#: Bounded, so that the suite stays a suite: this many requests to each address in each mode.
EACH = 4


@pytest.fixture
def scene() -> Any:
    with time_machine.travel(NOW, tick=True):
        five = b.school("Школа № 5")
        a = b.group(five, "5А")
        anna = b.person("Мальцева Анна Павловна", snils=b.snils_of(5))
        b.admitted(anna, a)
        journal = Journal(five)
        journal.client.scopes = [
            *journal.client.scopes,
            "roster.readonly",
            "roster-demographics.readonly",
            "gradebook-core.readonly",
        ]
        journal.client.rate_per_minute = 6000
        journal.client.save(update_fields=["scopes", "rate_per_minute"])
        journal.token = m.token_of(journal.client)
        made = {"five": five, "a": a, "six": a, "anna": anna, "journal": journal}
        scale = {"title": "Зачёт", "type": "pass", "class": {"sourcedId": str(a.pk)}, "scoreScaleValue": [{"itemValueLHS": "зач", "itemValueRHS": "1"}]}  # fmt: skip
        journal.put("scoreScales/s1", **scale)
        assert (
            work(
                made, scoreScale={"sourcedId": "s1"}, description="§ 5", resultValueMin=1, resultValueMax=5
            ).status_code
            == 201
        )
        assert result(made, comment="молодец").status_code == 201
        journal.send([mark(1, anna, work="answer")])
        day = {"version": 1, "date": "2025-10-06", "subject": "s09"}
        journal.send(
            [{"id": "L1", **day, "class": str(a.pk), "topic": "Дроби", "homework": "№ 1"}],
            key="l",
            records="lessons",
        )
        journal.send([{"id": "a1", **day, "learner": str(anna), "code": "н"}], key="a", records="attendance")
        yield made


def test_the_snapshot_is_current() -> None:
    assert oneroster_openapi.PAGE.read_text(encoding="utf-8") == oneroster_openapi.render(), (
        "run python -m kontingent.api.oneroster_openapi"
    )


def test_every_operation_has_a_name_of_its_own_and_every_reference_leads_somewhere() -> None:
    operations = [way["operationId"] for path in DOCUMENT["paths"].values() for way in path.values()]
    assert (
        len(operations)
        == len(set(operations))
        == 2 * len(oneroster.ROUTES) + sum(len(gradebook.methods_of(one)) for one in gradebook.ROUTES)
    )
    for kind in ("schemas", "parameters", "responses"):
        named = set(re.findall(rf"#/components/{kind}/(\w+)", json.dumps(DOCUMENT)))
        assert named == set(DOCUMENT["components"][kind])


def fits(answer: Any, path: str) -> None:
    """An answer is as the document declares it, and has no field that it does not."""
    declared = DOCUMENT["paths"][path]["get"]["responses"][str(answer.status_code)]
    if "$ref" in declared:
        declared = DOCUMENT["components"]["responses"][declared["$ref"].rsplit("/", 1)[1]]
    schema = {**declared["content"]["application/json"]["schema"], "components": DOCUMENT["components"]}
    errors = list(Draft202012Validator(schema).iter_errors(json.loads(answer.content)))
    assert not errors, (path, errors[0].message)


def test_answers_fit_their_schemas(scene: dict[str, Any]) -> None:
    bearer = {"Authorization": f"Bearer {scene['journal'].token}"}
    ids = {
        "school": scene["five"].pk,
        "class_id": scene["a"].pk,
        "user": scene["anna"],
        "student": scene["anna"],
        "line_item": "w1",
        "term": "year-2025",
    }
    one_of = {
        "lineItems": "w1", "results": "r1", "scoreScales": "s1", "categories": "control-2.00", "lessons": "L1", "attendance": "a1",
        "classes": scene["a"].pk, "users": scene["anna"], "orgs": scene["five"].pk, "demographics": scene["anna"], "terms": "year-2025",
    }  # fmt: skip
    answered = 0
    for path, ways in DOCUMENT["paths"].items():
        key = one_of.get(path.split("/")[-2], "")
        if "get" not in ways or "{course}" in path or (path.endswith("{source_id}") and not key):
            continue
        answer = Client().get(path.format(**ids, source_id=key), headers=bearer)
        assert answer.status_code in ({404} if "teachers/{user}" in path else {200}), (path, answer.content)
        fits(answer, path)
        if (
            answer.status_code == 200
            and not path.endswith("}")
            and "eachers" not in path
            and "rading" not in path
        ):
            assert json.loads(answer.content).popitem()[1], path
        answered += 1
    assert answered > 80
    fits(Client().get("/ims/oneroster/gradebook/v1p2/results"), "/ims/oneroster/gradebook/v1p2/results")


def _sent(operation: Any, mode: GenerationMode, token: str) -> int:
    declared, asked = {int(code) for code in operation.definition.raw["responses"]} | {405}, 0

    @settings(max_examples=EACH, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        case=operation.as_strategy(generation_mode=mode),
        with_token=st.sampled_from([True, True, True, False]),
    )
    def sends(case: Any, with_token: bool) -> None:
        nonlocal asked
        asked += 1
        query = urlencode({name: str(value) for name, value in (case.query or {}).items()})
        address = quote(case.formatted_path, safe="/%") + (f"?{query}" if query else "")
        body = (
            json.dumps(case.body, default=str).encode(errors="replace")
            if "requestBody" in operation.definition.raw
            else b""
        )
        answer = Client(raise_request_exception=False).generic(
            case.method, address, body, "application/json", headers={"Authorization": f"Bearer {token}"} if with_token else {}
        )  # fmt: skip
        assert answer.status_code < 500, (address, answer.content)
        assert answer.status_code in declared, (address, answer.status_code, answer.content)

    sends()
    return asked


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "forbidden"]
)
def test_no_server_error_and_only_declared_answers(mode: GenerationMode, scene: dict[str, Any]) -> None:
    asked = 0
    for operation in OPERATIONS:
        try:
            asked += _sent(operation, mode, scene["journal"].token)
        except Unsatisfiable:  # no forbidden value of this operation's parameters fits into an address
            assert mode is GenerationMode.NEGATIVE
    assert asked > 2 * len(OPERATIONS)
