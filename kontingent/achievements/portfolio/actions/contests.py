"""What the rows of a file of results of olympiads and contests mean, set by set (``incoming.judging``), and how such a file is undone.
The way of the file is that of every file of rows (``incoming.intake``).

What a row is about is told by person and ``rules.event_key``; what stands under it tells whether the row is new, a correction or known.
A correction says only what the file says: a column that is not there leaves the field as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from kontingent.achievements.incoming import judging
from kontingent.achievements.incoming.intake import Intake
from kontingent.achievements.portfolio.codes import OLYMPIAD
from kontingent.achievements.portfolio.events import (
    ContestRowsPurged,
    ContestsApplied,
    ContestsReceived,
    ContestsUndone,
)
from kontingent.achievements.portfolio.models import ContestFile, ContestRow
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.achievements.portfolio.rules import Facts
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict

TABLE: Final = "portfolio_contestrow"
REFUSALS: Final = {
    **judging.REFUSALS,
    "team": ("team", "У этой же команды в строке [line] сказан другой уровень, результат или место. Исправьте одну из строк."),
    "before_birth": ("day", "Эта дата раньше рождения ученика. Исправьте дату."),
    "proposed": ("name", "Это достижение предложила семья, оно ждёт решения. Решите о нём в разделе «Достижения», «Предложены семьями»."),
    "other_kind": ("kind_code", "Такое мероприятие у ученика записано другим видом. Откройте его портфолио и исправьте вид там."),
    "kept_elsewhere": ("name", "Это достижение внесла другая организация, и в файле сказано иное. Исправить его может она."),
}  # fmt: skip


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


def hold(one: ContestFile) -> None:
    """Lock what the rows would correct."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM portfolio_achievement WHERE id IN (SELECT standing_id FROM portfolio_contestrow WHERE delivery_id = %s) "
            "ORDER BY id FOR UPDATE",
            [one.id],
        )


def write(one: ContestFile, actor: Actor) -> None:
    """Write what is new or corrected, keeping what stood before.

    Raises:
        Conflict: somebody has entered one of the achievements meanwhile; nothing is written.
    """
    given: dict[str, Any] = {"file": one.id, "moment": clock.now(), "by": actor.name[:200], "verified": one.verified}  # fmt: skip
    with (
        _once(
            "Пока файл применялся, одно из его достижений внёс кто-то другой. Ничего не записано: примените ещё раз."
        ),
        connection.cursor() as cursor,
    ):
        for statement in _WRITING:
            cursor.execute(statement, given)


@contextmanager
def _once(message: str) -> Iterator[None]:
    """Tell by ``message`` what would make an achievement stand twice."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "achievement_once" not in str(error):
            raise
        raise Conflict("portfolio.twice", message) from error


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


INTAKE: Final = Intake(
    room="portfolio",
    file=ContestFile,
    row=ContestRow,
    needs=lambda _: (PortfolioPermission.IMPORT, "olympiad"),
    received=ContestsReceived,
    applied=ContestsApplied,
    purged=ContestRowsPurged,
    lock=0x706F,
    judge=judge,
    write=write,
    hold=hold,
)


# -- undoing -----------------------------------------------------------------------------------------


@transaction.atomic
def undo(*, actor: Actor, file_id: UUID) -> ContestFile:
    """Take back what a file wrote (отменить загрузку): new achievements go, corrected ones say again what they said before.

    What somebody has touched since – corrected, verified, revoked, given a scan – stays and is counted.
    """
    one = INTAKE.locked(actor, file_id)
    INTAKE.require(actor, one.kind, one.organisation_id)
    if one.state != "applied":
        raise Conflict("portfolio.not_applied", "Отменить можно применённую загрузку. Обновите страницу.")
    if one.purged_at is not None:
        raise Conflict(
            "portfolio.purged",
            f"Строки этой загрузки удалены {one.purged_at:%d.%m.%Y} по сроку хранения: отменить её целиком уже нельзя. Исправьте достижения по одному.",
        )
    given: dict[str, Any] = {"file": one.id, "moment": clock.now(), "by": actor.name[:200]}
    with (
        _once(
            "Прежнее достижение за это время внесено заново: отменить загрузку целиком нельзя. Исправьте достижения по одному."
        ),
        connection.cursor() as cursor,
    ):
        cursor.execute(_REMOVED, given)
        removed = cursor.rowcount
        cursor.execute(_KEPT_BEFORE_UNDOING, given)
        cursor.execute(_RESTORED, given)
        restored = cursor.rowcount
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
