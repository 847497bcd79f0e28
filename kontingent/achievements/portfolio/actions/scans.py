"""Scans of supporting documents: attached, taken away, destroyed when their term has passed; what no record names is removed.

The record goes first, the content after it: whatever dies between the two leaves a file that no record names, and the next night removes it.
A record never names a content that is not there: content is written whole before its record, and neither is removed while the other is being made.
"""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from kontingent.achievements.portfolio import files
from kontingent.achievements.portfolio.actions.deciding import covers, field_of, no_such
from kontingent.achievements.portfolio.codes import State
from kontingent.achievements.portfolio.events import ScanAttached, ScanDestroyed, StraysRemoved
from kontingent.achievements.portfolio.models import Achievement, Scan
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.achievements.portfolio.queries.shown import kept_days_of_scans, overdue_scans
from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, RuleViolation
from kontingent.stages import queries as stages

#: Of one achievement so many scans.
MOST_SCANS = 5
#: The advisory lock of the store: shared by those who bring a content, alone for whoever removes contents.
_STORE = 0x7063


@transaction.atomic
def attach(*, actor: Actor, achievement_id: UUID, upload: files.Upload) -> Scan:
    """Keep a scan of the supporting document (приложить); one that was taken away is attached again.

    Raises:
        InvalidValue: the file may not be taken, or there are enough of them.
        NotFound: no such achievement for the actor.
    """
    rows = Achievement.objects.select_related("organisation")
    found = rows.select_for_update(of=("self",)).filter(pk=achievement_id).first()
    if found is None and actor.scope.is_family:  # a family may not lock what has been decided
        found = rows.filter(pk=achievement_id).first()
    own = found is not None and actor.scope.is_family and found.person_id in actor.scope.persons
    if found is None or not (own or covers(actor, found)):
        raise no_such()
    if not own:
        actor.require(PortfolioPermission.EDIT)
    elif found.state != State.PROPOSED:
        raise RuleViolation(
            "portfolio.decided", "Школа уже решила об этом достижении: приложить документ может она."
        )
    stages.gate_of(found.organisation_id).require(field_of(found.kind_code))
    if found.scans.count() >= MOST_SCANS:
        raise InvalidValue(
            "portfolio.scans", f"К достижению приложено уже {MOST_SCANS} файлов. Этого достаточно."
        )
    data = files.read(upload)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_STORE])
    digest, checked = files.keep(data)
    scan, _ = Scan.every.update_or_create(
        achievement=found, digest=digest,
        defaults={"detached_at": None, "detached_by_name": ""},
        create_defaults={
            "media_type": checked.media_type, "ending": checked.ending, "size": len(data), "uploaded_at": clock.now(),
            "uploaded_by_name": actor.name,
        },
    )  # fmt: skip
    _record(scan, "attached", actor)
    return scan


@transaction.atomic
def detach(*, actor: Actor, scan_id: UUID) -> None:
    """Take a scan away (убрать): nobody is shown it any more; it is destroyed when its term has passed."""
    scan = Scan.objects.select_related("achievement__organisation").filter(pk=scan_id).first()
    if scan is None or not covers(actor, scan.achievement):
        raise no_such()
    actor.require(PortfolioPermission.EDIT)
    scan.detached_at, scan.detached_by_name = clock.now(), actor.name
    scan.save(update_fields=["detached_at", "detached_by_name"])
    _record(scan, "detached", actor)


def _record(scan: Scan, outcome: str, actor: Actor) -> None:
    one = scan.achievement
    audit.record(
        ScanAttached(
            subjects=(one.person_id,), object_id=one.pk, organisation_id=one.organisation_id, outcome=outcome, digest=scan.digest,
        ),
        actor=actor,
    )  # fmt: skip


# -- the night ---------------------------------------------------------------------------------------


def due_scans() -> list[UUID]:
    """Return the scans whose term has passed. For the worker, who sees all."""
    return list(Scan.every.filter(overdue_scans()).values_list("pk", flat=True))


@transaction.atomic
def destroy(*, actor: Actor, scan_id: UUID) -> None:
    """Destroy a scan whose term has passed (уничтожить по сроку), with its entry in the journal; its content goes with the strays.

    The achievement stays as it is, a refused proposal with its reason.
    """
    rows = Scan.every.select_related("achievement").select_for_update(of=("self",))
    scan = rows.filter(overdue_scans(), pk=scan_id).first()
    if scan is None:  # attached again meanwhile
        return
    one, is_refused = scan.achievement, scan.detached_at is None
    audit.record(
        ScanDestroyed(
            subjects=(one.person_id,), object_id=one.pk, organisation_id=one.organisation_id, digest=scan.digest,
            basis="предложение отклонено" if is_refused else "снимок снят", kept_days=kept_days_of_scans(refused=is_refused),
        ),
        actor=actor,
    )  # fmt: skip
    scan.delete()


def tell_strays(*, actor: Actor) -> None:
    """Say in the journal which files of the store no record names: before they go, and again if the work was cut short."""
    if strays := files.strays(_named()):
        audit.record(StraysRemoved(number=len(strays), names=strays[:100]), actor=actor)


@transaction.atomic
def remove_strays() -> None:
    """Remove them, while nobody brings a content."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_STORE])
    files.sweep(_named())


def _named() -> set[str]:
    return set(Scan.every.values_list("digest", flat=True))
