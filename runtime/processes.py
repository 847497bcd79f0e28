"""Child processes that never outlive their parent.

The kernel is asked (``prctl(PR_SET_PDEATHSIG)``, Linux) to signal a child when its parent dies, so that
even ``kill -9`` of the supervisor leaves nothing running.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None


def _die_with_parent(signum: int) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        if _libc is not None and hasattr(_libc, "prctl"):
            _libc.prctl(PR_SET_PDEATHSIG, signum, 0, 0, 0)
            if os.getppid() != parent:  # the parent died before the call
                os.kill(os.getpid(), signal.SIGKILL)

    return prepare


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    death_signal: int = signal.SIGTERM,
    account: tuple[int, int] | None = None,
    cwd: str | Path = "/",
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own (Ctrl-C reaches the supervisor alone), output to ``log``.

    ``account`` is a (uid, gid) to hand the child over to; ``death_signal`` is what it gets if we die.
    """
    uid, gid = account or (None, None)
    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            process_group=0,
            preexec_fn=_die_with_parent(death_signal),  # noqa: PLW1509 - no threads run yet when we spawn
        )


def stop(process: subprocess.Popen[bytes], *, signum: int = signal.SIGTERM, patience: float = 15) -> int:
    """Ask a child to stop, wait ``patience`` seconds, then kill it; return its exit code."""
    if process.poll() is None:
        process.send_signal(signum)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def tail(log: Path, lines: int = 20) -> str:
    """Return the end of a log file."""
    if not log.exists():
        return "(журнала нет)"
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
