"""Learners: search, card with the whole path, correction, documents, representatives, the list of a school."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from kontingent.achievements.attestation import queries as attestation
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.audit import queries as audit
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment import queries
from kontingent.exchange.services.permissions import CertificatePermission
from kontingent.health import queries as health
from kontingent.kernel import clock, snils
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError
from kontingent.kernel.snils import format_snils
from kontingent.performance.permissions import PerformancePermission
from kontingent.persons import actions as persons
from kontingent.persons import duplicates, likeness, merging
from kontingent.persons.actions import PersonDraft, RepresentationDraft
from kontingent.persons.likeness import Candidate
from kontingent.persons.matching import Fingerprint, Level
from kontingent.persons.models import Person
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.search import understand
from kontingent.trajectory.flows.queries import path as paths
from kontingent.web import certificates, charts
from kontingent.web.request import actor_of, day, optional_day, own_organisation, page, whole

EVENTS_SHOWN = 20


def search(request: HttpRequest) -> HttpResponse:
    """Find people by whatever was typed."""
    text = request.GET.get("q", "")
    term = understand(text)
    hits, more = queries.search_learners(actor_of(request), term)
    return page(request, "learners/search.html", q=text, term=term, hits=hits, more=more)


def school(request: HttpRequest) -> HttpResponse:
    """Every learner of one's own organisation on one page."""
    on = day(request)
    organisation, rows = queries.school_list(actor_of(request), own_organisation(request), on)
    return page(
        request,
        "learners/school.html",
        organisation=organisation,
        on=on,
        count=len(rows),
        body=table_body(rows),
    )


def table_body(rows: list[queries.ListRow]) -> SafeString:
    """Write the rows of a long list: one join instead of five hundred template loops."""
    sexes = codelists.titles("sex")
    parts = []
    for number, row in enumerate(rows, start=1):
        name = escape(row.full_name)
        number_of = format_snils(row.snils) if row.snils else "–"
        state = "" if row.state == "studying" else escape(codelists.title("learner_state", row.state))
        parts.append(
            f'<tr><td class="num">{number}</td><th scope="row"><a href="/learners/{row.person_id}/">{name}</a></th>'
            f"<td>{row.birth_date:%d.%m.%Y}</td><td>{sexes[row.sex][:3].lower()}.</td><td>{number_of}</td>"
            f"<td>{escape(row.group_title)}</td><td>{state}</td></tr>"
        )
    return SafeString("".join(parts))


def card(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Everything of one person that the viewer may see."""
    actor = actor_of(request)
    found = queries.card(actor, person_id)
    way = paths.of(found.path, clock.today())
    return page(
        request,
        "learners/card.html",
        card=found,
        line=charts.path_line(way.stays, way.gaps, clock.today()),
        path_rows=way.rows,
        person=found.person,
        may_edit=actor.may(PersonPermission.EDIT),
        may_see_categories=actor.may(PersonPermission.VIEW_CATEGORIES),
        may_see_health=health.may_look(actor) is not None,
        may_see_exams=bool(found.path) and attestation.may_look(actor),
        may_see_portfolio=actor.may(PortfolioPermission.VIEW),
        may_see_marks=actor.may(PerformancePermission.VIEW) and bool(found.path),
        certificate_order=certificates.order_key() if _may_certify(actor, found) else "",
        merges=merging.in_force(person_id)
        if found.person.version > 1
        else [],  # untouched since it was entered
        may_undo=actor.may(PersonPermission.MERGE),
        may_pair=actor.may(PersonPermission.PROPOSE_MERGE),
        events=audit.entries_about_person(person_id, most=EVENTS_SHOWN),
    )


def _may_certify(actor: Actor, found: queries.LearnerCard) -> bool:
    """Say whether the learner studies in the school that the viewer issues certificates for."""
    return actor.may(CertificatePermission.ISSUE) and any(
        part.enrolment.is_main and part.organisation.id == actor.organisation_id for part in found.current
    )


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Correct personal data, with the basis."""
    actor = actor_of(request)
    actor.require(PersonPermission.EDIT)
    person = queries.person(actor, person_id, what="исправление")
    values: dict[str, Any] = {name: getattr(person, name) for name in persons.CORRECTABLE}
    error: KontingentError | None = None
    if request.method == "POST":
        values |= {name: request.POST.get(name, "").strip() for name in values if name in request.POST}
        try:
            changes = {**values, "birth_date": optional_day(str(values["birth_date"] or ""), "Дата рождения")}
            changes["died_on"] = person.died_on
            changed = enrolment.correct_learner(
                actor=actor,
                person_id=person_id,
                changes=changes,
                basis=request.POST.get("basis", ""),
                version=whole(request.POST.get("version")),
            )
            tell_of_claims(request, person_id)
            messages.success(request, "Исправлено." if changed else "Других изменений нет.")
            return HttpResponseRedirect(f"/learners/{person_id}/")
        except KontingentError as refusal:
            error = refusal
    born = values["birth_date"]
    return page(
        request,
        "learners/edit.html",
        person=person,
        values=values,
        born=born.isoformat() if hasattr(born, "isoformat") else born,
        error=error,
        basis=request.POST.get("basis", ""),
        sexes=codelists.choices("sex"),
        citizenships=codelists.choices("citizenship"),
        countries=codelists.choices("country"),
    )


@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Enter a new learner by hand: matched first, created only when nobody like that is known or a human says so."""
    actor = actor_of(request)
    own_organisation(request)
    actor.require(PersonPermission.EDIT)
    values = {
        name: request.POST.get(name, "")
        for name in ("family_name", "given_name", "patronymic", "birth_date", "sex", "snils", "birth_place")
    }
    error: KontingentError | None = None
    candidates: list[Candidate] = []
    if request.method == "POST":
        try:
            draft = PersonDraft(
                family_name=values["family_name"], given_name=values["given_name"], patronymic=values["patronymic"],
                sex=values["sex"], birth_date=optional_day(values["birth_date"], "Дата рождения"),
                birth_place=values["birth_place"], snils=values["snils"] or None,
            )  # fmt: skip
            candidates = alike(actor, draft)
            certain = any(one.verdict.level is Level.CERTAIN for one in candidates)
            if not candidates or (request.POST.get("sure") and not certain):
                person_id = persons.create_person(actor=actor, draft=draft)
                tell_of_claims(request, person_id)
                messages.success(request, "Человек внесён. Теперь зачислите его приказом.")
                return HttpResponseRedirect(f"/orders/new/?kind=admission&person={person_id}")
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "learners/add.html", values=values, error=error, sexes=codelists.choices("sex"), candidates=candidates,
        certain=any(one.verdict.level is Level.CERTAIN for one in candidates),
    )  # fmt: skip


def tell_of_claims(request: HttpRequest, person_id: UUID) -> None:
    """Say that a number was somebody else's and is looked into."""
    for case in duplicates.open_claims_of(person_id):
        messages.warning(
            request,
            f"СНИЛС {format_snils(case.claimed_snils or '')} записан за другим человеком, поэтому здесь не сохранён. "
            "Случай отправлен на разбор: раздел «Дубли».",
        )


def alike(actor: Actor, draft: PersonDraft) -> list[Candidate]:
    """Return whom the register knows that a draft resembles; the look is journaled."""
    number = snils.normalise(draft.snils) if draft.snils else None
    found = likeness.match_one(
        Fingerprint.of(
            draft.family_name,
            draft.given_name,
            draft.patronymic,
            birth_date=draft.birth_date,
            sex=draft.sex,
            snils=number,
        )
    )
    reads.note(actor, ReadKind.COMPARE, [one.person_id for one in found])
    return found


@require_http_methods(["GET", "POST"])
def add_document(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Add an identity document."""
    actor, person = _editor(request, person_id)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            persons.add_document(
                actor=actor,
                person_id=person_id,
                kind_code=request.POST.get("kind", ""),
                series=request.POST.get("series", ""),
                number=request.POST.get("number", ""),
                issued_on=optional_day(request.POST.get("issued_on", ""), "Дата выдачи"),
                issuer=request.POST.get("issuer", ""),
            )
            messages.success(request, "Документ добавлен.")
            return HttpResponseRedirect(f"/learners/{person_id}/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "learners/document.html",
        person=person,
        error=error,
        kinds=codelists.choices("identity_document"),
        values=request.POST,
    )


@require_http_methods(["GET", "POST"])
def add_representative(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Add a representative: found in the register or entered, matched first."""
    actor, person = _editor(request, person_id)
    error: KontingentError | None = None
    candidates: list[Candidate] = []
    values = {
        name: request.POST.get(name, "")
        for name in (
            "family_name",
            "given_name",
            "patronymic",
            "birth_date",
            "sex",
            "snils",
            "phone",
            "kind",
            "kinship",
            "paper",
        )
    }
    if request.method == "POST":
        try:
            born = optional_day(values["birth_date"], "Дата рождения")
            draft = PersonDraft(
                family_name=values["family_name"], given_name=values["given_name"], patronymic=values["patronymic"],
                sex=values["sex"], birth_date=born, snils=values["snils"] or None,
            )  # fmt: skip
            chosen = request.POST.get("adult", "")
            candidates = alike(actor, draft)
            if chosen or not candidates:
                known = {str(one.person_id) for one in candidates}
                if chosen in known:
                    adult_id = UUID(chosen)
                    persons.introduce(
                        actor=actor, person_ids=[adult_id], basis="Выбран представителем ребёнка"
                    )
                else:
                    adult_id = persons.create_person(actor=actor, draft=draft)
                if values["phone"]:
                    persons.add_contact(actor=actor, person_id=adult_id, kind_code="1", value=values["phone"])
                persons.add_representation(
                    actor=actor,
                    draft=RepresentationDraft(
                        child_id=person_id, adult_id=adult_id, kind_code=values["kind"] or "1", kinship_code=values["kinship"],
                        document_requisites=values["paper"],
                    ),
                )  # fmt: skip
                messages.success(request, "Представитель добавлен.")
                return HttpResponseRedirect(f"/learners/{person_id}/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "learners/representative.html",
        person=person,
        error=error,
        values=values,
        candidates=candidates,
        kinds=codelists.choices("representative_kind"),
        kinships=codelists.choices("kinship"),
        sexes=codelists.choices("sex"),
    )


def _editor(request: HttpRequest, person_id: UUID) -> tuple[Actor, Person]:
    actor = actor_of(request)
    actor.require(PersonPermission.EDIT)
    return actor, queries.person(actor, person_id, what="дополнение")


@require_POST
def set_address(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Set an address."""
    actor, _ = _editor(request, person_id)
    kind = request.POST.get("kind", "")
    persons.set_address(
        actor=actor,
        person_id=person_id,
        kind_code=kind if codelists.has("address_kind", kind) else "residence",
        text=request.POST.get("text", ""),
    )
    messages.success(request, "Адрес записан.")
    return HttpResponseRedirect(f"/learners/{person_id}/")
