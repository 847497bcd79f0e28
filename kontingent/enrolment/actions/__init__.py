"""Writing: groups, orders, signing and cancelling, the year turn-over, corrections.

Every action: load and lock → may you → may it be → change → record → after commit.
"""

from kontingent.enrolment.actions.cards import CardCell, fill_cards
from kontingent.enrolment.actions.conditions import ConditionChange, Refused, record_conditions
from kontingent.enrolment.actions.corrections import correct_learner, project_learner_facts
from kontingent.enrolment.actions.entering import (
    Entered,
    LearnerEntry,
    PaperEntry,
    RepresentativeEntry,
    enter_learner,
)
from kontingent.enrolment.actions.groups import (
    GroupDraft,
    change_group,
    close_group,
    facts_of,
    open_group,
    open_groups,
)
from kontingent.enrolment.actions.orders import (
    LineDraft,
    add_lines,
    change_order,
    discard_draft,
    draft_order,
    remove_line,
)
from kontingent.enrolment.actions.signing import (
    LinePreview,
    Preview,
    cancel_order,
    preview_order,
    sign_order,
)
from kontingent.enrolment.actions.turnover import (
    Decision,
    TurnoverLine,
    TurnoverPlan,
    plan_turnover,
    sign_turnover,
)

__all__ = [
    "CardCell",
    "ConditionChange",
    "Decision",
    "Entered",
    "GroupDraft",
    "LearnerEntry",
    "LineDraft",
    "LinePreview",
    "PaperEntry",
    "Preview",
    "Refused",
    "RepresentativeEntry",
    "TurnoverLine",
    "TurnoverPlan",
    "add_lines",
    "cancel_order",
    "change_group",
    "change_order",
    "close_group",
    "correct_learner",
    "discard_draft",
    "draft_order",
    "enter_learner",
    "facts_of",
    "fill_cards",
    "open_group",
    "open_groups",
    "plan_turnover",
    "preview_order",
    "project_learner_facts",
    "record_conditions",
    "remove_line",
    "sign_order",
    "sign_turnover",
]
