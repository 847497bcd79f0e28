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

#: What forms count (``reports.facts``): who is disabled, and for what programme by the conclusion of ПМПК, on a day as it was known at a
#: moment; of two conclusions after a merge the later. The region's role alone may ask, and it shows no one; whoever opens the list behind
#: a number needs the permission.
DEFINITIONS += """
DROP FUNCTION IF EXISTS scope.disability(date, timestamptz);
CREATE OR REPLACE FUNCTION scope.health_counted(day date, known timestamptz) RETURNS TABLE (
    person_id uuid, disability text, special_needs text)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT coalesce(p.merged_into_id, p.id), CASE WHEN bool_or(r.kind = 'disability' AND r.code = '14') THEN 'child'
            WHEN bool_or(r.kind = 'disability') THEN 'adult' ELSE '' END,
        (array_agg(r.code ORDER BY r.starts_on DESC, r.id DESC) FILTER (WHERE r.kind = 'adapted_programme'))[1]
    FROM health.record r JOIN public.persons_person p ON p.id = r.person_id
    WHERE r.kind IN ('disability', 'adapted_programme') AND r.starts_on <= day AND (r.ends_on IS NULL OR r.ends_on > day)
        AND CASE WHEN known IS NULL THEN r.superseded_at IS NULL
            ELSE r.recorded_at <= known AND (r.superseded_at IS NULL OR r.superseded_at > known) END
    GROUP BY 1 $$;
-- Of whom the groups are recorded on a day, whether with a document and within the last year; not which: completeness.
DROP FUNCTION IF EXISTS scope.health_filled(date);
CREATE FUNCTION scope.health_filled(day date) RETURNS TABLE (
    person_id uuid, health_group boolean, health_group_confirmed boolean, health_group_fresh boolean,
    physical_group boolean, physical_group_confirmed boolean, physical_group_fresh boolean)
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT f.person_id, bool_or(f.kind = 'health_group'), bool_or(f.kind = 'health_group' AND f.sealed),
        bool_or(f.kind = 'health_group' AND f.fresh), bool_or(f.kind = 'physical_group'),
        bool_or(f.kind = 'physical_group' AND f.sealed), bool_or(f.kind = 'physical_group' AND f.fresh)
    FROM (SELECT coalesce(p.merged_into_id, p.id) AS person_id, r.kind, r.sealed IS NOT NULL AS sealed,
            r.starts_on > day - interval '1 year' AS fresh
        FROM health.record r JOIN public.persons_person p ON p.id = r.person_id
        WHERE r.kind IN ('health_group', 'physical_group') AND r.superseded_at IS NULL AND r.starts_on <= day
            AND (r.ends_on IS NULL OR r.ends_on > day) AND scope.health_is_open(r.organisation_id)) f
    GROUP BY 1 $$;
-- Records of whom an organisation was about to admit and did not: no draft of it names them any more, they were never enrolled there.
CREATE OR REPLACE FUNCTION scope.health_not_admitted() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT r.id FROM health.record r JOIN public.persons_person p ON p.id = r.person_id
    WHERE r.superseded_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM public.enrolment_enrolment e JOIN public.persons_person q ON q.id = e.person_id
            WHERE e.organisation_id = r.organisation_id AND coalesce(q.merged_into_id, q.id) = coalesce(p.merged_into_id, p.id))
        AND NOT EXISTS (SELECT 1 FROM public.enrolment_orderline l JOIN public.enrolment_order o ON o.id = l.order_id
            JOIN public.persons_person q ON q.id = l.person_id WHERE o.status = 'draft' AND o.organisation_id = r.organisation_id
            AND coalesce(q.merged_into_id, q.id) = coalesce(p.merged_into_id, p.id)) $$;
REVOKE EXECUTE ON FUNCTION scope.health_not_admitted() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scope.health_not_admitted() TO kontingent_health;
REVOKE EXECUTE ON FUNCTION scope.health_filled(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scope.health_filled(date) TO kontingent_region;
REVOKE EXECUTE ON FUNCTION scope.health_counted(date, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scope.health_counted(date, timestamptz) TO kontingent_region;
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
