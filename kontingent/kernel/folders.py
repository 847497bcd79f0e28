"""Folders by which others give and take files: what a crash must not lose is on the disk, and one process at a time looks at a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(folder: Path) -> None:
    """Return when the names in a folder are on the disk."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def alone(lock_file: Path) -> Iterator[bool]:
    """Hold a lock for this process and say whether it was free; it goes with the process, however that ends."""
    with lock_file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
