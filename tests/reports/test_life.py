"""A form's life: counted, filled, checked, signed, accepted or returned, frozen, reopened; every refusal changes nothing."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from kontingent.access.roles import ROLES
from kontingent.audit import context
from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.enrolment.models import Placement
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import (
    Conflict,
    InvalidValue,
    KontingentError,
    NotAllowed,
    NotFound,
    RuleViolation,
)
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.reports import actions, editions, engine, queries, runs
from kontingent.reports.codes import State
from kontingent.reports.models import EnteredCell, Explanation, Report, Run, Step, Version
from kontingent.reports.queries import Cut
from kontingent.reports.rules.cells import digest_of
from kontingent.reports.rules.counting import Key
from tests import builders as b

pytestmark = pytest.mark.django_db
YEAR, FORM = 2025, "oo-1"
TOTAL = Key("2.1.1.1", "10", "3")


@pytest.fixture(autouse=True)
def lists() -> None:
    codelists.load_all()


def of(role: str, school: Organisation) -> Actor:
    scope = {
        "municipal": Scope.of_municipality(school.municipality_id), "ministry": Scope.region(),
    }.get(role, Scope.of_organisation(school.id))  # fmt: skip
    return Actor(
        f"account:{role}",
        "Тиунова Вера",
        role,
        ROLES[role].permissions,
        scope,
        None if role in {"municipal", "ministry"} else school.id,
    )


@pytest.fixture
def school() -> Organisation:
    """A school of one class of three, whose form has no failed control."""
    made = b.school()
    to = b.group(made, "5А", funding_code="13")
    for name in ("Мальцева Анна", "Ощепкова Вера", "Бражкин Иван"):
        b.admitted(b.person(name), to, on=date(2025, 9, 1))
    return made


def prepared(school: Organisation) -> Report:
    return actions.prepare(actor=of("operator", school), organisation_id=school.id, form=FORM, year=YEAR)


def everything() -> tuple[Any, ...]:
    return (
        list(Report.objects.order_by("id").values_list("id", "state", "version_id")),
        list(Version.objects.order_by("id").values_list("id", "number", "digest")),
        list(EnteredCell.objects.order_by("id").values_list("key", "value")),
        list(Explanation.objects.order_by("id").values_list("control", "text")), Step.objects.count(), Run.objects.count(),
    )  # fmt: skip


def refused(call: Callable[[], object], kind: type[KontingentError], said: str | None = None) -> None:
    before = everything()
    with pytest.raises(kind, match=said):
        call()
    assert everything() == before


def test_from_draft_to_frozen_and_back(school: Organisation) -> None:
    report = prepared(school)
    assert report.version is not None
    assert (report.state, report.version.number, report.version.cells[str(TOTAL)]) == ("draft", 1, 3)
    assert (report.version.errors, report.version.warnings) == (0, 0)
    operator, head, town, ministry = (
        of(role, school) for role in ("operator", "head", "municipal", "ministry")
    )
    assert actions.check(actor=operator, report_id=report.id).state == State.CHECKED
    refused(lambda: actions.sign(actor=operator, report_id=report.id, version=1), NotAllowed)
    refused(lambda: actions.sign(actor=head, report_id=report.id, version=2), Conflict)
    actions.sign(actor=head, report_id=report.id, version=1)
    refused(lambda: prepared(school), RuleViolation, "подписана")
    refused(
        lambda: actions.enter(actor=operator, report_id=report.id, values={"2.6.1/01/3": 1}), RuleViolation
    )
    refused(lambda: actions.accept(actor=head, report_id=report.id), NotAllowed)
    refused(lambda: actions.send_back(actor=town, report_id=report.id, remark=" "), InvalidValue, "замечание")
    actions.send_back(actor=town, report_id=report.id, remark="Нет девятых классов")
    assert prepared(school).state == State.RETURNED
    b.admitted(b.person("Тиунова Мария"), b.group(school, "9А", funding_code="13"), on=date(2025, 9, 2))
    again = prepared(school)
    assert again.version is not None
    assert (again.version.number, again.version.cells[str(TOTAL)]) == (2, 4)
    actions.check(actor=operator, report_id=report.id)
    actions.sign(actor=head, report_id=report.id, version=2)
    actions.accept(actor=town, report_id=report.id)
    refused(lambda: actions.freeze(actor=town, form=FORM, year=YEAR), NotAllowed)
    assert actions.freeze(actor=ministry, form=FORM, year=YEAR) == 1
    refused(lambda: actions.send_back(actor=town, report_id=report.id, remark="Ещё раз"), NotAllowed)
    actions.send_back(actor=ministry, report_id=report.id, remark="Ошибка в приказе")
    assert [one.state for one in queries.steps(report)] == [
        "checked", "signed", "returned", "checked", "signed", "accepted", "frozen", "returned",
    ]  # fmt: skip
    assert Entry.objects.filter(kind="report.moved", object_id=report.id).count() == 8
    (difference,) = [one for one in queries.differences(*_two(report)) if one.key == TOTAL]
    assert (difference.former, difference.now) == (3, 4)


def _two(report: Report) -> tuple[Version, Version]:
    return queries.version(report, 1), queries.version(report, 2)


def test_a_form_that_has_not_changed_gets_no_version(school: Organisation) -> None:
    first = prepared(school)
    assert prepared(school).version_id == first.version_id
    assert Version.objects.count() == 1
    assert first.version is not None
    assert first.version.digest == digest_of(dict(reversed(first.version.cells.items())))


def test_who_came_and_who_went_is_told_by_child(school: Organisation) -> None:
    report = prepared(school)
    late = b.person("Тиунова Мария")
    b.admitted(late, b.group(school, "9А", funding_code="13"), on=date(2025, 9, 2))
    prepared(school)
    former, now = _two(report)
    _, members = queries.listed(of("operator", school), report, TOTAL, known_at=now.known_at)
    came, went = queries.came_and_went(of("operator", school), report, TOTAL, former, members)
    assert [one.person_id for one in came] == [late]
    assert went == []


# -- what the register does not know -------------------------------------------------------------


def test_what_is_entered_counts_and_is_carried_over(school: Organisation) -> None:
    boy, to = b.person("Ветлугин Пётр", born=date(2013, 1, 1)), b.group(school, "4А", year=2024)
    b.left(boy, b.admitted(boy, to, on=date(2024, 9, 1)), school, on=date(2025, 5, 30), reason="T1")
    operator = of("operator", school)
    last = actions.prepare(actor=operator, organisation_id=school.id, form=FORM, year=2024)
    actions.enter(actor=operator, report_id=last.id, values={"1.1/01/3": 1, "1.4/02/3": 12})
    report = prepared(school)
    assert report.version is not None
    assert report.version.cells["1.4/02/3"] == 12
    refused(
        lambda: actions.check(actor=operator, report_id=report.id),
        RuleViolation,
        "перенесена с прошлого года",
    )
    actions.enter(actor=operator, report_id=report.id, values={"1.4/02/3": None})
    assert actions.confirm_carried(actor=operator, report_id=report.id) == 1
    report = prepared(school)
    assert report.version is not None
    assert (report.version.cells["1.1/01/3"], "1.4/02/3" in report.version.cells) == (1, False)
    assert actions.check(actor=operator, report_id=report.id).state == State.CHECKED


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("2.1.1.1/10/3", 5, "считает реестр"), ("2.1.1.1/10/99", 5, "такой ячейки"), ("чушь", 5, "такой ячейки"),
        ("2.6.1/01/3", -1, "не число от 0"), ("2.6.1/01/3", 10**7, "не число от 0"), ("2.1.2.1/01/48", 1, "такой ячейки"),
    ],
)  # fmt: skip
def test_only_what_the_register_does_not_know_is_entered(
    school: Organisation, key: str, value: int, said: str
) -> None:
    report = prepared(school)
    refused(
        lambda: actions.enter(actor=of("operator", school), report_id=report.id, values={key: value}),
        InvalidValue,
        said,
    )


def test_confirming_is_an_act_of_the_journal(school: Organisation) -> None:
    report, operator = prepared(school), of("operator", school)
    EnteredCell.objects.create(
        report=report,
        key="1.1/01/3",
        value=1,
        is_carried=True,
        entered_at=report.created_at,
        entered_by_name="x",
    )
    assert actions.confirm_carried(actor=operator, report_id=report.id) == 1
    assert Entry.objects.get(kind="report.entered", object_id=report.id).data["cells"] == 1


def test_what_the_register_counts_is_not_overridden_by_what_was_once_entered(school: Organisation) -> None:
    report = prepared(school)
    for key in (str(TOTAL), "9.9/01/3"):
        EnteredCell.objects.create(
            report=report, key=key, value=99, entered_at=report.created_at, entered_by_name="x"
        )
    assert prepared(school).version_id == report.version_id
    later = Report.objects.create(
        organisation=b.school("Другая"), form=FORM, year=YEAR - 1, edition="oo-1.2024", created_at=report.created_at,
        moved_at=report.created_at,
    )  # fmt: skip
    for key in (str(TOTAL), "1.1/01/3"):
        EnteredCell.objects.create(
            report=later, key=key, value=1, entered_at=report.created_at, entered_by_name="x"
        )
    carried = actions.prepare(actor=b.ROOT, organisation_id=later.organisation_id, form=FORM, year=YEAR)
    assert [one.key for one in EnteredCell.objects.filter(report=carried)] == ["1.1/01/3"]


# -- controls ------------------------------------------------------------------------------------


def test_an_error_blocks_and_a_warning_wants_a_word(school: Organisation) -> None:
    report, operator = prepared(school), of("operator", school)
    # 2.6: r01 = r02 + r04 + r05 is printed in the blank: an error
    actions.enter(
        actor=operator, report_id=report.id, values={"2.6.1/01/9": 3, "2.6.1/02/9": 3, "2.6.1/01/3": 3}
    )
    refused(
        lambda: actions.check(actor=operator, report_id=report.id), RuleViolation, "Не выполнено контролей"
    )
    failed = queries.failures(report, queries.version(queries.report(operator, report.id)))
    error = next(one for one, _ in failed if one.control.is_error)
    refused(
        lambda: actions.explain(actor=operator, report_id=report.id, control=error.code, text="Так надо"),
        RuleViolation,
    )
    actions.enter(
        actor=operator, report_id=report.id,
        values={f"2.6.1/{row}/{column}": 3 for row in ("01", "02") for column in ("3", "9", "18")} | {"2.6.1/03/3": 4, "2.6.1/03/9": 4, "2.6.1/03/18": 4},
    )  # fmt: skip
    found = queries.failures(report, queries.version(queries.report(operator, report.id)))
    assert [one.control.is_error for one, _ in found] == [False] * len(found)
    assert found
    refused(lambda: actions.check(actor=operator, report_id=report.id), RuleViolation, "без пояснения")
    refused(lambda: actions.explain(actor=operator, report_id=report.id, control="нет", text="x"), NotFound)
    for failure, _ in found:
        actions.explain(
            actor=operator, report_id=report.id, control=failure.code, text="  Двое  пришли из другой школы "
        )
    assert actions.check(actor=operator, report_id=report.id).state == State.CHECKED
    assert {
        text for _, text in queries.failures(report, queries.version(queries.report(operator, report.id)))
    } == {"Двое пришли из другой школы"}


def test_what_changed_unusually_since_last_year_is_told(school: Organisation) -> None:
    to = b.group(school, "4А", year=2024)
    for number in range(14):
        name = "".join("бвгджзклмнпрст"[number]) + "аев Иван"
        stream = b.admitted(
            one := b.person(name.capitalize(), born=date(2014, 1, 1 + number)), to, on=date(2024, 9, 1)
        )
        b.left(one, stream, school, on=date(2025, 2, 1))
    actions.prepare(actor=b.ROOT, organisation_id=school.id, form=FORM, year=2024)
    report = prepared(school)
    found = {one.key: (one.former, one.now) for one in queries.unusual(report, queries.version(report))}
    assert found[Key("2.14.1.1", "01", "3")] == (14, 0)


def test_whom_the_form_would_leave_out_is_named(school: Organisation) -> None:
    report, operator = prepared(school), of("operator", school)
    assert queries.watched(operator, report) == []
    lost = b.person("Ветлугин Олег")
    to = b.group(school, "6А", funding_code="13")
    stream = b.admitted(lost, to, on=date(2025, 9, 1))
    Placement.objects.filter(enrolment_id=stream).update(group=None, funding_code="13")
    with context.within(context.Request()) as request:
        ((watch, members),) = queries.watched(operator, report)
        assert (watch.title, [one.person_id for one in members]) == ("Не распределены в класс", [lost])
        assert [read.subjects for read in request.reads] == [(lost,)]


# -- refusals of preparing -----------------------------------------------------------------------


def test_who_does_not_fill_the_form_is_told_why(school: Organisation) -> None:
    operator = of("operator", school)

    def again(**attributes: Any) -> None:
        Organisation.objects.filter(pk=school.id).update(**attributes)
        actions.prepare(actor=operator, organisation_id=school.id, form=FORM, year=YEAR)

    refused(lambda: again(closed_on=date(2025, 6, 1)), RuleViolation, "Форму сдаёт преемник")
    refused(lambda: again(closed_on=None, opened_on=date(2025, 10, 1)), RuleViolation, "позже даты формы")
    refused(lambda: again(opened_on=None, type_code="11"), RuleViolation, "другой тип организации")
    refused(
        lambda: actions.prepare(actor=operator, organisation_id=school.id, form="oo-9", year=YEAR), NotFound
    )
    refused(
        lambda: actions.prepare(actor=operator, organisation_id=school.id, form=FORM, year=1999), NotFound
    )
    Organisation.objects.filter(pk=school.id).update(type_code="12")
    refused(
        lambda: actions.prepare(actor=operator, organisation_id=school.id, form=FORM, year=2020),
        RuleViolation,
        "реестр ведётся с 01.09.2021",
    )
    refused(
        lambda: actions.prepare(actor=operator, organisation_id=school.id, form=FORM, year=2090),
        RuleViolation,
        "ещё не наступил",
    )


@pytest.mark.parametrize("role", ["teacher", "security", "representative"])
def test_others_do_not_prepare(school: Organisation, role: str) -> None:
    refused(
        lambda: actions.prepare(actor=of(role, school), organisation_id=school.id, form=FORM, year=YEAR),
        NotAllowed,
    )


def test_a_stranger_s_form_is_not_touched(school: Organisation) -> None:
    report, other = prepared(school), b.school("Чужая")
    stranger = of("operator", other)
    for call in (
        lambda: actions.prepare(actor=stranger, organisation_id=school.id, form=FORM, year=YEAR),
        lambda: actions.enter(actor=stranger, report_id=report.id, values={"1.1/01/3": 1}),
        lambda: actions.check(actor=stranger, report_id=report.id),
        lambda: queries.report(stranger, report.id),
        lambda: actions.accept(
            actor=of("municipal", b.school("Далёкая", where=b.municipality("lysva", "Лысьва"))),
            report_id=report.id,
        ),
    ):
        refused(call, NotAllowed)
    refused(lambda: actions.check(actor=stranger, report_id=uuid4()), NotFound)


# -- many at once --------------------------------------------------------------------------------


def test_one_button_prepares_all_and_leaves_what_was_handed_in(school: Organisation) -> None:
    other = b.school("Школа № 6")
    b.admitted(b.person("Ветлугин Пётр"), b.group(other, "5А", funding_code="13"), on=date(2025, 9, 1))
    signed = prepared(school)
    actions.check(actor=of("operator", school), report_id=signed.id)
    actions.sign(actor=of("head", school), report_id=signed.id, version=1)
    refused(lambda: runs.ask(actor=of("operator", school), form=FORM, year=YEAR), NotAllowed)
    asked = runs.ask(actor=of("ministry", school), form=FORM, year=YEAR)
    refused(lambda: runs.ask(actor=of("ministry", school), form=FORM, year=YEAR), RuleViolation, "уже идёт")
    done = runs.run(asked.id)
    assert (done.state, done.done, done.told) == ("done", 2, "Сданных форм не тронуто: 1.")
    assert {one.organisation_id: one.state for one in Report.objects.all()} == {
        school.id: "signed",
        other.id: "draft",
    }
    found = queries.svod(of("ministry", school), FORM, YEAR, Cut())
    assert (found.organisations, found.fillers, found.cells[TOTAL]) == (2, 2, 4)
    assert queries.svod(of("ministry", school), FORM, YEAR, Cut(handed_in=True)).cells[TOTAL] == 3
    assert [one.number for one in queries.behind_sum(of("ministry", school), FORM, YEAR, Cut(), TOTAL)] == [
        3,
        1,
    ]
    rows = {one.organisation.id: one.report for one in queries.board(of("ministry", school), FORM, YEAR)}
    assert set(rows) == {school.id, other.id}


def test_all_forms_are_packed_into_one_archive(school: Organisation, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    ministry = of("ministry", school)
    empty = runs.run(runs.ask(actor=ministry, form=FORM, year=YEAR, kind=runs.ARCHIVE).id)
    assert (empty.state, empty.told[:24]) == ("failed", "Ни одна форма ещё не сфо")
    refused(lambda: runs.archive_of(ministry, FORM, YEAR), NotFound)
    prepared(school)
    done = runs.run(runs.ask(actor=ministry, form=FORM, year=YEAR, kind=runs.ARCHIVE).id)
    assert (done.state, done.done, done.total, done.told) == ("done", 1, 1, "Форм в архиве: 1.")
    _, path = runs.archive_of(ministry, FORM, YEAR)
    with zipfile.ZipFile(path) as content:
        assert [name.endswith(".xlsx") for name in content.namelist()] == [True]
    refused(lambda: runs.archive_of(of("operator", school), FORM, YEAR), NotAllowed)
    assert runs.remove_old_archives() == 0
    os.utime(path, (0, 0))
    assert runs.remove_old_archives() == 1
    refused(lambda: runs.archive_of(ministry, FORM, YEAR), NotFound)


def test_open_forms_are_counted_anew_by_night(school: Organisation) -> None:
    report = prepared(school)
    assert runs.recount_open() == 1
    assert Version.objects.count() == 1
    b.admitted(b.person("Тиунова Мария"), b.group(school, "9А", funding_code="13"), on=date(2025, 9, 2))
    assert runs.recount_open() == 1
    assert queries.version(queries.report(b.ROOT, report.id)).cells[str(TOTAL)] == 4
    actions.check(actor=of("operator", school), report_id=report.id)
    actions.sign(actor=of("head", school), report_id=report.id, version=2)
    assert runs.recount_open() == 0


def test_what_is_handed_in_while_all_are_counted_stays_so(
    school: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = prepared(school)
    b.admitted(b.person("Тиунова Мария"), b.group(school, "9А", funding_code="13"), on=date(2025, 9, 2))
    count = engine.count

    def meanwhile_signed(*asked: Any) -> Any:
        Report.objects.filter(pk=report.id).update(state="signed")
        return count(*asked)

    monkeypatch.setattr(engine, "count", meanwhile_signed)
    written = actions.prepare_many(actor=b.ROOT, organisation_ids=[school.id], form=FORM, year=YEAR)
    assert written == (0, [school.id])
    assert (Report.objects.get().state, Report.objects.get().version_id) == ("signed", report.version_id)


def test_what_a_refused_check_has_counted_stays(school: Organisation) -> None:
    report, operator = prepared(school), of("operator", school)
    b.admitted(b.person("Тиунова Мария"), b.group(school, "9А"), on=date(2025, 9, 2))
    with pytest.raises(RuleViolation, match="Не выполнено контролей"):
        actions.check(actor=operator, report_id=report.id)
    assert queries.version(queries.report(operator, report.id)).number == 2
    assert Report.objects.get().state == "draft"


def test_a_year_that_nobody_can_fill_is_refused_for_all_as_for_one(school: Organisation) -> None:
    ministry = of("ministry", school)
    refused(lambda: runs.ask(actor=ministry, form=FORM, year=2020), RuleViolation, "реестр ведётся")
    refused(lambda: runs.ask(actor=ministry, form=FORM, year=2090), RuleViolation, "ещё не наступил")


def test_a_run_that_was_killed_is_closed(school: Organisation) -> None:
    asked = runs.ask(actor=of("ministry", school), form=FORM, year=YEAR)
    Run.objects.filter(pk=asked.id).update(state="running")
    assert runs.close_interrupted() == 1
    assert Run.objects.get().state == "failed"
    assert runs.ask(actor=of("ministry", school), form=FORM, year=YEAR).state == "waiting"


def test_the_calendar_tells_what_is_due(school: Organisation) -> None:
    (due,) = [one for one in queries.calendar(of("operator", school), school.id, YEAR) if one.form == FORM]
    assert (due.on, due.deadline, due.report) == (date(2025, 9, 20), date(2025, 10, 15), None)
    report = prepared(school)
    (due,) = [one for one in queries.calendar(of("operator", school), school.id, YEAR) if one.form == FORM]
    assert due.report == report
    (row,) = [one for one in queries.progress(of("ministry", school), YEAR) if one.form == FORM]
    assert (row.organisations, row.not_begun, row.by_state) == (1, 0, {"draft": 1})
    assert editions.due(YEAR, "12")
    assert isinstance(report.id, UUID)
