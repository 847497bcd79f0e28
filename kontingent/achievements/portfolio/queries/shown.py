"""Reading: a learner's portfolio, the inbox of what families propose, what a school or a territory has attained, a scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Count, F, Func, Q, QuerySet, UUIDField

from kontingent.achievements.portfolio import files, rules
from kontingent.achievements.portfolio.codes import State
from kontingent.achievements.portfolio.models import Achievement, FormerAchievement, Scan
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries as enrolment
from kontingent.enrolment.models import Placement
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotAllowed, NotFound
from kontingent.kernel.school_year import SchoolYear
from kontingent.organisations import queries as organisations
from kontingent.organisations.models import Organisation
from kontingent.stages import queries as stages

PAGE = 200
FIELD = "achievement"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A learner's achievements, the newest first; ``waiting`` and ``refused`` to those who may know."""

    person_id: UUID
    accepted: list[Achievement]
    waiting: list[Achievement]
    refused: list[Achievement]

    @property
    def by_kind(self) -> list[tuple[str, int]]:
        """How many of each kind."""
        counts = Counter(one.kind_code for one in self.accepted)
        return [(codelists.title("achievement_kind", code), count) for code, count in sorted(counts.items())]


#: Who decides on what waits (``row_security``): the school where the learner studies now.
_DECIDER: Final = Func(
    F("person_id"), F("organisation_id"), function="scope.achievement_decider", output_field=UUIDField()
)


def decider_of(one: Achievement) -> UUID:
    """Return the school that decides on a proposal."""
    found: UUID = (
        Achievement.objects.filter(pk=one.pk).annotate(decider=_DECIDER).values_list("decider", flat=True)[0]
    )
    return found


def _to_decide(actor: Actor) -> QuerySet[Achievement]:
    """Return what waits for a decision of the actor's schools."""
    places = Organisation.objects.filter(
        organisations.scope_condition(actor.scope, organisation="id", municipality="municipality_id")
    )
    return (
        Achievement.objects.filter(stages.where_open(FIELD), state=State.PROPOSED)
        .annotate(decider=_DECIDER)
        .filter(decider__in=places.values("id"))
    )


def portfolio(
    actor: Actor,
    person_id: UUID,
    *,
    school_year: int | None = None,
    filters: Mapping[str, str] | None = None,
) -> Portfolio:
    """Return a learner's portfolio, of one school year and of such codes when they are named; the read is journaled.

    Raises:
        NotAllowed: the learner is a stranger to the actor, or stage three is closed where the actor works.
    """
    family = actor.scope.is_family
    if family and person_id not in actor.scope.persons:
        raise NotAllowed("access.not_own", "Эти сведения не о вашем ребёнке. Вернитесь к списку.")
    if not family:
        actor.require(PortfolioPermission.VIEW)
        enrolment.require_visible(actor, person_id)
    stages.gate_for(actor).require(FIELD)
    found = (
        Achievement.objects.filter(stages.where_open(FIELD), person_id=person_id)
        .select_related("organisation")
        .prefetch_related("scans")
    )
    if school_year is not None:
        year = SchoolYear(school_year)
        found = found.filter(happened_on__gte=year.starts_on, happened_on__lt=year.ends_on)
    found = found.filter(_chosen(filters))
    rows = list(found.order_by("-happened_on", "title_key")[:PAGE])
    reads.note(
        actor,
        ReadKind.FAMILY if family else ReadKind.CARD,
        [person_id],
        object_id=person_id,
        what="портфолио",
    )
    of = {state: [one for one in rows if one.state == state] for state in State}
    return Portfolio(
        person_id,
        of[State.ACCEPTED],
        of[State.PROPOSED],
        [*of[State.REFUSED], *of[State.REVOKED], *of[State.WITHDRAWN]],
    )


def one(actor: Actor, achievement_id: UUID) -> tuple[Achievement, list[FormerAchievement]]:
    """Return an achievement with what it said before; a family is shown its own.

    Raises:
        NotFound: it is of strangers.
    """
    family = actor.scope.is_family
    if not family:
        actor.require(PortfolioPermission.VIEW)
    stages.gate_for(actor).require(FIELD)
    rows = Achievement.objects.filter(stages.where_open(FIELD), pk=achievement_id)
    found = rows.select_related("organisation", "person").first()
    if found is None or not (found.person_id in actor.scope.persons if family else _sees(actor, found)):
        raise NotFound("portfolio.no_such", "Такого достижения нет.")
    kind = ReadKind.FAMILY if family else ReadKind.CARD
    reads.note(actor, kind, [found.person_id], object_id=achievement_id, what="достижение")
    return found, list(found.former.order_by("-pk"))


def may_decide(actor: Actor, one: Achievement) -> bool:
    """Say whether the actor may decide on an achievement or change it."""
    if not actor.may(PortfolioPermission.EDIT):
        return False
    if one.state == State.PROPOSED:
        return _to_decide(actor).filter(pk=one.pk).exists()
    return actor.scope.covers(one.organisation_id, one.organisation.municipality_id)


def inbox(actor: Actor) -> list[Achievement]:
    """Return what families propose to the actor's schools, the oldest first."""
    actor.require(PortfolioPermission.EDIT)
    stages.gate_for(actor).require(FIELD)
    found = _to_decide(actor).select_related("person", "organisation").prefetch_related("scans")
    rows = list(found.order_by("entered_at")[:PAGE])
    reads.note(actor, ReadKind.LIST, [each.person_id for each in rows], what="предложенные достижения")
    return rows


def waiting(actor: Actor) -> int:
    """Return how many proposals wait for the actor's schools."""
    actor.require(PortfolioPermission.EDIT)
    return _to_decide(actor).count()


class Line(NamedTuple):
    """How many achievements of a kind and level, of how many learners, and how many of them were won."""

    kind: str
    level: str
    achievements: int
    learners: int
    won: int


@dataclass(frozen=True, slots=True)
class Attained:
    """What a school (or a territory) has attained in a school year."""

    rows: list[Achievement]
    lines: list[Line]
    total: int


def attained(
    actor: Actor, school_year: int, *, filters: Mapping[str, str] | None = None, most: int | None = PAGE
) -> Attained:
    """Return the accepted achievements of the actor's scope in a school year, so many of them as rows, all where ``most`` is None.

    ``filters`` are codes of kind, level, result and subject, a part of the title (``text``), ``verified`` («yes», «no»), ``team``.
    """
    actor.require(PortfolioPermission.VIEW)
    stages.gate_for(actor).require(FIELD)
    year = SchoolYear(school_year)
    found = Achievement.objects.filter(
        _within(actor), stages.where_open(FIELD), state=State.ACCEPTED, happened_on__gte=year.starts_on, happened_on__lt=year.ends_on,
    )  # fmt: skip
    found = found.filter(_chosen(filters))
    counted = (
        found.order_by("kind_code", "level_code")
        .values_list("kind_code", "level_code")
        .annotate(
            n=Count("pk"),
            who=Count("person_id", distinct=True),
            won=Count("pk", filter=Q(result_code__in=_WON)),
        )
    )
    lines = [
        Line(
            codelists.title("achievement_kind", kind),
            codelists.title("achievement_level", level),
            n,
            who,
            won,
        )
        for kind, level, n, who, won in counted
    ]
    rows = list(
        found.select_related("person", "organisation").order_by(
            "-happened_on", "title_key", "person__name_key"
        )[:most]
    )
    reads.note(actor, ReadKind.LIST, [each.person_id for each in rows], what="достижения")
    return Attained(rows, lines, sum(line.achievements for line in lines))


def _chosen(filters: Mapping[str, str] | None) -> Q:
    condition = Q()
    for name, said in (filters or {}).items():
        if not said:
            continue
        if name in rules.CODE_LISTS:
            condition &= Q(**{name: said})
        elif name == "text":
            condition &= Q(title_key__contains=rules.title_key(said))
        elif name == "team":
            condition &= ~Q(team="") if said == "yes" else Q(team="")
        elif name == "verified":
            condition &= Q(verified_at__isnull=said != "yes")
    return condition


_WON = ("winner", "prize", "laureate", "diploma1", "diploma2", "diploma3", "gold", "silver", "bronze")


def scan(actor: Actor, scan_id: UUID) -> tuple[Scan, bytes]:
    """Return a scan with its content; the read is journaled.

    Raises:
        NotFound: it is of strangers.
        Unavailable: the content is not where it should be.
    """
    stages.gate_for(actor).require(FIELD)
    here = stages.where_open(FIELD, organisation="achievement__organisation")
    found = Scan.objects.select_related("achievement").filter(here, pk=scan_id).first()
    own = found is not None and actor.scope.is_family and found.achievement.person_id in actor.scope.persons
    if found is None or not (
        own or (actor.may(PortfolioPermission.VIEW) and _sees(actor, found.achievement))
    ):
        raise NotFound("portfolio.no_such_scan", "Такого документа нет.")
    reads.note(
        actor,
        ReadKind.FAMILY if own else ReadKind.CARD,
        [found.achievement.person_id],
        object_id=scan_id,
        what="документ достижения",
    )
    return found, files.content(found.digest)


def kept_days_of_scans(*, refused: bool = False) -> int:
    """Return for how many days a scan is kept that was taken away, or whose proposal was refused (code list ``file_retention``)."""
    return int(codelists.number("file_retention", "refused_scan" if refused else "detached_scan"))


def overdue_scans() -> Q:
    """Return the condition of scans whose term has passed: since they were taken away, or since their proposal was refused."""
    detached = clock.now() - timedelta(kept_days_of_scans())
    refused = clock.now() - timedelta(kept_days_of_scans(refused=True))
    return Q(detached_at__lt=detached) | Q(
        detached_at__isnull=True, uploaded_at__lt=refused, achievement__state=State.REFUSED, achievement__decided_at__lt=refused,
    )  # fmt: skip


def scans_kept_until(one: Achievement) -> datetime | None:
    """Return until when the scans of a refused proposal are kept, None for any other achievement."""
    if one.state != State.REFUSED or one.decided_at is None:
        return None
    return one.decided_at + timedelta(kept_days_of_scans(refused=True))


def detached(one: Achievement) -> list[tuple[Scan, datetime]]:
    """Return the scans that were taken away from an achievement, with the moment until which each is kept; the caller may decide on it."""
    kept = timedelta(kept_days_of_scans())
    rows = Scan.every.filter(achievement=one).exclude(detached_at=None).order_by("detached_at")
    return [(scan, scan.detached_at + kept) for scan in rows if scan.detached_at]


def _sees(actor: Actor, one: Achievement) -> bool:
    """Say whether an achievement is of the actor's organisations, or of a learner whom the actor knows: it follows him to a new school."""
    if Achievement.objects.filter(_within(actor), pk=one.pk).exists():
        return True
    try:
        enrolment.require_visible(actor, one.person_id)
    except NotAllowed:
        return False
    return True


def _within(actor: Actor) -> Q:
    """Say which achievements are of the actor's organisations, or of the learners of the own classes."""
    here = organisations.scope_condition(actor.scope)
    if not actor.scope.groups:
        return here
    of_classes = Placement.objects.filter(group_id__in=actor.scope.groups, superseded_at__isnull=True)
    return here | Q(person_id__in=of_classes.values("person_id"))


def shown(one: Any) -> list[tuple[str, str, str]]:
    """Return the fields of an achievement (or of its former facts) as people read them: name, title, text."""
    found = []
    for name, title in rules.TITLES.items():
        value = one.get(name) if isinstance(one, Mapping) else getattr(one, name)
        found.append((name, title, told(name, value)))
    return found


def decided(one: Achievement) -> list[tuple[str, str, str, str, str]]:
    """Return what a school has decided about the fields of a proposal: title, verdict, what was proposed, what stands now, reason."""
    return [
        (title, said["verdict"], told(name, said["said"]), told(name, getattr(one, name)), said["reason"])
        for name, title in rules.TITLES.items()
        if (said := one.decisions.get(name))
    ]


def told(name: str, value: Any) -> str:
    """Return a value as people read it."""
    if value in (None, ""):
        return "–"
    if name in rules.CODE_LISTS:
        return codelists.title(rules.CODE_LISTS[name], str(value))
    if name == "happened_on":
        return f"{date.fromisoformat(value) if isinstance(value, str) else value:%d.%m.%Y}"
    return str(value)


def choices() -> dict[str, list[tuple[str, str]]]:
    """Return what may be chosen, by field."""
    return {
        name: codelists.choices(code_list, leaves_only=False) for name, code_list in rules.CODE_LISTS.items()
    }
