"""Nobody is shown a stranger: over every table by row-level security alone, over every page and API path with the Python
filter taken away.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import Error, connection
from django.test import Client

from kontingent.access.roles import ROLES
from kontingent.achievements.attestation.models import Delivery, EducationDocument
from kontingent.achievements.portfolio.models import Achievement, ContestFile, Scan
from kontingent.api import declarations, gradebook, oneroster, serving
from kontingent.audit.models import Entry
from kontingent.enrolment.models import Order, Placement
from kontingent.exchange.journals.models import JournalSource
from kontingent.exchange.services.models import Certificate
from kontingent.exchange.staging.models import Batch
from kontingent.health.models import HealthRecord
from kontingent.kernel.actor import EVERYTHING, Actor
from kontingent.kernel.errors import NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import ChangeProposal
from kontingent.performance.models import LateCorrection
from kontingent.persons import actions as persons_actions
from kontingent.persons.models import Address, DuplicatePair, Person
from kontingent.reports.models import Report
from kontingent.storage import row_security, scope
from kontingent.trajectory.cases.models import Case
from kontingent.trajectory.transfers.models import Transfer
from kontingent.web import learners, urls
from tests import builders as b
from tests.machines import clients as machines
from tests.security import region as r

pytestmark = pytest.mark.django_db
PAIRS = 10_000


#: Tables that the random region leaves empty: nobody else's rows of them are shown to anybody but the region.
LEFT_EMPTY = {
    "access_emergencyaccess", "access_signin", "enrolment_contingentcell", "persons_movedrows",
}  # fmt: skip


def shown(table: str) -> set[Any]:
    """The keys of the rows of a table that are shown; of a composite key, tuples."""
    (model,) = (one for one in apps.get_models() if one._meta.db_table == table)
    names = [str(field.column) for field in model._meta.pk_fields]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM {table}")
        return {row if len(row) > 1 else row[0] for row in cursor.fetchall()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_policies_alone_show_what_a_plain_reading_allows(seed: int) -> None:
    """No query of the product, no filter: the bare table within a scope, beside an oracle that knows no SQL."""
    rng = random.Random(seed)
    region = r.build(rng)
    b.appointed("operator", at=region.schools[0])
    everything = {table: shown(table) for table in row_security.protected_tables()}
    assert {table for table, rows in everything.items() if not rows} <= LEFT_EMPTY
    pairs = 0
    for actor in r.actors(rng, region, 28):
        allowed = r.allowed(actor)
        assert set(allowed) == set(everything), "a table without an oracle"
        with scope.scoped(actor):
            for table, rows in everything.items():
                assert shown(table) == allowed[table], (actor.scope, sorted(actor.permissions), table)
                pairs += len(rows)
    assert pairs >= PAIRS
    shown_of_health = [_in_compartment(region, actor) for actor in r.actors(rng, region, 56)]
    assert sum(map(bool, shown_of_health)) > 3
    with scope.scoped(Actor("test:region", "", "", frozenset({EVERYTHING}), Scope.region())):
        assert {table: shown(table) for table in everything} == everything


def _in_compartment(region: r.Region, actor: Actor) -> int:
    """Compare what an actor who has stepped into the compartment is shown; without a permission nobody steps in."""
    permission = "access.family" if actor.scope.is_family else "health.view"
    expected = r.allowed_in_compartment(actor, region)
    if permission not in actor.permissions:
        assert not expected
        with scope.scoped(actor), pytest.raises(NotAllowed), scope.compartment(permission):
            pass
        return 0
    with scope.scoped(actor), scope.compartment(permission):
        assert set(HealthRecord.objects.values_list("id", flat=True)) == expected, actor.scope
    return len(expected)


# -- every page and every path of the API ----------------------------------------------------------


@contextmanager
def unfiltered(actor: Actor) -> Iterator[None]:
    """Let PostgreSQL keep the scope and make the code believe that the actor may see everybody."""
    everybody = frozenset(Person.objects.values_list("id", flat=True))
    with scope.scoped(actor):
        object.__setattr__(actor, "scope", Scope(whole_region=True, persons=everybody))
        yield


@pytest.fixture
def no_python_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    let_in = scope.let_in

    def believing(actor: Actor) -> None:
        let_in(actor)
        with scope.whole_register():
            everybody = frozenset(Person.objects.values_list("id", flat=True))
        object.__setattr__(actor, "scope", Scope(whole_region=True, persons=everybody))

    monkeypatch.setattr(scope, "let_in", believing)
    monkeypatch.setattr(serving, "scoped", unfiltered)


def addresses(region: r.Region) -> list[str]:
    """Every address of the pages, with ids of everybody and everything."""
    ids: dict[str, list[Any]] = {
        "person_id": [*region.children[::3], *region.adults[::6]],
        "order_id": list(Order.objects.values_list("id", flat=True))[:12],
        "group_id": [one.id for one in region.groups],
        "organisation_id": [one.id for one in region.schools],
        "batch_id": list(Batch.objects.values_list("id", flat=True)),
        "pair_id": list(DuplicatePair.objects.values_list("id", flat=True)),
        "report_id": list(Report.objects.values_list("id", flat=True)),
        "achievement_id": list(Achievement.objects.values_list("id", flat=True))[::4],
        "file_id": [one.id for table in (ContestFile, Delivery) for one in table._default_manager.all()],
        "scan_id": list(Scan.objects.values_list("id", flat=True))[::4],
        "transfer_id": list(Transfer.objects.values_list("id", flat=True)),
        "certificate_id": list(Certificate.objects.values_list("id", flat=True))[::3],
        "code": list(Certificate.objects.values_list("code", flat=True))[:10],
        "source_id": list(JournalSource.objects.values_list("id", flat=True)),
        "late_id": list(LateCorrection.objects.values_list("id", flat=True)),
        "document_id": list(EducationDocument.objects.values_list("document_id", flat=True)),
        "case_id": list(Case.objects.values_list("id", flat=True)),
        "proposal_id": list(ChangeProposal.objects.values_list("id", flat=True)),
    }
    found = []
    for pattern in urls.urlpatterns:
        text = "/" + str(pattern.pattern)
        names = re.findall(r"<(?:\w+:)?(\w+)>", text)
        if text.startswith(("/esia/", "/sign-out/", "/static/")):
            continue
        if not names:
            found.append(text)
        elif len(names) == 1:
            found += [re.sub(r"<[^>]+>", str(one), text) for one in ids.get(names[0], [])]
    found += [f"/reports/{one}/cell/?table=2.1.1.1&row=10&column=3" for one in ids["report_id"]]
    for late in LateCorrection.objects.values_list("person_id", "journal__code", "external_id"):
        found.append("/learners/{}/record/?records=marks&journal={}&year=2025&id={}".format(*late))
    found += [f"/learners/?q={word[:4]}" for word in list(region.canaries.values())[::5]]
    found += [f"/learners/?q={b.snils_of(1)}", "/learners/?q=01.01.2014", "/learners/?q=5900+000001"]
    for school in region.schools:
        found += [
            f"/contingent/learners/?organisation={school.id}&on=2026-05-20",
            f"/contingent/?organisation={school.id}&by=age",
            f"/education-documents/?organisation={school.id}&year=2025",
            f"/education-documents/book.pdf?organisation={school.id}&year=2025",
            f"/education-documents/frdo.csv?organisation={school.id}&year=2025",
            f"/exams/?organisation={school.id}",
            *(f"/stages/missing/?organisation={school.id}&stage={stage}" for stage in "123"),
            f"/stages/missing/file.csv?organisation={school.id}&stage=3",
        ]
    found += [
        "/contingent/learners/?on=2026-05-20",
        "/contingent/learners/?known_at=2026-05-20T10:00&on=2026-05-20",
    ]
    found += [f"/orders/new/?kind=admission&person={who}" for who in region.children[::4]]
    return found


#: Pages that show whom matching has found: two records side by side, one of which may be a stranger's, by design (ADR 0009).
BY_DESIGN = ("/duplicates/",)


@pytest.mark.slow
@pytest.mark.parametrize("filtered", [True, False], ids=["with the Python filter", "without it"])
@pytest.mark.parametrize(
    "role", ["operator", "head", "teacher", "health", "municipal", "representative", "learner"]
)
def test_no_page_names_a_stranger(role: str, filtered: bool, request: pytest.FixtureRequest) -> None:
    if not filtered:
        request.getfixturevalue("no_python_filter")
    region = r.build(random.Random(sorted(ROLES).index(role)))
    client, actor = _signed_in(region, role)
    strangers = {who: word for who, word in region.canaries.items() if who not in r.named_to(actor)}
    assert len(strangers) > 5
    client.raise_request_exception = False
    pairs = 0
    for address in addresses(region):
        if address.startswith(BY_DESIGN):
            continue
        answer = client.get(address)
        told = b"".join(answer) if answer.streaming else answer.content
        if filtered:
            assert answer.status_code < 500, address
        text = told.decode(errors="replace")
        for word in strangers.values():
            assert word not in text.replace(f'value="{word[:4]}"', ""), (address, word)
            pairs += 1
    assert pairs >= PAIRS // 12  # twelve runs together


def _signed_in(region: r.Region, role: str) -> tuple[Client, Actor]:
    school = region.schools[0]
    code = frozenset(ROLES[role].permissions)
    if role in {"representative", "learner"}:
        child = region.children[0]
        Person.objects.filter(pk=child).update(birth_date=date(2011, 1, 1))
        if not Placement.objects.filter(person_id=child, superseded_at=None).exists():
            b.admitted(child, region.groups[0], on=date(2025, 12, 1))
        adult = region.adults[0]
        from kontingent.persons.models import Representation

        Representation.objects.get_or_create(child_id=child, adult_id=adult)
        wards = frozenset(Representation.objects.filter(adult_id=adult).values_list("child_id", flat=True))
        who = child if role == "learner" else adult
        number = Person.objects.get(pk=who).snils
        assert number
        scope_of = Scope(persons=frozenset({child}) if role == "learner" else wards)
        return b.client_of(number), Actor("x", "", "", code, scope_of)
    if role == "municipal":
        return b.browser(b.appointed(role, where=school.municipality)), Actor(
            "x", "", "", code, Scope.of_municipality(school.municipality_id)
        )
    if role == "teacher":
        mine = region.groups[0].id
        return b.browser(b.appointed(role, at=school, groups=(mine,))), Actor(
            "x", "", "", code, Scope(groups=frozenset({mine}))
        )
    return b.browser(b.appointed(role, at=school)), Actor("x", "", "", code, Scope.of_organisation(school.id))


@pytest.mark.parametrize("filtered", [True, False], ids=["with the Python filter", "without it"])
def test_no_path_of_the_api_names_a_stranger(filtered: bool, request: pytest.FixtureRequest) -> None:
    if not filtered:
        request.getfixturevalue("no_python_filter")
    region = r.build(random.Random(7))
    reaches = [(machines.client(one, rate=6000), Scope.of_organisation(one.id)) for one in region.schools]
    far = region.schools[-1].municipality
    reaches.append((machines.client(where=far, rate=6000), Scope.of_municipality(far.id)))
    pairs, own = 0, set[str]()
    for one, where in reaches:
        token = machines.token_of(one)
        actor = Actor("x", "", "", frozenset({"person.view"}), where)
        strangers = [word for who, word in region.canaries.items() if who not in r.named_to(actor)]
        known = [word for who, word in region.canaries.items() if who in r.named_to(actor)]
        for path in (*_paths(region), *_rosters(region)):
            answer = Client().get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code in {200, 403, 404}, path
            text = answer.content.decode("unicode-escape", errors="replace") + answer.content.decode()
            assert [word for word in strangers if word in text] == [], path
            pairs += len(strangers)
            if any(word in text for word in known):
                own.add(path.split("/")[1])
    assert pairs >= PAIRS // 4
    assert own == {"api", "ims"}, "what names nobody proves nothing"


def _paths(region: r.Region) -> Iterator[str]:
    for endpoint in declarations.ENDPOINTS:
        if not endpoint.path.startswith(f"{declarations.PREFIX}/"):
            continue  # asked for citizens: tests/exchange/epgu
        path = endpoint.path
        if "{id}" in path:
            yield from (f"{path.replace('{id}', str(who))}?on=2026-05-20" for who in region.children)
            continue
        yield path
        names = {parameter.name for parameter in endpoint.parameters}
        if "organisation" in names:
            yield from (f"{path}?organisation={one.id}" for one in region.schools)
            if "on" in names:
                yield from (f"{path}?organisation={one.ogrn}&on=2025-10-01" for one in region.schools)


def _rosters(region: r.Region) -> Iterator[str]:
    """Every address of OneRoster, with ids of everybody and everything; an id of another kind is unknown there."""
    ids: dict[str, list[Any]] = {
        "school": [one.id for one in region.schools], "class_id": [one.id for one in region.groups],
        "user": region.children[::4], "source_id": [*region.children[::4], *region.adults[::8], *(one.id for one in region.schools)],
        "course": [], "term": ["year-2026"], "student": region.children[::4], "line_item": ["~"],
    }  # fmt: skip
    doors: list[tuple[str, list[Any]]] = [
        (oneroster.V12, oneroster.ROUTES), (oneroster.V11, oneroster.ROUTES),
        *(
            (base, [one for one in gradebook.ROUTES if one.base == base and one.is_read])
            for base in (gradebook.GRADEBOOK, oneroster.V11, gradebook.EXTENSION)
        ),
    ]  # fmt: skip
    for base, routes in doors:
        for route in routes:
            names = re.findall(r"<str:(\w+)>", route.address)
            for values in itertools.product(*(ids[name] for name in names)):
                address = route.address
                for name, value in zip(names, values, strict=True):
                    address = address.replace(f"<str:{name}>", str(value))
                yield f"{oneroster.PREFIX}{base}/{address}" + ("" if names else "?limit=1000")


# -- writing ---------------------------------------------------------------------------------------


def test_nobody_writes_into_a_foreign_organisation() -> None:
    region = r.build(random.Random(11))
    mine, other = region.schools[0], region.schools[-1]
    actor = b.actor_of(mine)
    foreign = next(p for p in region.children if p not in r.known(actor))
    theirs = Order.objects.filter(organisation=other).first()
    assert theirs
    refused = [
        ("INSERT INTO enrolment_order (id, organisation_id, kind, number, title, basis, signatory, status, created_at, created_by, "
         "created_by_name, signed_by, signed_by_name, cancelled_by, cancelled_by_name, cancel_reason, version) VALUES "
         "(gen_random_uuid(), %s, 'admission', '', '', '', '', 'draft', now(), '', '', '', '', '', '', '', 1)", [other.id]),
        ("INSERT INTO persons_contact (person_id, kind_code, value) VALUES (%s, '1', '+79020000000')", [foreign]),
        ("INSERT INTO persons_introduction (person_id, organisation_id) VALUES (%s, %s)", [foreign, other.id]),
        ("INSERT INTO staging_row (batch_id, sheet, line, raw, parsed, problems, status, enrols, candidates, diff, made) "
         "SELECT %s, '', 1, '[]', '{}', '[]', 'create', false, '[]', '{}', '{}'", [Batch.objects.get(organisation=other).id]),
    ]  # fmt: skip
    untouched = [
        ("UPDATE enrolment_order SET basis = 'x' WHERE id = %s", [theirs.id]),
        ("DELETE FROM enrolment_placement WHERE organisation_id = %s", [other.id]),
        ("UPDATE persons_person SET snils = NULL WHERE id = %s", [foreign]),
        ("UPDATE access_appointment SET role_code = 'ministry'", []),
    ]
    for statement, parameters in refused:
        with (
            pytest.raises(Error, match="row-level security"),
            scope.scoped(actor),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, parameters)
    with scope.scoped(actor), connection.cursor() as cursor:
        for statement, parameters in untouched:
            cursor.execute(statement, parameters)
            assert cursor.rowcount == 0, statement


def test_what_only_a_policy_refuses_is_a_refusal_not_a_breakdown(
    monkeypatch: pytest.MonkeyPatch, no_python_filter: None
) -> None:
    """A forged form, and a room that forgot to ask: nothing is written, and the journal knows who tried."""
    region = r.build(random.Random(13))
    client, actor = _signed_in(region, "operator")
    foreign = next(p for p in region.children if p not in r.known(actor))

    def forgetful(*_: object, **__: object) -> Address:
        return Address.objects.create(person_id=foreign, kind_code="residence", text="г. Пермь, чужой дом")

    monkeypatch.setattr(learners, "_editor", lambda request, _: (request.actor, None))
    monkeypatch.setattr(persons_actions, "set_address", forgetful)
    answer = client.post(
        f"/learners/{foreign}/address/", {"kind": "residence", "text": "г. Пермь, чужой дом"}
    )
    assert answer.status_code == 403
    assert "Нет доступа" in answer.content.decode()
    assert not Address.objects.filter(text="г. Пермь, чужой дом").exists()
    assert (
        Entry.objects.filter(kind="audit.refused", data__code="access.policy", subjects=[foreign]).count()
        == 1
    )


def test_a_family_reads_and_never_writes() -> None:
    region = r.build(random.Random(12))
    child: UUID = region.children[0]
    parent = Actor("x", "", "", frozenset({"access.family"}), Scope(persons=frozenset({child})))
    with scope.scoped(parent), connection.cursor() as cursor:
        for table, column in (
            ("persons_person", "id"),
            ("persons_address", "person_id"),
            ("persons_identitydocument", "person_id"),
        ):
            cursor.execute(f"SELECT count(*) FROM {table} WHERE {column} = %s", [child])
            assert (cursor.fetchone() or (0,))[0] == 1, table
            cursor.execute(f"DELETE FROM {table}")
            assert cursor.rowcount == 0, table
