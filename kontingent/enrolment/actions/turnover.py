"""The year turn-over of a whole school in one preview (перевод года).

``plan_turnover`` proposes an act for every learner; the operator's decisions replace proposals; ``sign_turnover``
opens the classes that are missing and signs one order per kind of act, all in one transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from django.db import transaction

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.enrolment.actions.groups import GroupDraft, facts_of, open_groups, title_key
from kontingent.enrolment.actions.orders import LineDraft, add_lines, draft_order
from kontingent.enrolment.actions.signing import Preview, preview_order, sign_order
from kontingent.enrolment.codes import PRESCHOOL, MovementKind, OrderKind
from kontingent.enrolment.models import Group, Order, Placement
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.rules import classes
from kontingent.enrolment.rules import turnover as rules
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import RuleViolation
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.programmes import queries as programmes

_ORDER_OF = {
    MovementKind.PROMOTION: OrderKind.PROMOTION,
    MovementKind.CONDITIONAL_PROMOTION: OrderKind.CONDITIONAL_PROMOTION,
    MovementKind.REPEAT: OrderKind.REPEAT,
    MovementKind.GRADUATION: OrderKind.GRADUATION,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the operator chose for one learner instead of the proposal; ``kind=None`` leaves them out."""

    kind: MovementKind | None
    group_title: str = ""
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class TurnoverLine:
    """One learner of the plan."""

    enrolment_id: UUID
    person_id: UUID
    person_name: str
    from_title: str
    grade: int | None
    kind: MovementKind | None
    to_title: str
    reason_code: str
    is_exception: bool


@dataclass(frozen=True, slots=True)
class TurnoverPlan:
    """What the turn-over would do."""

    organisation_id: UUID
    year: SchoolYear
    lines: tuple[TurnoverLine, ...]
    missing_groups: tuple[str, ...]

    def count(self, kind: MovementKind) -> int:
        """How many learners the act concerns."""
        return sum(line.kind is kind for line in self.lines)


@dataclass(frozen=True, slots=True)
class _Learner:
    enrolment_id: UUID
    person_id: UUID
    name: str
    birth_date: date
    group: Group | None
    grade: int | None
    programme_kind_code: str
    state: str


def plan_turnover(
    *,
    actor: Actor,
    organisation_id: UUID,
    year: SchoolYear,
    decisions: Mapping[UUID, Decision] | None = None,
) -> TurnoverPlan:
    """Propose an act for every learner who is in the school on the last day of ``year``.

    ``decisions`` by enrolment id replace proposals. Nothing is written.
    """
    organisation = organisations.get(organisation_id)
    actor.require(
        EnrolmentPermission.DRAFT_ORDER,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    decisions = decisions or {}
    lines = tuple(
        _line(learner, decisions.get(learner.enrolment_id), year)
        for learner in _learners(organisation_id, year)
    )
    reads.note(
        actor,
        ReadKind.LIST,
        [line.person_id for line in lines],
        organisation_id=organisation_id,
        what="перевод года",
    )
    wanted = {line.to_title for line in lines if line.kind and line.to_title}
    there = set(
        Group.objects.filter(
            organisation_id=organisation_id, school_year=year.next.begins_in, closed_on__isnull=True
        ).values_list("title_key", flat=True)
    )
    missing = sorted({title for title in wanted if title_key(title) not in there}, key=title_key)
    return TurnoverPlan(organisation_id, year, lines, tuple(missing))


def _learners(organisation_id: UUID, year: SchoolYear) -> list[_Learner]:
    last_day = year.ends_on - timedelta(days=1)
    rows = (
        Placement.objects.filter(
            organisation_id=organisation_id, superseded_at__isnull=True, is_main=True, starts_on__lte=last_day
        )
        .exclude(ends_on__lte=last_day)
        .select_related("group", "person")
        .order_by("grade", "group__title_key", "person__name_key")
    )
    # Who has a movement on 1 September or later has been turned over already.
    return [
        _Learner(
            row.enrolment_id, row.person_id, row.person.full_name, row.birth_date, row.group, row.grade,
            row.programme_kind_code, row.state,
        )
        for row in rows
        if row.ends_on is None and not (row.group and row.group.school_year > year.begins_in)
    ]  # fmt: skip


def _line(learner: _Learner, decision: Decision | None, year: SchoolYear) -> TurnoverLine:
    proposal = rules.propose(
        grade=learner.grade,
        programme_kind_code=learner.programme_kind_code,
        state=learner.state,
        age_on_first_of_september=_age(learner.birth_date, year.next.starts_on),
    )
    kind = proposal.kind if proposal else None
    reason = proposal.reason_code if proposal else ""
    title = ""
    if decision is not None:
        kind, reason, title = decision.kind, decision.reason_code, decision.group_title
        if kind is MovementKind.GRADUATION and not reason:
            reason = {9: "G1", 10: "G1"}.get(
                learner.grade or 0, "G3" if learner.programme_kind_code == PRESCHOOL else "G2"
            )
    if kind is not None and kind is not MovementKind.GRADUATION and not title:
        title = _next_title(learner, kind)
    return TurnoverLine(
        learner.enrolment_id, learner.person_id, learner.name, learner.group.title if learner.group else "",
        learner.grade, kind, title, reason, decision is not None,
    )  # fmt: skip


def _next_title(learner: _Learner, kind: MovementKind) -> str:
    """The same letter in the next grade (or in the same one for who repeats); who is in no class stays in none."""
    if learner.group is None:
        return ""
    grade = learner.grade or 0
    if kind in {MovementKind.PROMOTION, MovementKind.CONDITIONAL_PROMOTION}:
        grade += 1
    elif learner.state == "conditional":
        grade -= 1
    return f"{grade}{learner.group.letter}"


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


# -- signing -----------------------------------------------------------------------------------


@transaction.atomic
def sign_turnover(
    *,
    actor: Actor,
    organisation_id: UUID,
    year: SchoolYear,
    decisions: Mapping[UUID, Decision],
    numbers: Mapping[OrderKind, str],
    dated: date,
    dry_run: bool = False,
) -> list[Preview | Order]:
    """Open missing classes, make the orders and sign them; with ``dry_run`` return previews and keep nothing.

    ``numbers`` gives the number of each order that turns out to be needed.
    """
    plan = plan_turnover(actor=actor, organisation_id=organisation_id, year=year, decisions=decisions)
    acting = [line for line in plan.lines if line.kind is not None]
    if not acting:
        raise RuleViolation(
            "enrolment.turnover_empty",
            f"Переводить некого: за {year} учебный год все ученики уже переведены или выпущены.",
        )
    mark = transaction.savepoint()
    groups = _groups_of_next_year(actor, plan, acting)
    orders = _orders(actor, plan, acting, groups, numbers, dated)
    if dry_run:
        previews: list[Preview | Order] = [preview_order(actor=actor, order_id=order.id) for order in orders]
        transaction.savepoint_rollback(mark)
        return previews
    transaction.savepoint_commit(mark)
    return [sign_order(actor=actor, order_id=order.id) for order in orders]


def _groups_of_next_year(
    actor: Actor, plan: TurnoverPlan, acting: Sequence[TurnoverLine]
) -> dict[str, Group]:
    next_year = plan.year.next.begins_in
    drafts = []
    for title in plan.missing_groups:
        sample = next(line for line in acting if title_key(line.to_title) == title_key(title))
        drafts.append(_group_draft(plan, sample, title, next_year))
    if drafts:
        open_groups(actor=actor, organisation_id=plan.organisation_id, drafts=drafts)
    rows = Group.objects.filter(organisation_id=plan.organisation_id, school_year=next_year)
    return {group.title_key: group for group in rows}


def _group_draft(plan: TurnoverPlan, sample: TurnoverLine, title: str, next_year: int) -> GroupDraft:
    """A class of next year takes after the class that the learner comes from."""
    old = Group.objects.select_related("programme").get(
        organisation_id=plan.organisation_id,
        school_year=plan.year.begins_in,
        title_key=title_key(sample.from_title),
    )
    digits = "".join(c for c in title[:2] if c.isdigit())
    grade = int(digits) if digits else old.grade
    programme_id = (
        programmes.for_grade(plan.organisation_id, grade, like=old.programme_id)
        if grade
        else old.programme_id
    )
    draft = GroupDraft(
        school_year=next_year,
        programme_id=programme_id,
        grade=grade,
        letter=title[len(digits) :].strip(),
        title=title,
        study_form_code=old.study_form_code,
        teacher_name=old.teacher_name,
        facts=classes.next_year(facts_of(old), programmes.kinds_of({programme_id})[programme_id]),
    )
    # A primary teacher does not follow the class into grade 5.
    return replace(draft, teacher_name="") if grade == 5 else draft


def _orders(
    actor: Actor,
    plan: TurnoverPlan,
    acting: Sequence[TurnoverLine],
    groups: Mapping[str, Group],
    numbers: Mapping[OrderKind, str],
    dated: date,
) -> list[Order]:
    by_kind: dict[MovementKind, list[TurnoverLine]] = defaultdict(list)
    for line in acting:
        if line.kind is not None:
            by_kind[line.kind].append(line)
    orders = []
    for kind, lines in by_kind.items():
        order = draft_order(
            actor=actor,
            organisation_id=plan.organisation_id,
            kind=_ORDER_OF[kind],
            number=numbers.get(_ORDER_OF[kind], ""),
            dated=dated,
            title=f"Перевод {plan.year} → {plan.year.next} учебный год",
        )
        add_lines(actor=actor, order_id=order.id, lines=[_draft_line(line, plan, groups) for line in lines])
        orders.append(order)
    return orders


def _draft_line(line: TurnoverLine, plan: TurnoverPlan, groups: Mapping[str, Group]) -> LineDraft:
    graduates = line.kind is MovementKind.GRADUATION
    group = None if graduates else groups.get(title_key(line.to_title))
    return LineDraft(
        person_id=line.person_id,
        kind=str(line.kind),
        effective_on=plan.year.next.starts_on,
        enrolment_id=line.enrolment_id,
        group_id=group.id if group else None,
        reason_code=line.reason_code,
    )
