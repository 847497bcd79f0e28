"""Orders about stages are public; whether a stage is open, the policies of other rooms ask ``scope.stage_is_open``."""

from kontingent.storage.row_security import Rule, not_personal

#: The same fold as ``rules.is_open``, for a municipality and today; tests hold the two together.
DEFINITIONS = """
CREATE OR REPLACE FUNCTION scope.stage_is_open(which text, place uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT coalesce((SELECT o.opens FROM public.stages_stageorder o
        WHERE o.stage = which AND (o.municipality_id IS NULL OR o.municipality_id = place)
            AND o.starts_on <= (now() AT TIME ZONE 'Asia/Yekaterinburg')::date
        ORDER BY o.starts_on DESC, o.recorded_at DESC LIMIT 1), false) $$;
"""

RULES: tuple[Rule, ...] = (
    not_personal("stages.StageOrder", "приказы министерства об этапах: данных о людях нет"),
)
