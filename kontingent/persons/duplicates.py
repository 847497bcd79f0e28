"""The queue of records that look alike: found at every door, by the regional search, by a number that two persons claim.

A school says what it thinks; who may merge decides. "Not the same person" is remembered for ever.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from kontingent.audit import actions as audit
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound
from kontingent.kernel.ids import new_id
from kontingent.persons import likeness
from kontingent.persons.events import DuplicateDecided, DuplicateProposed, SnilsClaimed
from kontingent.persons.matching import Reason, Verdict, judge
from kontingent.persons.models import DuplicatePair, DuplicateSearch, Person
from kontingent.persons.permissions import PersonPermission
from kontingent.persons.queries import EVERYBODY, Within
from kontingent.storage import bulk, scope

VALID = "1"
PAGE = 50


class Likeness(NamedTuple):
    """Two records and why they may be one person."""

    one: UUID
    other: UUID
    verdict: Verdict
    likelihood: float | None = None


class Claim(NamedTuple):
    """A number that was to be written for one person while another holds it."""

    number: str
    claimant: UUID
    holder: UUID


# -- finding -----------------------------------------------------------------------------------


def note(found: Iterable[Likeness], *, found_by: str) -> int:
    """Put pairs into the queue, set-based; those decided before stay as decided. Return how many are new or renewed."""
    moment = clock.now()
    rows = [
        (
            new_id(), *sorted((pair.one, pair.other)), pair.verdict.level.value, pair.verdict.score, pair.likelihood,
            json.dumps(pair.verdict.reasons, ensure_ascii=False), found_by, moment,
        )
        for pair in found
        if pair.one != pair.other
    ]  # fmt: skip
    if not rows:
        return 0
    columns = list(zip(*rows, strict=True))
    return bulk.execute(
        "INSERT INTO persons_duplicatepair AS d (id, one_id, other_id, level, score, likelihood, reasons, found_by, "
        "found_at, state, proposal, proposed_by_name, decided_by_name, remark) "
        "SELECT DISTINCT ON (one, other) id, one, other, level, score, likelihood, reasons::jsonb, found_by, found_at, "
        "'open', '', '', '', '' FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::int[], %s::float[], "
        "%s::text[], %s::text[], %s::timestamptz[]) AS f(id, one, other, level, score, likelihood, reasons, found_by, "
        "found_at) ORDER BY one, other, score DESC "
        "ON CONFLICT (one_id, other_id) DO UPDATE SET level = excluded.level, score = excluded.score, "
        "reasons = excluded.reasons, likelihood = coalesce(excluded.likelihood, d.likelihood) WHERE d.state = 'open'",
        [list(column) for column in columns],
    )


@scope.whole_register()
def recheck(person_ids: Collection[UUID], *, found_by: str) -> int:
    """Match persons of the register anew: what has become known of them may show that they were entered before.

    Nothing is joined by itself: what is found goes into the queue.
    """
    asked = list(person_ids)
    prints = likeness.fingerprints_of(asked)
    keyed = {index: person_id for index, person_id in enumerate(asked) if person_id in prints}
    found = likeness.match_many((index, prints[person_id]) for index, person_id in keyed.items())
    return note(
        (
            Likeness(keyed[index], one.person_id, one.verdict)
            for index, candidates in found.items()
            for one in candidates
            if one.person_id != keyed[index]
        ),
        found_by=found_by,
    )


def claim(claims: Sequence[Claim], *, actor: Actor) -> None:
    """Open a case for each number that two persons claim; the number stays with its holder until somebody decides."""
    for one in claims:
        first, second = sorted((one.claimant, one.holder))
        reason = Reason("snils_same", 45, "СНИЛС указан для обоих")
        pair, _ = DuplicatePair.objects.get_or_create(
            one_id=first,
            other_id=second,
            defaults={
                "level": "possible", "score": 50, "reasons": [list(reason)], "found_by": "number", "found_at": clock.now(),
            },
        )  # fmt: skip
        pair.state, pair.claimed_snils, pair.claimant_id = "open", one.number, one.claimant
        pair.save(update_fields=["state", "claimed_snils", "claimant"])
    audit.record_all(
        (SnilsClaimed(subjects=(one.claimant, one.holder), object_id=one.claimant) for one in claims),
        actor=actor,
    )


def holders(numbers: Collection[str]) -> dict[str, UUID]:
    """Return who holds these numbers, merged records included."""
    with scope.whole_register():
        found = list(Person.objects.filter(snils__in=list(numbers)).only("snils", "merged_into_id"))
    return {row.snils: row.merged_into_id or row.id for row in found if row.snils}


# -- the queue ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Queued:
    """One pair of the queue."""

    id: UUID
    level: str
    score: int
    found_by: str
    found_at: datetime
    claimed: bool
    proposal: str
    one_id: UUID
    one_name: str
    one_born: date | None
    other_id: UUID
    other_name: str
    other_born: date | None
    explained: str

    @property
    def reasons(self) -> list[Reason]:
        """What each field says, in words."""
        return [Reason(*one) for one in json.loads(self.explained)]


_NAME = "concat_ws(' ', {0}.family_name, {0}.given_name, nullif({0}.patronymic, ''))"


def queue(
    actor: Actor, *, within: Within = EVERYBODY, level: str = "", after: int = 0, limit: int = PAGE
) -> list[Queued]:
    """Return open pairs, the surest first. ``within`` narrows to pairs one of whom the actor may know of."""
    actor.require(PersonPermission.PROPOSE_MERGE)
    condition, parameters = _open_within(within, level)
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id, d.level, d.score, d.found_by, d.found_at, d.claimed_snils IS NOT NULL, d.proposal, a.id, "
            f"{_NAME.format('a')}, a.birth_date, b.id, {_NAME.format('b')}, b.birth_date, d.reasons::text {condition} "
            "ORDER BY d.claimed_snils IS NULL, d.level, d.score DESC, d.id OFFSET %s LIMIT %s",
            [*parameters, after, limit],
        )
        found = [Queued(*row) for row in cursor.fetchall()]
    reads.note(actor, ReadKind.COMPARE, [one for pair in found for one in (pair.one_id, pair.other_id)])
    return found


def waiting(actor: Actor, *, within: Within = EVERYBODY, level: str = "") -> int:
    """Count open pairs of the queue."""
    actor.require(PersonPermission.PROPOSE_MERGE)
    condition, parameters = _open_within(within, level)
    with scope.whole_register(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {condition}", parameters)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _open_within(within: Within, level: str) -> tuple[str, list[Any]]:
    """Return the condition on pairs. Which pairs there are the scope says, who the other one is the whole register."""
    condition = (
        "FROM persons_duplicatepair d JOIN persons_person a ON a.id = d.one_id JOIN persons_person b ON b.id = d.other_id "
        "WHERE d.state = 'open' AND a.status_code = '1' AND b.status_code = '1'"
    )
    parameters: list[Any] = []
    if level:
        condition, parameters = f"{condition} AND d.level = %s", [level]
    if within.sql:
        known = DuplicatePair.objects.filter(state="open").values_list("id", flat=True)
        condition, parameters = f"{condition} AND d.id = ANY(%s)", [*parameters, list(known)]
        condition += (
            f" AND EXISTS (SELECT 1 FROM persons_person p WHERE p.id IN (d.one_id, d.other_id){within.sql})"
        )
        parameters += within.parameters
    return condition, parameters


def get(pair_id: UUID) -> DuplicatePair:
    """Return a pair with both records, of which the scope shows one at least."""
    if not DuplicatePair.objects.filter(pk=pair_id).exists():
        raise NotFound("persons.no_such_pair", "Такой пары похожих записей нет.")
    with scope.whole_register():
        return DuplicatePair.objects.select_related("one", "other").get(pk=pair_id)


def open_claims_of(person_id: UUID) -> list[DuplicatePair]:
    """Return the open cases in which a person was to get a number that another holds."""
    return list(
        DuplicatePair.objects.filter(claimant_id=person_id, state="open", claimed_snils__isnull=False)
    )


@transaction.atomic
def pair_up(*, actor: Actor, one: UUID, other: UUID) -> DuplicatePair:
    """Put two records side by side by hand (сравнить записи): they get into the queue, or are found there."""
    actor.require(PersonPermission.PROPOSE_MERGE)
    if one == other:
        raise InvalidValue("persons.merge_itself", "Это одна и та же запись. Выберите две разные.")
    prints = likeness.fingerprints_of([one, other])
    if len(prints) < 2:
        raise Conflict(
            "persons.merge_not_valid", "Одна из записей уже объединена или отменена. Обновите страницу."
        )
    note([Likeness(one, other, judge(prints[one], prints[other]))], found_by="person")
    first, second = sorted((one, other))
    return DuplicatePair.objects.get(one_id=first, other_id=second)


# -- deciding ----------------------------------------------------------------------------------


def _locked(pair_id: UUID, state: str) -> DuplicatePair:
    pair = DuplicatePair.objects.select_for_update().filter(pk=pair_id).first()
    if pair is None:
        raise NotFound("persons.no_such_pair", "Такой пары похожих записей нет.")
    if pair.state != state:
        raise Conflict(
            "persons.pair_decided", "По этой паре уже решили. Обновите страницу и посмотрите решение."
        )
    return pair


@transaction.atomic
def propose(*, actor: Actor, pair_id: UUID, proposal: str, remark: str) -> DuplicatePair:
    """Say what one thinks of a pair (предложить решение): ``same`` or ``distinct``; the pair stays in the queue."""
    pair = _locked(pair_id, "open")
    actor.require(PersonPermission.PROPOSE_MERGE)
    if proposal not in {"same", "distinct"}:
        raise InvalidValue("persons.proposal", "Выберите: один человек или разные люди.")
    pair.proposal, pair.proposed_by_name, pair.remark = proposal, actor.name, remark.strip()[:500]
    pair.save(update_fields=["proposal", "proposed_by_name", "remark"])
    audit.record(
        DuplicateProposed(
            subjects=(pair.one_id, pair.other_id), object_id=pair.id, basis=pair.remark, proposal=proposal
        ),
        actor=actor,
    )
    return pair


@transaction.atomic
@scope.whole_register()
def tell_apart(*, actor: Actor, pair_id: UUID, remark: str, number_to: UUID | None = None) -> DuplicatePair:
    """Decide that two records are different people (это разные люди); where both claim a number, say whose it is."""
    pair = _locked(pair_id, "open")
    both = {p.id: p for p in Person.objects.select_for_update().filter(pk__in=[pair.one_id, pair.other_id])}
    actor.require(PersonPermission.MERGE)
    if not remark.strip():
        raise InvalidValue("persons.basis_missing", "Укажите, по чему видно, что это разные люди.")
    if pair.claimed_snils:
        if number_to not in both:
            raise InvalidValue("persons.number_owner", "Укажите, кому из двоих принадлежит СНИЛС.")
        _give_number(both, pair, number_to)
    pair.state, pair.remark = "distinct", remark.strip()[:500]
    pair.decided_at, pair.decided_by_name = clock.now(), actor.name
    pair.claimed_snils, pair.claimant_id = None, None
    pair.save()
    audit.record(
        DuplicateDecided(
            subjects=(pair.one_id, pair.other_id), object_id=pair.id, basis=pair.remark, decision="distinct"
        ),
        actor=actor,
    )
    return pair


def _give_number(both: dict[UUID, Person], pair: DuplicatePair, owner_id: UUID) -> None:
    """Write the number for its owner, if it is still held within the pair."""
    holder = Person.objects.filter(snils=pair.claimed_snils).first()
    if holder is not None and holder.id not in both:
        raise Conflict(
            "persons.number_elsewhere",
            "За это время СНИЛС записан за третьим человеком. Откройте его карточку и разберитесь с ним.",
        )
    for person in both.values():
        if person.snils == pair.claimed_snils and person.id != owner_id:
            person.snils, person.updated_at, person.version = None, clock.now(), person.version + 1
            person.save(update_fields=["snils", "updated_at", "version"])
    owner = both[owner_id]
    if owner.snils != pair.claimed_snils:
        owner.snils, owner.updated_at, owner.version = pair.claimed_snils, clock.now(), owner.version + 1
        owner.save(update_fields=["snils", "updated_at", "version"])


@transaction.atomic
@scope.whole_register()
def reopen(*, actor: Actor, pair_id: UUID, remark: str) -> DuplicatePair:
    """Take back the decision that two records are different people (вернуть на рассмотрение)."""
    pair = _locked(pair_id, "distinct")
    actor.require(PersonPermission.MERGE)
    if not remark.strip():
        raise InvalidValue("persons.basis_missing", "Укажите, почему решение пересматривается.")
    pair.state, pair.remark, pair.decided_at, pair.decided_by_name = "open", remark.strip()[:500], None, ""
    pair.save()
    audit.record(
        DuplicateDecided(
            subjects=(pair.one_id, pair.other_id), object_id=pair.id, basis=pair.remark, decision="reopened"
        ),
        actor=actor,
    )
    return pair


# -- the regional search -----------------------------------------------------------------------

GOING_ON = ("waiting", "running")


@transaction.atomic
def ask_for_search(*, actor: Actor) -> DuplicateSearch:
    """Ask for a search of the whole region (запустить поиск дублей); one at a time."""
    actor.require(PersonPermission.SEARCH_DUPLICATES)
    if DuplicateSearch.objects.select_for_update().filter(state__in=GOING_ON).exists():
        raise Conflict("persons.search_going_on", "Поиск уже идёт. Дождитесь его окончания.")
    return DuplicateSearch.objects.create(
        started_at=clock.now(), started_by_name=actor.name, stage="В очереди"
    )


def latest_search() -> DuplicateSearch | None:
    """Return the last search."""
    return DuplicateSearch.objects.order_by("-started_at").first()


def close_interrupted() -> int:
    """Close what a killed worker had begun; return how many searches."""
    return DuplicateSearch.objects.filter(state="running").update(
        state="failed",
        finished_at=clock.now(),
        refusal="Поиск был прерван остановкой сервера. Запустите ещё раз.",
    )
