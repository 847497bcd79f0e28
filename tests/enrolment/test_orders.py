"""Orders against PostgreSQL: draft, preview, sign, cancel; every refusal leaves everything as it was."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from kontingent.audit.models import Entry
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment.check import check
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.models import Enrolment, Group, Movement, Order, OrderLine, Placement
from kontingent.kernel import clock
from kontingent.kernel.errors import Conflict, KontingentError, NotAllowed, RuleViolation
from kontingent.organisations.models import Organisation
from kontingent.programmes.models import Programme
from tests import builders as b

pytestmark = pytest.mark.django_db


def rows(*models: type[Model]) -> list[list[Any]]:
    """Everything in the tables, for proving that nothing changed."""
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def everything() -> list[list[Any]]:
    """All there is, but for who looked: a preview is a read, and reads are journaled."""
    acts = list(Entry.objects.exclude(kind__startswith="read.").order_by("pk").values())
    return [*rows(Order, OrderLine, Movement, Enrolment, Placement, Group), acts]


def admission(who: Any, to: Group, on: date = b.SEPTEMBER) -> enrolment.LineDraft:
    return enrolment.LineDraft(person_id=who, kind=MovementKind.ADMISSION, effective_on=on, group_id=to.id)


def draft(at: Any, *lines: enrolment.LineDraft, kind: OrderKind = OrderKind.ADMISSION) -> Order:
    order = enrolment.draft_order(actor=b.ROOT, organisation_id=at.id, kind=kind)
    enrolment.add_lines(actor=b.ROOT, order_id=order.id, lines=lines)
    order.refresh_from_db()
    return order


def refused(order: Order, code: str, **signing: Any) -> RuleViolation:
    """Try to sign, expect the refusal, prove that nothing changed."""
    requisites: dict[str, Any] = {"number": "1", "dated": b.SEPTEMBER} | signing
    before = everything()
    with pytest.raises(RuleViolation) as caught:
        enrolment.sign_order(actor=b.ROOT, order_id=order.id, **requisites)
    codes = {caught.value.code} | {
        c for refusals in caught.value.facts.get("refusals", {}).values() for c, _ in refusals
    }
    assert f"enrolment.{code}" in codes
    assert everything() == before
    return caught.value


def test_a_signed_admission_makes_a_movement_an_enrolment_and_a_placement() -> None:
    school = b.school()
    five_a = b.group(school, "5А")
    anna = b.person()
    order = draft(school, admission(anna, five_a))
    assert Movement.objects.count() == 0

    enrolment.sign_order(actor=b.ROOT, order_id=order.id, number="117-з", dated=b.SEPTEMBER)

    movement = Movement.objects.get()
    assert (movement.person_id, movement.kind, movement.effective_on) == (anna, "admission", b.SEPTEMBER)
    period = Enrolment.objects.get()
    assert (period.starts_on, period.ends_on, period.is_main) == (b.SEPTEMBER, None, True)
    placement = Placement.objects.get()
    assert (placement.group_id, placement.grade, placement.programme_kind_code) == (five_a.id, 5, "13")
    assert (placement.sex, placement.birth_date, placement.study_form_code) == ("2", date(2014, 5, 20), "11")
    event = Entry.objects.get(kind="enrolment.order_signed")
    assert event.subjects == [anna]
    assert event.data["number"] == "117-з"


def test_a_preview_says_what_would_be_and_changes_nothing() -> None:
    school = b.school()
    anna, oleg = b.person(), b.person("Тиунов Олег Игоревич", born=date(2014, 2, 2))
    order = draft(
        school, admission(anna, b.group(school, "5А")), admission(oleg, b.group(school, "5Б", year=2024))
    )
    before = everything()
    preview = enrolment.preview_order(actor=b.ROOT, order_id=order.id)
    assert [line.person_name for line in preview.lines] == ["Мальцева Анна Павловна", "Тиунов Олег Игоревич"]
    assert [line.refused for line in preview.lines] == [False, True]
    assert preview.lines[1].findings[0].code == "enrolment.group_of_other_year"
    assert not preview.may_be_signed
    assert everything() == before


def test_a_second_main_enrolment_is_refused_and_names_the_school() -> None:
    first, second = b.school("Школа № 5"), b.school("Школа № 7")
    anna = b.person()
    b.admitted(anna, b.group(first, "5А"))
    violation = refused(draft(second, admission(anna, b.group(second, "5Б"))), "already_enrolled")
    assert "Школа № 5" in violation.message
    assert "01.09.2025" in violation.message


def test_an_additional_programme_may_be_taken_beside_the_main_one() -> None:
    school, club = b.school(), b.school("Дворец творчества")
    anna = b.person()
    b.admitted(anna, b.group(school, "5А"))
    b.admitted(anna, b.group(club, "Шахматы", kind="411"))
    assert sorted(Enrolment.objects.values_list("is_main", flat=True)) == [False, True]


@pytest.mark.parametrize(
    "kind", [MovementKind.PLACEMENT, MovementKind.CLASS_FORMATION, MovementKind.STUDY_FORM]
)
def test_an_enrolment_does_not_go_over_between_main_and_additional_programmes(kind: MovementKind) -> None:
    """A school to which a club was joined has classes and circles: the preview and signing both refuse to mix them."""
    school = b.school()
    five, circle = b.group(school, "5А"), b.group(school, "Шахматы", kind="411")
    anna, boris = b.person(), b.person("Орлов Борис Ильич")
    for who, group, to, code in (
        (anna, five, circle, "main_to_additional"),
        (boris, circle, five, "additional_to_main"),
    ):
        line = enrolment.LineDraft(
            person_id=who, kind=kind, effective_on=date(2025, 10, 1), enrolment_id=b.admitted(who, group), group_id=to.id
        )  # fmt: skip
        order = draft(school, line, kind=OrderKind(kind))
        (shown,) = enrolment.preview_order(actor=b.ROOT, order_id=order.id).lines
        assert f"enrolment.{code}" in {one.code for one in shown.findings}
        assert shown.refused
        assert "приказом о зачислении" in refused(order, code, dated=date(2025, 10, 1)).message
    b.admitted(anna, circle, on=date(2025, 10, 1))
    assert Enrolment.objects.filter(person_id=anna, superseded_at=None).count() == 2


def test_postgresql_itself_forbids_two_main_enrolments() -> None:
    first, second = b.school("Школа № 5"), b.school("Школа № 7")
    anna = b.person()
    b.admitted(anna, b.group(first, "5А"))
    known = Enrolment.objects.get()
    with pytest.raises(IntegrityError, match="one_main_enrolment_at_a_time"), transaction.atomic():
        Enrolment.objects.create(
            enrolment_id=anna, person_id=anna, organisation=second, starts_on=date(2025, 10, 1), recorded_at=clock.now(),
            is_main=True, level_code="13", opened_by=known.opened_by,
        )  # fmt: skip


def test_postgresql_itself_forbids_overlapping_placements() -> None:
    school = b.school()
    b.admitted(b.person(), b.group(school, "5А"))
    placement = Placement.objects.get()
    placement.pk = None
    placement.starts_on = date(2025, 12, 1)
    with (
        pytest.raises(IntegrityError, match="placements_of_an_enrolment_do_not_overlap"),
        transaction.atomic(),
    ):
        placement.save(force_insert=True)


@pytest.mark.parametrize(
    ("signing", "code"),
    [
        ({"number": " "}, "order_number_missing"),
        ({"number": "1" * 41}, "order_number_long"),
        ({"dated": date(2099, 1, 1)}, "order_date_future"),
    ],
)
def test_an_order_needs_its_requisites(signing: dict[str, Any], code: str) -> None:
    school = b.school()
    refused(draft(school, admission(b.person(), b.group(school))), code, **signing)


def test_an_empty_order_is_refused() -> None:
    refused(draft(b.school()), "order_empty")


def test_one_refused_learner_refuses_the_order() -> None:
    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    anna, oleg = b.person(), b.person("Тиунов Олег Игоревич")
    b.admitted(oleg, b.group(other, "5В"))
    five = b.group(school, "5А")
    refused(draft(school, admission(anna, five), admission(oleg, five)), "order_has_refusals")


def test_a_learner_named_twice_is_refused() -> None:
    school = b.school()
    anna, five = b.person(), b.group(school)
    refused(draft(school, admission(anna, five), admission(anna, five)), "twice_in_order")


def test_a_class_of_another_school_is_refused() -> None:
    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    refused(draft(school, admission(b.person(), b.group(other, "5А"))), "group_foreign")


def test_leaving_needs_a_reason_and_where_to() -> None:
    school = b.school()
    anna = b.person()
    stream = b.admitted(anna, b.group(school))
    day = date(2025, 10, 14)

    def leaving(**facts: Any) -> Order:
        line = enrolment.LineDraft(
            person_id=anna, kind=MovementKind.TRANSFER_OUT, effective_on=day, enrolment_id=stream, **facts
        )
        return draft(school, line, kind=OrderKind.TRANSFER_OUT)

    refused(leaving(), "reason_missing", dated=day)
    refused(leaving(reason_code="E1"), "reason_unfit", dated=day)
    refused(leaving(reason_code="T1"), "destination_missing", dated=day)
    refused(leaving(reason_code="T3"), "place_missing", dated=day)


def test_after_leaving_the_day_of_effect_is_the_first_not_counted() -> None:
    school = b.school()
    anna = b.person()
    stream = b.admitted(anna, b.group(school))
    b.left(anna, stream, school, on=date(2025, 10, 14))
    now = Enrolment.objects.get(superseded_at__isnull=True)
    assert (now.ends_on, now.reason_code, now.destination_text) == (
        date(2025, 10, 14),
        "T3",
        "г. Уфа, Башкортостан",
    )
    assert Placement.objects.get(superseded_at__isnull=True).ends_on == date(2025, 10, 14)
    assert Enrolment.objects.filter(superseded_at__isnull=False).count() == 1


def test_a_back_dated_placement_splits_what_is_stored() -> None:
    school = b.school()
    anna = b.person()
    a, bee, c = (b.group(school, title) for title in ("5А", "5Б", "5В"))
    stream = b.admitted(anna, a)
    b.moved(anna, stream, school, MovementKind.PLACEMENT, on=date(2025, 12, 1), group_id=c.id)
    b.moved(anna, stream, school, MovementKind.PLACEMENT, on=date(2025, 10, 1), group_id=bee.id)
    now = Placement.objects.filter(superseded_at__isnull=True).order_by("starts_on")
    assert [(p.group_id, p.starts_on, p.ends_on) for p in now] == [
        (a.id, b.SEPTEMBER, date(2025, 10, 1)),
        (bee.id, date(2025, 10, 1), date(2025, 12, 1)),
        (c.id, date(2025, 12, 1), None),
    ]


def test_cancelling_restores_what_was_and_keeps_the_trace() -> None:
    school = b.school()
    anna = b.person()
    stream = b.admitted(anna, b.group(school))
    order = b.left(anna, stream, school, on=date(2025, 10, 14))
    enrolment.cancel_order(actor=b.ROOT, order_id=order.id, reason="Ошибка в фамилии")
    assert Enrolment.objects.get(superseded_at__isnull=True).ends_on is None
    order.refresh_from_db()
    assert (order.status, order.cancel_reason) == ("cancelled", "Ошибка в фамилии")
    assert Movement.objects.filter(cancelled_at__isnull=False).count() == 1
    assert Entry.objects.filter(kind="enrolment.order_cancelled").count() == 1


def test_an_order_on_which_a_later_one_stands_cannot_be_cancelled() -> None:
    school = b.school()
    anna = b.person()
    stream = b.admitted(anna, b.group(school))
    admission_order = Order.objects.get()
    later = b.left(anna, stream, school, on=date(2025, 10, 14))
    before = everything()
    with pytest.raises(RuleViolation) as caught:
        enrolment.cancel_order(actor=b.ROOT, order_id=admission_order.id, reason="Проверка")
    assert caught.value.code == "enrolment.later_order_depends"
    assert later.number in caught.value.message
    assert everything() == before


def test_a_leaving_cannot_be_cancelled_once_the_child_is_elsewhere() -> None:
    first, second = b.school("Школа № 5"), b.school("Школа № 7")
    anna = b.person()
    stream = b.admitted(anna, b.group(first))
    order = b.left(anna, stream, first, on=date(2025, 10, 14))
    b.admitted(anna, b.group(second), on=date(2025, 10, 20))
    before = everything()
    with pytest.raises(RuleViolation, match="Школа № 7"):
        enrolment.cancel_order(actor=b.ROOT, order_id=order.id, reason="Проверка")
    assert everything() == before


def test_cancelling_needs_a_reason() -> None:
    school = b.school()
    b.admitted(b.person(), b.group(school))
    before = everything()
    with pytest.raises(RuleViolation, match="причину"):
        enrolment.cancel_order(actor=b.ROOT, order_id=Order.objects.get().id, reason=" ")
    assert everything() == before


def test_a_stranger_may_neither_draft_nor_sign_nor_cancel() -> None:
    school, other = b.school("Школа № 5"), b.school("Школа № 7")
    order = draft(school, admission(b.person(), b.group(school)))
    stranger = b.actor_of(other)
    before = everything()
    attempts = (
        lambda: enrolment.draft_order(actor=stranger, organisation_id=school.id, kind=OrderKind.ADMISSION),
        lambda: enrolment.add_lines(actor=stranger, order_id=order.id, lines=[]),
        lambda: enrolment.preview_order(actor=stranger, order_id=order.id),
        lambda: enrolment.sign_order(actor=stranger, order_id=order.id, number="1", dated=b.SEPTEMBER),
        lambda: enrolment.discard_draft(actor=stranger, order_id=order.id),
    )
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            attempt()
    assert everything() == before


def test_a_permission_is_asked_for() -> None:
    school = b.school()
    order = draft(school, admission(b.person(), b.group(school)))
    reader = b.actor_of(school, "enrolment.view")
    before = everything()
    with pytest.raises(NotAllowed, match="роли"):
        enrolment.sign_order(actor=reader, order_id=order.id, number="1", dated=b.SEPTEMBER)
    assert everything() == before


def test_an_order_changed_meanwhile_is_a_conflict() -> None:
    school = b.school()
    order = draft(school, admission(b.person(), b.group(school)))
    enrolment.change_order(
        actor=b.ROOT, order_id=order.id, number="5", dated=b.SEPTEMBER, version=order.version
    )
    before = everything()
    with pytest.raises(Conflict):
        enrolment.sign_order(actor=b.ROOT, order_id=order.id, version=order.version)
    assert everything() == before


def test_a_draft_can_be_thrown_away_a_signed_order_cannot() -> None:
    school = b.school()
    order = draft(school, admission(b.person(), b.group(school)))
    enrolment.discard_draft(actor=b.ROOT, order_id=order.id)
    assert Order.objects.count() == 0
    b.admitted(b.person("Тиунов Олег Игоревич"), b.group(school, "5Б"))
    with pytest.raises(RuleViolation, match="подписан"):
        enrolment.discard_draft(actor=b.ROOT, order_id=Order.objects.get().id)


def test_a_corrected_birth_date_reaches_the_placements_and_the_past_stays() -> None:
    school = b.school()
    anna = b.person()
    b.admitted(anna, b.group(school))
    enrolment.correct_learner(
        actor=b.ROOT,
        person_id=anna,
        changes={"birth_date": date(2014, 5, 21)},
        basis="Свидетельство о рождении",
    )
    born = Placement.objects.order_by("id").values_list("birth_date", flat=True)
    assert list(born) == [date(2014, 5, 20), date(2014, 5, 21)]
    assert Placement.objects.get(superseded_at__isnull=True).birth_date == date(2014, 5, 21)


def test_statements_of_signing_do_not_grow_with_lines(django_assert_max_num_queries: Any) -> None:
    school = b.school()
    five = b.group(school)
    few = draft(school, *[admission(b.person(f"Тиунов Олег {i}"), five) for i in ("Ильич", "Юрьевич")])
    with django_assert_max_num_queries(200) as context:
        enrolment.sign_order(actor=b.ROOT, order_id=few.id, number="1", dated=b.SEPTEMBER)
    many_people = [b.person("Волков Иван Иванович", born=date(2014, 1, 1 + i)) for i in range(25)]
    many = draft(school, *[admission(who, five) for who in many_people])
    with django_assert_max_num_queries(len(context.captured_queries)):
        enrolment.sign_order(actor=b.ROOT, order_id=many.id, number="2", dated=b.SEPTEMBER)


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_signing_at_once_one_wins_and_the_other_is_told() -> None:
    school = b.school()
    order = draft(school, admission(b.person(), b.group(school)))
    barrier, outcomes = threading.Barrier(2), []

    def sign(name: str) -> None:
        barrier.wait()
        try:
            enrolment.sign_order(
                actor=b.actor_of(school),
                order_id=order.id,
                number=name,
                dated=b.SEPTEMBER,
                version=order.version,
            )
            outcomes.append("signed")
        except KontingentError as refusal:
            outcomes.append(f"{refusal.code} {'подписан' in refusal.message}")
        finally:
            connection.close()

    threads = [threading.Thread(target=sign, args=(name,)) for name in ("1", "2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["enrolment.order_changed True", "signed"]
    assert Movement.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_schools_enrolling_one_child_at_once_one_wins() -> None:
    schools = [b.school("Школа № 5"), b.school("Школа № 7")]
    anna = b.person()
    orders = [draft(school, admission(anna, b.group(school))) for school in schools]
    barrier, outcomes = threading.Barrier(2), []

    def sign(order: Order) -> None:
        barrier.wait()
        try:
            enrolment.sign_order(actor=b.ROOT, order_id=order.id, number="1", dated=b.SEPTEMBER)
            outcomes.append("signed")
        except RuleViolation as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=sign, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["enrolment.order_has_refusals", "signed"]
    assert Enrolment.objects.count() == 1


def _adapted(at: Organisation, kind: str) -> Programme:
    return Programme.objects.create(
        organisation=at,
        kind_code=kind,
        title="Адаптированная",
        adaptation_code="208",
        valid_from=date(2000, 1, 1),
    )


def test_a_child_of_an_adapted_programme_goes_on_with_it_in_an_ordinary_class() -> None:
    at = b.school()
    four, five, six = b.group(at, "4А"), b.group(at, "5А", year=2026), b.group(at, "6А", year=2027)
    primary, basic = _adapted(at, "12"), _adapted(at, "13")
    who, other = b.person(), b.person("Носков Пётр Ильич")
    line = enrolment.LineDraft(
        person_id=who,
        kind=MovementKind.ADMISSION,
        effective_on=b.SEPTEMBER,
        group_id=four.id,
        programme_id=primary.id,
    )
    order = b.signed(at, OrderKind.ADMISSION, [line])
    enrolment_id = Enrolment.objects.get(opened_by=order).enrolment_id
    ordinary = b.admitted(other, four)
    for stream, person in ((enrolment_id, who), (ordinary, other)):
        b.moved(person, stream, at, MovementKind.PROMOTION, on=date(2026, 9, 1), group_id=five.id)
        b.moved(person, stream, at, MovementKind.PROMOTION, on=date(2027, 9, 1), group_id=six.id)
    told = [
        list(
            Placement.objects.filter(enrolment_id=stream, superseded_at__isnull=True)
            .order_by("starts_on")
            .values_list("adaptation_code", flat=True)
        )
        for stream in (enrolment_id, ordinary)
    ]
    assert told == [["208"] * 3, ["1"] * 3]
    assert Placement.objects.filter(programme=basic).exists()
    assert check().is_clean
