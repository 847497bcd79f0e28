"""Learners whom a file calls by class and name get a key that is no name: HMAC-SHA-256 under a key of the installation.

The same child in the same class of the same journal gets the same key again, so a record stays itself; whoever reads the
table of keys, a backup of it or a refused row learns no name, and cannot try names without the key (ADR 0027). Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final, TypeAlias

from kontingent.kernel import names

#: Class and name in, key out.
Seal: TypeAlias = Callable[[str, str], str]
PREFIX: Final = "имя:"
#: Two words or more, letters only: nobody numbers learners like that.
_NAME = re.compile(r"[А-ЯЁа-яёA-Za-z.’'-]+(?: [А-ЯЁа-яёA-Za-z.’'-]+){1,5}")


def is_name(key: str) -> bool:
    """Say whether what a file calls a learner by is a name."""
    return bool(_NAME.fullmatch(key))


def sealer(secret: str, journal_code: str) -> Seal:
    """Return what seals names of one journal."""
    key = hmac.digest(secret.encode(), f"journal names {journal_code}".encode(), hashlib.sha256)

    def seal(class_title: str, name: str) -> str:
        said = f"{names.fold(class_title).replace(' ', '')}\x1f{names.fold(name)}"
        return PREFIX + hmac.digest(key, said.encode(), hashlib.sha256).hex()[:40]

    return seal
