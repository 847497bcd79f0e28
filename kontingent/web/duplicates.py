"""Duplicates: the queue, two records side by side, merging, taking a wrong merge back, the regional search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries
from kontingent.enrolment.queries import LearnerCard
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.kernel.snils import format_snils
from kontingent.persons import duplicates, jobs, lineage, merging
from kontingent.persons.matching import Reason
from kontingent.persons.models import DuplicatePair, Merge, Person
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.search import understand
from kontingent.web.request import actor_of, page, uuid_of, whole

TITLES = {
    "family_name": "Фамилия", "given_name": "Имя", "patronymic": "Отчество", "sex": "Пол", "birth_date": "Дата рождения",
    "birth_place": "Место рождения", "snils": "СНИЛС", "citizenship_code": "Гражданство", "country_code": "Страна гражданства",
    "died_on": "Дата смерти", lineage.NAME_UNIT: "Фамилия, имя, отчество",
}  # fmt: skip
_LISTS = {"sex": "sex", "citizenship_code": "citizenship", "country_code": "country"}


def index(request: HttpRequest) -> HttpResponse:
    """The queue of records that look alike, the surest first."""
    actor = actor_of(request)
    level, after = request.GET.get("level", ""), whole(request.GET.get("after")) or 0
    within = queries.visible(actor)
    rows = duplicates.queue(actor, within=within, level=level, after=after)
    may_search = actor.may(PersonPermission.SEARCH_DUPLICATES)
    return page(
        request,
        "duplicates/index.html",
        rows=rows,
        count=duplicates.waiting(actor, within=within, level=level),
        level=level,
        levels=[("", "все"), ("certain", "точно"), ("possible", "возможно")],
        after=after + len(rows) if len(rows) == duplicates.PAGE else None,
        may_search=may_search,
        search=duplicates.latest_search() if may_search else None,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """One field of two records: its values as shown, and which is offered to stay."""

    name: str
    title: str
    one: str
    other: str
    takes_other: bool

    @property
    def differs(self) -> bool:
        """True when a human has to choose."""
        return self.one != self.other


@require_http_methods(["GET", "POST"])
def compare(request: HttpRequest, pair_id: UUID) -> HttpResponse:
    """Two records side by side; on POST decide or propose."""
    actor = actor_of(request)
    actor.require(PersonPermission.PROPOSE_MERGE)
    pair = duplicates.get(pair_id)
    cards = [_card(actor, pair.one_id), _card(actor, pair.other_id)]
    if cards == [None, None]:
        raise NotAllowed("access.out_of_scope", "Ни один из этих людей не учится в ваших организациях.")
    reads.note(actor, ReadKind.COMPARE, [pair.one_id, pair.other_id], object_id=pair.id)
    may_decide = actor.may(PersonPermission.MERGE) and all(cards)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            return _decide(request, actor, pair, may_decide=may_decide)
        except KontingentError as refusal:
            error = refusal
    stays = uuid_of(request.POST.get("stays")) or _likelier_to_stay(cards, pair)
    return page(
        request,
        "duplicates/compare.html",
        pair=pair,
        cards=cards,
        people=[_shown(card, person) for card, person in zip(cards, (pair.one, pair.other), strict=True)],
        lines=_lines(pair.one, pair.other) if all(cards) else [],
        chosen=request.POST,
        stays=stays,
        reasons=[Reason(*one) for one in pair.reasons],
        may_decide=may_decide and pair.state == "open",
        may_reopen=may_decide and pair.state == "distinct",
        basis=request.POST.get("basis", ""),
        error=error,
    )


def _card(actor: Actor, person_id: UUID) -> LearnerCard | None:
    """The card, where the actor may see it. A merged record has none."""
    try:
        return queries.card(actor, person_id)
    except KontingentError:
        return None


def _shown(card: LearnerCard | None, person: Person) -> dict[str, Any]:
    """What heads a column: of a stranger only what matching compared."""
    return {"id": person.id, "card": card, "name": person.full_name, "born": person.birth_date}


def _likelier_to_stay(cards: list[LearnerCard | None], pair: DuplicatePair) -> UUID:
    """The record that knows more: enrolments, then a number, then the older one."""
    one, other = cards
    if one is None or other is None:
        return pair.one_id
    weight = [
        (len(card.path), card.person.snils is not None, -card.person.created_at.timestamp())
        for card in (one, other)
    ]
    return pair.one_id if weight[0] >= weight[1] else pair.other_id


def _lines(one: Person, other: Person) -> list[Line]:
    return [
        Line(name, TITLES[name], told(name, getattr(one, name)), told(name, getattr(other, name)),
             not getattr(one, name) and bool(getattr(other, name)))
        for name in lineage.FIELDS
    ]  # fmt: skip


def told(name: str, value: Any) -> str:
    """Write a field as people read it."""
    if value in {None, ""}:
        return "–"
    if name in _LISTS:
        return codelists.title(_LISTS[name], str(value))
    if name == "snils":
        return format_snils(str(value))
    return f"{value:%d.%m.%Y}" if hasattr(value, "year") else str(value)


def _decide(request: HttpRequest, actor: Actor, pair: DuplicatePair, *, may_decide: bool) -> HttpResponse:
    data, basis = request.POST, request.POST.get("basis", "")
    what = data.get("act", "")
    if what == "propose":
        duplicates.propose(actor=actor, pair_id=pair.id, proposal=data.get("proposal", ""), remark=basis)
        messages.success(request, "Предложение записано: решит муниципалитет или министерство.")
        return HttpResponseRedirect("/duplicates/")
    if not may_decide:
        raise NotAllowed(
            "persons.not_decidable",
            "Решить может тот, кому доступны обе записи: специалист муниципалитета или министерства.",
        )
    if what == "merge":
        survivor = uuid_of(data.get("stays"))
        if survivor not in {pair.one_id, pair.other_id}:
            raise InvalidValue("persons.merge_survivor", "Выберите, какая запись остаётся.")
        gone = pair.other_id if survivor == pair.one_id else pair.one_id
        made = merging.merge(
            actor=actor, survivor_id=survivor, merged_id=gone, basis=basis,
            from_merged=[name for name in lineage.FIELDS if data.get(f"field-{name}") == str(gone)],
        )  # fmt: skip
        messages.success(
            request, "Записи объединены. Если это ошибка, объединение можно отменить в карточке."
        )
        return HttpResponseRedirect(f"/learners/{made.survivor_id}/")
    if what == "distinct":
        duplicates.tell_apart(
            actor=actor, pair_id=pair.id, remark=basis, number_to=uuid_of(data.get("number"))
        )
        messages.success(request, "Записано: это разные люди. Эту пару больше не предложат.")
        return HttpResponseRedirect("/duplicates/")
    if what == "reopen":
        duplicates.reopen(actor=actor, pair_id=pair.id, remark=basis)
        messages.success(request, "Пара снова на рассмотрении.")
    return HttpResponseRedirect(f"/duplicates/{pair.id}/")


@require_http_methods(["GET", "POST"])
def find(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """Look for the other record of a person by hand; on POST put the two side by side."""
    actor = actor_of(request)
    actor.require(PersonPermission.PROPOSE_MERGE)
    person = queries.person(actor, person_id, what="поиск второй записи")
    if request.method == "POST":
        other = uuid_of(request.POST.get("other"))
        if other is None:
            raise InvalidValue("persons.pair_other", "Выберите вторую запись из найденных.")
        queries.require_visible(actor, other)
        pair = duplicates.pair_up(actor=actor, one=person_id, other=other)
        return HttpResponseRedirect(f"/duplicates/{pair.id}/")
    text = request.GET.get("name", "")
    hits = queries.search_learners(actor, understand(text))[0] if text else []
    return page(
        request, "duplicates/find.html", person=person, text=text,
        hits=[hit for hit in hits if hit.person.id != person_id],
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, merge_id: UUID) -> HttpResponse:
    """Take a merge back: what came since is assigned to one of the two."""
    actor = actor_of(request)
    actor.require(PersonPermission.MERGE)
    made = merging.get(merge_id)
    queries.require_visible(actor, made.survivor_id)
    reads.note(actor, ReadKind.COMPARE, [made.survivor_id, made.merged_id], object_id=made.id)
    error: KontingentError | None = None
    if request.method == "POST":
        try:
            merging.unmerge(
                actor=actor, merge_id=merge_id, basis=request.POST.get("basis", ""),
                to_merged=[key.removeprefix("to-") for key, value in request.POST.items() if key.startswith("to-") and value == "merged"],
            )  # fmt: skip
            messages.success(request, "Записи разделены. Обе стоят так, как если бы их не объединяли.")
            return HttpResponseRedirect(f"/learners/{made.merged_id}/")
        except KontingentError as refusal:
            error = refusal
    return page(
        request,
        "duplicates/undo.html",
        merge=made,
        before=_before(made),
        since=merging.since(merge_id),
        titles=TITLES,
        chosen=request.POST,
        basis=request.POST.get("basis", ""),
        error=error,
    )


def _before(made: Merge) -> list[tuple[str, str, str]]:
    """(title, survivor's, merged one's) of every field, as it will be again."""
    return [
        (TITLES[name], told(name, change.survivor), told(name, change.merged))
        for name, change in merging.changes_of(made).items()
    ]


@require_POST
def start_search(request: HttpRequest) -> HttpResponse:
    """Ask for a search of the whole region."""
    search = duplicates.ask_for_search(actor=actor_of(request))
    jobs.search_duplicates.defer(search_id=str(search.id))
    return HttpResponseRedirect("/duplicates/")


def progress(request: HttpRequest) -> HttpResponse:
    """How far the regional search is; reloads the page at its end."""
    actor_of(request).require(PersonPermission.SEARCH_DUPLICATES)
    search = duplicates.latest_search()
    if search is None or search.state in {"done", "failed"}:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return page(request, "duplicates/bar.html", search=search)
