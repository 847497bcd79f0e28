"""Actions of statistics: counting forms, filling what the register does not know, and a form's life up to freezing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.reports import editions, engine, openings
from kontingent.reports.codes import BEGINNING, HANDED_IN, OPEN, STATE_TITLES, State
from kontingent.reports.engine import Cells
from kontingent.reports.events import CellsEntered, ControlExplained, FormMoved, FormsPrepared
from kontingent.reports.models import EnteredCell, Explanation, Report, Step, Version
from kontingent.reports.permissions import ReportPermission
from kontingent.reports.rules import controls
from kontingent.reports.rules.cells import digest_of, read, stored
from kontingent.reports.rules.counting import key_of
from kontingent.reports.rules.editions import Edition, Line, Table, Variant

#: Organisations counted and written in one transaction of a run for many.
AT_ONCE = 400
GREATEST = 1_000_000


# -- counting ----------------------------------------------------------------------------------


@transaction.atomic
def prepare(*, actor: Actor, organisation_id: UUID, form: str, year: int) -> Report:
    """Count a form of an organisation anew (сформировать); an open form gets a version, unless nothing has changed."""
    organisation = organisations.get(organisation_id)
    actor.require(
        ReportPermission.PREPARE,
        organisation_id=organisation.id,
        municipality_id=organisation.municipality_id,
    )
    edition = editions.in_force(form, year)
    check_fills(edition, organisation, year)
    found = Report.objects.select_for_update(of=("self",)).filter(
        organisation=organisation, form=form, year=year
    )
    if (report := found.first()) and State(report.state) not in OPEN:
        raise RuleViolation(
            "reports.handed_in",
            f"Форма уже {STATE_TITLES[State(report.state)]}. Чтобы исправить её, попросите вернуть её с замечанием.",
        )
    counted = engine.count(edition, engine.asked(edition, year, organisations=[organisation.id]))
    (made,) = _write(actor, edition, form, year, {organisation.id: counted.of(organisation.id)})
    audit.record(
        FormsPrepared(
            object_id=made.id, organisation_id=organisation.id, form=form, year=year, organisations=1
        ),
        actor=actor,
    )
    return made


@transaction.atomic
def prepare_many(
    *, actor: Actor, organisation_ids: Iterable[UUID], form: str, year: int
) -> tuple[int, list[UUID]]:
    """Count a form of many organisations in one pass; return how many were written, and those handed in that stayed."""
    actor.require(ReportPermission.PREPARE)
    edition = editions.in_force(form, year)
    asked = list(organisation_ids)
    held = Report.objects.filter(organisation__in=asked, form=form, year=year, state__in=HANDED_IN)
    stay = set(held.values_list("organisation_id", flat=True))
    wanted = [one for one in asked if one not in stay]
    counted = engine.count(edition, engine.asked(edition, year, organisations=wanted))
    made = _write(actor, edition, form, year, {one: counted.of(one) for one in wanted})
    audit.record(FormsPrepared(form=form, year=year, organisations=len(made)), actor=actor)
    return len(made), sorted(set(asked) - {one.organisation_id for one in made})


def check_fills(edition: Edition, organisation: Organisation, year: int) -> None:
    """Raise where an organisation does not fill the form of a year: another type, not yet open, closed before."""
    check_year(edition, year)
    on = edition.on(year)
    if organisation.type_code not in edition.organisation_types:
        raise RuleViolation(
            "reports.not_filled_here",
            f"{organisation.short_name} не заполняет форму {edition.form}: другой тип организации.",
        )
    if organisation.closed_on is not None and organisation.closed_on <= on:
        raise RuleViolation(
            "reports.closed",
            f"{organisation.short_name} закрыта {organisation.closed_on:%d.%m.%Y}, раньше даты формы {on:%d.%m.%Y}. "
            "Форму сдаёт преемник.",
        )
    if organisation.opened_on is not None and organisation.opened_on > on:
        raise RuleViolation(
            "reports.before_opening",
            f"{organisation.short_name} открыта {organisation.opened_on:%d.%m.%Y}, позже даты формы {on:%d.%m.%Y}.",
        )


def check_year(edition: Edition, year: int) -> None:
    """Raise where nobody can fill the form of a year: its day lies before the register or has not come yet."""
    on = edition.on(year)
    if on < BEGINNING:
        raise RuleViolation(
            "reports.before_the_register",
            f"Форма составляется на {on:%d.%m.%Y}, а реестр ведётся с {BEGINNING:%d.%m.%Y}: считать не из чего.",
        )
    if on > clock.today():
        raise RuleViolation(
            "reports.in_future", f"Форма составляется на {on:%d.%m.%Y}: этот день ещё не наступил."
        )


def _write(
    actor: Actor, edition: Edition, form: str, year: int, counted: Mapping[UUID, Cells]
) -> list[Report]:
    """Write versions of the forms whose cells have changed, and return the forms; part of a larger act.

    What was handed in while the numbers were counted stays as it was handed in.
    """
    now = clock.now()
    there = Report.objects.select_for_update(of=("self",)).filter(
        organisation__in=list(counted), form=form, year=year
    )
    reports = {one.organisation_id: one for one in there.select_related("version")}
    counted = {
        one: cells
        for one, cells in counted.items()
        if one not in reports or State(reports[one].state) in OPEN
    }
    fresh = [
        Report(
            organisation_id=organisation_id,
            form=form,
            year=year,
            edition=edition.code,
            created_at=now,
            moved_at=now,
        )
        for organisation_id in counted
        if organisation_id not in reports
    ]
    Report.objects.bulk_create(fresh, batch_size=500)
    _carry_over(fresh, edition, actor)
    reports |= {one.organisation_id: one for one in fresh}
    own = openings.editions_for(edition.code, list(reports))
    place_of = {one.id: one.organisation_id for one in reports.values()}
    entered: dict[UUID, dict[str, int]] = {}
    for cell in EnteredCell.objects.filter(report__in=[one.id for one in reports.values()], value__gt=0):
        # what the register has learned to count since is counted
        if _is_manual(own[place_of[cell.report_id]].cell(*key_of(cell.key))):
            entered.setdefault(cell.report_id, {})[cell.key] = cell.value
    versions, changed = [], []
    for organisation_id, cells in counted.items():
        report = reports[organisation_id]
        values = stored(cells) | entered.get(report.id, {})
        if report.version is not None and report.version.cells == values and report.edition == edition.code:
            continue
        version = _version(report, edition, values, actor)
        versions.append(version)
        report.edition, report.moved_at = edition.code, now
        if State(report.state) is State.CHECKED:
            report.state = State.DRAFT.value
        changed.append((report, version))
    Version.objects.bulk_create(versions, batch_size=200)
    for report, version in changed:
        report.version = version
    Report.objects.bulk_update(
        [report for report, _ in changed], ["version", "edition", "state", "moved_at"], batch_size=200
    )
    return [reports[organisation_id] for organisation_id in counted]


def _version(report: Report, edition: Edition, values: dict[str, int], actor: Actor) -> Version:
    failed = controls.failures(edition, read(values))
    errors = sum(one.control.is_error for one in failed)
    return Version(
        report=report, number=(report.version.number + 1 if report.version else 1), known_at=clock.now(),
        made_by_name=actor.name, cells=values, errors=errors, warnings=len(failed) - errors, digest=digest_of(values),
    )  # fmt: skip


def _carry_over(fresh: list[Report], edition: Edition, actor: Actor) -> None:
    """Offer what was entered last year in the cells that the register does not know; it is marked until confirmed."""
    if not fresh:
        return
    by_organisation = {one.organisation_id: one for one in fresh}
    last = EnteredCell.objects.filter(
        report__organisation__in=list(by_organisation),
        report__form=fresh[0].form,
        report__year=fresh[0].year - 1,
    ).select_related("report")
    now = clock.now()
    own = openings.editions_for(edition.code, list(by_organisation))
    EnteredCell.objects.bulk_create(
        [
            EnteredCell(
                report=by_organisation[one.report.organisation_id], key=one.key, value=one.value, is_carried=True,
                entered_at=now, entered_by_name=actor.name,
            )
            for one in last
            if _is_manual(own[one.report.organisation_id].cell(*key_of(one.key)))
        ]
    )  # fmt: skip


# -- what the register does not know -------------------------------------------------------------


@transaction.atomic
def enter(*, actor: Actor, report_id: UUID, values: Mapping[str, int | None]) -> Report:
    """Enter cells that the register does not know (ввести); None takes a value back. The form is counted anew."""
    report = _locked(report_id)
    actor.require(ReportPermission.PREPARE, organisation_id=report.organisation_id)
    _require_open(report)
    edition = openings.edition_of(report)
    for key, value in values.items():
        _check_entry(edition, key, value)
    now = clock.now()
    EnteredCell.objects.filter(report=report, key__in=list(values)).delete()
    EnteredCell.objects.bulk_create(
        [
            EnteredCell(report=report, key=key, value=value, entered_at=now, entered_by_name=actor.name)
            for key, value in values.items()
            if value is not None
        ]
    )
    _record_entry(actor, report, len(values))
    return prepare(actor=actor, organisation_id=report.organisation_id, form=report.form, year=report.year)


def _record_entry(actor: Actor, report: Report, cells: int) -> None:
    audit.record(
        CellsEntered(
            object_id=report.id, organisation_id=report.organisation_id, form=report.form, year=report.year, cells=cells
        ),
        actor=actor,
    )  # fmt: skip


def _check_entry(edition: Edition, key: str, value: int | None) -> None:
    address = key_of(key)
    cell = edition.cell(*address)
    place = f"Подраздел {address.table}, строка {address.row}, графа {address.column}"
    if cell is None:
        raise InvalidValue(
            "reports.no_such_cell", f"{place}: такой ячейки в форме нет. Обновите страницу.", field=key
        )
    if not _is_manual(cell):
        raise InvalidValue(
            "reports.counted_cell",
            f"{place}: это число считает реестр. Чтобы изменить его, исправьте записи детей.",
            field=key,
        )
    if value is not None and not 0 <= value <= GREATEST:
        raise InvalidValue(
            "reports.entered_value",
            f"{place}: «{value}» – не число от 0 до {GREATEST}. Исправьте.",
            field=key,
        )


def _is_manual(cell: tuple[Table, Variant, Line, Line] | None) -> bool:
    return cell is not None and bool(cell[0].manual_of(*cell[2:]))


@transaction.atomic
def explain(*, actor: Actor, report_id: UUID, control: str, text: str) -> None:
    """Explain why a control that does not hold is right as it is (пояснить); an empty text takes it back."""
    report = _locked(report_id)
    actor.require(ReportPermission.PREPARE, organisation_id=report.organisation_id)
    _require_open(report)
    failed = {one.code: one for one in _failures(report)}
    if control not in failed:
        raise NotFound("reports.no_such_failure", "Этот контроль уже выполняется. Обновите страницу.")
    if failed[control].control.is_error:
        raise RuleViolation(
            "reports.error_not_explained",
            "Это ошибка, её не поясняют: исправьте записи, из которых собраны числа.",
        )
    text = " ".join(text.split())
    Explanation.objects.filter(report=report, control=control).delete()
    if text:
        Explanation.objects.create(
            report=report,
            control=control,
            text=text[:500],
            entered_at=clock.now(),
            entered_by_name=actor.name,
        )
    audit.record(
        ControlExplained(
            object_id=report.id, organisation_id=report.organisation_id, form=report.form, year=report.year,
            control=control,
        ),
        actor=actor,
    )  # fmt: skip


# -- a form's life -------------------------------------------------------------------------------


def check(*, actor: Actor, report_id: UUID) -> Report:
    """Count a form anew and declare it checked (проверить): no error is left and every warning is explained.

    What was counted stays when the check is refused: its controls tell what to mend.
    """
    with transaction.atomic():
        report = _locked(report_id)
        prepare(actor=actor, organisation_id=report.organisation_id, form=report.form, year=report.year)
    return _declare_checked(actor, report_id)


@transaction.atomic
def _declare_checked(actor: Actor, report_id: UUID) -> Report:
    report = _locked(report_id)
    _require_open(report)
    failed = _failures(report)
    explained = set(Explanation.objects.filter(report=report).values_list("control", flat=True))
    errors = [one for one in failed if one.control.is_error]
    if errors:
        raise RuleViolation(
            "reports.errors", f"Не выполнено контролей: {len(errors)}. Откройте их список и исправьте записи."
        )
    if unexplained := [one for one in failed if one.code not in explained]:
        raise RuleViolation(
            "reports.unexplained",
            f"Предупреждений без пояснения: {len(unexplained)}. Исправьте записи или поясните числа.",
        )
    if EnteredCell.objects.filter(report=report, is_carried=True).exists():
        raise RuleViolation(
            "reports.carried", "Часть чисел перенесена с прошлого года. Подтвердите их или исправьте."
        )
    return _move(actor, report, State.CHECKED)


@transaction.atomic
def confirm_carried(*, actor: Actor, report_id: UUID) -> int:
    """Confirm the numbers taken over from last year (подтвердить перенесённое); return how many they were."""
    report = _locked(report_id)
    actor.require(ReportPermission.PREPARE, organisation_id=report.organisation_id)
    _require_open(report)
    number = EnteredCell.objects.filter(report=report, is_carried=True).update(
        is_carried=False, entered_at=clock.now(), entered_by_name=actor.name
    )
    _record_entry(actor, report, number)
    return number


@transaction.atomic
def sign(*, actor: Actor, report_id: UUID, version: int) -> Report:
    """Sign a checked form, the version that one has read (подписать)."""
    report = _locked(report_id)
    actor.require(ReportPermission.SIGN, organisation_id=report.organisation_id)
    _require_state(report, State.CHECKED)
    if report.version is None or report.version.number != version:
        raise Conflict(
            "reports.other_version", "Форма с тех пор изменилась. Прочитайте её ещё раз и подпишите."
        )
    return _move(actor, report, State.SIGNED)


@transaction.atomic
def accept(*, actor: Actor, report_id: UUID) -> Report:
    """Accept a signed form (принять)."""
    report = _locked(report_id)
    _require_reviewer(actor, report, ReportPermission.ACCEPT)
    _require_state(report, State.SIGNED)
    return _move(actor, report, State.ACCEPTED)


@transaction.atomic
def send_back(*, actor: Actor, report_id: UUID, remark: str) -> Report:
    """Return a form with a remark, or reopen an accepted or frozen one for a correction (вернуть, открыть)."""
    report = _locked(report_id)
    state = State(report.state)
    needed = ReportPermission.FREEZE if state is State.FROZEN else ReportPermission.ACCEPT
    _require_reviewer(actor, report, needed)
    if state not in HANDED_IN:
        raise RuleViolation(
            "reports.not_handed_in", "Форма ещё не сдана: возвращать нечего. Обновите страницу."
        )
    if not remark.strip():
        raise InvalidValue("reports.remark", "Напишите замечание: что школе исправить.")
    return _move(actor, report, State.RETURNED, remark=remark.strip()[:1000])


@transaction.atomic
def freeze(*, actor: Actor, form: str, year: int) -> int:
    """Freeze the accepted forms of a year (закрепить); they answer from their stored versions from now on."""
    actor.require(ReportPermission.FREEZE)
    found = list(
        Report.objects.select_for_update(of=("self",))
        .filter(form=form, year=year, state=State.ACCEPTED)
        .select_related("version")
    )
    for report in found:
        _move(actor, report, State.FROZEN)
    return len(found)


def _move(actor: Actor, report: Report, state: State, *, remark: str = "") -> Report:
    report.state, report.moved_at = state.value, clock.now()
    report.save(update_fields=["state", "moved_at"])
    Step.objects.create(
        report=report, version=report.version, state=state.value, remark=remark, at=report.moved_at, by_name=actor.name,
        by_role=actor.role[:100],
    )  # fmt: skip
    audit.record(
        FormMoved(
            object_id=report.id, organisation_id=report.organisation_id, form=report.form, year=report.year,
            state=state.value, version=report.version.number if report.version else 0, basis=remark,
        ),
        actor=actor,
    )  # fmt: skip
    return report


def _failures(report: Report) -> list[controls.Failure]:
    if report.version is None:
        return []
    return controls.failures(editions.get(report.edition), read(report.version.cells))


def _locked(report_id: UUID) -> Report:
    found = (
        Report.objects.select_for_update(of=("self",)).filter(pk=report_id).select_related("version").first()
    )
    if found is None:
        raise NotFound("reports.no_such", "Такой формы нет. Откройте её из календаря.")
    return found


def _require_open(report: Report) -> None:
    if State(report.state) not in OPEN:
        raise RuleViolation(
            "reports.handed_in",
            f"Форма {STATE_TITLES[State(report.state)]}: изменить её можно, когда её вернут с замечанием.",
        )


def _require_state(report: Report, state: State) -> None:
    if State(report.state) is not state:
        raise RuleViolation(
            "reports.state",
            f"Форма {STATE_TITLES[State(report.state)]}, а нужно, чтобы она была {STATE_TITLES[state]}. Обновите страницу.",
        )


def _require_reviewer(actor: Actor, report: Report, permission: ReportPermission) -> None:
    organisation = organisations.get(report.organisation_id)
    actor.require(permission, organisation_id=organisation.id, municipality_id=organisation.municipality_id)
