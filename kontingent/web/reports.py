"""Statistics: the calendar of forms, a form as a grid, the children behind a number, a form's life, sums over many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET, require_POST

from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotFound
from kontingent.organisations import queries as organisations
from kontingent.reports import actions, editions, jobs, openings, queries, runs
from kontingent.reports.codes import OPEN, STATE_TITLES, State
from kontingent.reports.models import EnteredCell, Report, Version
from kontingent.reports.output import pdf, rosstat, table, workbook
from kontingent.reports.output.subject import Subject, of_report
from kontingent.reports.permissions import ReportPermission
from kontingent.reports.queries import Cut
from kontingent.reports.rules.counting import Key, key_of
from kontingent.reports.rules.editions import Edition, Line, Table, Variant
from kontingent.reports.rules.vocabulary import OF_PEOPLE
from kontingent.web.files import saved_as
from kontingent.web.request import actor_of, page, tell_refusal, uuid_of, whole

YEARS_SHOWN = 5
FILES: dict[str, Callable[[Subject], bytes]] = {
    "xlsx": workbook.write,
    "xml": rosstat.write,
    "csv": table.csv_of,
    "pdf": pdf.write,
}
STATES = {state.value: title for state, title in STATE_TITLES.items()}


# -- the calendar --------------------------------------------------------------------------------


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Forms of a year: one's own organisation's, or how far all of them are."""
    actor, year = actor_of(request), _year(request)
    years = range(clock.today().year + 1, clock.today().year - YEARS_SHOWN, -1)
    if actor.organisation_id is not None:
        rows = queries.calendar(actor, actor.organisation_id, year)
        return page(
            request, "reports/calendar.html", year=year, years=years, rows=rows, states=STATES, today=clock.today(),
            may_prepare=actor.may(ReportPermission.PREPARE),
        )  # fmt: skip
    return page(
        request, "reports/progress.html", year=year, years=years, states=STATES, rows=queries.progress(actor, year),
        today=clock.today(),
    )  # fmt: skip


@require_POST
def prepare(request: HttpRequest) -> HttpResponse:
    """Count a form of one's own organisation."""
    actor = actor_of(request)
    organisation_id = uuid_of(request.POST.get("organisation")) or actor.organisation_id
    if organisation_id is None:
        raise InvalidValue("reports.organisation", "Выберите организацию в списке формы.")
    year = whole(request.POST.get("year")) or clock.today().year
    made = actions.prepare(
        actor=actor, organisation_id=organisation_id, form=request.POST.get("form", ""), year=year
    )
    messages.success(request, "Форма сформирована.")
    return HttpResponseRedirect(f"/reports/{made.id}/")


@require_GET
def board(request: HttpRequest, form: str, year: int) -> HttpResponse:
    """Who fills a form and how far each is."""
    actor = actor_of(request)
    state = request.GET.get("state", "")
    return page(
        request, "reports/board.html", form=form, year=year, edition=editions.in_force(form, year), state=state,
        states=STATES, rows=queries.board(actor, form, year, state=state), run=runs.latest(actor, form, year), packed=runs.latest(actor, form, year, kind=runs.ARCHIVE),
        may_run=actor.may(ReportPermission.ACCEPT), may_freeze=actor.may(ReportPermission.FREEZE),
    )  # fmt: skip


@require_POST
def run(request: HttpRequest, form: str, year: int) -> HttpResponse:
    """Ask for the form of every organisation or for their archive, or freeze what has been accepted."""
    actor = actor_of(request)
    if request.POST.get("act") == "freeze":
        number = actions.freeze(actor=actor, form=form, year=year)
        messages.success(request, f"Закреплено форм: {number}.")
    else:
        kind = runs.ARCHIVE if request.POST.get("act") == "archive" else runs.COUNT
        asked = runs.ask(actor=actor, form=form, year=year, kind=kind)
        jobs.run.defer(run_id=str(asked.id))
    return HttpResponseRedirect(f"/reports/{form}/{year}/")


@require_GET
def progress(request: HttpRequest, form: str, year: int) -> HttpResponse:
    """How far counting for all is; reloads the page at its end."""
    actor = actor_of(request)
    actor.require(ReportPermission.ACCEPT)
    kind = runs.ARCHIVE if request.GET.get("kind") == runs.ARCHIVE else runs.COUNT
    found = runs.latest(actor, form, year, kind=kind)
    if found is None or found.state in {"done", "failed"}:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return page(request, "reports/bar.html", run=found)


@require_GET
def download(request: HttpRequest, form: str, year: int) -> FileResponse:
    """The archive of all forms."""
    _, path = runs.archive_of(actor_of(request), form, year)
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"{form}-{year}.zip")


# -- a form --------------------------------------------------------------------------------------


@require_GET
def one(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """A table of a form as a grid."""
    actor = actor_of(request)
    found = queries.report(actor, report_id)
    version = queries.version(found, whole(request.GET.get("version")))
    edition = openings.edition_of(found)
    place, variant = _table_of(edition, request.GET.get("table", ""))
    former = _against(request, found, version)
    entered = queries.entered(found)
    is_current = found.version_id == version.id
    may_enter = is_current and actor.may(ReportPermission.PREPARE) and State(found.state) in OPEN
    failed = queries.failures(found, version)
    return page(
        request, "reports/one.html", report=found, version=version, edition=edition, table=place, variant=variant, heads=_heads(place), column_rules=queries.rules_of(place.columns),
        state=STATES[found.state], tables=_chooser(edition, version, variant), former=former, is_current=is_current,
        versions=queries.versions(found), errors=sum(one.control.is_error for one, _ in failed),
        warnings=sum(not one.control.is_error and not said for one, said in failed),
        grid=_grid(place, variant, version, former, entered, _wrong(failed), may_enter=may_enter, link=f"/reports/{found.id}/cell/?"),
        has_manual=any(place.manual_of(*pair) for pair in place.cells()), may_enter=may_enter,
        carried=sum(cell.is_carried for cell in entered.values()), **_rights(actor, found),
    )  # fmt: skip


def _rights(actor: Actor, found: Report) -> dict[str, bool]:
    state = State(found.state)
    return {
        "may_check": actor.may(ReportPermission.PREPARE) and state in OPEN,
        "may_sign": actor.may(ReportPermission.SIGN) and state is State.CHECKED,
        "may_accept": actor.may(ReportPermission.ACCEPT) and state is State.SIGNED,
        "may_return": (actor.may(ReportPermission.ACCEPT) and state in {State.SIGNED, State.ACCEPTED})
        or (actor.may(ReportPermission.FREEZE) and state is State.FROZEN),
    }


def _table_of(edition: Edition, code: str) -> tuple[Table, Variant]:
    if not code:
        return next(iter(edition.by_code.values()))
    if code not in edition.by_code:
        raise NotFound("reports.no_such_table", "Такой таблицы в форме нет. Выберите из списка.")
    return edition.by_code[code]


def _heads(place: Table) -> list[tuple[str, int]]:
    """The first line of a table's head: what several columns have in common, with how many they are; none when nothing is."""
    heads: list[tuple[str, int]] = []
    for column in place.columns:
        said = " / ".join(column.path)
        if heads and heads[-1][0] == said:
            heads[-1] = (said, heads[-1][1] + 1)
        else:
            heads.append((said, 1))
    return heads if any(said for said, _ in heads) else []


def _chooser(edition: Edition, version: Version, chosen: Variant) -> list[tuple[str, str, bool, bool]]:
    """Tables of the form: code, title, whether it has numbers, whether it is the one shown."""
    filled = {key.split("/", 1)[0] for key in version.cells}
    return [
        (variant.code, f"{variant.code} {place.title[:70]}{f' ({variant.title})' if variant.title else ''}", variant.code in filled, variant is chosen)
        for place, variant in edition.by_code.values()
    ]  # fmt: skip


def _against(request: HttpRequest, found: Report, version: Version) -> Version | None:
    """The version that the shown one is compared with: last year's, or one of this form."""
    asked = request.GET.get("against", "")
    if asked == "last":
        last = queries.last_year(found)
        return last.version if last else None
    number = whole(asked)
    return queries.version(found, number) if number and number != version.number else None


def _wrong(failed: list[tuple[Any, str]]) -> dict[Key, str]:
    """Cells of failed controls: "no" for errors, "sure" for warnings."""
    found: dict[Key, str] = {}
    for failure, said in failed:
        for key in failure.cells:
            if failure.control.is_error:
                found[key] = "no"
            elif not said:
                found.setdefault(key, "sure")
    return found


def _grid(
    place: Table,
    variant: Variant,
    version: Version,
    former: Version | None,
    entered: dict[str, EnteredCell],
    wrong: dict[Key, str],
    *,
    may_enter: bool,
    link: str,
) -> SafeString:
    """Write the body of a table: one join instead of thousands of template loops."""
    lines, rules = [], queries.rules_of(place.rows)
    for row in place.rows:
        cells = []
        for column in place.columns:
            key = Key(variant.code, row.number, column.number)
            value = version.cells.get(str(key), 0)
            before = former.cells.get(str(key), 0) if former else None
            cells.append(
                _cell(
                    place,
                    row,
                    column,
                    key,
                    value,
                    before,
                    entered,
                    wrong.get(key, ""),
                    may_enter=may_enter,
                    link=link,
                )
            )
        lines.append(
            format_html(
                '<tr><th scope="row" class="level-{}" title="{}">{}{}</th><td class="num row-number">{}</td>{}</tr>',
                min(row.level, 5), rules[row.number], row.title, _group(row), row.number, format_html_join("", "{}", ((one,) for one in cells)),
            )
        )  # fmt: skip
    return mark_safe("".join(lines))  # noqa: S308 - every part is made by format_html


def _group(row: Line) -> SafeString:
    return format_html(' <span class="hint">{}</span>', row.path[0]) if row.path else mark_safe("")


def _cell(
    place: Table,
    row: Line,
    column: Line,
    key: Key,
    value: int,
    before: int | None,
    entered: dict[str, EnteredCell],
    wrong: str,
    *,
    may_enter: bool,
    link: str,
) -> SafeString:
    if (row.number, column.number) in place.blocked:
        return format_html('<td class="num crossed" aria-label="не заполняется">х</td>')
    if column.printed:
        return format_html('<td class="num"></td>')
    changed = (
        format_html('<br><span class="hint" title="было">{}</span>', before)
        if before is not None and before != value
        else mark_safe("")
    )
    kind = " ".join(filter(None, (f"mark-{wrong}" if wrong else "", "changed" if changed else "")))
    if place.manual_of(row, column):
        own = entered.get(str(key))
        if may_enter:
            return format_html(
                '<td class="num {}"><input class="cell by-hand{}" name="{}" value="{}" inputmode="numeric" pattern="[0-9]*" aria-label="строка {}, графа {}">{}</td>',
                kind, " carried" if own and own.is_carried else "", key, value if own else "", row.number, column.number, changed,
            )  # fmt: skip
        return format_html('<td class="num by-hand {}">{}{}</td>', kind, value, changed)
    if not value:
        return format_html(
            '<td class="num {}"><a class="nought" href="{}{}">0</a>{}</td>',
            kind,
            link,
            _address(key),
            changed,
        )
    return format_html(
        '<td class="num {}"><a href="{}{}">{}</a>{}</td>', kind, link, _address(key), value, changed
    )


def _address(key: Key) -> str:
    return urlencode({"table": key.table, "row": key.row, "column": key.column})


def _key(request: HttpRequest) -> Key:
    return Key(request.GET.get("table", ""), request.GET.get("row", ""), request.GET.get("column", ""))


@require_GET
def cell(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The children or classes behind a number, and the rule by which they are counted."""
    actor, key = actor_of(request), _key(request)
    found = queries.report(actor, report_id)
    version = queries.version(found, whole(request.GET.get("version")))
    edition = openings.edition_of(found)
    place, variant, row, column = queries.find_cell(edition, *key)
    former = _against(request, found, version)
    came: list[Any] = []
    went: list[Any] = []
    source, members = queries.listed(actor, found, key, known_at=version.known_at)
    if former is not None and former.report_id == found.id:
        came, went = queries.came_and_went(actor, found, key, former, members)
    return page(
        request, "reports/cell.html", report=found, version=version, edition=edition, table=place, variant=variant, row=row,
        column=column, key=key, members=members[: queries.MOST_LISTED], number=len(members), people=source in OF_PEOPLE,
        rule=queries.rule(edition, *key), former=former, came=came, went=went,
        stored=version.cells.get(str(key), 0),
        others=[one for one in queries.versions(found) if one.number != version.number],
    )  # fmt: skip


@require_GET
def control(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The controls that do not hold, what to do about each, and what changed unusually."""
    actor = actor_of(request)
    found = queries.report(actor, report_id)
    version = queries.version(found)
    edition = editions.get(found.edition)
    return page(
        request, "reports/controls.html", report=found, version=version, edition=edition,
        failed=queries.failures(found, version), unusual=queries.unusual(found, version),
        watched=[(one, members[: queries.WATCHED], len(members)) for one, members in queries.watched(actor, found)],
        may_explain=actor.may(ReportPermission.PREPARE) and State(found.state) in OPEN,
        remarks=[(one.number, remark) for one in edition.tables for remark in one.remarks],
    )  # fmt: skip


@require_GET
def history(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """What happened to a form, its versions, and the difference of two."""
    actor = actor_of(request)
    found = queries.report(actor, report_id)
    versions = queries.versions(found)
    numbers = [whole(request.GET.get(name)) for name in ("former", "now")]
    if len(versions) > 1 and None in numbers:
        numbers = [versions[1].number, versions[0].number]
    pair = [queries.version(found, number) for number in numbers if number is not None]
    return page(
        request, "reports/history.html", report=found, edition=editions.get(found.edition), versions=versions,
        steps=queries.steps(found), states=STATES, pair=pair,
        differences=queries.differences(*pair) if len(pair) == 2 else [],
    )  # fmt: skip


@require_POST
def act(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Whatever is done to a form."""
    actor, data = actor_of(request), request.POST
    found = queries.report(actor, report_id)
    back = f"/reports/{found.id}/"
    try:
        match data.get("act"):
            case "recount":
                actions.prepare(
                    actor=actor, organisation_id=found.organisation_id, form=found.form, year=found.year
                )
                messages.success(request, "Форма пересчитана.")
            case "enter":
                table_code = data.get("table", "")
                back += f"?table={table_code}"
                actions.enter(actor=actor, report_id=found.id, values=_entered(request, found, table_code))
                messages.success(request, "Числа записаны.")
            case "confirm":
                number = actions.confirm_carried(actor=actor, report_id=found.id)
                messages.success(request, f"Подтверждено чисел: {number}.")
            case "explain":
                back += "controls/"
                actions.explain(
                    actor=actor,
                    report_id=found.id,
                    control=data.get("control", ""),
                    text=data.get("text", ""),
                )
                messages.success(request, "Пояснение записано.")
            case "check":
                back += "controls/"
                actions.check(actor=actor, report_id=found.id)
                messages.success(request, "Ошибок нет: форму можно подписать.")
                back = f"/reports/{found.id}/"
            case "sign":
                actions.sign(actor=actor, report_id=found.id, version=whole(data.get("version")) or 0)
                messages.success(request, "Форма подписана и передана на проверку.")
            case "accept":
                actions.accept(actor=actor, report_id=found.id)
                messages.success(request, "Форма принята.")
            case "return":
                actions.send_back(actor=actor, report_id=found.id, remark=data.get("remark", ""))
                messages.success(request, "Форма возвращена с замечанием.")
            case _:
                raise InvalidValue("reports.act", "Непонятное действие. Обновите страницу.")
    except KontingentError as refusal:
        tell_refusal(request, refusal)
        messages.error(request, refusal.message)
    return HttpResponseRedirect(back)


def _entered(request: HttpRequest, found: Report, table_code: str) -> dict[str, int | None]:
    """Read the cells of a table that differ from what is entered; raise with the place of what is no number."""
    there = queries.entered(found)
    values: dict[str, int | None] = {}
    for name, text in request.POST.items():
        if not name.startswith(f"{table_code}/"):
            continue
        text = str(text).strip().replace(" ", "").replace("\u202f", "")
        if text and not text.isdigit():
            code, row, column = key_of(name)
            raise InvalidValue(
                "reports.entered_value",
                f"Подраздел {code}, строка {row}, графа {column}: «{text}» – не число. Исправьте.",
                field=name,
            )
        own = there.get(name)
        value = int(text) if text else None
        if value != (own.value if own else None) or (own and own.is_carried):
            values[name] = value
    return values


@require_GET
def file(request: HttpRequest, report_id: UUID, kind: str) -> HttpResponse:
    """The form as a file."""
    actor = actor_of(request)
    found = queries.report(actor, report_id)
    version = queries.version(found, whole(request.GET.get("version")))
    return _file(of_report(editions.get(found.edition), found, version), kind)


def _file(subject: Subject, kind: str) -> HttpResponse:
    if kind not in FILES:
        raise NotFound(
            "reports.no_such_file", "В таком виде форма не выгружается. Выберите Excel, XML, PDF или CSV."
        )
    return saved_as(FILES[kind](subject), f"{subject.file}.{kind}")


# -- sums ----------------------------------------------------------------------------------------


@require_GET
def svod(request: HttpRequest, form: str, year: int) -> HttpResponse:
    """A form summed over the organisations of the scope."""
    actor, cut = actor_of(request), _cut(request)
    found = queries.svod(actor, form, year, cut)
    place, variant = _table_of(found.edition, request.GET.get("table", ""))
    stored = Version(cells={str(key): number for key, number in found.cells.items()}, number=0)
    query = {name: value for name, value in request.GET.items() if value and name != "table"}
    return page(
        request, "reports/svod.html", form=form, year=year, edition=found.edition, found=found, table=place, variant=variant, heads=_heads(place), column_rules=queries.rules_of(place.columns),
        tables=_chooser(found.edition, stored, variant), cut=cut, query=urlencode(query), kept=query.items(),
        municipalities=_municipalities(actor), types=codelists.choices("organisation_type"),
        founders=codelists.choices("founder_kind"),
        grid=_grid(
            place, variant, stored, None, {}, {}, may_enter=False,
            link=f"/reports/{form}/{year}/svod/cell/?{urlencode(query)}{'&' if query else ''}",
        ),
    )  # fmt: skip


@require_GET
def svod_cell(request: HttpRequest, form: str, year: int) -> HttpResponse:
    """The organisations behind a number of a sum."""
    actor, cut, key = actor_of(request), _cut(request), _key(request)
    edition = editions.in_force(form, year)
    place, variant, row, column = queries.find_cell(edition, *key)
    shares = queries.behind_sum(actor, form, year, cut, key)
    return page(
        request, "reports/svod_cell.html", form=form, year=year, edition=edition, table=place, variant=variant, row=row,
        column=column, key=key, shares=shares, total=sum(one.number for one in shares), rule=queries.rule(edition, *key),
        address=_address(key), back=urlencode({k: v for k, v in request.GET.items() if k not in {"row", "column"}}),
    )  # fmt: skip


@require_GET
def svod_file(request: HttpRequest, form: str, year: int, kind: str) -> HttpResponse:
    """The sum as a file."""
    actor = actor_of(request)
    found = queries.svod(actor, form, year, _cut(request))
    place = "Пермский край" if actor.scope.whole_region else "Муниципалитет"
    subject = Subject(
        edition=found.edition, year=year, name=f"Свод: {place}, организаций {found.organisations}", place=place, ogrn="",
        inn="", head="", state="", version=0, explanations=(), cells=found.cells,
    )  # fmt: skip
    return _file(subject, kind)


def _cut(request: HttpRequest) -> Cut:
    data = request.GET
    return Cut(
        municipality_id=uuid_of(data.get("municipality")),
        rural={"yes": True, "no": False}.get(data.get("rural", "")),
        type_code=data.get("type", ""),
        founder=data.get("founder", ""),
        handed_in=data.get("handed_in") == "on",
    )


def _municipalities(actor: Actor) -> list[tuple[UUID, str]]:
    """The municipalities that the actor may choose among, none where there is no choice."""
    if not actor.scope.whole_region:
        return []
    return [(one.id, one.name) for one in organisations.municipalities(clock.today())]


def _year(request: HttpRequest) -> int:
    year = whole(request.GET.get("year"))
    return year if year and 2000 < year < 2100 else clock.today().year
