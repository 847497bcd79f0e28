"""Row-level security as declarations: which tables hold personal data, and which of their rows a scope shows.

Every room classifies its tables in ``row_security.py``: ``RULES`` (one ``Rule`` a model) and, where it knows something that
policies need, ``DEFINITIONS`` (SQL of views and functions in the schema ``scope``). ``protect`` writes it all into the
database: roles, privileges, functions, policies. It is run after every migration and may be run at any time.

Conditions are SQL over ``{t}``, the table. ``(SELECT scope.…())`` is evaluated once a statement, not once a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import DatabaseError, connection, transaction

from kontingent.storage.scope import APPLICATION, DOOR, HEALTH, JOURNAL, REGION, ROLES

ALL = "SELECT, INSERT, UPDATE, DELETE"
NOBODY = "false"
ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a table holds and who sees which rows. Without ``reads`` the table is not personal, and ``about`` says why.

    ``reads``   rows that a scope shows
    ``writes``  rows that may be changed and removed, and what they may be changed to; ``adds``, where adding differs
    ``needs``   a permission without which nobody sees a row within whatever scope; a family sees its own without it
    ``door``    privileges of the door, by columns
    ``grants``  privileges of the application and of the region
    ``special`` the special categories: a schema apart, where only its own role has privileges and policies
    """

    model: str
    about: str
    reads: str = ""
    writes: str = NOBODY
    adds: str = ""
    needs: str = ""
    own: str = ""
    door: str = ""
    grants: str = ALL
    journal: str = ""
    special: bool = False

    @property
    def is_personal(self) -> bool:
        """True when rows are protected."""
        return bool(self.reads)

    @property
    def table(self) -> str:
        """The table in the database, without its schema."""
        return self._names[1]

    @property
    def schema(self) -> str:
        """The schema of the table."""
        return self._names[0]

    @property
    def _names(self) -> tuple[str, str]:
        """A model of another schema names its table ``"schema"."table"``."""
        schema, dot, table = str(apps.get_model(self.model)._meta.db_table).replace('"', "").partition(".")
        return (schema, table) if dot else ("public", schema)


# -- vocabulary --------------------------------------------------------------------------------


def not_personal(model: str, about: str, *, door: str = "SELECT", grants: str = ALL) -> Rule:
    """A table without personal data; say why there is none."""
    return Rule(model=model, about=about, door=door, grants=grants)


def in_scope(column: str = "{t}.organisation_id") -> str:
    """The organisation lies in the scope."""
    return f"{column} = ANY((SELECT scope.organisations())::uuid[])"


def holds(permission: str) -> str:
    """The actor holds the permission."""
    return f"(SELECT scope.holds('{permission}'))"


def sees(column: str) -> str:
    """The person is one whom the scope shows. Learners go by an index; the rest asks a function.

    The room that knows who studies where defines ``scope.learner`` and ``scope.sees_otherwise``.
    """
    return f"(EXISTS (SELECT 1 FROM scope.learner l WHERE l.person_id = {column}) OR scope.sees_otherwise({column}))"


def about_person(
    model: str,
    about: str,
    *,
    column: str = "person_id",
    writes: str,
    needs: str = "",
    door: str = "",
    in_bulk: bool = True,
) -> Rule:
    """Rows about one person: seen by whoever sees the person, written by whoever also holds ``writes`` (a permission).

    What is read of a few people at a time (not ``in_bulk``) asks a function: dearer for a row, cheaper to plan.
    """
    column = f"{{t}}.{column}"
    seen = sees(column) if in_bulk else f"scope.sees({column})"
    return Rule(
        model=model, about=about, reads=seen, writes=f"{holds(writes)} AND {seen}", needs=needs,
        own=f"{column} = ANY((SELECT scope.family())::uuid[])", door=door,
    )  # fmt: skip


def of_organisation(
    model: str,
    about: str,
    *,
    column: str = "organisation_id",
    person: str = "",
    also: str = "",
    door: str = "",
) -> Rule:
    """Rows of an organisation: written within the scope alone; read there, and where the person or ``also`` says so."""
    here = in_scope(f"{{t}}.{column}")
    ways = [here, *([f"scope.sees({{t}}.{person})"] if person else []), *([also] if also else [])]
    return Rule(model=model, about=about, reads=" OR ".join(ways), writes=here, door=door)


def part_of(model: str, about: str, *, whole: Rule, column: str, adds: str = "") -> Rule:
    """Rows that belong to a row of another table: for whoever may change that one. ``adds`` narrows who may add."""
    here = f"EXISTS (SELECT 1 FROM public.{whole.table} w WHERE w.id = {{t}}.{column} AND {whole.writes.format(t='w')})"
    return Rule(model=model, about=about, reads=here, writes=here, adds=f"{here} AND {adds}" if adds else "")


# -- what the rooms declare --------------------------------------------------------------------


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Return the rules of every installed room."""
    return tuple(rule for module in _rooms() for rule in module.RULES)


@lru_cache(maxsize=1)
def protected_tables() -> frozenset[str]:
    """Return the tables whose rows are protected; those of the special categories are ``special_tables``."""
    return frozenset(rule.table for rule in rules() if rule.is_personal and not rule.special)


@lru_cache(maxsize=1)
def special_tables() -> frozenset[str]:
    """Return the tables of the special categories, with their schema."""
    return frozenset(f"{rule.schema}.{rule.table}" for rule in rules() if rule.special)


def _rooms() -> list[Any]:
    names = [
        f"{config.name}.row_security"
        for config in apps.get_app_configs()
        if config.name.startswith("kontingent.")
    ]
    return [import_module(name) for name in names if find_spec(name) is not None]


# -- writing it into the database --------------------------------------------------------------

_SETTING = "coalesce(nullif(current_setting('kontingent.{}', true), ''), '{{}}')"
_FUNCTIONS = f"""
CREATE SCHEMA IF NOT EXISTS scope;
-- plpgsql, so that it is not written out into every statement: planning the look-up anew would cost more than the call.
CREATE OR REPLACE FUNCTION scope.organisations() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN {_SETTING.format("organisations")}::uuid[] || CASE WHEN {_SETTING.format("municipalities")} = '{{}}' THEN '{{}}'
        ELSE ARRAY(SELECT o.id FROM public.organisations_organisation o
            WHERE o.municipality_id = ANY({_SETTING.format("municipalities")}::uuid[])) END;
END $$;
CREATE OR REPLACE FUNCTION scope.groups() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT {_SETTING.format("groups")}::uuid[] $$;
CREATE OR REPLACE FUNCTION scope.persons() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT {_SETTING.format("persons")}::uuid[] $$;
CREATE OR REPLACE FUNCTION scope.family() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN current_setting('kontingent.family', true) = 'on' THEN scope.persons() ELSE '{{}}' END $$;
CREATE OR REPLACE FUNCTION scope.holds(permission text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT {_SETTING.format("permissions")}::text[] && ARRAY[permission, '*'] $$;
CREATE OR REPLACE FUNCTION scope.actor() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('kontingent.actor', true), '') $$;
-- Said for the compartment of special categories, whose role is no longer that of the region.
CREATE OR REPLACE FUNCTION scope.everybody() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('kontingent.everybody', true), '') = 'on' $$;
"""


def protect() -> None:
    """Bring roles, privileges and policies of the database to what the rooms declare; the owner of the tables runs it."""
    _make_roles()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FUNCTIONS)
        for module in _rooms():
            if definitions := getattr(module, "DEFINITIONS", ""):
                cursor.execute(definitions)
        everybody = ", ".join(ROLES)
        cursor.execute(
            f"GRANT USAGE ON SCHEMA scope TO {everybody}; "
            f"GRANT SELECT ON ALL TABLES IN SCHEMA scope TO {everybody}"
        )
        cursor.execute(
            "SELECT format('GRANT TEMPORARY ON DATABASE %%I TO %%I, %%I', current_database(), %s::text, %s::text)",
            [APPLICATION, REGION],
        )
        cursor.execute((cursor.fetchone() or ("",))[0])
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION}, {REGION}, {DOOR}")
        for rule in rules():
            cursor.execute("SELECT to_regclass(%s)", [f"{rule.schema}.{rule.table}"])
            if (cursor.fetchone() or (None,))[0] is not None:
                cursor.execute(_sql_of(rule))


def _sql_of(rule: Rule) -> str:
    table = f"{rule.schema}.{rule.table}"
    parts = [f"REVOKE ALL ON {table} FROM PUBLIC, {', '.join(ROLES)}"]
    if rule.special:
        return "; ".join([*parts, *_compartment(rule, table)])
    parts += [f"GRANT {rule.grants} ON {table} TO {APPLICATION}, {REGION}"] if rule.grants else []
    parts += [f"GRANT {rule.door} ON {table} TO {DOOR}"] if rule.door else []
    parts += (
        [f"GRANT {rule.journal} ON {table} TO {JOURNAL}; GRANT SELECT ON {table} TO {REGION}"]
        if rule.journal
        else []
    )
    for role in (APPLICATION, REGION, DOOR):
        for command in ("select", "insert", "update", "delete"):
            parts.append(f"DROP POLICY IF EXISTS {role}_{command} ON {table}")
    if not rule.is_personal:
        return "; ".join([*parts, f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"])
    parts.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    parts += _policies(rule, table, APPLICATION, rule.reads, rule.adds or rule.writes, rule.writes)
    parts += _policies(rule, table, REGION, "true", "true", "true")
    if rule.door:
        parts += _policies(Rule(model=rule.model, about=""), table, DOOR, "true", "true", "true")
    return "; ".join(parts)


def _compartment(rule: Rule, table: str) -> list[str]:
    """The privileges and policies of a table of the special categories: one role alone, no door, no region."""
    return [
        f"GRANT USAGE ON SCHEMA {rule.schema} TO {HEALTH}",
        f"GRANT {rule.grants} ON {table} TO {HEALTH}",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        *(
            f"DROP POLICY IF EXISTS {HEALTH}_{one} ON {table}"
            for one in ("select", "insert", "update", "delete")
        ),
        *_policies(rule, table, HEALTH, rule.reads, rule.adds or rule.writes, rule.writes),
    ]


def _policies(rule: Rule, table: str, role: str, reads: str, adds: str, writes: str) -> list[str]:
    if rule.needs:
        reads = f"{holds(rule.needs)} AND ({reads})"
        if role == APPLICATION and rule.own:
            reads = f"({reads}) OR {rule.own}"
    conditions = {
        "select": f"USING ({reads})",
        "insert": f"WITH CHECK ({adds})",
        "update": f"USING ({writes}) WITH CHECK ({writes})",
        "delete": f"USING ({writes})",
    }
    return [
        f"CREATE POLICY {role}_{command} ON {table} FOR {command.upper()} TO {role} {said.format(t=rule.table)}"
        for command, said in conditions.items()
    ]


def _make_roles() -> None:
    """Make the roles that are missing; they belong to the whole cluster, so others may be making them just now."""
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in _missing_roles(cursor):
                    cursor.execute(statement)
        except DatabaseError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def _missing_roles(cursor: Any) -> list[str]:
    """NOINHERIT: the application is not the region, it only may become it for a transaction."""
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
    known = {row[0] for row in cursor.fetchall()}
    cursor.execute(
        "SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member "
        "WHERE u.rolname = %s",
        [APPLICATION],
    )
    granted = {row[0] for row in cursor.fetchall()}
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    is_superuser = bool((cursor.fetchone() or (False,))[0])
    statements = [f"CREATE ROLE {role} NOINHERIT" for role in ROLES if role not in known]
    statements += [f"GRANT {role} TO {APPLICATION}" for role in ROLES[1:] if role not in granted]
    if not is_superuser and statements:
        statements += [f"GRANT {role} TO CURRENT_USER" for role in ROLES]
    return statements
