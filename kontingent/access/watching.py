"""Alerts: what in the journal a security officer should look at without having been asked to (сигналы).

Rules are data (``alerts.toml``): a measure, a threshold, words. Each measure is one set-based statement over the hours
that changed; an alert is one row for a rule, an actor and an hour or a day, counted on while the hour goes on.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from kontingent.access.events import AlertResolved
from kontingent.access.models import Alert
from kontingent.access.permissions import AccessPermission
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotFound, RuleViolation
from kontingent.kernel.ids import new_id

RULES_FILE = Path(__file__).with_name("alerts.toml")
#: How far back a run looks: late rows are caught up with, and a worker that slept.
LOOKS_BACK = timedelta(days=2)

_MEASURES = {
    "cards_an_hour": """
        SELECT actor_code, max(actor_name), date_trunc('hour', moment), count(*) FROM audit_entry
        WHERE moment >= %(since)s AND kind = 'read.card' AND actor_code LIKE 'account:%%'
        GROUP BY 1, 3 HAVING count(*) >= %(threshold)s""",
    "people_a_day": """
        SELECT actor_code, max(actor_name), date_trunc('day', moment, %(zone)s), count(DISTINCT subject)
        FROM audit_entry CROSS JOIN unnest(subjects) subject
        WHERE moment >= %(since)s AND kind LIKE 'read.%%' AND actor_code LIKE 'account:%%'
        GROUP BY 1, 3 HAVING count(DISTINCT subject) >= %(threshold)s""",
    "reads_at_night": """
        SELECT actor_code, max(actor_name), date_trunc('day', moment + interval '6 hours', %(zone)s), count(*)
        FROM audit_entry WHERE moment >= %(since)s AND kind LIKE 'read.%%' AND kind <> 'read.family'
            AND actor_code LIKE 'account:%%'
            AND (extract(hour FROM moment AT TIME ZONE %(zone)s) >= %(from_hour)s
                 OR extract(hour FROM moment AT TIME ZONE %(zone)s) < %(until_hour)s)
        GROUP BY 1, 3 HAVING count(*) >= %(threshold)s""",
    "cards_of_relatives": """
        SELECT e.actor_code, max(e.actor_name), date_trunc('day', e.moment, %(zone)s), count(*)
        FROM audit_entry e JOIN access_account a ON e.actor_code = 'account:' || a.id
        JOIN persons_person me ON me.snils = a.snils
        WHERE e.moment >= %(since)s AND e.kind = 'read.card' AND e.purpose <> 'family' AND EXISTS (
            SELECT 1 FROM persons_representation r LEFT JOIN persons_representation other ON other.child_id = r.child_id
            WHERE (r.adult_id = me.id AND e.subjects && ARRAY[r.child_id, other.adult_id])
               OR (r.child_id = me.id AND e.subjects && ARRAY[r.adult_id]))
        GROUP BY 1, 3 HAVING count(*) >= %(threshold)s""",
    "refusals_an_hour": """
        SELECT actor_code, max(actor_name), date_trunc('hour', moment), count(*) FROM audit_entry
        WHERE moment >= %(since)s AND kind = 'audit.refused' GROUP BY 1, 3 HAVING count(*) >= %(threshold)s""",
}
_KEEP = """
INSERT INTO access_alert (id, rule, actor_code, actor_name, since, number, state, note, decided_by, raised_at)
VALUES (%s, %s, %s, %s, %s, %s, 'new', '', '', %s)
ON CONFLICT (rule, actor_code, since) DO UPDATE SET number = EXCLUDED.number,
    state = CASE WHEN access_alert.state = 'resolved' AND EXCLUDED.number > access_alert.number THEN 'new'
            ELSE access_alert.state END
WHERE access_alert.number < EXCLUDED.number
"""


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule of the file."""

    code: str
    title: str
    explanation: str
    measure: str
    threshold: int
    settings: dict[str, Any]


def rules() -> dict[str, AlertRule]:
    """Read the rules; raise ``InvalidValue`` with the place when one cannot be."""
    found = {}
    for code, told in tomllib.loads(RULES_FILE.read_text(encoding="utf-8")).items():
        known = {"title", "explanation", "measure", "threshold"}
        if (
            not known <= told.keys()
            or told["measure"] not in _MEASURES
            or not isinstance(told["threshold"], int)
        ):
            raise InvalidValue(
                "access.alert_rule",
                f"alerts.toml, [{code}]: нужны title, explanation, threshold и measure из: {', '.join(_MEASURES)}.",
            )
        rest = {name: value for name, value in told.items() if name not in known}
        found[code] = AlertRule(
            code, told["title"], told["explanation"], told["measure"], told["threshold"], rest
        )
    return found


@transaction.atomic
def watch(*, since: datetime | None = None) -> int:
    """Look through the journal and return how many alerts were raised or counted on. Repeating it changes nothing."""
    now = clock.now()
    raised = 0
    with connection.cursor() as cursor:
        for rule in rules().values():
            parameters = rule.settings | {
                "since": since or now - LOOKS_BACK, "threshold": rule.threshold, "zone": str(clock.REGION_ZONE),
            }  # fmt: skip
            cursor.execute(_MEASURES[rule.measure], parameters)
            for actor_code, actor_name, start, number in cursor.fetchall():
                cursor.execute(_KEEP, [new_id(), rule.code, actor_code, actor_name, start, number, now])
                raised += cursor.rowcount
    return raised


def alerts(actor: Actor, *, state: str = "") -> QuerySet[Alert]:
    """Return the alerts, those to be looked at first."""
    actor.require(AccessPermission.JOURNAL)
    rows = Alert.objects.order_by("state", "-since")
    return rows.filter(state=state) if state else rows


@transaction.atomic
def resolve(*, actor: Actor, alert_id: UUID, note: str) -> Alert:
    """Say what an alert turned out to be (закрыть сигнал)."""
    actor.require(AccessPermission.JOURNAL)
    found = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if found is None:
        raise NotFound("access.no_such_alert", "Такого сигнала нет. Обновите страницу.")
    if found.state == "resolved":
        raise RuleViolation("access.alert_resolved", f"Сигнал уже закрыт: {found.decided_by}.")
    if not note.strip():
        raise InvalidValue("access.alert_note", "Напишите, что вы установили.")
    found.state, found.note, found.decided_by = "resolved", note.strip()[:1000], actor.name
    found.decided_at = clock.now()
    found.save()
    audit.record(AlertResolved(object_id=found.id, rule=found.rule, note=found.note), actor=actor)
    return found
