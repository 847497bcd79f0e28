"""Transfers of the invented region: to and from the school that the demonstration begins in, one of them forgotten by the former school.

Beside them a child of that school whom another one is about to enrol, although nobody has told of a transfer.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Group, Order, OrderLine, Placement
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.trajectory.transfers import terms
from kontingent.trajectory.transfers.codes import Answer, State
from kontingent.trajectory.transfers.models import Transfer, TransferStep


def write(home_id: UUID, nearby_id: UUID | None) -> None:
    """Write four transfers and a child claimed by two schools, if the region has a second school of like classes and its school year is not over."""
    year = SchoolYear.of(clock.today()).begins_in
    ours = {
        one.grade: one
        for one in Group.objects.filter(organisation_id=home_id, school_year=year, grade__range=(2, 9))
    }
    theirs = {
        one.grade: one
        for one in Group.objects.filter(
            school_year=year, grade__in=list(ours), programme__kind_code__in=["12", "13"]
        )
        .exclude(organisation_id=home_id)
        .order_by("organisation_id", "-title_key")
    }
    nearby = Group.objects.filter(
        school_year=year, grade__in=list(theirs), organisation_id__in=[nearby_id] if nearby_id else []
    )
    theirs |= {one.grade: one for one in nearby.order_by("-title_key")}
    grades = sorted(grade for grade in theirs if grade is not None)
    if len(grades) < 2:
        return
    first, second = grades[0], grades[-1]
    _between(ours[first], theirs[first], 0, State.APPROVED)
    _between(ours[second], theirs[second], 1, State.APPROVED, objection="Не возвращены учебники библиотеки")
    _between(theirs[first], ours[first], 0, State.REGISTERED)
    _between(theirs[second], ours[second], 0, State.APPROVED, days_ago=15)
    _claim(ours[second], theirs[second])


def _claim(studies: Group, claimed: Group) -> None:
    """A draft of an order of admission that lies for eight days, of a child who studies elsewhere."""
    learners = Placement.objects.filter(group=studies, superseded_at=None, ends_on=None)
    person_id = learners.order_by("person__name_key").values_list("person_id", flat=True)[2:3].first()
    if person_id is None:
        return
    began = clock.now() - timedelta(days=8)
    order = Order.objects.create(
        organisation_id=claimed.organisation_id, kind=OrderKind.ADMISSION, number="", created_at=began, created_by="demo",
        created_by_name="Ярушина Тамара Викторовна", basis="Заявление родителя (вымышленное)",
    )  # fmt: skip
    OrderLine.objects.create(
        order=order, position=1, person_id=person_id, kind=MovementKind.ADMISSION, effective_on=clock.today(), group=claimed,
        programme_id=claimed.programme_id, grade=claimed.grade,
    )  # fmt: skip


def _between(
    former: Group, receiver: Group, position: int, state: State, *, objection: str = "", days_ago: int = 1
) -> None:
    learners = Placement.objects.filter(group=former, superseded_at=None, ends_on=None).select_related(
        "person"
    )
    who = list(learners.order_by("person__name_key")[position : position + 1])
    if not who:
        return
    now, applied = clock.now() - timedelta(days=days_ago), clock.today() - timedelta(days=days_ago)
    approved = state is State.APPROVED
    made = Transfer.objects.create(
        person_id=who[0].person_id, learner_name=who[0].person.full_name, former_id=former.organisation_id, former_class=former.title,
        receiver_id=receiver.organisation_id, group=receiver, applicant="Родитель (вымышленный)", applied_on=applied,
        arrives_on=applied + timedelta(days=1), state=state, registered_at=now, registered_by_name="Секретарь принимающей школы",
        order_number="118-з" if approved else "", approved_at=now if approved else None, due_on=terms.due_on(applied) if approved else None,
        answer=Answer.OBJECTED if objection else "", objection=objection, answered_at=now if objection else None,
        answered_by_name="Директор прежней школы" if objection else "",
    )  # fmt: skip
    told = [f"Заявление от {applied:%d.%m.%Y} принято: родитель (вымышленный)."]
    if approved:
        told.append("Зачисление утверждено, приказ № 118-з.")
    if objection:
        told.append(f"Возражение: {objection}")
    TransferStep.objects.bulk_create(
        TransferStep(transfer=made, at=now, by_name="Секретарь принимающей школы", told=one) for one in told
    )
