"""A graduating class from its marks to its documents; the register of documents, the book of issue, one document."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods

from kontingent.achievements.attestation import actions, queries
from kontingent.achievements.attestation import documents as printing
from kontingent.achievements.attestation.codes import DocumentKind, DocumentState
from kontingent.achievements.attestation.documents import MEDALS, book_pdf
from kontingent.achievements.attestation.issuers import may_issue
from kontingent.achievements.attestation.permissions import AttestationPermission
from kontingent.achievements.attestation.rules import final, numbers
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.exchange.attestation import frdo
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.stages import queries as stages
from kontingent.web.exams import tabs
from kontingent.web.files import saved_as, table_as
from kontingent.web.request import actor_of, optional_day, own_organisation, page, school_year, uuid_of, whole


@require_GET
def classes(request: HttpRequest) -> HttpResponse:
    """The classes that graduate in a school year."""
    actor = actor_of(request)
    actor.require(AttestationPermission.VIEW_DOCUMENTS)
    stages.gate_for(actor).require("final_mark")
    year = school_year(request)
    return page(
        request, "attestation/classes.html", tabs=tabs(request), year=year, rows=queries.graduating_classes(actor, own_organisation(request), year),
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def of_class(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """What every document of a class would say, step by step; on POST issue those that were chosen."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            made = actions.issue(
                actor=actor, group_id=group_id, person_ids=_chosen(request), how=_how(request)
            )
            messages.success(request, f"Выдано документов: {len(made)}. Они записаны в книгу.")
            return HttpResponseRedirect(request.get_full_path())
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    found = queries.graduation(actor, group_id)
    kind = _kind(request) or found.kind
    those, order, where = found.of(kind), final.declared()[0], found.group.organisation
    ready = [one for one in those if one.may_be_issued]
    values = request.POST if error else {
        "issued_on": clock.today().isoformat(), "first_registration": queries.next_registration(where.id, kind, clock.today().year),
    }  # fmt: skip
    return page(
        request,
        "attestation/graduation.html",
        tabs=tabs(request),
        found=found,
        kind=kind.value,
        those=those,
        ready=ready,
        parts=[(one.value, len(found.of(one))) for one in found.kinds],
        order=next((one.outcome.level.order for one in those), "") or order.title,
        is_confirmed=order.is_confirmed,
        counts=_counts(those, ready),
        chosen={str(one) for one in _chosen(request)}
        if error
        else {str(one.person_id) for one in ready if kind != DocumentKind.REFERENCE},
        may_issue=may_issue(actor, where),
        format=numbers.format_of(kind, clock.today()).told,
        values=values,
        error=error,
        medals=MEDALS,
    )


@require_GET
def supplements(request: HttpRequest, group_id: UUID) -> HttpResponse:
    """The supplements of a class or of those asked for, as PDF: kept ones of issued documents, drafts of the others."""
    actor = actor_of(request)
    found = queries.graduation(actor, group_id)
    asked = {one for text in request.GET.getlist("person") if (one := uuid_of(text))}
    kind = _kind(request)
    those = found.of(kind) if kind else found.graduates
    wanted = [one for one in those if not asked or one.person_id in asked]
    if not wanted:
        raise NotFound("attestation.nobody_to_print", "Печатать нечего: таких выпускников в классе нет.")
    lines = queries.lines_of([one.issued.document_id for one in wanted if one.issued])
    papers = [
        printing.kept(one.issued, lines[one.issued.document_id]) if one.issued else printing.draft(found, one)
        for one in wanted
    ]  # fmt: skip
    queries.note_printed(actor, found, wanted)
    return saved_as(
        printing.supplements_pdf(papers, on=clock.today(), is_demo=settings.DEMO), "prilozheniya.pdf"
    )


def _chosen(request: HttpRequest) -> list[UUID]:
    return [one for text in request.POST.getlist("person") if (one := uuid_of(text))]


def _how(request: HttpRequest) -> actions.Issue:
    day = optional_day(request.POST.get("issued_on", ""), "Дата выдачи")
    if day is None:
        raise InvalidValue("attestation.issued_on", "Укажите дату выдачи.")
    told = {
        name: request.POST.get(name, "").strip() for name in ("first_number", "first_registration", "basis")
    }
    return actions.Issue(issued_on=day, kind=_kind(request), **told)


def _kind(request: HttpRequest) -> DocumentKind | None:
    """Which document of the class is asked for."""
    return next((one for one in DocumentKind if one.value == request.GET.get("kind")), None)


def _counts(those: Sequence[queries.Graduate], ready: Sequence[queries.Graduate]) -> list[tuple[str, int]]:
    return [
        ("Учеников", len(those)),
        ("Можно выдать", len(ready)),
        ("Есть препятствия", sum(one.issued is None and bool(one.outcome.errors) for one in those)),
        ("Выдано", sum(one.issued is not None for one in those)),
        ("С отличием", sum(one.outcome.honours.with_honours for one in those)),
    ]


# -- documents -----------------------------------------------------------------------------------------


def _school(request: HttpRequest) -> Organisation:
    """The school whose register is looked at: one's own, or the one asked for."""
    asked = uuid_of(request.GET.get("organisation"))
    return organisations.get(asked or own_organisation(request))


def _year(request: HttpRequest, known: list[int]) -> int:
    return whole(request.GET.get("year")) or (known[0] if known else clock.today().year)


@require_GET
def register(request: HttpRequest) -> HttpResponse:
    """The documents of a school by year of graduation."""
    actor = actor_of(request)
    actor.require(AttestationPermission.VIEW_DOCUMENTS)
    if actor.organisation_id is None and not request.GET.get("organisation"):
        stages.gate_for(actor).require("education_document")
        return page(request, "attestation/choose.html", tabs=tabs(request))
    school = _school(request)
    known = queries.years_of(actor, school.id)
    year, kind, text = _year(request, known), request.GET.get("kind", ""), request.GET.get("text", "")[:100]
    rows = queries.book(actor, school.id, year=year, kind=kind, text=text)
    return page(
        request, "attestation/register.html", tabs=tabs(request), school=school, known=known or [year], year=year, kind=kind, text=text,
        rows=[one.document for one in rows], kinds=codelists.choices("education_document"), medals=MEDALS,
        query=f"year={year}&kind={kind}&organisation={school.id}",
    )  # fmt: skip


@require_GET
def book(request: HttpRequest) -> HttpResponse:
    """The book of issue as PDF."""
    actor, school = actor_of(request), _school(request)
    year = _year(request, queries.years_of(actor, school.id))
    rows = queries.book(
        actor, school.id, year=year, kind=request.GET.get("kind", ""), what="книга выдачи документов, PDF", kind_of_read=ReadKind.EXPORT, marks=True
    )  # fmt: skip
    return saved_as(
        book_pdf(rows, school, year, on=clock.today(), is_demo=settings.DEMO), f"kniga-vydachi-{year}.pdf"
    )


@require_GET
def frdo_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The register in the layout of ФИС ФРДО."""
    actor, school = actor_of(request), _school(request)
    year = _year(request, queries.years_of(actor, school.id))
    rows = queries.book(
        actor, school.id, year=year, kind=request.GET.get("kind", ""), what="реестр документов для ФИС ФРДО", kind_of_read=ReadKind.EXPORT
    )  # fmt: skip
    return table_as(kind, f"frdo-{year}", "Документы", frdo.HEAD, frdo.lines([one.document for one in rows]))


@require_http_methods(["GET", "POST"])
def document(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """One document with its supplement and past; on POST a duplicate, or what has become of it."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return HttpResponseRedirect(f"/education-documents/{_act(request, document_id)}/")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    card = queries.document(actor, document_id)
    return page(
        request, "attestation/document.html", card=card, one=card.document, medals=MEDALS, error=error, values=request.POST,
        may_issue=may_issue(actor, card.document.organisation),
        reasons=[(state.value, title) for state, title in actions.REASONS.items()], today=clock.today(),
        states=[one for one in codelists.choices("document_state") if one[0] != card.document.state_code],
        format=numbers.format_of(card.document.kind_code, clock.today()).told,
    )  # fmt: skip


@require_GET
def supplement(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """The supplement kept with a document, as PDF."""
    card = queries.supplement(actor_of(request), document_id)
    paper = printing.kept(card.document, card.lines)
    return saved_as(
        printing.supplements_pdf([paper], on=clock.today(), is_demo=settings.DEMO), "prilozhenie.pdf"
    )


def _act(request: HttpRequest, document_id: UUID) -> UUID:
    actor, told = actor_of(request), request.POST
    state = next((one for one in DocumentState if one.value == told.get("state")), DocumentState.ACTIVE)
    if told.get("act") == "duplicate":
        made = actions.issue_duplicate(actor=actor, document_id=document_id, reason=state, how=_how(request))
        messages.success(request, "Дубликат выдан и записан в книгу.")
        return made
    actions.set_state(actor=actor, document_id=document_id, state=state, basis=told.get("basis", ""))
    messages.success(request, "Записано.")
    return document_id
