"""Requests and answers as files (обмен файлами, protocols §4.2): a folder for each outside system, named by its client_id.

    <drop>/<client_id>/in        the system puts «<messageId>.xml» here, written beside and renamed, so that it is whole
    <drop>/<client_id>/out       «<messageId>.xml» is the answer; the system takes it away
    <drop>/<client_id>/refused   a file that is no request, as it came, beside «….reason.json» that says why
    <drop>/<client_id>/work      ours: outcomes on their way

Whoever may write into a folder acts as its system: rights of the file system are the only proof of the sender here, so they are set by
docs/how-to/epgu.md. Signed envelopes come with the transport of СМЭВ.

A request is taken in four steps, each of which may be the last of a killed process:

    1  the answer is written into the database, once for a message id
    2  the outcome stands complete in ``work``, under the name and digest of its request
    3  the request leaves ``in``
    4  the outcome is renamed to where the system looks for it

Killed before 2, the request is read again and the database says the same; the state of a transfer, which is not kept, is told and journaled
once more, as it is by then. Killed after, ``_finish`` does 3 and 4. Step 4 is one rename,
and its source is then gone: an outcome arrives once, however often somebody begins anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kontingent.exchange.epgu import actions, envelopes, payloads, questions, rules, transfers
from kontingent.kernel import clock, folders
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.storage.scope import scoped

IN, OUT, REFUSED, WORK = "in", "out", "refused", "work"
#: So many requests are taken of one folder in one run; the next run is a minute away.
MOST_A_RUN = 500
#: A name and what ``work`` adds to it must fit into what file systems allow.
LONGEST_NAME = 150
_OUTCOME = re.compile(r"(?P<name>.+)\.(?P<digest>[0-9a-f]{64})\.(?P<folder>out|refused)")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one run over a folder."""

    answered: int = 0
    refused: int = 0


def take(folder: Path, actor: Actor, namespace: str) -> Taken:
    """Answer the requests that lie in a system's folder, in its name; nothing where another process is at it."""
    for name in (IN, OUT, REFUSED, WORK):
        (folder / name).mkdir(mode=0o770, parents=True, exist_ok=True)
    with folders.alone(folder / WORK / "lock") as mine:
        if not mine:
            return Taken()
        _finish(folder)
        answered = refused = 0
        for name in _waiting(folder / IN):
            if _taken(folder, name, actor, namespace):
                answered += 1
            else:
                refused += 1
        if refused:
            _LOG.warning("ЕПГУ: файлов, которые не запросы: %d, ответов: %d", refused, answered)
        return Taken(answered, refused)


def _waiting(inbox: Path) -> list[str]:
    """Names of the requests, the oldest first; what is still being written has another ending."""
    with os.scandir(inbox) as entries:
        found = [
            (one.stat(follow_symlinks=False).st_mtime_ns, one.name)
            for one in entries
            if one.name.endswith(".xml") and not one.is_dir(follow_symlinks=False)
        ]
    if long := sum(len(os.fsencode(name)) > LONGEST_NAME for _, name in found):
        _LOG.warning("ЕПГУ: файлов с именем длиннее %d байт, не приняты: %d", LONGEST_NAME, long)
        found = [one for one in found if len(os.fsencode(one[1])) <= LONGEST_NAME]
    return [name for _, name in sorted(found)[:MOST_A_RUN]]


def _taken(folder: Path, name: str, actor: Actor, namespace: str) -> bool:
    """Take one request; say whether it was answered (a refusal by right is an answer too)."""
    text = b""
    try:
        text = _read(folder / IN / name)
        outcome, where = _answer(text, name, actor, namespace), OUT
    except KontingentError as refusal:
        outcome, where = _reason(refusal, text), REFUSED
    _write(folder / WORK, f"{name}.{hashlib.sha256(text).hexdigest()}.{where}", outcome)
    _finish(folder)
    return where == OUT


def _answer(text: bytes, name: str, actor: Actor, namespace: str) -> bytes:
    asked = questions.from_xml(text, namespace)
    if name != f"{asked.message_id}.xml":
        raise InvalidValue(
            "epgu.file_name",
            "Имя файла должно быть messageId запроса и «.xml»: по нему узнают ответ. Переименуйте файл.",
        )
    if isinstance(asked, questions.TransferQuestion):
        with scoped(actor):
            return envelopes.states_of(
                transfers.state(actor=actor, asked=asked.asked), asked.message_id, namespace
            )
    with scoped(actor):
        found = actions.answer(actor=actor, asked=asked)
        if not found.refusal and found.answer is None:  # answered before, and wiped since: says so
            found = actions.told(actor=actor, message_id=found.message_id)
    return envelopes.answer_of(payloads.told(found), namespace)


def _read(path: Path) -> bytes:
    """Read a regular file, no more of it than a request may have; a link leads nowhere."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        raise _no_file() from None
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise _no_file()
        return file.read(questions.MOST_BYTES + 1)


def _no_file() -> InvalidValue:
    return InvalidValue(
        "epgu.no_file",
        "Это не обычный файл, который можно прочесть. Положите запрос файлом и дайте право на чтение.",
    )


def _reason(refusal: KontingentError, text: bytes) -> bytes:
    told = {"code": refusal.code, "detail": refusal.message, "sha256": hashlib.sha256(text).hexdigest()}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


# -- steps that survive a kill ---------------------------------------------------------------------


def _write(folder: Path, name: str, content: bytes) -> None:
    """Step 2: the file is there whole and on the disk, or not at all."""
    unfinished = folder / "unfinished.part"
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / name)
    folders.sync(folder)


def _finish(folder: Path) -> None:
    """Steps 3 and 4 for every outcome that stands complete."""
    for outcome in sorted((folder / WORK).iterdir()):
        if (said := _OUTCOME.fullmatch(outcome.name)) is None:
            continue
        name, where = said["name"], said["folder"]
        _leave(folder, name, said["digest"], where)
        outcome.rename(folder / where / (name if where == OUT else f"{name}.reason.json"))
        folders.sync(folder / where)


def _leave(folder: Path, name: str, digest: str, where: str) -> None:
    """Step 3: the request goes, unless another one has come under its name meanwhile. A refused one goes back as it came."""
    request = folder / IN / name
    try:
        same = hashlib.sha256(_read(request)).hexdigest() == digest
    except InvalidValue:
        same = digest == hashlib.sha256(b"").hexdigest() and os.path.lexists(request)
    if not same:
        return
    if where == OUT:
        request.unlink()
    else:
        request.rename(folder / REFUSED / name)
        folders.sync(folder / REFUSED)
    folders.sync(folder / IN)


# -- what nobody fetched ---------------------------------------------------------------------------


def wipe(folder: Path, *, now: datetime | None = None) -> int:
    """Remove answers and refused files that nobody has fetched for as long as answers are kept; return how many."""
    before = ((now or clock.now()) - rules.ANSWER_LIVES).timestamp()
    wiped = 0
    for name in (OUT, REFUSED):
        for one in (folder / name).iterdir() if (folder / name).is_dir() else ():
            if one.lstat().st_mtime < before and not (one.is_dir() and not one.is_symlink()):
                one.unlink()
                wiped += 1
    return wiped
