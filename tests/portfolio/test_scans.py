"""Scans that were taken away are destroyed when their term has passed; whatever dies on the way, nothing is left that the next night does not mend."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kontingent.achievements.portfolio import actions, files, jobs, queries
from kontingent.achievements.portfolio.models import Achievement, Scan
from kontingent.achievements.portfolio.queries.shown import kept_days_of_scans
from kontingent.audit.models import Entry
from kontingent.kernel import clock
from kontingent.kernel.errors import NotFound, Unavailable
from tests.portfolio.papers import png
from tests.portfolio.test_portfolio import Town, unchanged

pytestmark = pytest.mark.django_db
TERM = timedelta(kept_days_of_scans())
REFUSED_TERM = timedelta(kept_days_of_scans(refused=True))


@pytest.fixture
def town(tmp_path: Path, settings: Any) -> Town:
    settings.FILES_DIR = tmp_path
    return Town()


def attached(town: Town, one: Achievement, data: bytes = b"") -> Scan:
    upload = SimpleUploadedFile("a.png", data or png())
    return actions.attach(actor=town.secretary, achievement_id=one.pk, upload=upload)


def lying(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("??/*")}


def aged(folder: Path, by: timedelta = TERM + timedelta(1)) -> None:
    """Let what was taken away have been so for so long, and every file lie as long."""
    Scan.every.exclude(detached_at=None).update(detached_at=clock.now() - by)
    old = time.time() - by.total_seconds()
    for path in folder.glob("??/*"):
        os.utime(path, (old, old))


def decided(folder: Path, by: timedelta) -> None:
    """Let every decision be so old, and every scan and file with it."""
    moment = clock.now() - by
    Achievement.objects.exclude(decided_at=None).update(decided_at=moment)
    Scan.every.update(uploaded_at=moment)
    for path in folder.glob("??/*"):
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def night() -> None:
    """What the worker does at night; it must be no worse for being done twice."""
    jobs.sweep.func(0)


def test_a_scan_is_kept_for_its_term_and_then_destroyed_with_its_entry(town: Town, tmp_path: Path) -> None:
    one = town.entered()[0]
    scan, other = attached(town, one), attached(town, one, png(8, 8))
    actions.detach(actor=town.secretary, scan_id=scan.pk)
    with pytest.raises(NotFound):
        queries.scan(town.secretary, scan.pk)
    assert [each.pk for each in one.scans.all()] == [other.pk]
    [(away, until)] = queries.detached(one)
    assert (away.pk, until - TERM) == (scan.pk, Scan.every.get(pk=scan.pk).detached_at)
    aged(tmp_path, TERM - timedelta(minutes=1))
    night()
    assert lying(tmp_path) == {scan.digest, other.digest}
    aged(tmp_path, TERM + timedelta(minutes=1))
    night()
    assert lying(tmp_path) == {other.digest}
    assert [each.pk for each in Scan.every.all()] == [other.pk]
    said = Entry.objects.get(kind="portfolio.scan_destroyed")
    assert (said.data, said.subjects, said.object_id) == (
        {"digest": scan.digest, "kept_days": TERM.days}, [town.anna], one.pk,
    )  # fmt: skip
    assert queries.scan(town.secretary, other.pk)[1] == png(8, 8)


def test_of_a_withdrawn_proposal_the_scans_go_and_the_proposal_stays(town: Town, tmp_path: Path) -> None:
    one = town.proposed()
    actions.attach(actor=town.family, achievement_id=one.pk, upload=SimpleUploadedFile("a.png", png()))
    actions.withdraw(actor=town.family, achievement_id=one.pk)
    assert not one.scans.exists()
    aged(tmp_path)
    night()
    assert not lying(tmp_path)
    assert not Scan.every.exists()
    assert Achievement.objects.get().state == "withdrawn"


def test_of_a_refused_proposal_the_scans_have_a_term_and_the_reason_stays(town: Town, tmp_path: Path) -> None:
    one, accepted, waits = town.proposed(), town.proposed(title="Другая"), town.proposed(title="Третья")
    scans = [
        actions.attach(actor=town.family, achievement_id=each.pk, upload=SimpleUploadedFile("a.png", png(8 + n, 8)))
        for n, each in enumerate((one, accepted, waits))
    ]  # fmt: skip
    actions.refuse(actor=town.secretary, achievement_id=one.pk, reason="диплом другого ребёнка")
    actions.accept(actor=town.secretary, achievement_id=accepted.pk, decisions={}, verified=True)
    (refused,) = queries.portfolio(town.family, town.anna).refused
    assert refused.decided_at
    assert queries.scans_kept_until(refused) == refused.decided_at + REFUSED_TERM
    assert queries.scans_kept_until(accepted) is None
    assert queries.scan(town.family, scans[0].pk)[1], "the family may look while it may object"
    decided(tmp_path, REFUSED_TERM - timedelta(minutes=1))
    night()
    assert len(lying(tmp_path)) == 3
    decided(tmp_path, REFUSED_TERM + timedelta(minutes=1))
    night()
    assert lying(tmp_path) == {scans[1].digest, scans[2].digest}, "what was accepted or waits is kept"
    with pytest.raises(NotFound):
        queries.scan(town.family, scans[0].pk)
    said = Entry.objects.get(kind="portfolio.scan_destroyed")
    assert (said.data, said.subjects, said.object_id, said.basis) == (
        {"digest": scans[0].digest, "kept_days": REFUSED_TERM.days}, [town.anna], one.pk, "предложение отклонено",
    )  # fmt: skip
    one.refresh_from_db()
    assert (one.state, one.reason, one.title) == ("refused", "диплом другого ребёнка", refused.title)
    night()
    assert Entry.objects.filter(kind="portfolio.scan_destroyed").count() == 1


def test_what_was_attached_to_a_refused_proposal_later_has_its_own_term(town: Town, tmp_path: Path) -> None:
    one = town.proposed()
    actions.refuse(actor=town.secretary, achievement_id=one.pk, reason="не видно")
    decided(tmp_path, REFUSED_TERM + timedelta(1))
    scan = attached(town, one)
    night()
    assert lying(tmp_path) == {scan.digest}
    actions.detach(actor=town.secretary, scan_id=scan.pk)
    decided(tmp_path, REFUSED_TERM + timedelta(1))
    night()
    assert lying(tmp_path) == {scan.digest}, "taken away today, it has the term of what was taken away"
    aged(tmp_path)
    night()
    assert lying(tmp_path) == set()
    assert Entry.objects.get(kind="portfolio.scan_destroyed").basis == "снимок снят"


def test_what_another_achievement_names_stays(town: Town, tmp_path: Path) -> None:
    first, second = town.entered()[0], town.entered(title="Другая")[0]
    scan = attached(town, first)
    attached(town, second)
    actions.detach(actor=town.secretary, scan_id=scan.pk)
    aged(tmp_path)
    night()
    assert lying(tmp_path) == {scan.digest}
    assert Scan.every.get().achievement_id == second.pk


def test_attached_again_it_is_the_same_scan_and_stays(town: Town, tmp_path: Path) -> None:
    one = town.entered()[0]
    scan = attached(town, one)
    actions.detach(actor=town.secretary, scan_id=scan.pk)
    aged(tmp_path)
    assert attached(town, one).pk == scan.pk
    night()
    assert queries.scan(town.secretary, scan.pk)[1] == png()
    assert not queries.detached(one)
    assert not Entry.objects.filter(kind="portfolio.scan_destroyed").exists()


def test_strays_are_found_told_and_removed(town: Town, tmp_path: Path) -> None:
    scan = attached(town, town.entered()[0])
    for name in ("ab/" + "ab" * 32, "cd/tmphalf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"left behind")
    night()
    assert len(lying(tmp_path)) == 3, "its record may be on the way"
    aged(tmp_path)
    night()
    assert lying(tmp_path) == {scan.digest}
    assert Entry.objects.get(kind="portfolio.strays_removed").data == {
        "number": 2,
        "names": ["ab" * 32, "tmphalf"],
    }
    night()
    assert Entry.objects.filter(kind="portfolio.strays_removed").count() == 1


def test_strangers_take_nothing_away(town: Town) -> None:
    scan = attached(town, town.entered()[0])
    unchanged(lambda: actions.detach(actor=town.foreign, scan_id=scan.pk), NotFound)
    unchanged(lambda: actions.detach(actor=town.family, scan_id=scan.pk), NotFound)
    assert Scan.every.get().detached_at is None


# -- killed at each step -----------------------------------------------------------------------------


class Killed(BaseException):
    """No handler of the product catches it: what was not finished is not."""


def dies(*_: Any, **__: Any) -> Any:
    raise Killed


def second_time(act: Callable[..., Any]) -> Callable[..., Any]:
    """An act that dies when it is done for the second time."""
    done: list[int] = []

    def once(*given: Any, **named: Any) -> Any:
        if done:
            raise Killed
        done.append(1)
        return act(*given, **named)

    return once


ATTACHING = {
    "while the content is written": ("kontingent.achievements.portfolio.files.os.fsync", dies),
    "before it has its name": ("kontingent.achievements.portfolio.files.Path.replace", dies),
    "before its record": (
        "kontingent.achievements.portfolio.actions.scans.Scan.every.update_or_create",
        dies,
    ),
    "before the commit": ("kontingent.achievements.portfolio.actions.scans.audit.record", dies),
}


@pytest.mark.parametrize("step", ATTACHING)
def test_killed_while_attaching(
    step: str, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = town.entered()[0]
    with monkeypatch.context() as killed:
        killed.setattr(*ATTACHING[step])
        with pytest.raises(Killed):
            attached(town, one)
    assert not Scan.every.exists(), "no record names what may not be there"
    again = attached(town, one)
    assert queries.scan(town.secretary, again.pk)[1] == png(), "to try again is all that is needed"
    aged(tmp_path)
    night()
    assert lying(tmp_path) == {again.digest}


AT_NIGHT = {
    "before the first record is gone": ("kontingent.achievements.portfolio.actions.scans.audit.record", dies),
    "between two records": ("kontingent.achievements.portfolio.jobs.actions.destroy", "second"),
    "between records and contents": ("kontingent.achievements.portfolio.actions.scans.files.strays", dies),
    "before the first content is gone": (
        "kontingent.achievements.portfolio.actions.scans.files.sweep",
        dies,
    ),
    "between two contents": ("kontingent.achievements.portfolio.files.Path.unlink", "second"),
}


@pytest.mark.parametrize("step", AT_NIGHT)
def test_killed_at_night(step: str, town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = town.entered()[0]
    stays = attached(town, one)
    for size in (8, 9):
        actions.detach(actor=town.secretary, scan_id=attached(town, one, png(size, size)).pk)
    aged(tmp_path)
    where, how = AT_NIGHT[step]
    with monkeypatch.context() as killed:
        act: Any = how
        if how == "second":
            owner = actions if where.endswith("destroy") else Path
            act = second_time(getattr(owner, where.rpartition(".")[2]))
        killed.setattr(where, act)
        with pytest.raises(Killed):
            night()
    assert {scan.digest for scan in Scan.every.all()} <= lying(tmp_path), (
        "a record never names what is not there"
    )
    assert queries.scan(town.secretary, stays.pk)[1] == png()
    destroyed = Entry.objects.filter(kind="portfolio.scan_destroyed").count()
    assert destroyed == 2 - Scan.every.exclude(detached_at=None).count()
    night()
    assert lying(tmp_path) == {stays.digest}
    assert [each.pk for each in Scan.every.all()] == [stays.pk]
    assert Entry.objects.filter(kind="portfolio.scan_destroyed").count() == 2


def test_a_damaged_content_is_mended_by_bringing_it_again(town: Town, tmp_path: Path) -> None:
    one = town.entered()[0]
    scan = attached(town, one)
    (tmp_path / scan.digest[:2] / scan.digest).write_bytes(b"half")
    with pytest.raises(Unavailable):
        queries.scan(town.secretary, scan.pk)
    attached(town, one)
    assert queries.scan(town.secretary, scan.pk)[1] == files.content(scan.digest) == png()
