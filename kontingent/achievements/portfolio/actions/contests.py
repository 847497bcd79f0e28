"""A file of results of olympiads and contests: received, its rows judged by set (``achievements.judging``), applied, undone.

What a row is about is told by person and ``rules.event_key``; what stands under it tells whether the row is new, a correction or known.
A correction says only what the file says: a column that is not there leaves the field as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from kontingent.achievements import judging
from kontingent.achievements.files import is_reached
from kontingent.achievements.portfolio.codes import OLYMPIAD, FileKind
from kontingent.achievements.portfolio.events import ContestsApplied, ContestsReceived, ContestsUndone
from kontingent.achievements.portfolio.models import ContestFile, ContestRow
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.achievements.portfolio.rules import Facts
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, NotFound
from kontingent.organisations import queries as organisations
from kontingent.stages import queries as stages
from kontingent.storage import bulk

TABLE: Final = "portfolio_contestrow"
#: The columns of a staged row, in the order in which a reader gives them.
STAGED: Final = (
    "sheet", "line", "raw", "family_name", "given_name", "patronymic", "name_key", "birth_date", "snils", "document_key", "ogrn",
    "day", "facts", "key", "outcome", "problems",
)  # fmt: skip
#: One file is applied at a time.
_LOCK: Final = 0x706F
REFUSALS: Final = {
    **judging.REFUSALS,
    "team": ("team", "У этой же команды в строке [line] сказан другой уровень, результат или место. Исправьте одну из строк."),
    "before_birth": ("day", "Эта дата раньше рождения ученика. Исправьте дату."),
    "proposed": ("name", "Это достижение предложила семья, оно ждёт решения. Решите о нём в разделе «Достижения», «Предложены семьями»."),
    "other_kind": ("kind_code", "Такое мероприятие у ученика записано другим видом. Откройте его портфолио и исправьте вид там."),
    "kept_elsewhere": ("name", "Это достижение внесла другая организация, и в файле сказано иное. Исправить его может она."),
}  # fmt: skip


def require(actor: Actor, organisation_id: UUID | None) -> None:
    """Refuse whoever may not bring files, or where stage three is not open.

    Raises:
        NotAllowed: without the permission, or for another organisation.
        RuleViolation: ``stages.closed``, by the name of the field.
    """
    if organisation_id is None:
        actor.require(PortfolioPermission.IMPORT)
        stages.gate_for(actor).require("olympiad")
        return
    where = organisations.get(organisation_id)
    actor.require(PortfolioPermission.IMPORT, organisation_id=where.id, municipality_id=where.municipality_id)
    stages.gate(where.municipality).require("olympiad")


def receive(
    *,
    actor: Actor,
    file_id: UUID,
    kind: FileKind,
    organisation_id: UUID | None,
    document: str,
    verified: bool,
    filename: str,
    size: int,
    digest: str,
    asked_by: dict[str, Any],
) -> ContestFile:
    """Take note of a file that lies ready (принять файл); nothing of it is read yet."""
    require(actor, organisation_id)
    with transaction.atomic():
        one = ContestFile.objects.create(
            id=file_id, kind=kind.value, organisation_id=organisation_id, document=" ".join(document.split())[:200], verified=verified,
            sent_by=actor.code, sent_by_name=actor.name[:200], actor=asked_by, filename=filename, size=size, digest=digest,
            created_at=clock.now(),
        )  # fmt: skip
        audit.record(
            ContestsReceived(
                object_id=one.id, organisation_id=organisation_id, what=kind.value, digest=digest
            ),
            actor=actor,
        )
    return one


@transaction.atomic
def begin(*, actor: Actor, file_id: UUID) -> ContestFile:
    """Take a file for reading; whoever comes second is told."""
    one = _locked(actor, file_id)
    if one.state in {"applying", "applied", "undone"}:
        raise Conflict("portfolio.not_readable", "Файл уже применяется или применён. Загрузите его заново.")
    one.state, one.refusal = "reading", ""
    one.save(update_fields=["state", "refusal"])
    ContestRow.objects.filter(delivery=one).delete()
    return one


def stage(one: ContestFile, rows: Iterable[Sequence[Any]]) -> int:
    """Write rows by ``COPY``, their values in the order of ``STAGED``; return how many."""
    return bulk.copy_rows(TABLE, ("delivery_id", *STAGED), ((one.id, *row) for row in rows))


def refuse(one: ContestFile, message: str) -> None:
    """Leave a file refused, with the reason and without its rows."""
    ContestRow.objects.filter(delivery=one).delete()
    ContestFile.objects.filter(pk=one.pk).update(state="refused", refusal=message, totals={})


@transaction.atomic
def claim(*, actor: Actor, file_id: UUID, asked_by: dict[str, Any]) -> ContestFile:
    """Mark a checked file as being applied; of two who try, the second is told."""
    one = _locked(actor, file_id)
    require(actor, one.organisation_id)
    if one.state != "checked":
        raise Conflict("portfolio.not_checked", _why_not(one))
    if not (one.totals.get("create") or one.totals.get("change")):
        raise Conflict("portfolio.nothing", "Применять нечего: новых и изменённых строк в файле нет.")
    one.state, one.actor, one.refusal = "applying", asked_by, ""
    one.save(update_fields=["state", "actor", "refusal"])
    return one


def _why_not(one: ContestFile) -> str:
    return {
        "uploaded": "Файл ещё не проверен. Дождитесь конца проверки.",
        "reading": "Файл ещё проверяется. Дождитесь конца проверки.",
        "applying": "Файл уже применяется. Дождитесь окончания.",
        "applied": "Файл уже применён.",
        "undone": "Загрузка отменена. Загрузите исправленный файл заново.",
    }.get(one.state, "Файл не принят. Исправьте его и загрузите заново.")


def fail(file_id: UUID, message: str) -> None:
    """Give a file back whose applying was refused: nothing of it is written."""
    ContestFile.objects.filter(pk=file_id, state="applying").update(state="checked", refusal=message)


def give_back() -> tuple[int, list[UUID]]:
    """Give back what a killed worker had claimed; return how many were being applied and which are to be read."""
    told = "Применение было прервано. Ничего не записано: примените ещё раз."
    interrupted = ContestFile.objects.filter(state="applying").update(state="checked", refusal=told)
    return interrupted, list(ContestFile.objects.filter(state="reading").values_list("id", flat=True))


def _locked(actor: Actor, file_id: UUID) -> ContestFile:
    one = ContestFile.objects.select_for_update(of=("self",)).filter(pk=file_id).first()
    if one is None or not is_reached(actor, one):
        raise NotFound("portfolio.no_such_file", "Такой загрузки нет.")
    return one


# -- judging -----------------------------------------------------------------------------------------

#: What an achievement says, with the types of the columns.
COLUMNS: Final = dict.fromkeys(Facts._fields, "text") | {"happened_on": "date", "place": "smallint"}
_SAID: Final = {
    name: f"CASE WHEN r.facts ? '{name}' THEN (r.facts->>'{name}')::{sort} ELSE t.{name} END"
    for name, sort in COLUMNS.items()
}
_SAME: Final = " AND ".join(f"t.{name} IS NOT DISTINCT FROM {said}" for name, said in _SAID.items())
#: ``rules.event_key`` of what stands; school years begin on 1 September.
_KEY: Final = (
    "t.title_key || ':' || t.subject_code || ':' || t.stage_code || ':' || "
    f"CASE WHEN t.kind_code = '{OLYMPIAD}' AND t.stage_code <> '' THEN to_char(t.happened_on - interval '8 months', 'YYYY') "
    "ELSE to_char(t.happened_on, 'YYYY-MM-DD') END"
)
_TEAMS: Final = """
UPDATE judged j SET refusal = 'team:' || f.first FROM (
    SELECT j.id, first_value(j.line) OVER w AS first, s.said, first_value(s.said) OVER w AS first_said
    FROM judged j JOIN incoming r ON r.id = j.id CROSS JOIN LATERAL (
        SELECT concat_ws('|', r.facts->>'level_code', r.facts->>'result_code', r.facts->>'place') AS said) s
    WHERE j.refusal = '' AND r.facts ? 'team_key'
    WINDOW w AS (PARTITION BY r.facts->>'team_key', j.organisation_id, j.key ORDER BY j.id)
) f WHERE f.id = j.id AND f.said <> f.first_said
"""
_COMPARED: Final = f"""
UPDATE judged j SET standing_id = f.standing_id, outcome = f.outcome, refusal = f.refusal FROM (
    SELECT DISTINCT ON (j.id) j.id, t.id AS standing_id,
        CASE WHEN t.id IS NULL THEN 'create' WHEN {_SAME} AND (t.verified_at IS NOT NULL OR NOT %(verified)s) THEN 'same' ELSE 'change' END AS outcome,
        CASE WHEN p.birth_date > j.day THEN 'before_birth' WHEN t.id IS NULL THEN '' WHEN t.state = 'proposed' THEN 'proposed'
            WHEN t.kind_code <> r.facts->>'kind_code' THEN 'other_kind'
            WHEN NOT ({_SAME}) AND o.id IS NULL THEN 'kept_elsewhere' ELSE '' END AS refusal
    FROM judged j JOIN incoming r ON r.id = j.id JOIN persons_person p ON p.id = j.person_id
        LEFT JOIN portfolio_achievement t ON t.person_id = j.person_id AND t.state IN ('proposed', 'accepted') AND {_KEY} = j.key
        LEFT JOIN organisations_organisation o ON o.id = t.organisation_id
            AND (%(everywhere)s OR o.id = ANY(%(places)s::uuid[]) OR o.municipality_id = ANY(%(towns)s::uuid[]))
    WHERE j.refusal = '' ORDER BY j.id, (t.happened_on = j.day) DESC NULLS LAST, t.id
) f WHERE f.id = j.id
"""


def judge(one: ContestFile, actor: Actor) -> dict[str, int]:
    """Say of every staged row what would become of it; return the numbers by outcome. May be repeated."""
    reach = actor.scope
    with connection.cursor() as cursor:
        judging.match(cursor, TABLE, one.id, reach, once="person_id, key")
        cursor.execute(_TEAMS)
        cursor.execute(
            _COMPARED,
            {
                "verified": one.verified, "places": list(reach.organisations), "towns": list(reach.municipalities),
                "everywhere": reach.whole_region,
            },
        )  # fmt: skip
        return judging.write(cursor, TABLE, one.id, REFUSALS)


# -- applying ----------------------------------------------------------------------------------------


@transaction.atomic
def apply(*, actor: Actor, one: ContestFile) -> ContestFile:
    """Write the rows of a claimed file that are new or corrected, after judging them once more: the register may have moved."""
    one = _locked(actor, one.id)
    require(actor, one.organisation_id)
    if one.state != "applying":
        raise Conflict("portfolio.not_checked", "Файл сейчас применить нельзя. Обновите страницу.")
    given: dict[str, Any] = {"file": one.id, "moment": clock.now(), "by": actor.name[:200], "verified": one.verified}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(
            "SELECT 1 FROM portfolio_achievement WHERE id IN (SELECT standing_id FROM portfolio_contestrow WHERE delivery_id = %(file)s) "
            "ORDER BY id FOR UPDATE",
            given,
        )
    totals = judge(one, actor)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in _WRITING:
                cursor.execute(statement, given)
    except IntegrityError as error:
        if "achievement_once" not in str(error):
            raise
        raise Conflict(
            "portfolio.twice",
            "Пока файл применялся, одно из его достижений внёс кто-то другой. Ничего не записано: примените ещё раз.",
        ) from error
    counted = dict.fromkeys(("create", "change", "same", "refused"), 0) | totals
    one.state, one.finished_at, one.totals = "applied", clock.now(), one.totals | counted
    one.save(update_fields=["state", "finished_at", "totals"])
    audit.record(
        ContestsApplied(
            object_id=one.id, organisation_id=one.organisation_id, what=one.kind, created=counted["create"],
            changed=counted["change"], unchanged=counted["same"], refused=counted["refused"],
        ),
        actor=actor,
    )  # fmt: skip
    return one


_FACTS_OF: Final = "jsonb_build_object(" + ", ".join(f"'{name}', t.{name}" for name in COLUMNS) + ")"
_CORRECTED: Final = "FROM portfolio_contestrow r JOIN portfolio_achievement t ON t.id = r.standing_id WHERE r.delivery_id = %(file)s AND r.outcome = 'change'"
_NEW: Final = {
    name: f"coalesce(r.facts->>'{name}', '')" if sort == "text" else f"(r.facts->>'{name}')::{sort}"
    for name, sort in COLUMNS.items()
}
_WRITING: Final = (
    # what stood before, for people to read and for undoing
    f"INSERT INTO portfolio_formerachievement (achievement_id, facts, replaced_at, replaced_by_name) "
    f"SELECT t.id, {_FACTS_OF}, %(moment)s, %(by)s {_CORRECTED} AND NOT ({_SAME})",
    f"UPDATE portfolio_contestrow w SET written_id = f.id, written_version = f.version + 1, before = f.facts FROM ("
    f"SELECT r.id AS row_id, t.id, t.version, {_FACTS_OF} || jsonb_build_object('verified_at', t.verified_at, 'verified_by_name', "
    f"t.verified_by_name) AS facts {_CORRECTED}) f WHERE w.id = f.row_id",
    "UPDATE portfolio_achievement t SET "
    + ", ".join(f"{name} = {said}" for name, said in _SAID.items())
    + ", title_key = split_part(r.key, ':', 1), version = t.version + 1, decided_at = %(moment)s, decided_by_name = %(by)s, "
    f"verified_at = CASE WHEN %(verified)s THEN %(moment)s WHEN {_SAME} THEN t.verified_at END, "
    f"verified_by_name = CASE WHEN %(verified)s THEN %(by)s WHEN {_SAME} THEN t.verified_by_name ELSE '' END "
    "FROM portfolio_contestrow r WHERE r.delivery_id = %(file)s AND r.outcome = 'change' AND t.id = r.standing_id",
    "UPDATE portfolio_contestrow SET written_id = gen_random_uuid(), written_version = 1 WHERE delivery_id = %(file)s AND outcome = 'create'",
    "INSERT INTO portfolio_achievement (id, person_id, organisation_id, "
    + ", ".join(COLUMNS)
    + ", title_key, state, by_family, entered_at, entered_by_name, decided_at, decided_by_name, reason, verified_at, verified_by_name, decisions, version) "
    "SELECT r.written_id, r.person_id, r.organisation_id, "
    + ", ".join(_NEW.values())
    + ", split_part(r.key, ':', 1), 'accepted', false, %(moment)s, %(by)s, %(moment)s, %(by)s, '', "
    "CASE WHEN %(verified)s THEN %(moment)s::timestamptz END, CASE WHEN %(verified)s THEN %(by)s ELSE '' END, '{}', 1 "
    "FROM portfolio_contestrow r WHERE r.delivery_id = %(file)s AND r.outcome = 'create'",
)


# -- undoing -----------------------------------------------------------------------------------------


@transaction.atomic
def undo(*, actor: Actor, file_id: UUID) -> ContestFile:
    """Take back what a file wrote (отменить загрузку): new achievements go, corrected ones say again what they said before.

    What somebody has touched since – corrected, verified, revoked, given a scan – stays and is counted.
    """
    one = _locked(actor, file_id)
    require(actor, one.organisation_id)
    if one.state != "applied":
        raise Conflict("portfolio.not_applied", "Отменить можно применённую загрузку. Обновите страницу.")
    if one.purged_at is not None:
        raise Conflict(
            "portfolio.purged",
            f"Строки этой загрузки удалены {one.purged_at:%d.%m.%Y} по сроку хранения: отменить её целиком уже нельзя. Исправьте достижения по одному.",
        )
    given: dict[str, Any] = {"file": one.id, "moment": clock.now(), "by": actor.name[:200]}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_REMOVED, given)
            removed = cursor.rowcount
            cursor.execute(_KEPT_BEFORE_UNDOING, given)
            cursor.execute(_RESTORED, given)
            restored = cursor.rowcount
    except IntegrityError as error:
        if "achievement_once" not in str(error):
            raise
        raise Conflict(
            "portfolio.twice",
            "Прежнее достижение за это время внесено заново: отменить загрузку целиком нельзя. Исправьте достижения по одному.",
        ) from error
    left = one.totals.get("create", 0) + one.totals.get("change", 0) - removed - restored
    one.state, one.undone_at, one.undone_by_name = "undone", clock.now(), actor.name[:200]
    one.totals = one.totals | {"removed": removed, "restored": restored, "left": left}
    one.save(update_fields=["state", "undone_at", "undone_by_name", "totals"])
    audit.record(
        ContestsUndone(
            object_id=one.id,
            organisation_id=one.organisation_id,
            removed=removed,
            restored=restored,
            left=left,
        ),
        actor=actor,
    )
    return one


_UNTOUCHED: Final = "r.delivery_id = %(file)s AND t.id = r.written_id AND t.version = r.written_version AND t.state = 'accepted'"
_REMOVED: Final = (
    f"DELETE FROM portfolio_achievement t USING portfolio_contestrow r WHERE {_UNTOUCHED} AND r.outcome = 'create' "
    "AND NOT EXISTS (SELECT 1 FROM portfolio_scan s WHERE s.achievement_id = t.id)"
)
_KEPT_BEFORE_UNDOING: Final = (
    f"INSERT INTO portfolio_formerachievement (achievement_id, facts, replaced_at, replaced_by_name) SELECT t.id, {_FACTS_OF}, %(moment)s, %(by)s "
    f"FROM portfolio_contestrow r JOIN portfolio_achievement t ON {_UNTOUCHED} WHERE r.outcome = 'change'"
)
_RESTORED: Final = (
    "UPDATE portfolio_achievement t SET "
    + ", ".join(f"{name} = (r.before->>'{name}')::{sort}" for name, sort in COLUMNS.items())
    + ", verified_at = (r.before->>'verified_at')::timestamptz, verified_by_name = r.before->>'verified_by_name', version = t.version + 1, "
    "decided_at = %(moment)s, decided_by_name = %(by)s, title_key = split_part(r.key, ':', 1) "
    f"FROM portfolio_contestrow r WHERE {_UNTOUCHED} AND r.outcome = 'change'"
)
