"""Encrypting texts: the interface, and AES-256-GCM over a file of keys outside the database.

A certified СКЗИ takes the place of ``AesGcm`` by the setting ``HEALTH_CIPHER``: a class with the three methods of ``Cipher``.
"""

from __future__ import annotations

import base64
import os
import secrets
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.module_loading import import_string

from kontingent.kernel import clock
from kontingent.kernel.errors import KontingentError

_NONCE: Final = 12
_KEY: Final = 32


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted text and the key it was encrypted by."""

    key_id: str
    blob: bytes


class LostKey(KontingentError):
    """The key of a text is not there: the text cannot be read, everything else can."""

    def __init__(self, key_id: str) -> None:
        """Say which key is missing, and what to do."""
        super().__init__(
            "health.lost_key",
            f"Текст зашифрован ключом «{key_id}», которого на этом сервере нет. Верните файл ключей из резервной копии "
            "(docs/how-to/health.md); остальные сведения целы.",
            key_id=key_id,
        )


class Damaged(KontingentError):
    """A text does not decrypt by its own key: it was changed past the product, or moved to another record."""

    def __init__(self) -> None:
        """Say that it must not be believed."""
        super().__init__(
            "health.damaged",
            "Зашифрованный текст повреждён или подменён: показать его нельзя. Сообщите администратору безопасности.",
        )


class Cipher(Protocol):
    """What encrypts texts. ``about`` binds a text to the record it belongs to."""

    def current(self) -> str:
        """Return the id of the key that new texts are encrypted by."""
        ...

    def seal(self, text: bytes, *, about: bytes) -> Sealed:
        """Encrypt by the current key."""
        ...

    def open(self, sealed: Sealed, *, about: bytes) -> bytes:
        """Decrypt by the key that the text names; raise ``LostKey`` or ``Damaged``."""
        ...


class Keyring:
    """A file of keys, one a line (``id base64``), the current one first; read again whenever it changes.

    Workers that run while a key is added see it with the next text.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; it is made with a first key when there is none."""
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, bytes] = {}

    def keys(self) -> dict[str, bytes]:
        """Return the keys by id, the current one first."""
        with self._lock:
            if not self._path.exists():
                _write(self._path, {_new_id(()): secrets.token_bytes(_KEY)})
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp != self._stamp:
                self._keys, self._stamp = _read(self._path), stamp
            return self._keys

    def add(self) -> str:
        """Add a key and make it the current one; return its id."""
        keys = self.keys()
        key_id = _new_id(keys)
        _write(self._path, {key_id: secrets.token_bytes(_KEY), **keys})
        return key_id

    def forget(self, key_id: str) -> None:
        """Take a key out of the file; whatever it encrypted is lost."""
        _write(self._path, {one: key for one, key in self.keys().items() if one != key_id})


def _new_id(taken: object) -> str:
    """Return the day and four hexadecimal digits: people read it in messages and in backups."""
    while True:
        made = f"{clock.today():%Y-%m-%d}-{secrets.token_hex(2)}"
        if made not in taken:  # type: ignore[operator]
            return made


def _read(path: Path) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for line in path.read_text(encoding="ascii").splitlines():
        if line.strip() and not line.startswith("#"):
            key_id, _, text = line.strip().partition(" ")
            key = base64.b64decode(text, validate=True)
            if len(key) != _KEY:
                raise ValueError(f"{path}: the key {key_id} has {len(key)} octets, not {_KEY}")
            keys[key_id] = key
    if not keys:
        raise ValueError(f"{path}: no key in it")
    return keys


def _write(path: Path, keys: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.touch(mode=0o600)
    lines = (f"{key_id} {base64.b64encode(key).decode()}\n" for key_id, key in keys.items())
    part.write_text("".join(lines), encoding="ascii")
    part.replace(path)


class AesGcm:
    """AES-256-GCM with a nonce at random before each text."""

    def __init__(self) -> None:
        """Use the keys of the installation."""
        self.ring = Keyring(Path(settings.HEALTH_KEYS))

    def current(self) -> str:
        """Return the first key of the file."""
        return next(iter(self.ring.keys()))

    def seal(self, text: bytes, *, about: bytes) -> Sealed:
        """Encrypt by the current key."""
        key_id, key = next(iter(self.ring.keys().items()))
        nonce = secrets.token_bytes(_NONCE)
        return Sealed(key_id, nonce + AESGCM(key).encrypt(nonce, text, about))

    def open(self, sealed: Sealed, *, about: bytes) -> bytes:
        """Decrypt."""
        key = self.ring.keys().get(sealed.key_id)
        if key is None:
            raise LostKey(sealed.key_id)
        try:
            return AESGCM(key).decrypt(sealed.blob[:_NONCE], sealed.blob[_NONCE:], about)
        except InvalidTag:
            raise Damaged from None


@lru_cache(maxsize=4)
def _made(dotted: str, _keys: str) -> Cipher:
    made: Cipher = import_string(dotted)()
    return made


def cipher() -> Cipher:
    """Return the cipher of the installation."""
    return _made(settings.HEALTH_CIPHER, str(settings.HEALTH_KEYS))
