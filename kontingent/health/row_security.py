"""The compartment: one role, the permission, the persons of the scope, where stage two is open. Nobody else, the region included."""

from kontingent.health.permissions import HealthPermission
from kontingent.storage.row_security import Rule, holds

DEFINITIONS = """
-- Stage two is open where the record was made.
CREATE OR REPLACE FUNCTION scope.health_is_open(place uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT scope.stage_is_open('2', o.municipality_id) FROM public.organisations_organisation o WHERE o.id = place $$;

CREATE OR REPLACE FUNCTION scope.works_in(place uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN scope.everybody() OR place = ANY(scope.organisations());
END $$;
"""

_OPEN = "scope.health_is_open({t}.organisation_id)"
_KNOWN = "((SELECT scope.everybody()) OR scope.sees({t}.person_id))"
#: Whoever looks after the keys reaches every text, that none is left to an old key.
_KEYS = f"({holds(HealthPermission.KEYS.value)} AND (SELECT scope.everybody()))"
_EDIT = f"{holds(HealthPermission.EDIT.value)} AND {_OPEN}"

RULES: tuple[Rule, ...] = (
    Rule(
        model="health.HealthRecord", about="сведения о здоровье: специальная категория, 152-ФЗ, ст. 10", special=True,
        reads=f"({holds(HealthPermission.VIEW.value)} OR {{t}}.person_id = ANY((SELECT scope.family())::uuid[])) "
        f"AND {_OPEN} AND {_KNOWN} OR {_KEYS}",
        adds=f"{_EDIT} AND scope.works_in({{t}}.organisation_id) AND {_KNOWN}",
        writes=f"{_EDIT} AND {_KNOWN} OR {_KEYS}",
        grants="SELECT, INSERT, UPDATE",
    ),
)  # fmt: skip
