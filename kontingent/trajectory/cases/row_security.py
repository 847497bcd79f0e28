"""Whose cases: of the organisations and municipalities in scope, where the cause lies or who owns it."""

from kontingent.storage.row_security import Rule, holds, in_scope, not_personal
from kontingent.trajectory.cases.permissions import CasePermission

DEFINITIONS = """
CREATE OR REPLACE FUNCTION scope.municipalities() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('kontingent.municipalities', true), ''), '{}')::uuid[] $$;
"""


def _here(table: str) -> str:
    in_territory = "{}.{} = ANY((SELECT scope.municipalities())::uuid[])"
    ways = [
        in_scope(f"{table}.organisation_id"), in_scope(f"{table}.owner_organisation_id"),
        in_territory.format(table, "municipality_id"), in_territory.format(table, "owner_municipality_id"),
    ]  # fmt: skip
    return f"({' OR '.join(ways)})"


_VIEW, _WORK = holds(CasePermission.VIEW.value), holds(CasePermission.WORK.value)
_OF_CASE = "EXISTS (SELECT 1 FROM public.cases_case c WHERE c.id = {{t}}.case_id AND {})"
RULES = (
    Rule(
        model="cases.Case", about="дети, о которых открыто дело, и почему", reads=f"{_VIEW} AND {_here('{t}')}",
        writes=f"{_WORK} AND {_here('{t}')}",
    ),
    Rule(
        model="cases.CaseStep", about="что о ребёнке записано в деле", reads=f"{_VIEW} AND {_OF_CASE.format(_here('c'))}",
        writes=f"{_WORK} AND {_OF_CASE.format(_here('c'))}",
    ),
    Rule(
        model="cases.CaseDocument", about="снимки документов, которыми закрыто дело", reads=f"{_VIEW} AND {_OF_CASE.format(_here('c'))}",
        writes=f"{_WORK} AND {_OF_CASE.format(_here('c'))}",
    ),
    not_personal("cases.RuleEdition", "сроки и пороги правил"),
    not_personal("cases.Followed", "до какого изменения дошли"),
)  # fmt: skip
