"""Orders: the list, the wizard (kind → learners → what happens to them → preview → sign), cancelling, the year turn-over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.views.decorators.http import require_http_methods, require_POST

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import actions, queries
from kontingent.enrolment.actions import Decision, LineDraft
from kontingent.enrolment.codes import CLOSING, MovementKind, OrderKind
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.enrolment.rules import LINES_OF_ORDER, reasons
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.persons import queries as persons
from kontingent.persons.models import Person
from kontingent.web.request import actor_of, optional_day, own_organisation, page, uuid_of, whole

#: Kinds that the wizard offers; a turn-over has a page of its own.
OFFERED = [
    kind
    for kind in OrderKind
    if kind not in {OrderKind.YEAR_TURNOVER, OrderKind.NAME_CHANGE, OrderKind.REINSTATEMENT}
]
OPENING_ORDERS = {OrderKind.ADMISSION, OrderKind.ADMISSION_BY_TRANSFER}
NEED_GROUP = {
    OrderKind.ADMISSION, OrderKind.ADMISSION_BY_TRANSFER, OrderKind.CLASS_FORMATION, OrderKind.PROMOTION,
    OrderKind.CONDITIONAL_PROMOTION, OrderKind.REPEAT, OrderKind.PLACEMENT,
}  # fmt: skip


def index(request: HttpRequest) -> HttpResponse:
    """Orders of one's organisation, newest first."""
    status, number = request.GET.get("status", ""), whole(request.GET.get("page")) or 1
    rows, more = queries.orders(
        actor_of(request), organisation_id=own_organisation(request), status=status, page=number
    )
    return page(
        request, "orders/index.html", rows=rows, status=status, next_page=number + 1 if more else None
    )


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Choose the kind, the learners and what happens to them; a draft comes out."""
    actor, organisation_id = actor_of(request), own_organisation(request)
    actor.require(EnrolmentPermission.DRAFT_ORDER, organisation_id=organisation_id)
    data = request.POST if request.method == "POST" else request.GET
    kind = OrderKind(data["kind"]) if data.get("kind") in set(OrderKind) else None
    if kind is None:
        return page(
            request, "orders/kinds.html", kinds=[(k.value, codelists.title("order_kind", k)) for k in OFFERED]
        )
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return _make_draft(request, actor, organisation_id, kind)
        except KontingentError as refusal:
            error = refusal
    return page(request, "orders/new.html", error=error, **_form(actor, organisation_id, kind, data))


def _form(actor: Actor, organisation_id: UUID, kind: OrderKind, data: QueryDict) -> dict[str, Any]:
    on = clock.today()
    year = SchoolYear.of(on)
    from_group = uuid_of(data.get("from_group"))
    opening = kind in OPENING_ORDERS
    groups = [
        (str(row.id), f"{row.title} ({SchoolYear(y)}), {row.size} чел.")
        for y in (year.begins_in, year.next.begins_in)
        for row in queries.groups(actor, organisation_id, y, on)
        if row.closed_on is None
    ]
    fitting = (
        reasons.FITTING.get(MovementKind(kind.value), frozenset())
        if kind.value in set(MovementKind)
        else frozenset()
    )
    chosen = data.getlist("learner")
    person_id = uuid_of(data.get("person"))
    return {
        "kind": kind,
        "kind_title": codelists.title("order_kind", kind),
        "opening": opening,
        "needs_group": kind in NEED_GROUP,
        "reasons": [(c, t) for c, t in codelists.choices("leaving_reason") if c in fitting],
        "groups": groups,
        "learners": []
        if opening
        else queries.enrolment_choices(actor, organisation_id, on, group_id=from_group),
        "person": _candidate(actor, person_id) if opening and person_id else None,
        "from_group": str(from_group or ""),
        "chosen": chosen,
        "data": data,
        "effective_on": data.get("effective_on") or on.isoformat(),
    }


def _candidate(actor: Actor, person_id: UUID) -> Person:
    """Return whoever is about to be admitted: perhaps entered a moment ago, and in nobody's scope yet."""
    found = persons.get(person_id)
    reads.note(actor, ReadKind.LIST, [found.id], what="приказ о зачислении")
    return found


def _make_draft(request: HttpRequest, actor: Actor, organisation_id: UUID, kind: OrderKind) -> HttpResponse:
    data = request.POST
    effective = optional_day(data.get("effective_on", ""), "Дата вступления в силу")
    if effective is None:
        raise InvalidValue("order.effective_on", "Укажите, с какого дня действует приказ.")
    lines = _lines(data, kind, effective, actor, organisation_id)
    if not lines:
        raise InvalidValue("order.nobody", "Не выбран ни один ученик. Отметьте учеников в списке.")
    order = actions.draft_order(
        actor=actor,
        organisation_id=organisation_id,
        kind=kind,
        number=data.get("number", ""),
        dated=optional_day(data.get("dated", ""), "Дата приказа"),
        basis=data.get("basis", ""),
    )
    actions.add_lines(actor=actor, order_id=order.id, lines=lines)
    return HttpResponseRedirect(f"/orders/{order.id}/")


def _lines(
    data: QueryDict, kind: OrderKind, effective: date, actor: Actor, organisation_id: UUID
) -> list[LineDraft]:
    movement = next(iter(sorted(LINES_OF_ORDER[kind])))
    facts: dict[str, Any] = {
        "kind": movement,
        "effective_on": effective,
        "group_id": uuid_of(data.get("group")),
        "reason_code": data.get("reason", "") if movement in CLOSING else "",
        "destination_text": data.get("destination", "").strip()[:300],
    }
    if ogrn := data.get("destination_ogrn", "").strip():
        facts["destination_id"] = organisations.by_ogrn(ogrn).id
    if kind in OPENING_ORDERS:
        person_id = uuid_of(data.get("person"))
        return [LineDraft(person_id=person_id, **facts)] if person_id else []
    known = {
        str(one.enrolment_id): one for one in queries.enrolment_choices(actor, organisation_id, clock.today())
    }
    chosen = [known[key] for key in data.getlist("learner") if key in known]
    return [LineDraft(person_id=one.person_id, enrolment_id=one.enrolment_id, **facts) for one in chosen]


def one(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Preview of a draft, or what a signed order did."""
    return _order_page(request, order_id)


def _order_page(request: HttpRequest, order_id: UUID, error: KontingentError | None = None) -> HttpResponse:
    actor = actor_of(request)
    preview = actions.preview_order(actor=actor, order_id=order_id)
    order = preview.order
    groups = queries.group_titles(
        {
            p.group_id
            for line in preview.lines
            for fold in (line.before, line.after)
            for p in fold.placements
            if p.group_id
        }
    )
    draft = order.status == "draft"
    return page(
        request,
        "orders/one.html",
        order=order,
        error=error,
        draft=draft,
        rows=[_row(line, groups, draft=draft) for line in preview.lines],
        preview=preview,
        today=clock.today(),
        may_sign=actor.may(EnrolmentPermission.SIGN_ORDER),
        may_cancel=actor.may(EnrolmentPermission.CANCEL_ORDER),
    )


def _row(line: actions.LinePreview, groups: dict[UUID, str], *, draft: bool) -> dict[str, Any]:
    def place(placements: Sequence[Any]) -> str:
        if not placements:
            return "–"
        last = placements[-1]
        return groups.get(last.group_id, f"{last.grade} класс" if last.grade else "без класса")

    ended = line.after.enrolment is not None and line.after.enrolment.ends_on is not None
    return {
        "line": line.line,
        "name": line.person_name,
        "before": place(line.before.placements),
        "after": "выбыл" if ended else place(line.after.placements),
        "findings": line.findings if draft else (),
        "refused": line.refused and draft,
    }


@require_POST
def act(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Sign, cancel, discard an order, or take a line out of a draft."""
    actor, data = actor_of(request), request.POST
    version, what = whole(data.get("version")), data.get("act", "")
    queries.order(actor, order_id)
    try:
        if what == "sign":
            order = actions.sign_order(
                actor=actor,
                order_id=order_id,
                number=data.get("number", ""),
                dated=optional_day(data.get("dated", ""), "Дата приказа"),
                version=version,
            )
            messages.success(request, f"Приказ {order} подписан: движения вступили в силу.")
        elif what == "cancel":
            order = actions.cancel_order(
                actor=actor, order_id=order_id, reason=data.get("reason", ""), version=version
            )
            messages.success(request, f"Приказ {order} отменён, периоды пересчитаны.")
        elif what == "discard":
            actions.discard_draft(actor=actor, order_id=order_id, version=version)
            messages.success(request, "Черновик удалён.")
            return HttpResponseRedirect("/orders/")
        elif line_id := uuid_of(data.get("remove")):
            actions.remove_line(actor=actor, order_id=order_id, line_id=line_id, version=version)
            messages.success(request, "Ученик убран из приказа.")
    except KontingentError as refusal:
        return _order_page(request, order_id, refusal)
    return HttpResponseRedirect(f"/orders/{order_id}/")


# -- the year turn-over --------------------------------------------------------------------------

_ORDERS = (OrderKind.PROMOTION, OrderKind.CONDITIONAL_PROMOTION, OrderKind.REPEAT, OrderKind.GRADUATION)


@require_http_methods(["GET", "POST"])
def turnover(request: HttpRequest) -> HttpResponse:
    """The whole school in one preview, with exceptions per learner; signed at once."""
    actor, organisation_id = actor_of(request), own_organisation(request)
    data = request.POST if request.method == "POST" else request.GET
    year = SchoolYear(
        whole(data.get("year"))
        or SchoolYear.of(clock.today()).begins_in
        - (0 if clock.today().month >= 6 and clock.today().month < 9 else 1)
    )
    decisions = _decisions(data)
    error: KontingentError | None = None
    findings: list[tuple[str, str]] = []
    if request.method == "POST":
        try:
            numbers = {kind: data.get(f"number_{kind}", "") for kind in _ORDERS}
            dated = optional_day(data.get("dated", ""), "Дата приказов") or clock.today()
            check = data.get("act") != "sign"
            done = actions.sign_turnover(
                actor=actor,
                organisation_id=organisation_id,
                year=year,
                decisions=decisions,
                numbers=numbers,
                dated=dated,
                dry_run=check,
            )
            if not check:
                messages.success(request, f"Перевод {year} года выполнен, приказов: {len(done)}.")
                return HttpResponseRedirect("/orders/")
            findings = [
                (line.person_name, finding.message)
                for preview in done
                if isinstance(preview, actions.Preview)
                for line in preview.lines
                for finding in line.findings
            ]
        except KontingentError as refusal:
            error = refusal
    plan = actions.plan_turnover(actor=actor, organisation_id=organisation_id, year=year, decisions=decisions)
    return page(
        request,
        "orders/turnover.html",
        plan=plan,
        year=year.begins_in,
        error=error,
        findings=findings,
        checked=request.method == "POST" and error is None,
        counts=[(codelists.title("movement_kind", k), plan.count(MovementKind(k.value))) for k in _ORDERS],
        orders=[
            (k.value, codelists.title("order_kind", k), data.get(f"number_{k}", ""))
            for k in _ORDERS
            if plan.count(MovementKind(k.value))
        ],
        kinds=[(k.value, codelists.title("movement_kind", k)) for k in _ORDERS],
        dated=data.get("dated") or clock.today().isoformat(),
    )


def _decisions(data: QueryDict) -> dict[UUID, Decision]:
    """Exceptions: only rows whose choice differs from the proposal are sent as ``do-<enrolment>``."""
    found = {}
    for key, value in data.items():
        enrolment_id = uuid_of(key.removeprefix("do-")) if key.startswith("do-") else None
        if enrolment_id is None or not isinstance(value, str) or not value:
            continue
        kind = None if value == "none" else MovementKind(value) if value in set(MovementKind) else None
        found[enrolment_id] = Decision(kind, str(data.get(f"to-{enrolment_id}", "")).strip().upper())
    return found
