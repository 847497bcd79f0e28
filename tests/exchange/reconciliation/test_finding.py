"""What does not agree is found once, closed when it is gone, and mended by a click; a stranger changes nothing."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.enrolment.models import Group
from kontingent.exchange.journals.models import RefusedRow
from kontingent.exchange.reconciliation import actions, jobs, queries
from kontingent.exchange.reconciliation.codes import Kind, Pace
from kontingent.exchange.reconciliation.models import Discrepancy, Pulse
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotAllowed, NotFound
from kontingent.organisations.models import Organisation
from kontingent.performance import actions as performance
from kontingent.performance.actions import GradingPeriodDraft
from kontingent.performance.models import ClassName, Lesson, Mark, SubjectName
from kontingent.persons.models import SourceKey
from tests import builders as b
from tests.exchange.journals.journal import Sender, mark
from tests.performance import records as r

pytestmark = pytest.mark.django_db
RIGHTS = ("reconciliation.view", "reconciliation.resolve", "performance.classes")


class School:
    """Two classes of five learners, and the journal that delivers for the region."""

    def __init__(self) -> None:
        self.at: Organisation = b.school("Школа № 5")
        self.groups: dict[str, Group] = {title: b.group(self.at, title) for title in ("7А", "7Б", "7В")}
        self.learners: dict[str, list[UUID]] = {}
        for title, group in self.groups.items():
            self.learners[title] = [
                b.person(f"Мальцев {name} Павлович", born=date(2012, 3, 1 + day))
                for day, name in enumerate(("Антон", "Борис", "Виктор", "Глеб", "Денис"))
            ]
            for one in self.learners[title]:
                b.admitted(one, group)
        self.journal = Sender()
        self.actor: Actor = b.actor_of(self.at, *RIGHTS)

    def found(self) -> set[tuple[str, str]]:
        """What stands open: kind, and what it is said of."""
        return {
            (one.kind, one.said or (one.group.title if one.group else ""))
            for one in Discrepancy.objects.select_related("group").filter(closed_at__isnull=True)
        }

    def one(self, kind: Kind) -> Discrepancy:
        """The only one of a kind."""
        return Discrepancy.objects.get(kind=kind)


@pytest.fixture
def school(monkeypatch: pytest.MonkeyPatch) -> School:
    seconds = itertools.count()
    start = datetime(2025, 11, 20, 7, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: start + timedelta(milliseconds=next(seconds)))
    codelists.load_all()
    return School()


def lesson(number: int, at: str, **facts: Any) -> dict[str, Any]:
    return {"id": f"l{number}", "version": 1, "class": at, "date": "2025-11-10", "subject": "s09"} | facts


# -- the journal has it, the register has not ----------------------------------------------------


def test_an_unknown_learner_is_told_to_the_school_whose_lesson_it_was(school: School) -> None:
    at = school.groups["7А"]
    school.journal.send([lesson(1, str(at.id))], records="lessons")
    rows = [mark(n, "ученик-17", date="2025-11-10", lesson="l1") for n in range(3)]
    school.journal.send([*rows, mark(9, "ученик-18", date="2025-11-10")], key="k2")
    jobs.find()
    known = Discrepancy.objects.get(kind=Kind.LEARNER_UNKNOWN, said="ученик-17")
    assert (known.organisation_id, known.group_id, known.rows) == (school.at.id, at.id, 3)
    assert known.first_day == date(2025, 11, 10)
    assert Discrepancy.objects.get(said="ученик-18").organisation_id is None


def test_the_school_of_a_school_journal_is_known_without_a_lesson(school: School) -> None:
    own = Sender(school.at, code="own")
    own.send([mark(1, "ученик-1", date="2025-11-10")])
    jobs.find()
    assert school.one(Kind.LEARNER_UNKNOWN).organisation_id == school.at.id


def test_a_click_says_who_it_is_and_the_marks_come_in(school: School) -> None:
    at, (anton, *others) = school.groups["7А"], school.learners["7А"]
    school.journal.send([lesson(1, str(at.id))], records="lessons")
    school.journal.send([mark(n, one, date="2025-11-10") for n, one in enumerate(others)], key="k2")
    school.journal.send([mark(50, "ученик-17", date="2025-11-10", lesson="l1")], key="k3")
    jobs.find()
    [section] = [
        one for one in queries.sections(school.actor, school.at.id) if one.kind is Kind.LEARNER_UNKNOWN
    ]
    assert section.rows[0].proposal.likely == str(anton)
    actions.recognise(actor=school.actor, discrepancy_id=section.rows[0].one.pk, person_id=anton)
    jobs.mended("epos", str(school.at.id))
    assert Mark.objects.get(external_id="m50").person_id == anton
    assert not RefusedRow.objects.filter(repaired_at__isnull=True).exists()
    assert (Kind.LEARNER_UNKNOWN, "ученик-17") not in school.found()
    assert Entry.objects.filter(kind="reconciliation.learner_recognised", subjects__contains=[anton]).exists()


def test_a_known_learner_beyond_his_days_is_another_thing(school: School) -> None:
    late = b.person("Орлов Пётр Ильич", born=date(2012, 5, 5))
    b.admitted(late, school.groups["7Б"], on=date(2025, 11, 1))
    school.journal.send([mark(1, late, date="2025-10-10")])
    jobs.find()
    found = school.one(Kind.LEARNER_ELSEWHERE)
    assert (found.person_id, found.organisation_id, found.last_day) == (
        late,
        school.at.id,
        date(2025, 10, 10),
    )
    assert not Discrepancy.objects.filter(kind=Kind.LEARNER_UNKNOWN).exists()


def test_a_class_is_named_by_a_click_and_its_lessons_come_in(school: School) -> None:
    school.journal.send([lesson(1, "7-B", organisation=school.at.ogrn)], records="lessons")
    jobs.find()
    [section] = queries.sections(school.actor, school.at.id)
    row = section.rows[0]
    assert row.proposal.likely_title == "7В"
    actions.name_class(actor=school.actor, discrepancy_id=row.one.pk, group_id=UUID(row.proposal.likely))
    jobs.mended("epos", str(school.at.id))
    assert Lesson.objects.get(external_id="l1").group_id == school.groups["7В"].id
    school.journal.send([lesson(2, "7-B", organisation=school.at.ogrn)], records="lessons", key="k2")
    assert Lesson.objects.get(external_id="l2").group_id == school.groups["7В"].id
    assert not {kind for kind, _ in school.found() if kind == Kind.CLASS_UNKNOWN}


def test_a_subject_is_the_ministry_s(school: School) -> None:
    school.journal.send([mark(1, school.learners["7А"][0], subject="Матем. (баз.)", date="2025-11-10")])
    jobs.find()
    found = school.one(Kind.SUBJECT_UNKNOWN)
    assert (found.said, found.organisation_id) == ("Матем. (баз.)", None)
    with pytest.raises(NotFound):
        actions.map_subject(actor=school.actor, discrepancy_id=found.pk, subject_code="s09")
    assert not SubjectName.objects.exists()
    [section] = queries.sections(b.ROOT, None)
    assert section.rows[0].proposal.likely == "s09"
    actions.map_subject(actor=b.ROOT, discrepancy_id=found.pk, subject_code="s09")
    jobs.mended("epos", "")
    assert Mark.objects.get(external_id="m1").subject_code == "s09"
    assert not Discrepancy.objects.filter(closed_at__isnull=True, kind=Kind.SUBJECT_UNKNOWN).exists()


# -- the register has it, the journal has not ----------------------------------------------------


def heard(school: School, *titles: str, but: int = 0) -> None:
    for title in titles:
        for one in school.learners[title][but:]:
            r.mark(one, school.groups[title], date(2025, 11, 12), "s09")


def test_a_learner_of_whom_nothing_is_said(school: School) -> None:
    heard(school, "7А", but=1)
    jobs.find()
    assert school.one(Kind.LEARNER_SILENT).person_id == school.learners["7А"][0]
    r.absence(school.learners["7А"][0], school.groups["7А"], date(2025, 11, 13), "s09")
    jobs.find(school.at.id)
    closed = school.one(Kind.LEARNER_SILENT)
    assert (closed.outcome, closed.closed_at is not None) == ("gone", True)


def test_a_newcomer_is_given_time_and_a_class_of_which_half_is_silent_is_not_asked_of(school: School) -> None:
    heard(school, "7А")
    heard(school, "7Б", but=3)
    b.admitted(b.person("Орлов Пётр Ильич", born=date(2012, 5, 5)), school.groups["7А"], on=date(2025, 11, 5))
    jobs.find()
    assert not Discrepancy.objects.filter(kind=Kind.LEARNER_SILENT).exists()


def test_a_class_of_which_nothing_is_said(school: School) -> None:
    heard(school, "7А", "7Б")
    jobs.find()
    assert (Kind.CLASS_SILENT, "7В") in school.found()
    assert {one for kind, one in school.found() if kind == Kind.CLASS_SILENT} == {"7В"}


def test_a_subject_that_the_parallel_has(school: School) -> None:
    for title in ("7А", "7Б", "7В"):
        r.lesson(school.groups[title], date(2025, 11, 12), 1, "s09")
    for title in ("7А", "7Б"):
        r.lesson(school.groups[title], date(2025, 11, 12), 2, "s18")
    jobs.find()
    found = school.one(Kind.SUBJECT_MISSING)
    assert (found.group_id, found.subject_code) == (school.groups["7В"].id, "s18")


def test_marks_of_an_ended_period(school: School) -> None:
    performance.set_periods(
        actor=b.ROOT, school_year=2025, periods=[GradingPeriodDraft("1", date(2025, 9, 1), date(2025, 10, 27), date(2025, 11, 6))]
    )  # fmt: skip
    for one in school.learners["7А"][:3]:
        r.closing(one, school.groups["7А"], date(2025, 10, 24), "s09", "4")
    r.closing(school.learners["7Б"][0], school.groups["7Б"], date(2025, 10, 24), "s09", "4")
    jobs.find()
    found = school.one(Kind.FINALS_MISSING)
    assert (found.group_id, found.rows, found.subject_code, found.period_code) == (
        school.groups["7А"].id, 2, "s09", "1",
    )  # fmt: skip


def test_two_journals_that_differ(school: School) -> None:
    (one, other, *_), at = school.learners["7А"], school.groups["7А"]
    second = Sender(code="second").journal
    for who, theirs in ((one, "5"), (other, "4")):
        r.closing(who, at, date(2025, 10, 24), "s09", "4")
        r.closing(who, at, date(2025, 10, 24), "s09", theirs, journal_id=second.pk)
    jobs.find()
    assert school.one(Kind.FINALS_CONTRADICT).person_id == one


# -- again and again -----------------------------------------------------------------------------


def test_found_once_touched_after_and_back_when_it_comes_back(school: School) -> None:
    own = Sender(school.at, code="own")
    own.send([mark(1, "ученик-1", date="2025-11-10")])
    assert jobs.find().opened == 1
    assert (jobs.find().opened, Discrepancy.objects.count()) == (0, 1)
    SourceKey.objects.create(source="journal:own", external_id="ученик-1", person_id=school.learners["7А"][0])
    jobs.mended("own", str(school.at.id))
    assert school.one(Kind.LEARNER_UNKNOWN).outcome == "gone"
    SourceKey.objects.all().delete()
    own.send([mark(2, "ученик-1", date="2025-11-10")], key="k2")
    assert jobs.find().opened == 1
    assert (Kind.LEARNER_UNKNOWN, "ученик-1") in school.found()


def test_dismissed_for_a_reason_it_stays_away_until_taken_back(school: School) -> None:
    heard(school, "7А", but=1)
    jobs.find()
    found = school.one(Kind.LEARNER_SILENT)
    with pytest.raises(InvalidValue):
        actions.dismiss(actor=school.actor, discrepancy_id=found.pk, reason="  ")
    assert school.one(Kind.LEARNER_SILENT).closed_at is None
    actions.dismiss(actor=school.actor, discrepancy_id=found.pk, reason="на дому, приказ № 7")
    assert jobs.find().opened == 0
    assert (Kind.LEARNER_SILENT, "7А") not in school.found()
    assert [row.one.reason for row in queries.dismissed(school.actor, school.at.id)] == [
        "на дому, приказ № 7"
    ]
    actions.reopen(actor=school.actor, discrepancy_id=found.pk)
    assert (Kind.LEARNER_SILENT, "7А") in school.found()
    with pytest.raises(Conflict):
        actions.reopen(actor=school.actor, discrepancy_id=found.pk)


def test_the_pulse_of_a_school(school: School) -> None:
    jobs.find()
    [silent] = queries.report(b.ROOT).rows
    assert (silent.pace, silent.classes, silent.learners) == (Pace.NEVER, 3, 15)
    heard(school, "7А", but=1)
    jobs.find()
    [row] = queries.report(b.ROOT, pace=Pace.LIVE).rows
    assert (row.classes_heard, row.learners_heard, row.last_day, row.days) == (1, 4, date(2025, 11, 12), 0)
    assert queries.report(b.ROOT, pace=Pace.SILENT).rows == []
    assert queries.report(b.ROOT).counts[Pace.LIVE] == 1


# -- who may not ---------------------------------------------------------------------------------


def test_a_stranger_sees_and_changes_nothing(school: School) -> None:
    heard(school, "7А", but=1)
    jobs.find()
    found = school.one(Kind.LEARNER_SILENT)
    stranger = b.actor_of(b.school("Школа № 7"), *RIGHTS)
    with pytest.raises(NotFound):
        queries.sections(stranger, school.at.id)
    with pytest.raises(NotFound):
        queries.sections(school.actor, None)
    with pytest.raises(NotFound):
        actions.dismiss(actor=stranger, discrepancy_id=found.pk, reason="так")
    with pytest.raises(NotFound):
        actions.dismiss(actor=school.actor, discrepancy_id=uuid4(), reason="так")
    with pytest.raises(NotAllowed):
        actions.dismiss(
            actor=b.actor_of(school.at, "reconciliation.view"), discrepancy_id=found.pk, reason="так"
        )
    assert school.one(Kind.LEARNER_SILENT).closed_at is None
    assert queries.report(stranger).rows == []
    assert Pulse.objects.count() == 1


def test_nobody_is_recognised_who_does_not_study_here(school: School) -> None:
    own = Sender(school.at, code="own")
    own.send([mark(1, "ученик-1", date="2025-11-10")])
    jobs.find()
    found = school.one(Kind.LEARNER_UNKNOWN)
    foreign = b.person("Орлов Пётр Ильич", born=date(2012, 5, 5))
    b.admitted(foreign, b.group(b.school("Школа № 7"), "7А"))
    with pytest.raises(NotFound):
        actions.recognise(actor=school.actor, discrepancy_id=found.pk, person_id=foreign)
    with pytest.raises(Conflict):
        actions.name_class(actor=school.actor, discrepancy_id=found.pk, group_id=school.groups["7А"].id)
    assert not SourceKey.objects.exists()
    assert not ClassName.objects.exists()
    assert school.one(Kind.LEARNER_UNKNOWN).closed_at is None


def test_a_class_is_not_named_over_one_of_that_title_nor_by_another_school(school: School) -> None:
    foreign = b.group(b.school("Школа № 7"), "7А")
    school.journal.send([lesson(1, "7-B", organisation=school.at.ogrn)], records="lessons")
    jobs.find()
    found = school.one(Kind.CLASS_UNKNOWN)
    with pytest.raises(NotAllowed):
        actions.name_class(actor=school.actor, discrepancy_id=found.pk, group_id=foreign.id)
    with pytest.raises(Conflict):
        performance.name_class(
            actor=school.actor, journal_code="epos", group_id=school.groups["7А"].id, text="7б"
        )
    assert not ClassName.objects.exists()
    assert school.one(Kind.CLASS_UNKNOWN).closed_at is None
