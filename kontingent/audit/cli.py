"""``kontingent audit …``: seal, verify, archive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from kontingent.audit import archive, keys, sealing
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor

Out = Callable[[str], None]


def verify(*, out: Out) -> int:
    """Verify the whole journal; 1 and the first broken row of each partition when something is not as it was sealed."""
    found = sealing.verify()
    out(
        f"Опечатано записей: {found.rows}, печатей: {found.seals}, якорей: {found.anchors}. "
        f"Ещё не опечатано (последняя минута): {found.unsealed}."
    )
    for fault in found.faults:
        out(f"НАРУШЕНО: {fault}")
    out("Журнал цел." if not found.faults else "Сохраните базу и копии якорей как есть и сообщите оператору.")
    return 1 if found.faults else 0


def seal(*, anchor: bool, out: Out) -> int:
    """Seal now, and anchor the day when asked."""
    out(f"Опечатано записей: {sealing.seal()}.")
    if anchor:
        made = sealing.anchor(clock.today())
        out(f"Якорь за {made.day:%d.%m.%Y}: {bytes(made.hash).hex()}")
    return 0


def export(month: date, to: Path, *, detach: bool, out: Out) -> int:
    """Write a month for the archive."""
    done = archive.export(actor=system_actor("cli", "Командная строка"), month=month, to=to, detach=detach)
    fingerprint = keys.load(sealing.folder()).fingerprint
    out(f"{done.path}: записей {done.rows}, SHA-256 {done.digest}. Ключ печатей: {fingerprint}")
    return 0


def verify_archive(path: Path, *, key: str | None, out: Out) -> int:
    """Verify a file of the archive."""
    fault = archive.verify(path, key or keys.load(sealing.folder()).fingerprint)
    out(f"НАРУШЕНО: {fault}" if fault else "Архив цел.")
    return 1 if fault else 0
