"""Results of exams: of the scope by school or subject, of a class, of a learner; tables of РИС ГИА and of documents on their way in."""

from __future__ import annotations

from typing import BinaryIO, Final, NamedTuple, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kontingent.achievements.attestation import queries
from kontingent.achievements.attestation.bringing import TOLD
from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.models import DeliveredRow, Delivery
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.achievements.attestation.queries import By
from kontingent.achievements.attestation.queries.deliveries import may_bring
from kontingent.achievements.attestation.queries.documents import of_learner as documents_of
from kontingent.achievements.attestation.queries.results import FEWEST, column_title, exam_title
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.exchange.attestation import receiving
from kontingent.exchange.attestation.jobs import JOBS
from kontingent.exchange.attestation.profiles import profile_of
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.web import row_files
from kontingent.web.request import actor_of, page, uuid_of, whole
from kontingent.web.uploads import accepts_a_file


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
    return page(
        request, "attestation/files.html", tabs=tabs(request), rows=SECTION.latest(shown),
        kinds=[(kind.value, TOLD[kind].capitalize()) for kind in kinds], profiles=[(profile_of(kind), row_files.columns(profile_of(kind))) for kind in kinds],
        error=error,
    )  # fmt: skip


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
def file(request: HttpRequest, file_id: UUID) -> HttpResponse:
    """A file: progress while something runs, then what would change and what is wrong, by place."""
    one = queries.delivery(actor_of(request), file_id)
    return SECTION.show(request, one, queries.FILES.rows, tabs=tabs(request))


def _said(row: DeliveredRow) -> str:
    """What a line says, in words."""
    facts = row.facts
    if "registration_number" in facts:
        return f"{codelists.title('education_document', facts['kind_code'])}, № {facts['series']}{facts['number']}, рег. № {facts['registration_number']}"
    scored = " / ".join(str(facts[name]) for name in ("score", "mark") if facts[name] is not None)
    passed = {True: "зачёт", False: "незачёт", None: "–"}[facts["passed"]]
    return f"{exam_title(facts['form'], facts['subject_code'])}, {row.day:%d.%m.%Y}: {scored or passed}"


SECTION: Final = row_files.Section(
    address="/exams/files/",
    title="Загрузка",
    template="row_files/file.html",
    receiving=receiving.FILES,
    jobs=JOBS,
    files=queries.FILES,
    find=queries.delivery,
    profile_of=lambda one: profile_of(DeliveryKind(one.kind)),
    told=lambda one: TOLD[DeliveryKind(one.kind)],
    same="без изменений",
    learner="/learners/{}/exams/",
    said=_said,
)


file_progress = require_GET(SECTION.progress)
apply_file = require_POST(SECTION.apply)
refused_rows = require_GET(SECTION.refused)
