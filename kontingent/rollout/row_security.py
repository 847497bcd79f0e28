"""Numbers of an organisation are shown within the scope: of a small one they say much. The plan is public."""

from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.storage.row_security import Rule, holds, in_scope, not_personal

RULES: tuple[Rule, ...] = (
    not_personal("rollout.PlanLine", "план министерства: сроки и доли по муниципалитетам"),
    Rule(
        model="rollout.CompletenessCount", about="сколько у организации заполнено; людей нет, но числа малых организаций говорят много",
        reads=f"{holds(EnrolmentPermission.COUNT.value)} AND {in_scope()}",
    ),
)  # fmt: skip
