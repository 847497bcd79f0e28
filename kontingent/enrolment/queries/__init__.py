"""Reading: who may be seen, search, the learner's card, lists, orders, the operator's numbers.

``scope``     which persons an actor may know of
``learners``  search, card, path, lists of a class and of a school
``conditions``  how learners study
``orders``    orders, groups, movements of a period
``numbers``   what the home page says
"""

from kontingent.enrolment.queries.conditions import (
    ClassConditions,
    Condition,
    class_conditions,
    conditions_of,
)
from kontingent.enrolment.queries.learners import (
    EnrolmentPart,
    Hit,
    LearnerCard,
    ListRow,
    card,
    class_list,
    own_card,
    part_of_path,
    person,
    school_list,
    search_learners,
    whole_path,
)
from kontingent.enrolment.queries.numbers import Dashboard, dashboard
from kontingent.enrolment.queries.orders import (
    GroupRow,
    enrolment_choices,
    group,
    group_titles,
    group_versions,
    groups,
    order,
    orders,
    orders_of_batch,
    school_years,
)
from kontingent.enrolment.queries.scope import (
    has_studied,
    organisations_condition,
    require_visible,
    visible,
)
from kontingent.enrolment.queries.standing import Place, awaited, standing_of

__all__ = [
    "ClassConditions",
    "Condition",
    "Dashboard",
    "EnrolmentPart",
    "GroupRow",
    "Hit",
    "LearnerCard",
    "ListRow",
    "Place",
    "awaited",
    "card",
    "class_conditions",
    "class_list",
    "conditions_of",
    "dashboard",
    "enrolment_choices",
    "group",
    "group_titles",
    "group_versions",
    "groups",
    "has_studied",
    "order",
    "orders",
    "orders_of_batch",
    "organisations_condition",
    "own_card",
    "part_of_path",
    "person",
    "require_visible",
    "school_list",
    "school_years",
    "search_learners",
    "standing_of",
    "visible",
    "whole_path",
]
