"""Achievements: a learner's portfolio for family and school, what families propose, a school's year, entering for a team, scans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods

from kontingent.achievements.portfolio import actions, documents, queries, rules, uploads
from kontingent.achievements.portfolio.codes import Verdict
from kontingent.achievements.portfolio.models import Achievement
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.achievements.portfolio.rules import Facts, FieldDecision
from kontingent.enrolment import queries as enrolment
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.persons import queries as persons
from kontingent.web.files import saved_as, scan_as, table_as
from kontingent.web.request import actor_of, optional_day, own_organisation, page, school_year, uuid_of, whole
from kontingent.web.uploads import accepts_a_file

#: A team may be picked out of so many classes at once.
MOST_CLASSES = 6
_takes_scans = accepts_a_file(lambda: uploads.LARGEST)


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """What the actor's schools have attained in a school year, and how many proposals wait."""
    actor, year = actor_of(request), school_year(request)
    filters = _filters(request)
    found = queries.attained(actor, year, filters=filters)
    may_edit = actor.may(PortfolioPermission.EDIT)
    return page(
        request, "portfolio/index.html", found=found, year=year, years=_years(), filters=filters, choices=_choices(),
        waiting=queries.waiting(actor) if may_edit else 0, may_edit=may_edit and actor.organisation_id is not None,
        query=request.GET.urlencode(), may_import=actor.may(PortfolioPermission.IMPORT),
    )  # fmt: skip


@require_GET
def index_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The same as a table file."""
    actor, year = actor_of(request), school_year(request)
    found = queries.attained(actor, year, filters=_filters(request), most=None)
    head = ["Ученик", "Организация", *rules.TITLES.values(), "Подлинник сверен"]
    lines = [
        [
            one.person.full_name, one.organisation.short_name, *(text for _, _, text in queries.shown(one)),
            "да" if one.verified_at else "нет",
        ]
        for one in found.rows
    ]  # fmt: skip
    return table_as(kind, f"dostizheniya-{year}", "Достижения", head, lines)


#: What achievements are chosen by besides code lists.
MORE = (
    ("verified", "Подлинник", [("yes", "сверен"), ("no", "не сверен")]),
    ("team", "Команда", [("yes", "в команде"), ("no", "лично")]),
)


def _filters(request: HttpRequest) -> dict[str, str]:
    names = (*rules.CODE_LISTS, "text", *(name for name, _, _ in MORE))
    return {name: request.GET.get(name, "")[:100] for name in names}


def _years() -> list[tuple[int, str]]:
    present = SchoolYear.of(clock.today()).begins_in
    return [(year, str(SchoolYear(year))) for year in range(present, present - 11, -1)]


def _choices() -> list[tuple[str, str, list[tuple[str, str]]]]:
    return [(name, rules.TITLES[name], options) for name, options in queries.choices().items()] + list(MORE)


@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    """What families propose."""
    return page(request, "portfolio/inbox.html", rows=queries.inbox(actor_of(request)))


# -- a learner -----------------------------------------------------------------------------------------


@require_GET
def of_learner(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """A learner's portfolio."""
    actor = actor_of(request)
    filters = _filters(request)
    found = queries.portfolio(actor, person_id, school_year=whole(request.GET.get("year")), filters=filters)
    return page(
        request, "portfolio/learner.html", found=found, filters=filters, choices=_choices(), is_filtered=any(filters.values()), person=persons.get(person_id), is_family=actor.scope.is_family,
        years=_years(), year=whole(request.GET.get("year")),
        may_edit=actor.may(PortfolioPermission.EDIT) and not actor.scope.is_family,
    )  # fmt: skip


@require_GET
def pdf(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """The same as PDF."""
    actor = actor_of(request)
    found = queries.portfolio(actor, person_id, school_year=whole(request.GET.get("year")))
    person = persons.get(person_id)
    whose = {
        "name": person.full_name, "born": f"{person.birth_date:%d.%m.%Y}" if person.birth_date else "",
        "school": found.accepted[0].organisation.full_name if found.accepted else "",
    }  # fmt: skip
    return saved_as(
        documents.portfolio(found, whose, is_demo=settings.DEMO), f"portfolio-{person_id.hex[-8:]}.pdf"
    )


@_takes_scans
@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """A family's form, with a scan of the document."""
    actor = actor_of(request)
    queries.portfolio(actor, person_id)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            with transaction.atomic():  # a proposal whose scan is refused is not made
                made = actions.propose(actor=actor, person_id=person_id, facts=_facts(request.POST))
                if (upload := _upload(request)) is not None:
                    actions.attach(actor=actor, achievement_id=made.pk, upload=upload)
            messages.success(request, "Отправлено в школу. Решение будет видно здесь.")
            return HttpResponseRedirect(f"/portfolio/{person_id}/")
        except NotAllowed:
            raise
        except KontingentError as refusal:
            error = refusal
    return page(
        request, "portfolio/form.html", heading="Предложить достижение", person=persons.get(person_id), error=error, values=request.POST,
        choices=queries.choices(), takes_scan=True, back=f"/portfolio/{person_id}/", largest=uploads.LARGEST // 1024 // 1024,
    )  # fmt: skip


def _upload(request: HttpRequest) -> UploadedFile[Any] | None:
    found = request.FILES.get("scan")
    return found if isinstance(found, UploadedFile) else None


# -- a school ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enter an achievement for one learner or each of a team, out of a class."""
    actor, here = actor_of(request), own_organisation(request)
    actor.require(PortfolioPermission.EDIT, organisation_id=here)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            who = [one for one in map(uuid_of, request.POST.getlist("who")) if one is not None]
            made = actions.enter(
                actor=actor,
                organisation_id=here,
                person_ids=who,
                facts=_facts(request.POST),
                verified="verified" in request.POST,
            )
            messages.success(request, f"Внесено достижений: {len(made)}.")
            return HttpResponseRedirect("/portfolio/")
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    year = SchoolYear.of(clock.today()).begins_in
    groups = [(str(one.id), one.title) for one in enrolment.groups(actor, here, year, clock.today())]
    asked = [one for one in dict.fromkeys(request.GET.getlist("group")) if one in dict(groups)][:MOST_CLASSES]
    classes = [(dict(groups)[one], enrolment.class_list(actor, UUID(one), clock.today())[1]) for one in asked]
    return page(
        request, "portfolio/form.html", heading="Внести достижение", error=error, values=request.POST, choices=queries.choices(),
        groups=groups, asked=asked, classes=classes, chosen=request.POST.getlist("who"), for_school=True, back="/portfolio/",
    )  # fmt: skip


@_takes_scans
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, achievement_id: UUID) -> HttpResponse:
    """One achievement: its fields, what they were, its scans; on POST one of the deeds."""
    actor = actor_of(request)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return _do(request, achievement_id)
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    found, former = queries.one(actor, achievement_id)
    may_edit = queries.may_decide(actor, found)
    values = request.POST if error else _values(actions.facts_of(found))
    return page(
        request, "portfolio/one.html", one=found, person=found.person, shown=queries.shown(found), error=error, may_edit=may_edit,
        is_family=actor.scope.is_family, decided=queries.decided(found), fields=_fields(found, request.POST if error else {}, values),
        former=[(each, queries.shown(each.facts)) for each in former], scans=found.scans.order_by("uploaded_at"), detached=queries.detached(found) if may_edit else [], scans_until=queries.scans_kept_until(found),
        values=values, choices=queries.choices(), largest=uploads.LARGEST // 1024 // 1024,
    )  # fmt: skip


def _do(request: HttpRequest, achievement_id: UUID) -> HttpResponse:
    actor, data, act = actor_of(request), request.POST, request.POST.get("act", "")
    common: dict[str, Any] = {
        "actor": actor,
        "achievement_id": achievement_id,
        "version": whole(data.get("version")),
    }
    match act:
        case "accept":
            actions.accept(decisions=_decisions(data), verified="verified" in data, **common)
            said = "Принято: достижение в портфолио."
        case "correct":
            actions.correct(facts=_facts(data), **common)
            said = "Исправлено."
        case "withdraw":
            actions.withdraw(**common)
            said = "Вы забрали предложение: школа его больше не видит среди ждущих. Предложить можно снова."
        case "refuse":
            actions.refuse(reason=data.get("reason", ""), **common)
            said = "Отклонено, семья увидит причину."
        case "revoke":
            actions.revoke(reason=data.get("reason", ""), **common)
            said = "Отозвано: в портфолио достижения больше нет."
        case "verify":
            actions.verify(**common)
            said = "Отмечено: подлинник сверен."
        case "attach":
            upload = _upload(request)
            if upload is None:
                raise InvalidValue("portfolio.file_empty", "Выберите файл.")
            actions.attach(actor=actor, achievement_id=achievement_id, upload=upload)
            said = "Документ приложен."
        case "detach":
            scan_id = uuid_of(data.get("scan_id", ""))
            if scan_id is None:
                raise InvalidValue("portfolio.file_empty", "Выберите документ.")
            actions.detach(actor=actor, scan_id=scan_id)
            said = "Документ убран."
        case _:
            raise InvalidValue("portfolio.act", "Нажмите одну из кнопок на странице достижения.")
    messages.success(request, said)
    return HttpResponseRedirect(f"/portfolio/one/{achievement_id}/")


@require_GET
def scan(request: HttpRequest, scan_id: UUID) -> HttpResponse:
    """A scan, to be saved: never shown within a page of ours."""
    found, content = queries.scan(actor_of(request), scan_id)
    return scan_as(content, found.media_type, f"dokument-{found.pk.hex[-8:]}.{found.ending}")


# -- forms ---------------------------------------------------------------------------------------------


def _facts(data: Any) -> Facts:
    day = optional_day(data.get("happened_on", ""), "Дата")
    if day is None:
        raise InvalidValue(
            "portfolio.happened_on", "Укажите дату: когда было мероприятие или получен результат."
        )
    text: Mapping[str, str] = {
        name: data.get(name, "") for name in Facts._fields if name not in {"happened_on", "place"}
    }
    place = data.get("place", "").strip()
    if place and not place.isdigit():
        raise InvalidValue("portfolio.place", "Место – число от 1 до 1000. Исправьте или оставьте пустым.")
    return Facts(happened_on=day, place=int(place) if place else None, **text)


def _decisions(data: Any) -> dict[str, FieldDecision]:
    """What is decided of each field of a proposal; a correction is read as in the form of an achievement."""
    found = {}
    for name in Facts._fields:
        verdict = data.get(f"v_{name}", "")
        if verdict not in (Verdict.CORRECTED.value, Verdict.REFUSED.value):
            continue
        value: Any = " ".join(data.get(name, "").split())
        if verdict == Verdict.CORRECTED.value and name == "happened_on":
            value = optional_day(value, "Дата")
            if value is None:
                raise InvalidValue("portfolio.happened_on", "Укажите дату, на которую исправляете.")
        if verdict == Verdict.CORRECTED.value and name == "place":
            if value and not value.isdecimal():
                raise InvalidValue(
                    "portfolio.place", "Место – число от 1 до 1000. Исправьте или оставьте пустым."
                )
            value = int(value) if value else None
        found[name] = FieldDecision(Verdict(verdict), value, data.get(f"r_{name}", ""))
    return found


def _fields(found: Achievement, given: Any, values: Any) -> list[dict[str, Any]]:
    """The rows of the form by which a proposal is decided: what is proposed, what may be done, what was chosen before a refusal."""
    if found.state != "proposed":
        return []
    choices = queries.choices()
    rows = []
    for name, title, said in queries.shown(found):
        verdicts = [
            ("accepted", "принять" if said != "–" else "пусто"),
            ("corrected", "исправить" if said != "–" else "вписать"),
        ]
        if said != "–" and name not in rules.ESSENTIAL:
            verdicts.append(("refused", "отклонить"))
        rows.append(
            {
                "name": name, "title": title, "said": said, "verdicts": verdicts, "chosen": given.get(f"v_{name}", ""),
                "reason": given.get(f"r_{name}", ""), "value": values.get(name, ""), "options": choices.get(name),
                "kind": "date" if name == "happened_on" else "text",
            }
        )  # fmt: skip
    return rows


def _values(facts: Facts) -> dict[str, Any]:
    return {name: value if value is not None else "" for name, value in facts._asdict().items()} | {
        "happened_on": facts.happened_on.isoformat()
    }
