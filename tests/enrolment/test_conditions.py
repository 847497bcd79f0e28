"""How learners study: entered by class, dated, two times, checked, refused whole."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kontingent.audit.models import Entry
from kontingent.codelists import files
from kontingent.codelists import queries as codelists
from kontingent.enrolment import actions
from kontingent.enrolment.actions import ConditionChange
from kontingent.enrolment.models import Group, GroupVersion, StudyCondition
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.rules import classes, conditions
from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.enrolment.rules.conditions import BLANK, FACTS, FactKind, StudyFacts
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound, RuleViolation
from kontingent.kernel.scope import Scope
from tests import builders as b

OCTOBER = date(2025, 10, 1)
#: The machine may be busy: that is no fault of what is tested.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


# -- rules -------------------------------------------------------------------------------------


def test_declarations_columns_and_facts_are_the_same() -> None:
    assert [fact.name for fact in FACTS] == list(StudyFacts._fields)
    columns = {field.attname for field in StudyCondition._meta.get_fields() if hasattr(field, "attname")}
    assert set(StudyFacts._fields) < columns
    assert set(ClassFacts._fields) < {
        f.attname for f in GroupVersion._meta.get_fields() if hasattr(f, "attname")
    }
    for fact in FACTS:
        if fact.code_list:
            assert set(fact.codes) <= set(codelists.titles(fact.code_list))
    assert set(classes.LISTS.values()) <= set(files.packaged())


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("foreign_languages", "английский, Немецкий", ("eng", "deu")), ("foreign_languages", "англ.; фр", ("eng", "fra")),
        ("foreign_languages", "", ()), ("meals_code", "Завтраки и обеды", "both"), ("meals_code", "нет", ""),
        ("meals_benefit", "да", True), ("meals_benefit", "", False), ("boarding", "+", True), ("distance_km", "3,5", Decimal("3.5")),
        ("distance_km", "12 км", Decimal("12.0")), ("distance_km", "", None), ("network_code", "да", "1"), ("e_learning_code", "да", "2"),
        ("distance_code", "6", "6"), ("education_place_code", "на дому", "1"), ("transport_code", "да", "served"),
        ("native_language_code", "коми-пермяцкий", "koi"), ("extended_day", " ГПД № 1 ", "ГПД № 1"), ("individual_plan_code", "ИУП", "plan"),
    ],
)  # fmt: skip
def test_what_people_type_is_understood(name: str, text: str, value: Any) -> None:
    assert conditions.read(name, text, find=codelists.find) == value


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("foreign_languages", "английский, клингонский", "«клингонский» нет в списке"), ("meals_benefit", "иногда", "не «да» и не «нет»"),
        ("distance_km", "далеко", "не число"), ("distance_km", "0", "быть не может"), ("distance_km", "5000", "быть не может"),
        ("network_code", "5", "нет в списке"), ("meals_code", "ужин", "нет в списке"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_place(name: str, text: str, says: str) -> None:
    with pytest.raises(InvalidValue, match=says) as caught:
        conditions.read(name, text, find=codelists.find)
    assert caught.value.facts["field"] == name
    assert conditions.BY_NAME[name].title in str(caught.value)


@patient
@given(st.sampled_from(FACTS), st.text(max_size=12))
def test_reading_never_fails_otherwise(fact: conditions.Fact, text: str) -> None:
    try:
        value = conditions.read(fact.name, text, find=codelists.find)
    except InvalidValue:
        return
    assert BLANK._replace(**{fact.name: value}) is not None
    if fact.kind is FactKind.CODE and value:
        assert codelists.has(fact.code_list, value)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"foreign_languages": ("eng", "eng")}, "language_twice"), ({"foreign_languages": ("eng", "deu", "fra", "spa", "ita")}, "languages_many"),
        ({"foreign_languages": ("eng",), "foreign_language_gap_code": "other"}, "language_and_gap"),
        ({"native_language_mode_code": "subject"}, "mode_without_language"), ({"native_language_code": "koi"}, "language_without_mode"),
        ({"native_language_code": "rus", "native_language_mode_code": "subject"}, "native_russian"), ({"meals_benefit": True}, "benefit_without_meals"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(facts: dict[str, Any], code: str) -> None:
    assert [one.code for one in conditions.examine(BLANK._replace(**facts))] == [f"enrolment.{code}"]


@pytest.mark.parametrize(
    ("facts", "programme", "adaptation", "code"),
    [
        ({"kind_code": "correctional"}, "12", "1", "class_not_adapted"), ({}, "12", "208", "class_adapted"),
        ({"year_of_grade_code": "2"}, "12", "1", "class_year_of_grade"), ({"profile_code": "other"}, "13", "1", "class_profile"),
        ({"advanced_profile_code": "science"}, "13", "1", "class_advanced"), ({"regime_code": "13"}, "12", "1", "class_not_preschool"),
        ({"age_band_code": "mixed"}, "211", "1", "class_not_preschool"),
    ],
)  # fmt: skip
def test_what_a_class_cannot_be(facts: dict[str, Any], programme: str, adaptation: str, code: str) -> None:
    found = classes.examine(ClassFacts(**facts), programme_kind_code=programme, adaptation_code=adaptation)
    assert [one.code for one in found] == [f"enrolment.{code}"]


@patient
@given(
    st.builds(
        ClassFacts,
        kind_code=st.sampled_from(["ordinary", "profile", "advanced", "correctional", "lyceum"]),
        profile_code=st.sampled_from(["", "other"]),
        advanced_profile_code=st.sampled_from(["", "science"]),
        year_of_grade_code=st.sampled_from(["", "1"]),
    ),
    st.sampled_from(["12", "13", "14", "15"]),
    st.sampled_from(["1", "208"]),
)
def test_what_a_class_takes_into_the_next_year_fits(
    facts: ClassFacts, programme: str, adaptation: str
) -> None:
    after = classes.next_year(facts, (programme, adaptation))
    assert classes.examine(after, programme_kind_code=programme, adaptation_code=adaptation) == []


# -- entering ----------------------------------------------------------------------------------


@pytest.fixture
def pair() -> tuple[Group, UUID, UUID]:
    """A class with two learners."""
    group = b.group(b.school(), "5А")
    return group, b.admitted(b.person(), group), b.admitted(b.person("Носков Пётр Ильич"), group)


def record(group: Group, *changes: ConditionChange, since: date = b.SEPTEMBER, actor: Any = b.ROOT) -> int:
    return actions.record_conditions(
        actor=actor, organisation_id=group.organisation_id, since=since, changes=changes
    )


def facts_on(enrolment_id: UUID, day: date, known_at: datetime | None = None) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT foreign_languages, meals_code, extended_day FROM enrolment_studycondition WHERE enrolment_id = %(id)s "
            "AND starts_on <= %(day)s AND (ends_on IS NULL OR ends_on > %(day)s) AND recorded_at <= coalesce(%(at)s, 'infinity'::timestamptz) "
            "AND (superseded_at IS NULL OR superseded_at > coalesce(%(at)s, 'infinity'::timestamptz))",
            {"id": enrolment_id, "day": day, "at": known_at},
        )
        rows = cursor.fetchall()
    assert len(rows) <= 1
    return dict(zip(("languages", "meals", "after"), rows[0], strict=True)) if rows else {}


@pytest.mark.django_db
def test_a_class_is_entered_at_once(pair: tuple[Group, UUID, UUID]) -> None:
    group, anna, petr = pair
    changed = record(
        group,
        ConditionChange(anna, {"foreign_languages": "английский", "meals_code": "both"}),
        ConditionChange(petr, {"foreign_languages": "немецкий, английский"}),
    )
    assert changed == 2
    assert facts_on(anna, OCTOBER) == {"languages": ["eng"], "meals": "both", "after": ""}
    assert facts_on(petr, OCTOBER)["languages"] == ["deu", "eng"]
    entry = Entry.objects.filter(kind="enrolment.conditions_changed").get()
    assert len(entry.subjects) == 2
    assert [[], ["eng"]] in [v["foreign_languages"] for v in entry.data["changes"].values()]


@pytest.mark.django_db
def test_a_past_report_comes_out_as_it_was_known(pair: tuple[Group, UUID, UUID]) -> None:
    group, anna, _ = pair
    record(group, ConditionChange(anna, {"meals_code": "lunch"}))
    before = clock.now()
    record(group, ConditionChange(anna, {"meals_code": "both"}))
    record(group, ConditionChange(anna, {"extended_day": "ГПД"}), since=date(2025, 11, 1))
    assert facts_on(anna, OCTOBER, before)["meals"] == "lunch"
    assert facts_on(anna, OCTOBER)["meals"] == "both"
    assert facts_on(anna, OCTOBER)["after"] == ""
    assert facts_on(anna, date(2025, 11, 1))["after"] == "ГПД"


@pytest.mark.django_db
def test_who_came_later_has_it_from_the_day_they_came(pair: tuple[Group, UUID, UUID]) -> None:
    group, _, _ = pair
    late = b.admitted(b.person("Кетов Илья Олегович"), group, on=OCTOBER)
    record(group, ConditionChange(late, {"meals_code": "lunch"}))
    assert StudyCondition.objects.get(enrolment_id=late).starts_on == OCTOBER


@pytest.mark.django_db
def test_entering_the_same_again_writes_nothing(pair: tuple[Group, UUID, UUID]) -> None:
    group, anna, _ = pair
    record(group, ConditionChange(anna, {"meals_code": "lunch"}))
    rows, entries = StudyCondition.objects.count(), Entry.objects.count()
    assert record(group, ConditionChange(anna, {"meals_code": "Только обеды"})) == 0
    assert (StudyCondition.objects.count(), Entry.objects.count()) == (rows, entries)


@pytest.mark.django_db
def test_one_wrong_value_refuses_all(pair: tuple[Group, UUID, UUID]) -> None:
    group, anna, petr = pair
    with pytest.raises(actions.Refused, match="Носков Пётр") as caught:
        record(
            group,
            ConditionChange(anna, {"meals_code": "lunch"}),
            ConditionChange(petr, {"meals_code": "ужин", "distance_km": "далеко"}),
        )
    assert set(caught.value.problems[petr]) == {"meals_code", "distance_km"}
    with pytest.raises(actions.Refused, match="Льгота"):
        record(group, ConditionChange(anna, {"meals_benefit": "да"}))
    assert not StudyCondition.objects.exists()


@pytest.mark.django_db
def test_somebody_else_was_first(pair: tuple[Group, UUID, UUID]) -> None:
    group, anna, petr = pair
    record(group, ConditionChange(anna, {"meals_code": "lunch"}, seen=0))
    with pytest.raises(Conflict, match="Мальцева Анна"):
        record(
            group,
            ConditionChange(anna, {"meals_code": "both"}, seen=0),
            ConditionChange(petr, {"meals_code": "both"}, seen=0),
        )
    assert facts_on(anna, OCTOBER)["meals"] == "lunch"
    assert facts_on(petr, OCTOBER) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("permission", [EnrolmentPermission.VIEW, EnrolmentPermission.MANAGE_GROUPS])
def test_who_may_not(pair: tuple[Group, UUID, UUID], permission: EnrolmentPermission) -> None:
    group, anna, _ = pair
    change = ConditionChange(anna, {"meals_code": "lunch"})
    with pytest.raises(NotAllowed):
        record(group, change, actor=b.actor_of(group.organisation, permission))
    with pytest.raises(NotAllowed):
        record(group, change, actor=b.actor_of(b.school("Чужая"), EnrolmentPermission.CONDITIONS))
    assert not StudyCondition.objects.exists()
    assert record(group, change, actor=b.actor_of(group.organisation, EnrolmentPermission.CONDITIONS)) == 1


@pytest.mark.django_db
def test_learners_of_others_and_leavers_are_refused(pair: tuple[Group, UUID, UUID]) -> None:
    group, _, _ = pair
    other = b.group(b.school("Чужая"), "5А")
    stranger = b.admitted(b.person("Чужой Олег Петрович"), other)
    with pytest.raises(NotFound, match="не числится"):
        record(group, ConditionChange(stranger, {"meals_code": "lunch"}))
    who = b.person("Шилов Лев Ильич")
    gone = b.admitted(who, group)
    b.left(who, gone, group.organisation, on=OCTOBER)
    with pytest.raises(actions.Refused, match="уже выбыл"):
        record(group, ConditionChange(gone, {"meals_code": "lunch"}), since=date(2025, 11, 1))
    assert not StudyCondition.objects.exists()


@pytest.mark.django_db
def test_a_teacher_enters_the_own_class_only(pair: tuple[Group, UUID, UUID]) -> None:
    group, anna, _ = pair
    neighbour = b.group(group.organisation, "5Б")
    oleg = b.admitted(b.person("Тиунов Олег Игоревич"), neighbour)
    teacher = Actor(
        "test:teacher", "Учитель", "Классный руководитель", frozenset({EnrolmentPermission.CONDITIONS.value}),
        Scope(groups=frozenset({group.id})), group.organisation_id,
    )  # fmt: skip

    def enter(enrolment_id: UUID, group_id: UUID | None) -> int:
        return actions.record_conditions(
            actor=teacher, organisation_id=group.organisation_id, since=b.SEPTEMBER, group_id=group_id,
            changes=[ConditionChange(enrolment_id, {"meals_code": "lunch"})],
        )  # fmt: skip

    with pytest.raises(NotAllowed):
        enter(anna, None)
    with pytest.raises(NotFound):
        enter(oleg, group.id)
    with pytest.raises(NotAllowed):
        enter(oleg, neighbour.id)
    assert not StudyCondition.objects.exists()
    assert enter(anna, group.id) == 1


@pytest.mark.django_db
def test_statements_do_not_grow_with_the_class(django_assert_max_num_queries: Any) -> None:
    group = b.group(b.school(), "5А")
    few = [b.admitted(b.person(f"Иванов Иван{'а' * n} Петрович"), group) for n in range(3)]
    many = [b.admitted(b.person(f"Петров Пётр{'а' * n} Ильич"), group) for n in range(12)]
    with django_assert_max_num_queries(14):
        record(group, *(ConditionChange(one, {"meals_code": "lunch"}) for one in few))
    with django_assert_max_num_queries(14):
        record(group, *(ConditionChange(one, {"meals_code": "lunch"}) for one in many))


# -- classes -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_class_has_its_first_version_from_the_first_of_september() -> None:
    group = b.group(b.school(), "5А", shift_code="2")
    version = GroupVersion.objects.get(group=group)
    assert (version.starts_on, version.ends_on, version.shift_code) == (b.SEPTEMBER, None, "2")


@pytest.mark.django_db
def test_a_class_changes_from_a_day_on_and_the_past_stays() -> None:
    group = b.group(b.school(), "5А")
    actions.change_group(
        actor=b.ROOT, group_id=group.id, changes={"shift_code": "2"}, since=date(2026, 1, 12)
    )
    now = GroupVersion.objects.filter(group=group, superseded_at__isnull=True).order_by("starts_on")
    assert list(now.values_list("starts_on", "ends_on", "shift_code")) == [
        (b.SEPTEMBER, date(2026, 1, 12), "1"),
        (date(2026, 1, 12), None, "2"),
    ]
    assert GroupVersion.objects.filter(group=group, superseded_at__isnull=False).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "since", "error"),
    [
        ({"shift_code": "9"}, None, InvalidValue), ({"kind_code": "correctional"}, None, RuleViolation),
        ({"profile_code": "other"}, None, RuleViolation), ({"shift_code": "2"}, date(2024, 1, 1), RuleViolation),
        ({"shift_code": "2"}, date(2026, 9, 1), RuleViolation),
    ],
)  # fmt: skip
def test_refused_changes_of_a_class(
    changes: dict[str, str], since: date | None, error: type[Exception]
) -> None:
    group = b.group(b.school(), "5А")
    with pytest.raises(error):
        actions.change_group(actor=b.ROOT, group_id=group.id, changes=changes, since=since)
    assert GroupVersion.objects.count() == 1
    assert Group.objects.get().version == 1
