"""Closing marks that the journal lacks: read, laid beside the journal, brought with a document, decided about, taken back."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kontingent.achievements.attestation import actions, queries
from kontingent.achievements.attestation.actions import Basis, MarkCell
from kontingent.achievements.attestation.models import BroughtMark, SupplementLine
from kontingent.achievements.attestation.rules import final, marks
from kontingent.achievements.attestation.rules.marks import Brought, Given, Slot
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound, RuleViolation
from kontingent.performance.models import PeriodMark
from kontingent.persons import merging
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.attestation import town as t
from tests.performance import records

BASIC = final.declared()[1]["12"]
MUSIC, CHEMISTRY = Slot(9, "s21"), Slot(9, "s19")
PAPER = Basis(source_code="former", document="Справка № 3 от 02.06.2025, Школа № 12")


# -- rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"), [("5", "5"), (" 3 ", "3"), ("зачтено", "зач"), ("Зач.", "зач"), ("освобождён", "осв")]
)
def test_a_mark_is_read_as_people_type_it(text: str, value: str) -> None:
    assert marks.read_value(text) == value


@pytest.mark.parametrize("text", ["", "2", "6", "н/а", "незач", "пять", "55", "<b>5</b>"])
def test_what_is_no_closing_mark_of_a_graduate_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="не бывает"):
        marks.read_value(text)


def _brought(value: str = "5", **other: Any) -> Brought:
    return Brought(**({"slot": CHEMISTRY, "title": "", "value": value, "document": "справка"} | other))


def test_a_mark_fills_a_gap_and_says_where_it_is_from() -> None:
    found = marks.together([], [_brought()])
    assert found.counted == [Given(9, "s19", "year", "20", "5", "внесена; справка")]
    assert not found.clashes


@pytest.mark.parametrize(
    ("brought", "counted", "clashes"),
    [
        (_brought("4"), ["4"], 0),  # they agree
        (_brought("5"), ["4"], 1),  # nobody has decided
        (_brought("5", against="4", reason="опечатка"), ["5"], 0),
        (_brought("5", against="3", reason="опечатка"), ["4"], 1),  # the journal has changed since
    ],
)
def test_the_journal_is_overruled_by_a_decision_against_what_it_says_alone(
    brought: Brought, counted: list[str], clashes: int
) -> None:
    journal = [Given(9, "s19", "year", "20", "2"), Given(9, "s19", "retake", "20", "4")]
    found = marks.together(journal, [brought])
    assert [one.value for one in found.counted if one.kind != "year" or one.value != "2"] == counted
    assert len(found.clashes) == clashes


_SLOTS = some.builds(
    Slot, some.integers(5, 9), some.sampled_from(["s01", "s19"]), some.sampled_from(["20", "8"])
)


@given(
    some.dictionaries(_SLOTS, some.sampled_from("345")),
    some.dictionaries(
        _SLOTS, some.tuples(some.sampled_from("345"), some.sampled_from("3450").map(lambda x: x.strip("0")))
    ),
)
def test_every_mark_of_the_journal_counts_unless_it_was_decided_against(
    journal: dict[Slot, str], brought: dict[Slot, tuple[str, str]]
) -> None:
    told = [
        Given(s.grade, s.subject_code, "year" if s.period_code == "20" else "period", s.period_code, value)
        for s, value in journal.items()
    ]
    found = marks.together(
        told, [Brought(s, "", value, "д", against) for s, (value, against) in brought.items()]
    )
    counted = marks.of_journal(found.counted)
    assert set(counted) == set(journal) | set(brought)
    assert len(found.counted) == len(counted), "no mark counts twice"
    clashing = {one.slot for one in found.clashes}
    for slot, value in counted.items():
        said, (document, against) = journal.get(slot), brought.get(slot, ("", ""))
        decided = said is not None and document and against == said != document
        assert value == (document if said is None or decided else said)
        assert (slot in clashing) == bool(said and document and said != document and against != said)


def test_a_clash_keeps_the_document_back_and_says_both_marks() -> None:
    journal = [Given(9, "s19", "year", "20", "4")]
    outcome = final.compute(BASIC, journal, [], [_brought("5")])
    (clash,) = [one for one in outcome.errors if one.code == "clash"]
    assert "в журнале 4, внесено 5 (справка)" in clash.message
    assert [one.value for one in outcome.lines] == ["4"]


def test_a_course_stands_apart_and_touches_neither_honours_nor_the_mean() -> None:
    course = Brought(Slot(9, ""), "Черчение", "зач", "приказ № 4")
    outcome = final.compute(BASIC, [Given(9, "s19", "year", "20", "5")], [], [course])
    assert [(one.subject, one.value) for one in outcome.additional] == [("Черчение", "зач")]
    assert [one.subject for one in outcome.lines] == ["Химия"]
    assert outcome.average == 5


# -- actions -----------------------------------------------------------------------------------------


@pytest.fixture
def town(db: None) -> t.Town:
    made = t.built()
    t.graduated(made)
    return made


def keep(
    town: t.Town, *cells: tuple[UUID, Slot, str, str], basis: Basis = PAPER, undo: bool = False, **other: Any
) -> actions.MarksKept:
    actor = other.get("actor") or t.worker("operator", town.five)
    with scoped(actor):
        return actions.bring(
            actor=actor,
            group_id=town.nine.id,
            cells=[MarkCell(*one) for one in cells],
            basis=basis,
            is_undo=undo,
        )


def acted(town: t.Town, act: Any, **facts: Any) -> None:
    actor = t.worker("operator", town.five)
    with scoped(actor):
        act(actor=actor, group_id=town.nine.id, **facts)


def outcome_of(town: t.Town, who: UUID) -> final.Outcome:
    actor = t.worker("operator", town.five)
    with scoped(actor):
        found = queries.graduation(actor, town.nine.id)
    return next(one for one in found.graduates if one.person_id == who).outcome


def standing(**of: Any) -> list[str]:
    return [one.value for one in BroughtMark.objects.filter(superseded_at=None, **of)]


def test_a_missing_mark_is_brought_explained_and_issued_with_the_document(town: t.Town) -> None:
    kept = keep(town, (town.anna, MUSIC, "", "4"))
    assert kept.saved == {(town.anna, MUSIC): ("", "4")}
    outcome = outcome_of(town, town.anna)
    (music,) = [one for one in outcome.lines if one.subject == "Музыка"]
    assert music.value == "4"
    assert "внесена; справка прежней школы: Справка № 3 от 02.06.2025, Школа № 12" in music.steps[0], (
        "the step says where it is from"
    )
    assert not outcome.honours.with_honours, "«хорошо» по музыке"
    entry = Entry.objects.get(kind="attestation.marks_brought")
    assert (entry.subjects, entry.basis) == ([town.anna], PAPER.document)
    assert entry.data == {"source": "former", "brought": 1, "taken_back": 0}, "marks stay in their table"
    acted(
        town, actions.bring_course, person_id=town.anna, title="  Черчение  и графика ", value="зачтено",
        basis=Basis(source_code="elective", document="Журнал курса, 2024/25"),
    )  # fmt: skip
    head = t.worker("head", town.five)
    with scoped(head):
        actions.issue(actor=head, group_id=town.nine.id, person_ids=[town.anna], how=t.how())
    assert [(one.subject_title, one.value) for one in SupplementLine.objects.filter(is_additional=True)] == [
        ("Черчение и графика", "зач")
    ]
    assert SupplementLine.objects.filter(subject_title="Музыка", value="4", is_additional=False).exists()


def test_what_stood_before_is_kept_and_taking_back_returns_to_it_with_its_document(town: t.Town) -> None:
    keep(town, (town.anna, MUSIC, "", "4"))
    other = Basis(source_code="paper", document="Сводная ведомость 2024/25")
    keep(town, (town.anna, MUSIC, "4", "5"), basis=other)
    assert standing() == ["5"]
    (was,) = BroughtMark.objects.filter(superseded_at__isnull=False)
    assert (was.value, was.superseded_for) == ("4", other.document)
    kept = keep(town, (town.anna, MUSIC, "5", "4"), undo=True)
    assert kept.saved == {(town.anna, MUSIC): ("5", "4")}
    one = BroughtMark.objects.get(superseded_at=None)
    assert (one.value, one.document, one.source_code) == ("4", PAPER.document, "former")
    assert BroughtMark.objects.count() == 3, "nothing is overwritten"
    keep(town, (town.anna, MUSIC, "4", ""))
    assert standing() == []
    kept = keep(town, (town.anna, MUSIC, "", "4"), undo=True)
    assert standing() == ["4"]


def test_the_first_mark_of_a_cell_is_undone_to_nothing(town: t.Town) -> None:
    keep(town, (town.anna, MUSIC, "", "4"))
    kept = keep(town, (town.anna, MUSIC, "4", ""), undo=True)
    assert kept.saved == {(town.anna, MUSIC): ("4", "")}
    assert standing() == []


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ((CHEMISTRY, "", "5"), "В журнале уже стоит 5"),
        ((MUSIC, "", "7"), "не бывает"),
        ((MUSIC, "3", "4"), "здесь уже записали другое: пусто"),
        ((Slot(4, "s21"), "", "5"), "не бывает"),
        ((Slot(9, "s26"), "", "5"), "не бывает"),
        ((Slot(9, "s21", "1"), "", "5"), "не бывает"),
    ],
)
def test_a_cell_that_cannot_be_kept_says_why_and_the_others_are_kept(
    town: t.Town, cell: tuple[Slot, str, str], told: str
) -> None:
    kept = keep(town, (town.anna, *cell), (town.oleg, MUSIC, "", "5"))
    assert told in kept.refused[town.anna, cell[0]]
    assert standing(person_id=town.anna) == []
    assert standing(person_id=town.oleg) == ["5"]


@pytest.mark.parametrize(
    ("basis", "told"),
    [
        (Basis(source_code="former", document=" "), "Укажите документ"),
        (Basis(source_code="сказала", document="Справка"), "откуда отметка"),
        (Basis(source_code="former", document="я" * 301), "не длиннее"),
    ],
)
def test_without_a_document_nothing_is_brought(town: t.Town, basis: Basis, told: str) -> None:
    with pytest.raises(InvalidValue, match=told):
        keep(town, (town.anna, MUSIC, "", "4"), basis=basis)
    assert not BroughtMark.objects.exists()
    assert not Entry.objects.filter(kind="attestation.marks_brought").exists()


def test_the_journal_is_overruled_by_a_human_with_a_reason_and_says_so(town: t.Town) -> None:
    """Oleg has a debt in chemistry; the protocol says that it was made good."""
    paper = Basis(source_code="retake", document="Протокол № 2 от 20.06.2025")
    facts = {
        "person_id": town.oleg,
        "slot": CHEMISTRY,
        "value": "3",
        "basis": paper,
        "reason": "долг ликвидирован",
    }
    acted(town, actions.overrule, **facts)
    outcome = outcome_of(town, town.oleg)
    assert not outcome.errors
    (chemistry,) = [one for one in outcome.lines if one.subject == "Химия"]
    assert "вместо 2 из журнала: долг ликвидирован" in chemistry.steps[0]
    assert PeriodMark.objects.filter(person_id=town.oleg, subject_code="s19").get().value == "2", (
        "the journal is as it was"
    )
    entry = Entry.objects.get(kind="attestation.mark_decided")
    assert entry.data == {"subject": "s19", "counts": "document"}
    PeriodMark.objects.filter(person_id=town.oleg, subject_code="s19").update(value="4", score=4)
    assert [one.code for one in outcome_of(town, town.oleg).errors] == ["clash"], (
        "decided against another mark"
    )
    one = BroughtMark.objects.get(superseded_at=None)
    acted(town, actions.take_back, mark_id=one.id, reason="журнал исправлен")
    assert not outcome_of(town, town.oleg).errors
    assert Entry.objects.filter(kind="attestation.mark_decided", data__counts="journal").count() == 1


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"slot": MUSIC}, "В журнале этой отметки нет"),
        ({"value": "5"}, "В журнале и так 5"),
        ({"value": "2"}, "не бывает"),
        ({"reason": " "}, "Укажите причину"),
        ({"slot": Slot(9, "s26")}, "не бывает"),
    ],
)
def test_a_decision_needs_something_to_decide_and_a_reason(
    town: t.Town, facts: dict[str, Any], told: str
) -> None:
    known = {"person_id": town.anna, "slot": CHEMISTRY, "value": "4", "basis": PAPER, "reason": "ошибка"}
    with pytest.raises(KontingentError, match=told):
        acted(town, actions.overrule, **(known | facts))
    assert not BroughtMark.objects.exists()
    assert not Entry.objects.filter(kind="attestation.mark_decided").exists()


def test_a_journal_that_comes_later_clashes_and_agrees_when_it_says_the_same(town: t.Town) -> None:
    keep(town, (town.anna, MUSIC, "", "4"))
    records.closing(town.anna, town.nine, t.DAY, "s21", "4", kind="year", period="20")
    assert not outcome_of(town, town.anna).errors
    PeriodMark.objects.filter(subject_code="s21").update(value="5", score=5)
    (clash,) = outcome_of(town, town.anna).errors
    assert clash.code == "clash"
    head = t.worker("head", town.five)
    with scoped(head), pytest.raises(RuleViolation, match="в журнале 5, внесено 4"):
        actions.issue(actor=head, group_id=town.nine.id, person_ids=[town.anna], how=t.how())


def test_a_mark_of_hundred_points_is_converted_by_a_human_and_by_nobody_else(town: t.Town) -> None:
    chemistry = PeriodMark.objects.filter(person_id=town.anna, subject_code="s19")
    chemistry.update(value="87", score=87, system_code=6)
    head, operator = t.worker("head", town.five), t.worker("operator", town.five)
    (error,) = outcome_of(town, town.anna).errors
    assert (error.code, error.subject) == ("scale", "Химия")
    with scoped(head), pytest.raises(RuleViolation, match="стобалльной шкале – годовая за 9 класс 87/100"):
        actions.issue(actor=head, group_id=town.nine.id, person_ids=[town.anna], how=t.how())
    assert not SupplementLine.objects.exists()
    with scoped(operator):
        sheet = queries.mark_sheet(operator, town.nine.id)
        assert "s19" in [one.subject_code for one in sheet.gaps(9, "20")]
        place = sheet.by_person[town.anna].at(CHEMISTRY)
    assert (place.journal, place.shown, place.may_be_typed) == ("87/100", "", True)
    by_school = Basis(source_code="scale", document="Положение о шкалах № 7 от 01.09.2024")
    assert "не бывает" in keep(town, (town.anna, CHEMISTRY, "", "87"), basis=by_school).refused[town.anna, CHEMISTRY]  # fmt: skip
    keep(town, (town.anna, CHEMISTRY, "", "5"), basis=by_school)
    one = BroughtMark.objects.get()
    assert (one.value, one.against, one.reason) == ("5", "87/100", actions.CONVERTED)
    assert chemistry.get().value == "87", "the journal is as it was"
    assert not outcome_of(town, town.anna).errors
    chemistry.update(value="60", score=60)
    (error,) = outcome_of(town, town.anna).errors
    assert (error.code, "в журнале 60/100, внесено 5" in error.message) == ("clash", True)
    keep(town, (town.anna, CHEMISTRY, "5", "4"), basis=by_school)
    assert not outcome_of(town, town.anna).errors
    keep(town, (town.anna, CHEMISTRY, "4", "5"), undo=True)
    assert [error.code for error in outcome_of(town, town.anna).errors] == ["clash"], (
        "what was undone was against 87"
    )
    keep(town, (town.anna, CHEMISTRY, "5", ""), basis=by_school)
    assert [error.code for error in outcome_of(town, town.anna).errors] == ["scale"]
    keep(town, (town.anna, CHEMISTRY, "", "4"), basis=by_school)
    with scoped(head):
        actions.issue(actor=head, group_id=town.nine.id, person_ids=[town.anna], how=t.how())
    line = SupplementLine.objects.get(subject_title="Химия")
    assert line.value == "4"
    assert "вместо 60/100 из журнала: перевод из стобалльной шкалы" in line.steps[0]
    assert by_school.document in line.steps[0]


def test_marks_of_an_issued_document_do_not_change(town: t.Town) -> None:
    keep(town, (town.anna, MUSIC, "", "4"))
    head = t.worker("head", town.five)
    with scoped(head):
        actions.issue(actor=head, group_id=town.nine.id, person_ids=[town.anna], how=t.how())
    assert "уже выдан" in keep(town, (town.anna, MUSIC, "4", "5")).refused[town.anna, MUSIC]
    assert "уже выдан" in keep(town, (town.anna, MUSIC, "4", ""), undo=True).refused[town.anna, MUSIC]
    with pytest.raises(RuleViolation, match="уже выдан"):
        acted(town, actions.take_back, mark_id=BroughtMark.objects.get().id, reason="так")
    with pytest.raises(RuleViolation, match="уже выдан"):
        acted(town, actions.bring_course, person_id=town.anna, title="Черчение", value="зач", basis=PAPER)
    assert standing() == ["4"]


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"title": " "}, "название курса"),
        ({"title": "я" * 201}, "название курса"),
        ({"value": "2"}, "не бывает"),
    ],
)
def test_a_course_needs_a_name_and_a_mark(town: t.Town, facts: dict[str, str], told: str) -> None:
    known = {"person_id": town.anna, "title": "Черчение", "value": "зач", "basis": PAPER}
    with pytest.raises(InvalidValue, match=told):
        acted(town, actions.bring_course, **(known | facts))
    assert not BroughtMark.objects.exists()


def test_a_course_is_brought_once(town: t.Town) -> None:
    known = {"person_id": town.anna, "title": "Черчение", "value": "зач", "basis": PAPER}
    acted(town, actions.bring_course, **known)
    with pytest.raises(RuleViolation, match="уже внесён"):
        acted(town, actions.bring_course, **known)
    assert standing() == ["зач"]


def test_who_may_bring_marks_and_where(town: t.Town) -> None:
    with pytest.raises(NotAllowed):
        keep(town, (town.anna, MUSIC, "", "4"), actor=t.worker("teacher", town.five))
    with pytest.raises(NotAllowed):
        keep(town, (town.anna, MUSIC, "", "4"), actor=t.region())
    t.opened()
    with pytest.raises((NotAllowed, NotFound)):
        keep(town, (town.anna, MUSIC, "", "4"), actor=t.worker("head", town.seven))
    with pytest.raises(NotFound, match="уже нет"):
        keep(town, (town.stranger, MUSIC, "", "4"))
    t.opened(close=True)
    with pytest.raises(KontingentError, match="не открыт"):
        keep(town, (town.anna, MUSIC, "", "4"))
    assert not BroughtMark.objects.exists()


def test_marks_go_along_when_two_records_are_one_child(town: t.Town) -> None:
    twin = b.person("Мальцева Анна Павловна", born=date(2009, 5, 20))
    known: dict[str, Any] = {
        "organisation_id": town.five.id, "person_id": twin, "source_code": "former", "document": "Справка", "recorded_by": "x",
        "recorded_by_name": "x", "recorded_at": clock.now(), "period_code": "20", "grade": 9,
    }  # fmt: skip
    BroughtMark.objects.create(**known, subject_code="s21", value="5")
    BroughtMark.objects.create(**known, subject_code="s22", value="3")
    keep(town, (town.anna, Slot(9, "s22"), "", "5"))
    merging.merge(actor=b.ROOT, survivor_id=town.anna, merged_id=twin, basis="Одна и та же")
    assert sorted(standing(person_id=town.anna)) == ["5", "5"], "of two for one place, the survivor's stands"
