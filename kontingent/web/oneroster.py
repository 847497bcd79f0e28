"""OneRoster on a page: lists out, a set checked or compared with the register, who was given what, journals that are asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_http_methods

from kontingent.access.machines import queries as machines
from kontingent.access.machines.models import ApiClient
from kontingent.access.machines.permissions import MachinePermission
from kontingent.access.machines.rules import MachineScope
from kontingent.audit import queries as journal
from kontingent.audit.permissions import AuditPermission
from kontingent.audit.queries import Given
from kontingent.exchange.journals.permissions import SourcePermission
from kontingent.exchange.journals.sources import queries as sources
from kontingent.exchange.oneroster import archives, checking, queries, rostering, writing
from kontingent.exchange.oneroster.checking import Defect
from kontingent.exchange.oneroster.model import Edition, Mode
from kontingent.exchange.oneroster.rostering import RosterRefused
from kontingent.exchange.staging import jobs
from kontingent.exchange.staging.permissions import StagingPermission
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound
from kontingent.kernel.scope import Scope
from kontingent.organisations import queries as organisations
from kontingent.web.files import streamed_as
from kontingent.web.request import actor_of, page
from kontingent.web.uploads import accepts_a_file

#: Machines and what they were given are shown for so many days back, so many of them.
DAYS, MOST_MACHINES = 30, 300
#: Kinds of sources that speak OneRoster begin so.
KINDS = "oneroster-"
MODES = {Mode.BULK: "полный", Mode.DELTA: "изменения"}


@dataclass(slots=True)
class Checked:
    """What became of a file that somebody showed."""

    filename: str
    edition: str = ""
    files: list[tuple[str, str, int]] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    more: int = 0


class Machine(NamedTuple):
    """A machine that may read lists: what it may have, when it was heard of, what it was given."""

    client: ApiClient
    reach: str
    scopes: list[str]
    last: datetime | None
    given: Given | None


@accepts_a_file(lambda: archives.MOST_PACKED)
@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponseBase:
    """Show the page; on POST write a set, check one, or take one in for comparison."""
    actor = actor_of(request)
    sees_sources = actor.may(SourcePermission.VIEW)
    if not sees_sources:  # who looks after machines sees what those were given, and no more
        actor.require(MachinePermission.MANAGE)
    error: KontingentError | None = None
    checked: Checked | None = None
    if request.method == "POST":
        try:
            match request.POST.get("act"):
                case "export":
                    return _exported(request, actor)
                case "check" if sees_sources:
                    checked = _checked(request)
                case "compare":
                    return _compared(request, actor)
                case _:
                    raise InvalidValue(
                        "oneroster.act", "Действие не выбрано. Нажмите одну из кнопок страницы."
                    )
        except RosterRefused as refused:
            checked = Checked(_name(request), defects=refused.defects, more=refused.more)
        except (NotAllowed, NotFound):
            raise
        except KontingentError as refusal:
            error = refusal
    lines = (
        [one for one in sources.sources(actor) if one.source.adapter.startswith(KINDS)]
        if sees_sources
        else None
    )
    answer = page(
        request, "oneroster/index.html", lines=lines, checked=checked, error=error, values=request.POST,
        editions=[(one.value, one.value) for one in reversed(Edition)], may_export=actor.may(SourcePermission.MANAGE),
        may_compare=actor.may(StagingPermission.IMPORT) and actor.organisation_id is not None, own=actor.organisation_id,
        machines=_machines(actor) if actor.may(MachinePermission.MANAGE) else None, days=DAYS,
        counts_given=actor.may(AuditPermission.READ_JOURNAL),
    )  # fmt: skip
    if checked and checked.defects:
        answer.status_code = 422
    return answer


# -- out -------------------------------------------------------------------------------------------


def _exported(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    actor.require(SourcePermission.MANAGE)
    organisation = organisations.get(_whose(request, actor))
    actor.require(
        SourcePermission.MANAGE, organisation_id=organisation.id, municipality_id=organisation.municipality_id
    )
    narrowed = replace(actor, scope=Scope.of_organisation(organisation.id))
    said = request.POST.get("edition", "")
    if said not in {one.value for one in Edition}:
        raise InvalidValue("oneroster.edition", "Редакция – 1.2 или 1.1. Выберите её из списка.")
    today, since = clock.today(), _moment(request.POST.get("since", ""))
    content = (
        queries.delta(narrowed, since=since, on=today, edition=Edition(said))
        if since is not None
        else queries.bulk(narrowed, on=today, edition=Edition(said))
    )
    if not content.rows.get("users") and not content.rows.get("enrollments"):
        what = (
            "с этого момента никто не зачислен, не выбыл и не изменён"
            if since
            else "в организации сегодня никто не учится"
        )
        raise InvalidValue("oneroster.nothing", f"Выгружать нечего: {what}. Проверьте организацию и момент.")
    kind = "delta" if since is not None else "bulk"
    return streamed_as(
        lambda: writing.pack(content), f"oneroster-{organisation.ogrn}-{kind}-{today:%Y%m%d}.zip"
    )


def _whose(request: HttpRequest, actor: Actor) -> UUID:
    if actor.organisation_id is not None:
        return actor.organisation_id
    ogrn = request.POST.get("ogrn", "").strip()
    if not ogrn:
        raise InvalidValue(
            "oneroster.whose",
            "Укажите ОГРН организации. Весь регион выгружает администратор сервера: kontingent oneroster export.",
        )
    return organisations.by_ogrn(ogrn).id


def _moment(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidValue(
            "oneroster.since",
            f"«{text[:40]}» – не день и не момент. Запишите как 2026-09-12 или 2026-09-12T10:00.",
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=clock.REGION_ZONE)


# -- in --------------------------------------------------------------------------------------------


def _packed(request: HttpRequest) -> bytes:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidValue("oneroster.no_file", "Файл не выбран. Нажмите «Выбрать файл» и укажите архив zip.")
    return b"".join(file.chunks())


def _name(request: HttpRequest) -> str:
    file = request.FILES.get("file")
    return (file.name if file else "") or "набор.zip"


def _checked(request: HttpRequest) -> Checked:
    read = checking.check(_packed(request))
    found = Checked(_name(request), defects=read.defects, more=read.more)
    if read.content is not None:
        found.edition = read.content.edition.value
        found.files = [
            (f"{name}.csv", MODES[mode], len(read.content.rows[name]))
            for name, mode in sorted(read.content.modes.items())
            if mode is not Mode.ABSENT
        ]
    return found


def _compared(request: HttpRequest, actor: Actor) -> HttpResponse:
    if actor.organisation_id is None:
        raise InvalidValue("oneroster.own", "Списки сверяет сама организация. Войдите как её сотрудник.")
    batch = rostering.receive(
        actor=actor, organisation_id=actor.organisation_id, packed=_packed(request), filename=_name(request)
    )
    jobs.read.defer(batch_id=str(batch.id))
    return HttpResponseRedirect(f"/imports/{batch.id}/")


# -- who was given what ----------------------------------------------------------------------------


def _machines(actor: Actor) -> list[Machine]:
    wanted = {one.value for one in MachineScope if one.value.startswith(("roster", "gradebook"))}
    found = [one for one in machines.clients(actor)[:MOST_MACHINES] if wanted & set(one.scopes)]
    uses = machines.last_uses(found)
    given: dict[str, Any] = {}
    if actor.may(AuditPermission.READ_JOURNAL) and found:
        codes = [one.actor_code for one in found]
        given = journal.given_to(actor, codes, since=clock.now() - timedelta(days=DAYS))
    return [
        Machine(one, machines.reach_in_words(one), sorted(wanted & set(one.scopes)), uses.get(one.id), given.get(one.actor_code))
        for one in found
    ]  # fmt: skip
