"""The layouts of results and documents (``profiles/*.toml``)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.exchange.spreadsheets.profiles import Profile, read_profile

FOLDER: Final = Path(__file__).parent / "profiles"


def profile_of(kind: DeliveryKind) -> Profile:
    """Return the layout of a kind of file."""
    return read_profile(FOLDER / f"{kind.value}.toml")
