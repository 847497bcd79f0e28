"""Children out of sight: the queue of cases, a case, acts on many, the ministry's rules, the act of a quarter."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kontingent.achievements.portfolio import uploads
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound
from kontingent.organisations import queries as organisations
from kontingent.trajectory.cases import actions, documents, finding, queries, rules
from kontingent.trajectory.cases.codes import Outcome, RuleCode, State, StepKind
from kontingent.trajectory.cases.permissions import CasePermission
from kontingent.trajectory.cases.queries import Sought
from kontingent.web.files import saved_as, scan_as, table_as
from kontingent.web.request import actor_of, optional_day, page, uuid_of, whole
from kontingent.web.uploads import accepts_a_file

STATES = (
    ("working", "в работе и отложенные"), (State.OPEN, "в работе"), (State.POSTPONED, "отложенные"), (State.CLOSED, "закрытые"), ("", "все"),
)  # fmt: skip
STEP_TITLES = {
    StepKind.OPENED: "Дело открыто", StepKind.REOPENED: "Причина вернулась, дело открыто снова", StepKind.NOTE: "Запись",
    StepKind.CALL: "Звонок", StepKind.HANDED: "Передано", StepKind.ASSIGNED: "Исполнитель", StepKind.POSTPONED: "Отложено",
    StepKind.RESUMED: "Возобновлено", StepKind.DOCUMENT: "Приложен документ", StepKind.GONE: "Причины больше нет, дело закрыто само", StepKind.SOLVED: "Закрыто с подтверждением",
}  # fmt: skip
_HEAD = [
    "Ребёнок", "Дата рождения", "Правило", "Где причина", "Владелец", "Исполнитель", "Причина с", "Открыто", "Срок", "Состояние",
    "Подтверждение",
]  # fmt: skip
#: Quarters to choose from, this one and those before.
QUARTERS = 6


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The queue with its filters and counts."""
    actor = actor_of(request)
    return page(request, "cases/index.html", **_queue(request, actor))


def _queue(request: HttpRequest, actor: Actor) -> dict[str, Any]:
    sought = _sought(request, actor)
    found = queries.queue(actor, sought, whole(request.GET.get("page")) or 1)
    asked = {name: value for name, value in request.GET.items() if name != "page" and value}
    return {
        "found": found, "sought": sought, "counts": queries.counts(actor), "states": STATES, "ages": list(enumerate(queries.AGE_TITLES)),
        "rules": [(code.value, one.title) for code, one in rules.DEFAULTS.items()], "query": urlencode(asked),
        "municipalities": _municipalities(actor), "may_work": actor.may(CasePermission.WORK), "owners": _owners(actor),
        "may_rule": actor.may(CasePermission.RULES), "quarters": _quarters(clock.today()), "is_school": actor.organisation_id is not None,
        "coverage": queries.coverage(actor, clock.today()) if request.GET.get("coverage") else None, "state_titles": {State.OPEN: "в работе", State.POSTPONED: "отложено", State.CLOSED: "закрыто"},
    }  # fmt: skip


@require_GET
def queue_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The narrowed queue as a table file."""
    actor = actor_of(request)
    titles = {State.OPEN: "в работе", State.POSTPONED: "отложено", State.CLOSED: "закрыто"}
    lines = [
        [
            one.name, f"{one.born:%d.%m.%Y}" if one.born else "", one.title, one.place, one.owner, one.case.worker_name,
            f"{one.case.since:%d.%m.%Y}", f"{one.case.opened_on:%d.%m.%Y}", f"{one.case.due_on:%d.%m.%Y}",
            titles[State(one.case.state)], one.case.evidence,
        ]
        for one in queries.everything(actor, _sought(request, actor))
    ]  # fmt: skip
    return table_as(kind, "vne-polya-zreniya", "Дела", _HEAD, lines)


@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """Hand chosen cases over, or name who works on them."""
    actor, data = actor_of(request), request.POST
    chosen = [one for one in map(uuid_of, data.getlist("case")) if one is not None]
    try:
        if data.get("act") == "assign":
            number = actions.assign(actor=actor, case_ids=chosen, worker=data.get("worker", ""))
            messages.success(request, f"Исполнитель назначен, дел: {number}.")
        elif data.get("act") == "hand":
            number = _hand(actor, chosen, data.get("to", ""), data.get("reason", ""))
            messages.success(request, f"Передано дел: {number}.")
        else:
            raise InvalidValue("cases.act", "Нажмите одну из кнопок под списком дел.")
    except (NotAllowed, NotFound):
        raise
    except KontingentError as refusal:
        return page(request, "cases/index.html", error=refusal, **_queue(request, actor))
    return HttpResponseRedirect("/cases/")


def _hand(actor: Actor, chosen: list[UUID], to: str, reason: str) -> int:
    owner = uuid_of(to)
    if owner is None:
        raise InvalidValue("cases.to", "Кому передать: выберите организацию или муниципалитет из списка.")
    return actions.hand_over(actor=actor, case_ids=chosen, to=owner, reason=reason)


@accepts_a_file(lambda: uploads.LARGEST)
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, case_id: UUID) -> HttpResponse:
    """A case with its history; on POST one act on it."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return _act(request, actor, case_id)
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    card = queries.card(actor, case_id)
    return page(
        request, "cases/one.html", card=card, row=card.row, case=card.row.case, error=error, data=request.POST,
        steps=[(one, STEP_TITLES[StepKind(one.kind)]) for one in card.steps], may_work=actor.may(CasePermission.WORK),
        owners=_owners(actor), is_closed=card.row.case.state == State.CLOSED, is_solved=card.row.case.outcome == Outcome.SOLVED,
        is_postponed=card.row.case.state == State.POSTPONED, may_open_card=_knows(actor, card.row.case.organisation_id),
        largest=uploads.LARGEST // 1024 // 1024, is_pair=card.row.case.rule in {RuleCode.SNILS_TWICE, RuleCode.CLAIMED_TWICE},
    )  # fmt: skip


def _act(request: HttpRequest, actor: Actor, case_id: UUID) -> HttpResponse:
    data = request.POST
    text = data.get("text", "")
    match data.get("act"):
        case "note" | "call":
            actions.note(actor=actor, case_id=case_id, text=text, is_call=data["act"] == "call")
            said = "Записано."
        case "postpone":
            until = optional_day(data.get("until", ""), "Отложить до")
            actions.postpone(actor=actor, case_id=case_id, until=until, reason=text)
            said = "Дело отложено: в этот день оно само вернётся в работу."
        case "resume":
            actions.resume(actor=actor, case_id=case_id, reason=text)
            said = "Дело снова в работе."
        case "attach":
            upload = request.FILES.get("scan")
            if not isinstance(upload, UploadedFile):
                raise InvalidValue(
                    "cases.no_file", "Файл не выбран. Выберите PDF, PNG или JPEG и нажмите «Приложить»."
                )
            actions.attach(actor=actor, case_id=case_id, upload=upload)
            said = "Документ приложен."
        case "close":
            until = optional_day(data.get("evidence_until", ""), "Подтверждение действительно до")
            with transaction.atomic():  # a case whose document is refused is not closed
                if isinstance(upload := request.FILES.get("scan"), UploadedFile):
                    actions.attach(actor=actor, case_id=case_id, upload=upload)
                actions.close(
                    actor=actor, case_id=case_id, evidence=data.get("evidence", ""), comment=text, evidence_until=until
                )  # fmt: skip
            said = "Дело закрыто. Пока причина та же, оно не откроется снова."
        case "hand":
            _hand(actor, [case_id], data.get("to", ""), text)
            messages.success(request, "Дело передано.")
            return HttpResponseRedirect("/cases/")
        case "assign":
            actions.assign(actor=actor, case_ids=[case_id], worker=data.get("worker", ""))
            said = "Исполнитель записан."
        case _:
            raise InvalidValue("cases.act", "Нажмите одну из кнопок дела.")
    messages.success(request, said)
    return HttpResponseRedirect(request.path)


@require_GET
def document(request: HttpRequest, case_id: UUID, document_id: UUID) -> HttpResponse:
    """A scan of a case, to be saved: never shown within a page of ours."""
    found, content = queries.document(actor_of(request), case_id, document_id)
    return scan_as(content, found.media_type, f"dokument-{found.pk.hex[-8:]}.{found.ending}")


@require_http_methods(["GET", "POST"])
def rule_list(request: HttpRequest) -> HttpResponse:
    """The rules as they stand; on POST the ministry makes an edition of one."""
    actor = actor_of(request)
    actor.require(CasePermission.VIEW)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            _amend(request, actor)
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
        else:
            messages.success(request, "Редакция правила записана. Дела пересчитаются ночью.")
            return HttpResponseRedirect(request.path)
    standing = finding.settings_of(clock.today())
    return page(
        request, "cases/rules.html", rules=standing.values(), may_rule=actor.may(CasePermission.RULES), error=error,
        failed=request.POST.get("rule", ""), basis=request.POST.get("basis", ""),
    )  # fmt: skip


def _amend(request: HttpRequest, actor: Actor) -> None:
    data = request.POST
    numbers = {}
    for name, title in (("wait", "Ждать"), ("term", "Срок"), ("share", "Порог"), ("severity", "Важность")):
        found = whole(data.get(name))
        if found is None:
            raise InvalidValue("cases.setting", f"«{title}»: укажите целое число.", value=data.get(name))
        numbers[name] = found
    actions.amend_rule(
        actor=actor, rule=data.get("rule", ""), on=data.get("on") == "yes", owner=data.get("owner", ""), basis=data.get("basis", ""),
        starts_on=optional_day(data.get("starts_on", ""), "Действует с"), **numbers,
    )  # fmt: skip


@require_GET
def act(request: HttpRequest) -> HttpResponse:
    """The act of a quarter as PDF."""
    actor = actor_of(request)
    actor.require(CasePermission.VIEW)
    asked = request.GET.get("quarter", "")
    found = next((one for one in _quarters(clock.today()) if one[0] == asked), None)
    if found is None:
        raise NotFound("cases.no_quarter", "Такого квартала в списке нет. Выберите квартал на странице дел.")
    code, title, starts_on, ends_on = found
    municipality_id = uuid_of(request.GET.get("municipality", ""))
    told = queries.quarter(actor, starts_on=starts_on, ends_on=ends_on, municipality_id=municipality_id)
    place = _place_of(actor, municipality_id)
    content = documents.act(told, title=title, place=place, on=clock.today(), is_demo=settings.DEMO)
    return saved_as(content, f"akt-{code}.pdf")


def _place_of(actor: Actor, municipality_id: UUID | None) -> str:
    chosen = municipality_id
    if chosen is None and len(actor.scope.municipalities) == 1:
        (chosen,) = actor.scope.municipalities
    if actor.organisation_id is not None:
        return organisations.get(actor.organisation_id).short_name
    if chosen is None:
        return "Пермский край"
    return organisations.municipality_names([chosen]).get(chosen, "")


def _quarters(today: date) -> list[tuple[str, str, date, date]]:
    """Return code, title, first day and the day behind the last of the latest quarters."""
    found = []
    year, number = today.year, (today.month - 1) // 3
    for _ in range(QUARTERS):
        ends_on = date(year + (number == 3), (number + 1) % 4 * 3 + 1, 1)
        found.append(
            (
                f"{year}-{number + 1}",
                f"{number + 1} квартал {year} года",
                date(year, number * 3 + 1, 1),
                ends_on,
            )
        )
        year, number = (year, number - 1) if number else (year - 1, 3)
    return found


def _sought(request: HttpRequest, actor: Actor) -> Sought:
    data = request.GET
    state = data.get("state", "working")
    return Sought(
        rule=data.get("rule", "") if data.get("rule", "") in set(RuleCode) else "",
        state=state if state in {code for code, _ in STATES} else "working",
        municipality_id=uuid_of(data.get("municipality", "")), organisation_id=uuid_of(data.get("organisation", "")),
        mine=data.get("mine") == "1", overdue=data.get("overdue") == "1", age=whole(data.get("age")),
    )  # fmt: skip


def _municipalities(actor: Actor) -> list[tuple[str, str]]:
    """Territories to narrow by: for the region alone."""
    if not actor.scope.whole_region:
        return []
    return [(str(one.pk), one.name) for one in organisations.municipalities(clock.today())]


def _owners(actor: Actor) -> list[tuple[str, str]]:
    """Whom a case may be handed to: the organisations of the scope and every municipality."""
    if not actor.may(CasePermission.WORK):
        return []
    places = (
        []
        if actor.scope.whole_region
        else [(str(one.pk), one.short_name) for one in organisations.own(actor.scope)[:1000]]
    )
    return [*((str(one.pk), one.name) for one in organisations.municipalities(clock.today())), *places]


def _knows(actor: Actor, organisation_id: UUID | None) -> bool:
    if actor.scope.whole_region:
        return True
    return organisation_id is not None and organisations.own(actor.scope).filter(pk=organisation_id).exists()
