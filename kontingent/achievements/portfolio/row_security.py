"""A school sees what its learners have attained, a family its own, where stage three is open; others nothing."""

from kontingent.achievements.incoming import reach
from kontingent.achievements.portfolio.permissions import PortfolioPermission as May
from kontingent.storage.row_security import Rule, holds, in_scope, sees

#: The school where a learner studies now, else the one a proposal was made to. Which it is, its former school may not read elsewhere.
DEFINITIONS = """
CREATE OR REPLACE FUNCTION scope.achievement_decider(who uuid, proposed_to uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT coalesce((SELECT e.organisation_id FROM public.enrolment_enrolment e
        WHERE e.person_id = who AND e.superseded_at IS NULL AND e.starts_on <= (now() AT TIME ZONE 'Asia/Yekaterinburg')::date
            AND (e.ends_on IS NULL OR e.ends_on > (now() AT TIME ZONE 'Asia/Yekaterinburg')::date)
        ORDER BY e.organisation_id = proposed_to DESC, e.is_main DESC, e.starts_on DESC LIMIT 1), proposed_to) $$;
"""

_OPEN = "scope.stage_is_open('3', (SELECT o.municipality_id FROM public.organisations_organisation o WHERE o.id = {t}.organisation_id))"
_OWN = "{t}.person_id = ANY((SELECT scope.family())::uuid[])"
_READ = f"({holds(May.VIEW.value)} OR {holds(May.EDIT.value)}) AND ({in_scope()} OR {sees('{t}.person_id')})"
_EDIT = f"({holds(May.EDIT.value)} OR {holds(May.IMPORT.value)}) AND {in_scope()}"
#: What waits is decided where the learner studies now: after a transfer by the new school.
_PLACE = "CASE WHEN {t}.state = 'proposed' THEN scope.achievement_decider({t}.person_id, {t}.organisation_id) ELSE {t}.organisation_id END"
_DECIDE = f"({holds(May.EDIT.value)} OR {holds(May.IMPORT.value)}) AND {in_scope(_PLACE)}"
#: A family may add to what waits and take it back, nothing else.
_TAKE_BACK = f"({_OWN} AND {{t}}.state IN ('proposed', 'withdrawn'))"
_ACHIEVEMENT = Rule(
    model="portfolio.Achievement", about="чего достиг ученик",
    reads=f"({_OWN} OR {_READ}) AND {_OPEN}", writes=f"({_DECIDE} OR {_TAKE_BACK}) AND {_OPEN}", adds=f"({_EDIT} OR {_OWN} AND {{t}}.state = 'proposed') AND {_OPEN}",
)  # fmt: skip
_OF_ONE = "EXISTS (SELECT 1 FROM public.{table} w WHERE w.id = {{t}}.achievement_id AND {what})"


def _part(model: str, about: str, *, adds: str) -> Rule:
    seen = _OF_ONE.format(table="portfolio_achievement", what=_ACHIEVEMENT.reads.replace("{t}", "w"))
    own = _OF_ONE.format(table="portfolio_achievement", what=_ACHIEVEMENT.writes.replace("{t}", "w"))
    return Rule(model=model, about=about, reads=seen, writes=own, adds=seen if adds == "seen" else own)


RULES = (
    _ACHIEVEMENT,
    _part("portfolio.FormerAchievement", "что стояло в достижении прежде", adds="own"),
    _part("portfolio.Scan", "снимки подтверждающих документов", adds="seen"),
    *reach.rules("portfolio.ContestFile", "portfolio.ContestRow"),
)
