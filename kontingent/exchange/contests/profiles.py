"""The layouts of results of olympiads and contests (``profiles/*.toml``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kontingent.achievements.portfolio.codes import FileKind
from kontingent.exchange.spreadsheets.profiles import Profile, read_profile

FOLDER: Final = Path(__file__).parent / "profiles"
TOLD: Final = {FileKind.OLYMPIAD: "итоги олимпиад", FileKind.CONTEST: "итоги конкурсов и соревнований"}


def profile_of(kind: FileKind) -> Profile:
    """Return the layout of a kind of file."""
    return read_profile(FOLDER / f"{kind.value}.toml")
