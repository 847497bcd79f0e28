"""Results of exams: of the scope by school or subject, of a class, of a learner; tables of РИС ГИА and of documents on their way in."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kontingent.achievements.attestation import actions, queries
from kontingent.achievements.attestation.bringing import TOLD
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import DeliveredRow, Delivery
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.achievements.attestation.queries import By
from kontingent.achievements.attestation.queries.deliveries import may_bring
from kontingent.achievements.attestation.queries.documents import of_learner as documents_of
from kontingent.achievements.attestation.queries.results import FEWEST, column_title
from kontingent.achievements.incoming.queries import PAGE
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.exchange.attestation import receiving
from kontingent.exchange.attestation.jobs import JOBS
from kontingent.exchange.attestation.profiles import profile_of
from kontingent.exchange.staging import wire
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.web import row_files
from kontingent.web.request import actor_of, page, uuid_of, whole
from kontingent.web.uploads import accepts_a_file

WORKING = frozenset({"uploaded", "reading", "applying"})
OUTCOMES = {"create": "новые", "change": "исправления", "same": "без изменений", "refused": "отклонены"}
STATES = {
    "uploaded": "ждёт проверки", "reading": "проверяется", "checked": "проверен", "applying": "применяется", "applied": "применён", "refused": "не принят",
}  # fmt: skip


class Tab(NamedTuple):
    """One page of the section."""

    title: str
    address: str
    is_here: bool


def tabs(request: HttpRequest) -> list[Tab]:
    """Return the pages of the section that the actor may open."""
    actor = actor_of(request)
    shown = [
        ("Результаты", "/exams/", actor.may(AttestationPermission.VIEW_EXAMS)),
        (
            "Выпуск",
            "/graduation/",
            actor.may(AttestationPermission.VIEW_DOCUMENTS) and actor.organisation_id is not None,
        ),
        ("Документы", "/education-documents/", actor.may(AttestationPermission.VIEW_DOCUMENTS)),
        ("Загрузка", "/exams/files/", bool(may_bring(actor))),
    ]
    # A class has its pages among those of classes.
    path = (
        request.path
        if not request.path.startswith("/groups/")
        else f"/{request.path.rstrip('/').rpartition('/')[2]}/"
    )
    here = [address for _, address, _ in shown if path.startswith(address)]
    return [
        Tab(title, address, address == max(here, key=len, default="")) for title, address, may in shown if may
    ]


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Results of a year and form by school or by subject, and the classes to look into."""
    actor = actor_of(request)
    known = queries.years(actor)
    asked = (whole(request.GET.get("year")), request.GET.get("form", ""))
    year, form = next(
        (one for one in known if one == asked), known[0] if known else (clock.today().year, "oge")
    )
    organisation_id = actor.organisation_id or uuid_of(request.GET.get("organisation"))
    by = By.SUBJECT if organisation_id or request.GET.get("by") == By.SUBJECT else By.SCHOOL
    rows = queries.summary(actor, year, form, by, organisation_id=organisation_id)
    return page(
        request,
        "attestation/exams.html",
        tabs=tabs(request),
        choices=[
            (f"{y}:{f}", f"{codelists.title('exam_form', f)} {y}", (y, f) == (year, form)) for y, f in known
        ],
        known=known,
        year=year,
        form=form,
        by=by.value,
        rows=rows,
        school=organisations.get(organisation_id) if organisation_id else None,
        classes=queries.graduating_classes(actor, actor.organisation_id, year - 1)
        if actor.organisation_id
        else [],
        has_scores=any(one.score is not None for one in rows),
        has_marks=any(one.mark is not None for one in rows),
        fewest=FEWEST,
        is_staff=actor.organisation_id is not None,
    )


@require_GET
def of_class(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """The results of a class by exam and subject."""
    actor = actor_of(request)
    group = enrolment.group(actor, group_id)
    year = SchoolYear(group.school_year)
    on = min(clock.today(), year.ends_on.replace(month=5, day=25))
    group, columns, rows = queries.of_class(actor, group_id, on)
    return page(
        request, "attestation/class.html", group=group, tabs=tabs(request), columns=[column_title(one) for one in columns],
        rows=[(row, [found.get(column) for column in columns]) for row, found in rows], on=on,
    )  # fmt: skip


@require_GET
def of_learner(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Everything of a learner's exams and documents, with what stood before."""
    actor = actor_of(request)
    results = queries.of_learner(actor, person_id)
    return page(
        request, "attestation/learner.html", person=enrolment.person(actor, person_id, what="экзамены и документы об образовании"),
        results=results, documents=documents_of(actor, person_id), may_see_documents=actor.may(AttestationPermission.VIEW_DOCUMENTS),
    )  # fmt: skip


# -- files -------------------------------------------------------------------------------------------


@accepts_a_file(lambda: settings.IMPORT_MAX_BYTES)
@require_http_methods(["GET", "POST"])
def files(request: HttpRequest) -> HttpResponse:
    """The files of the actor and their organisation; on POST take one."""
    actor = actor_of(request)
    shown = queries.deliveries(actor)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return HttpResponseRedirect(f"/exams/files/{_received(request, actor).id}/")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    kinds = may_bring(actor)
    answer = page(
        request, "attestation/files.html", tabs=tabs(request), rows=[(one, STATES[one.state], TOLD[DeliveryKind(one.kind)]) for one in shown],
        kinds=[(kind.value, TOLD[kind].capitalize()) for kind in kinds], profiles=[(profile_of(kind), row_files.columns(profile_of(kind))) for kind in kinds],
        error=error,
    )  # fmt: skip
    answer.status_code = 422 if error else 200
    return answer


def _received(request: HttpRequest, actor: Actor) -> Delivery:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidValue("attestation.no_file", "Файл не выбран. Нажмите «Выбрать файл» и укажите таблицу.")
    kind = next((one for one in DeliveryKind if one.value == request.POST.get("kind")), None)
    if kind is None:
        raise InvalidValue("attestation.no_kind", "Выберите, что в файле: результаты или документы.")
    one = receiving.receive(
        actor=actor, kind=kind, organisation_id=actor.organisation_id, file=cast(BinaryIO, file.file), filename=file.name or "таблица"
    )  # fmt: skip
    JOBS.read.defer(file_id=str(one.id))
    return one


@require_GET
def file(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """A file: progress while something runs, then what would change and what is wrong, by place."""
    actor = actor_of(request)
    one = queries.delivery(actor, delivery_id)
    kind = DeliveryKind(one.kind)
    told = {"one": one, "tabs": tabs(request), "state": STATES[one.state], "what": TOLD[kind]}
    if one.state in WORKING:
        return page(request, "attestation/file_waits.html", **told)
    outcome = request.GET.get("outcome", "")
    rows = queries.FILES.rows(actor, one, outcome=outcome, after=whole(request.GET.get("after")) or 0)
    titles = _titles(one, kind)
    return page(
        request, "attestation/file.html", **told, causes=[(cause, titles.get(cause.field, "Строка")) for cause in queries.FILES.causes(one)],
        rows=[(row, _said(row, kind), row_files.problems(row, titles)) for row in rows],
        outcomes=[(code, title, one.totals.get(code, 0)) for code, title in OUTCOMES.items()], outcome=outcome,
        after=rows[-1].pk if len(rows) == PAGE else None, has_work=one.has_work,
    )  # fmt: skip


def _titles(one: Delivery, kind: DeliveryKind) -> dict[str, str]:
    """Field → how the file itself calls its column, with the column's letter."""
    found = row_files.titles(profile_of(kind), one.columns)
    name = (
        found["full_name"] if any(field == "full_name" for _, field in one.columns) else found["family_name"]
    )
    day = found.get("held_on") or found.get("issued_on", "Дата")
    return found | {"name": name, "day": day}


def _said(row: DeliveredRow, kind: DeliveryKind) -> str:
    """What a line says, in words."""
    facts = row.facts
    if not facts:
        return row.raw.replace("\t", " · ")[:160]
    if kind is DeliveryKind.DOCUMENTS:
        return f"{codelists.title('education_document', facts['kind_code'])}, № {facts['series']}{facts['number']}, рег. № {facts['registration_number']}"
    scored = " / ".join(str(facts[name]) for name in ("score", "mark") if facts[name] is not None)
    passed = {True: "зачёт", False: "незачёт", None: "–"}[facts["passed"]]
    return (
        f"{codelists.title('exam_form', facts['form'])}, {codelists.title('exam_subject', facts['subject_code']).lower()}, "
        f"{row.day:%d.%m.%Y}: {scored or passed}"
    )


@require_GET
def file_progress(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The part of the page that is asked for again and again; reloads the page when the work is done."""
    one = queries.delivery(actor_of(request), delivery_id)
    if one.state not in WORKING:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return page(request, "attestation/file_bar.html", one=one, state=STATES[one.state])


@require_POST
def apply_file(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Apply a checked file."""
    actor = actor_of(request)
    queries.delivery(actor, delivery_id)
    try:
        actions.INTAKE.claim(actor=actor, file_id=delivery_id, asked_by=wire.actor_to_json(actor))
        JOBS.apply.defer(file_id=str(delivery_id))
    except NotAllowed:
        raise
    except KontingentError as refusal:
        messages.error(request, refusal.message)
    return HttpResponseRedirect(f"/exams/files/{delivery_id}/")


@require_GET
def refused_rows(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The refused lines as they were, with column, value and remedy beside."""
    actor = actor_of(request)
    one = queries.delivery(actor, delivery_id)
    return row_files.refused(
        queries.FILES.refused_rows(actor, one), one.columns, _titles(one, DeliveryKind(one.kind))
    )
