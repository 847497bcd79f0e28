"""The house keeps its own rules: names, directions, documentation, dependencies, no network."""

import re
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Field, Model, UniqueConstraint, UUIDField
from pytest_socket import SocketConnectBlockedError

from kontingent.audit.catalogue import kinds as event_kinds
from kontingent.persons import references as person_references
from tools import commit_message

ROOT = Path(__file__).resolve().parents[2]
LAYERS = [
    ["web", "api"],
    ["exchange", "privacy", "access"],
    ["rollout"],
    ["reports", "trajectory"],
    ["achievements"],
    ["performance", "health"],
    ["enrolment"],
    ["persons", "programmes"],
    ["stages"],
    ["organisations"],
    ["audit", "codelists"],
    ["storage"],
    ["kernel"],
]
JUNK_DRAWERS = {"utils", "util", "common", "helpers", "helper", "misc", "manager", "base", "core"}


def _room_of(module: str) -> str:
    return module.split(".")[1]


def _layer(room: str) -> int:
    return next(index for index, rooms in enumerate(LAYERS) if room in rooms)


def _our_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("kontingent.")]


def test_foreign_keys_point_down_or_stay_in_the_room() -> None:
    for model in _our_models():
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if target is None or field.auto_created or not target.__module__.startswith("kontingent."):
                continue
            here, there = _room_of(model.__module__), _room_of(target.__module__)
            assert here == there or _layer(there) > _layer(here), f"{model.__name__}.{field.name} points up"


def _names_a_person(field: "Field[Any, Any]") -> bool:
    """A key to a person, or an id that is called one."""
    related = getattr(field, "related_model", None)
    if related is not None:
        return bool(related._meta.label == "persons.Person")
    ids = isinstance(field, UUIDField) or isinstance(getattr(field, "base_field", None), UUIDField)
    return ids and bool(
        re.search(
            r"(^|_)(person|persons|child|children|adult|applicant|learner|learners|subjects)(_ids?)?$",
            field.name,
        )
    )


def test_every_reference_to_a_person_says_what_becomes_of_it_when_records_are_merged() -> None:
    """Declare it in ``person_references.py`` of the room: does the row go along, or stay as a trace?"""
    named = {
        (model._meta.label, field.column)
        for model in _our_models()
        for field in model._meta.concrete_fields
        if _names_a_person(field)
    }
    declared = [(one.model, one.column) for room in person_references.rooms() for one in room.references]
    assert named - set(declared) == set()
    assert set(declared) - named == set(), "declared, but not there"
    assert len(declared) == len(set(declared))
    for one in person_references.moving():
        for constraint in apps.get_model(one.model)._meta.constraints:
            expressions = getattr(constraint, "expressions", ())
            assert not (isinstance(constraint, UniqueConstraint) and expressions), (
                "moving cannot see such a rule"
            )


def test_no_junk_drawers() -> None:
    found = {p for p in (ROOT / "kontingent").rglob("*") if p.stem in JUNK_DRAWERS and p.name != "base.html"}
    assert found == {ROOT / "kontingent/storage/postgresql/base.py"}, (
        "Django asks for that name, nobody for another"
    )


def test_every_model_is_in_the_glossary() -> None:
    glossary = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    missing = [model.__name__ for model in _our_models() if f"`{model.__name__}`" not in glossary]
    assert missing == []


def test_every_module_says_what_it_is() -> None:
    silent = []
    for folder in ("kontingent", "config", "runtime", "demo"):
        for path in (ROOT / folder).rglob("*.py"):
            if "migrations" in path.parts or not path.read_text(encoding="utf-8").strip():
                continue
            if not path.read_text(encoding="utf-8").lstrip().startswith('"""'):
                silent.append(str(path))
    assert silent == []


def test_every_event_has_a_code_of_its_own_and_a_russian_title() -> None:
    kinds = event_kinds()
    assert len(kinds) > 10
    for kind in kinds:
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", kind.kind), kind
        assert re.search(r"[А-Яа-я]", kind.title), kind


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/adr/index.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs/adr").glob("0*.md")}
    assert {name for name in pages if name not in index} == set()
    assert set(re.findall(r"\((0\d{3}[^)]+)\)", index)) == pages


def test_every_variable_is_in_the_example() -> None:
    used = set()
    for folder in ("config", "runtime"):
        for path in (ROOT / folder).glob("*.py"):
            used |= set(
                re.findall(r"\"(KONTINGENT_[A-Z_]+|DATABASE_URL)\"", path.read_text(encoding="utf-8"))
            )
    example = (ROOT / "config/example.env").read_text(encoding="utf-8")
    assert {name for name in used if f"{name}=" not in example} == set()


def test_every_dependency_says_why() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    listed = [line.strip() for line in lines if re.match(r'\s+"[a-z][\w\-\[\],]*[><=~]', line)]
    assert len(listed) > 15
    assert [line for line in listed if "# " not in line] == []


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{page.relative_to(ROOT)} → {target}"
        for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert dead == []


def test_the_version_is_one() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_no_test_can_reach_the_network() -> None:
    with pytest.raises((SocketConnectBlockedError, UserWarning)):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


@pytest.mark.parametrize(
    ("subject", "well"),
    [
        ("exchange: Read class lists.", True),
        ("audit, access: Add.", False),
        ("Fix stuff", False),
        ("web: add a page.", False),
        ("web: Add a page", False),
        ("Merge branch 'x'", True),
    ],
)
def test_commit_messages(subject: str, well: bool) -> None:
    assert (commit_message.fault(subject) is None) is well
