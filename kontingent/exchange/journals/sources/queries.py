"""What the pages of sources show: by scope, in a flat number of statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery

from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.exchange.journals.adapters.boundary import Asked, Finding, SeenEnrolment
from kontingent.exchange.journals.adapters.mapping import read_mapping
from kontingent.exchange.journals.adapters.sealing import PREFIX
from kontingent.exchange.journals.models import (
    JournalBatch,
    JournalSource,
    MappingVersion,
    RefusedRow,
    RunFinding,
    SourceRun,
)
from kontingent.exchange.journals.permissions import SourcePermission
from kontingent.exchange.journals.repairing import MENDABLE
from kontingent.exchange.journals.sources import folders, naming, registry, rules
from kontingent.exchange.journals.sources.registry import Opening
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.performance.codes import Refusal
from kontingent.performance.models import Journal
from kontingent.performance.rules import TOLD, Told

#: Rows of a history, examples of a refusal, rows of a trial.
PAGE, EXAMPLES, TRIED = 50, 5, 50


class Line(NamedTuple):
    """A source in the list: how its last run went, what of it waits, whether it is late.

    ``is_own``: of the actor's place; others are read for the actor by the municipality or the region, and only looked at.
    """

    source: JournalSource
    kind_title: str
    schedule: str
    last: SourceRun | None
    open_refusals: int
    is_late: bool
    lag: str
    is_own: bool


class Delivering(NamedTuple):
    """A journal that delivers by itself: its last batch, how long ago, what waits for repair, the last day on which it may deliver closed periods."""

    journal: Journal
    last: JournalBatch | None
    lag: str
    open_refusals: int | None
    open_until: date | None


class Refused(NamedTuple):
    """Refused rows of one reason: how many, since when, examples, and what to do."""

    code: str
    title: str
    remedy: str
    rows: int
    since: Any
    may_mend: bool
    examples: Sequence[RefusedRow]


def sources(actor: Actor) -> list[Line]:
    """Return the sources that read for the actor's scope – its own and those above it –, those that fail or are late first."""
    actor.require(SourcePermission.VIEW)
    newest = SourceRun.objects.filter(source=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    found = list(
        _visible(actor)
        .select_related("journal", "organisation", "municipality")
        .annotate(newest=Subquery(newest))
        .order_by("journal__title", "pk")
    )
    runs = SourceRun.objects.in_bulk([one.newest for one in found if one.newest])
    own = {one.pk for one in found if is_own(actor, one)}
    waiting = dict(
        RefusedRow.objects.filter(
            journal__in=[one.journal_id for one in found if one.pk in own], repaired_at__isnull=True
        )
        .values_list("journal_id")
        .annotate(Count("pk"))
    )
    now = clock.now()
    lines = [
        Line(
            one, _kind_title(one.adapter), rules.SCHEDULES.get(one.every_minutes, f"раз в {one.every_minutes} мин"),
            runs.get(one.newest), waiting.get(one.journal_id, 0),
            one.is_on and rules.is_late(now, since=one.last_success_at or one.made_at, every_minutes=one.every_minutes),
            rules.lag(now, one.last_success_at) if one.last_success_at else "", one.pk in own,
        )
        for one in found
    ]  # fmt: skip
    return sorted(lines, key=lambda one: not (one.is_late or one.source.failures))


def delivering(actor: Actor, clients: Collection[str]) -> list[Delivering]:
    """Return the journals that deliver by themselves through one of these clients, those longest silent first; three statements.

    What waits for repair names learners of any school: it is counted for whoever has the whole region.
    """
    actor.require(SourcePermission.VIEW)
    newest = JournalBatch.objects.filter(journal=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    found = list(Journal.objects.filter(client_code__in=clients).annotate(newest=Subquery(newest)))
    batches = JournalBatch.objects.in_bulk([one.newest for one in found if one.newest])
    waiting: dict[int, int] = {}
    if actor.scope.whole_region:
        open_rows = RefusedRow.objects.filter(journal__in=found, repaired_at__isnull=True)
        waiting = dict(open_rows.values_list("journal_id").annotate(Count("pk")))
    now = clock.now()
    lines = [
        Delivering(
            one, last := batches.get(one.newest), rules.lag(now, last.touched_at) if last else "",
            waiting.get(one.pk, 0) if actor.scope.whole_region else None,
            one.history_until - timedelta(days=1) if one.history_until and one.history_until > clock.today() else None,
        )
        for one in found
    ]  # fmt: skip
    return sorted(lines, key=lambda one: one.last.touched_at if one.last else one.journal.created_at)


def source(actor: Actor, source_id: UUID) -> JournalSource:
    """Return a source that reads for the actor's scope; any other is not there."""
    actor.require(SourcePermission.VIEW)
    found = (
        _visible(actor).select_related("journal", "organisation", "municipality").filter(pk=source_id).first()
    )
    if found is None:
        raise no_such()
    return found


def own_source(actor: Actor, source_id: UUID) -> JournalSource:
    """Return a source that the actor may manage; one that others run for its place is for them to describe.

    Raises:
        NotAllowed: it is run by the municipality or the region, or managing is not the actor's.
    """
    found = source(actor, source_id)
    actor.require(SourcePermission.MANAGE)
    if not is_own(actor, found):
        raise not_own(found)
    return found


def not_own(found: JournalSource) -> NotAllowed:
    """Say whose a source is."""
    whose = (
        found.municipality.name
        if found.municipality
        else "министерство"
        if found.organisation is None
        else "другая организация"
    )
    return NotAllowed(
        "access.out_of_scope",
        f"Этот источник ведёт {whose}: здесь видно, как он читается. Чтобы изменить его, обратитесь туда.",
    )


def no_such() -> NotFound:
    """Say that there is no such source."""
    return NotFound(
        "sources.no_such_source", "Такого источника нет среди ваших. Вернитесь к списку источников."
    )


def history(actor: Actor, source_id: UUID, *, before: int | None = None) -> list[SourceRun]:
    """Return the runs of a source, the newest first."""
    runs = source(actor, source_id).runs.order_by("-pk")
    return list((runs.filter(pk__lt=before) if before else runs)[:PAGE])


def findings(actor: Actor, source_id: UUID) -> list[RunFinding]:
    """Return what the newest run that found something could not read; it may be about anybody, so it is shown to the source's own place."""
    found = source(actor, source_id)
    if not is_own(actor, found):
        return []
    of_source = RunFinding.objects.filter(run__source=found)
    newest = of_source.aggregate(Max("run_id"))["run_id__max"]
    return list(of_source.filter(run_id=newest).order_by("pk")[:PAGE]) if newest else []


def refusals(actor: Actor, source_id: UUID) -> list[Refused]:
    """Return the rows that wait for repair, by reason, with examples, to the source's own place; whom they name is noted."""
    found = source(actor, source_id)
    if not is_own(actor, found):
        return []
    of_source = RefusedRow.objects.filter(journal=found.journal_id, repaired_at__isnull=True)
    counted = of_source.values("code").annotate(n=Count("pk"), since=Min("refused_at")).order_by("-n")
    made, named = [], set[UUID]()
    for one in counted:
        code = Refusal(one["code"]) if one["code"] in set(Refusal) else None
        told = TOLD[code] if code else Told(one["code"], "", "")
        examples = list(of_source.filter(code=one["code"]).order_by("-pk")[:EXAMPLES])
        named |= {who for row in examples if (who := _whose(row))}
        made.append(
            Refused(
                one["code"], told.detail, told.by_hand, one["n"], one["since"], code in MENDABLE, examples
            )
        )
    reads.note(actor, ReadKind.LIST, sorted(named), object_id=source_id, what="отклонённые строки журнала")
    return made


def mappings(actor: Actor, source_id: UUID) -> list[MappingVersion]:
    """Return the versions of a mapping, the newest first."""
    return list(own_source(actor, source_id).mappings.order_by("-number")[:PAGE])


# -- trying a mapping ------------------------------------------------------------------------------


class Tried(NamedTuple):
    """A row of the sample as the mapping reads it; ``learner`` as the file says, and whether the register knows whose it is."""

    kind: str
    day: str
    learner: str
    is_known: bool
    subject: str
    value: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a mapping makes of a sample."""

    rows: Sequence[Tried]
    problems: Sequence[Finding]
    learners: int
    known: int
    classes: Sequence[str]
    is_reconstructed: bool
    note: str


def trial(actor: Actor, source_id: UUID, *, text: str, path: Path, filename: str, opening: Opening) -> Trial:
    """Read a sample by a mapping that nobody has kept yet; nothing is written but who was recognised in it.

    Raises:
        InvalidValue: the mapping is none, with every place that is wrong.
        FileRefused: the sample is no table.
    """
    of_source = own_source(actor, source_id)
    mapping = read_mapping(text)
    adapter = folders.sample(path, filename, mapping, opening)
    seen = {one.learner_key: one for one in adapter.list_enrollments()}
    whose = naming.recognise(of_source, [one for key, one in seen.items() if key.startswith(PREFIX)], opening.today)  # fmt: skip
    year = SchoolYear.of(opening.today)
    asked = Asked(school_year=year, since=year.starts_on, until=opening.today)
    rows, problems = list[Tried](), list[Finding]()
    for kind, row in adapter.preview(asked, TRIED):
        if isinstance(row, Finding):
            problems.append(row)
        elif len(rows) < TRIED:
            rows.append(_tried(kind, row, seen, whose))
    reads.note(
        actor, ReadKind.COMPARE, sorted(set(whose.values())), object_id=source_id, organisation_id=of_source.organisation_id,
        what="проба описания файлов журнала",
    )  # fmt: skip
    classes = sorted({one.title for one in adapter.list_classes()})
    return Trial(rows, problems[:TRIED], len(seen), len(whose), classes, mapping.reconstructed, mapping.note)


def _tried(kind: str, row: Any, seen: Mapping[str, SeenEnrolment], whose: Mapping[str, UUID]) -> Tried:
    key = getattr(row, "learner", "")
    who = seen.get(key)
    learner = f"{who.name}, {who.class_key}" if who and who.class_key else who.name if who else key
    said = {name: getattr(row, name, "") for name in ("kind", "period", "number", "topic", "homework")}
    value = getattr(row, "value", "") or getattr(row, "code", "") or getattr(row, "topic", "")
    return Tried(kind, row.date, learner or getattr(row, "class_", ""), key in whose, row.subject, value, said)  # fmt: skip


def _whose(row: RefusedRow) -> UUID | None:
    try:
        return UUID(str((row.staged or {}).get("whose") or ""))
    except (ValueError, AttributeError):
        return None


def _kind_title(code: str) -> str:
    known = registry.kinds().get(code)
    return known.title if known else code


def is_own(actor: Actor, one: JournalSource) -> bool:
    """Say whether a source is of the actor's own place: there its refused rows are seen and, with the permission, it is managed."""
    return lies_in(actor, one.organisation, one.municipality_id)


def lies_in(actor: Actor, organisation: Organisation | None, municipality_id: UUID | None) -> bool:
    """Say whether a place – an organisation, a municipality, with neither the region – is within the actor's scope."""
    if organisation is not None:
        return actor.scope.covers(organisation.pk, organisation.municipality_id)
    return actor.scope.covers(None, municipality_id)


def _visible(actor: Actor) -> QuerySet[JournalSource]:
    """The sources within the scope, and those of the municipalities and of the region that its organisations belong to."""
    scope = actor.scope
    if scope.whole_region:
        return JournalSource.objects.all()
    if not (scope.organisations or scope.municipalities):
        return JournalSource.objects.none()
    everywhere = Q(organisation__isnull=True, municipality__isnull=True)
    return JournalSource.objects.filter(organisations.around_condition(scope) | everywhere)
