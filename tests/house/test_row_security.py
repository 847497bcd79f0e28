"""Every table is classified, every personal one protected, and nobody looks beyond a scope but where it is written down."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.db import Error, connection, transaction
from django.db.models import Model

from kontingent.kernel.actor import Actor
from kontingent.storage import row_security, scope

ROOT = Path(__file__).resolve().parents[2]
#: Who may look at the whole register from within a scope: module → how many times, and what for.
WIDER = {
    "kontingent/achievements/attestation/actions/taking.py": 1,  # whether a number of a blank is anybody's
    "kontingent/access/emergency.py": 1,  # a child named by СНИЛС in an emergency
    "kontingent/enrolment/actions/casebook.py": 1,  # nobody is enrolled twice, wherever
    "kontingent/enrolment/cube.py": 1,  # the cube counts everybody; its cells are protected
    "kontingent/enrolment/queries/standing.py": 1,  # enrolled elsewhere
    "kontingent/exchange/services/queries.py": 1,  # a stranger with a paper: number, day, school, initials, whether valid
    "kontingent/exchange/staging/comparing.py": 1,  # what an import would change of whom it has matched
    "kontingent/performance/actions/taking.py": 1,  # at which school a record stands that a decision would replace
    "kontingent/persons/duplicates.py": 7,  # two records, of which one may be a stranger's
    "kontingent/persons/likeness.py": 1,  # matching before creating
    "kontingent/persons/merging.py": 3,  # merging moves rows wherever they are, and undoing it offers all that came since
    "kontingent/persons/queries.py": 2,  # ids of a search, read anew within the scope; the same adult of another family
    "kontingent/enrolment/queries/numbers.py": 1,  # how many learners of one's own organisations lack what
    "kontingent/reports/completeness.py": 1,  # of how many a field is filled, of one's own organisations
    "kontingent/reports/missing.py": 1,  # of how many of one's own organisation health is recorded, as numbers
    "kontingent/reports/engine.py": 1,  # numbers are counted of everybody, lists behind them within the scope
    "kontingent/reports/indicators.py": 1,  # the same for shares of a municipality
    "kontingent/reports/own.py": 1,  # the same for own tables
    "kontingent/reports/facts.py": 2,  # the same: laying the facts out, and taking them away
    "kontingent/trajectory/cases/actions.py": 1,  # a case handed beyond one's own scope
    "kontingent/trajectory/cases/queries.py": 4,  # a case names its child to whoever works on it; coverage counted of all who belong to the scope
    "kontingent/trajectory/feed/queries.py": 1,  # how many changes wait and of which kinds there were, as numbers
    "kontingent/trajectory/feed/actions.py": 2,  # numbering and forgetting changes; nothing of them comes back
    "kontingent/trajectory/transfers/actions.py": 1,  # the name of a learner whom a family asks to take over
    "kontingent/trajectory/transfers/moving.py": 1,  # who studies at an organisation that is no more, for its municipality
    "kontingent/trajectory/transfers/queries.py": 1,  # the personal file that goes along with a transfer
    "kontingent/trajectory/flows/queries/cohorts.py": 2,  # cohorts and coverage of one's own organisations, wherever they are now
    "kontingent/trajectory/flows/queries/forecast.py": 1,  # the territory that a school's forecast leans on, as numbers
    "kontingent/trajectory/flows/queries/flows.py": 2,  # flows are counted of everybody, who is behind them is read within the scope
    "kontingent/web/journal.py": 1,  # the id behind a СНИЛС, for the security officer's filter
    "kontingent/web/appointments.py": 1,  # the reviewer of an emergency sees whose record it was
}
PERSONAL_COLUMN = re.compile(r"(^|_)(snils|birth_date|family_name|given_name|patronymic|subjects)$")


def models() -> list[type[Model]]:
    return list(apps.get_models(include_auto_created=True))


def test_every_model_is_classified_once() -> None:
    """Add the model to ``row_security.py`` of its room: docs/security/row-level-security.md."""
    declared = [rule.model for rule in row_security.rules()]
    assert {model._meta.label for model in models()} - set(declared) == set()
    assert set(declared) - {model._meta.label for model in models()} == set()
    assert len(declared) == len(set(declared))
    assert all(re.search("[а-яё]", rule.about) for rule in row_security.rules())


def test_what_names_a_person_is_not_called_impersonal() -> None:
    special = {f'"{name.replace(".", chr(34) + "." + chr(34))}"' for name in row_security.special_tables()}
    protected = row_security.protected_tables() | special | {"audit_entry"}
    for model in models():
        for field in model._meta.concrete_fields:
            related = getattr(field, "related_model", None)
            names = field.name.endswith("person_id") or bool(PERSONAL_COLUMN.search(field.name))
            if names or (related is not None and related._meta.label == "persons.Person"):
                assert model._meta.db_table in protected, f"{model.__name__}.{field.name}"


@pytest.mark.django_db
def test_every_personal_table_has_its_policies_and_the_application_owns_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, c.relrowsecurity, r.rolname, count(p.*) FILTER (WHERE %s = ANY(p.roles)) FROM pg_class c "
            "JOIN pg_roles r ON r.oid = c.relowner LEFT JOIN pg_policies p ON p.tablename = c.relname "
            "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1, 2, 3",
            [scope.APPLICATION],
        )
        tables = {name: (secure, owner, policies) for name, secure, owner, policies in cursor.fetchall()}
        cursor.execute(
            "SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = ANY(%s)",
            [list(scope.ROLES)],
        )
        assert cursor.fetchone() == (False,)
    assert len(row_security.protected_tables()) >= 20
    for table in row_security.protected_tables():
        assert tables[table][0], f"{table} has no row-level security"
        assert tables[table][2] == 4, f"{table}: a policy for each of select, insert, update, delete"
    assert {owner for _, owner, _ in tables.values()} & set(scope.ROLES) == set()


@pytest.mark.django_db
def test_every_special_table_lies_apart_and_one_role_alone_has_policies() -> None:
    assert row_security.special_tables() == {"health.record"}
    for name in row_security.special_tables():
        schema, _, table = name.partition(".")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT c.relrowsecurity, r.rolname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = %s::regclass",
                [name],
            )
            secure, owner = cursor.fetchone() or (False, "")
            cursor.execute(
                "SELECT roles::text[] FROM pg_policies WHERE schemaname = %s AND tablename = %s",
                [schema, table],
            )
            policies = [row[0] for row in cursor.fetchall()]
            cursor.execute(
                "SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_schema = %s",
                [schema],
            )
            granted = {row[0] for row in cursor.fetchall()}
        assert secure
        assert owner not in scope.ROLES
        assert policies == [[scope.HEALTH]] * 4
        assert granted == {owner, scope.HEALTH}


@pytest.mark.django_db
def test_protecting_twice_changes_nothing() -> None:
    def policies() -> list[tuple[str, ...]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename, policyname, qual, with_check FROM pg_policies ORDER BY 1, 2")
            return [tuple(row) for row in cursor.fetchall()]

    before = policies()
    row_security.protect()
    assert policies() == before


def test_only_these_places_look_beyond_a_scope() -> None:
    found = {
        str(path.relative_to(ROOT)): len(re.findall(r"whole_register\(\)", path.read_text(encoding="utf-8")))
        for path in (ROOT / "kontingent").rglob("*.py")
        if path.name != "scope.py" or path.parent.name != "storage"
    }
    assert {path: count for path, count in found.items() if count} == WIDER


@pytest.mark.django_db
def test_without_a_scope_there_is_nothing_to_see(town_of_one: None) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {scope.APPLICATION}")
        for table in sorted(row_security.protected_tables()):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table
        cursor.execute("RESET ROLE")


@pytest.mark.django_db
def test_the_journal_is_neither_read_nor_changed_past_its_door(town_of_one: None) -> None:
    for statement in (
        "SELECT kind FROM audit_entry",
        "UPDATE audit_entry SET kind = ''",
        "DELETE FROM audit_entry",
    ):
        for role in (scope.APPLICATION, scope.DOOR):
            with pytest.raises(Error, match="permission denied"):
                _as(role, statement)


def _as(role: str, statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)


def test_nothing_but_codes_goes_into_a_scope() -> None:
    with pytest.raises(ValueError, match="not a code"):
        scope._scope_of(Actor("x'; RESET ROLE; --", "", "", frozenset()))
    with pytest.raises(ValueError, match="not a code"):
        scope._scope_of(Actor("x", "", "", frozenset({"a','b"})))
    whom = UUID("018f0000-0000-7000-8000-000000000000")
    bound = scope._scope(scope.APPLICATION, persons=[whom])
    assert "{018f0000-0000-7000-8000-000000000000}" in bound.first()
    assert set(bound.settings) == set(re.findall(r"kontingent\.(\w+)", bound.again())), (
        "nothing of a former scope stays"
    )


@pytest.fixture
def town_of_one() -> None:
    """A school with one learner, so that there is something to hide."""
    from tests import builders as b

    school = b.school()
    b.admitted(b.person(), b.group(school))
    b.appointed("operator", at=school)
