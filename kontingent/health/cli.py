"""``kontingent health …``: the keys that texts are encrypted by."""

from __future__ import annotations

from collections.abc import Callable

from kontingent.health import actions
from kontingent.health.cipher import AesGcm, cipher
from kontingent.kernel.actor import system_actor

Out = Callable[[str], None]
ROTATION = system_actor("cli", "Командная строка")


def keys(*, out: Out) -> int:
    """List the keys with how many texts each has encrypted; 1 when a key is lost."""
    used, there = actions.key_counts(actor=ROTATION), _there()
    for number, key_id in enumerate(there):
        out(f"{key_id}  текстов {used.get(key_id, 0)}{'  – текущий' if number == 0 else ''}")
    lost = {key_id: number for key_id, number in used.items() if key_id not in there}
    for key_id, number in lost.items():
        out(
            f"УТРАЧЕН: {key_id}  текстов {number}. Верните файл ключей из резервной копии: docs/how-to/health.md."
        )
    return 1 if lost else 0


def rotate(*, out: Out) -> int:
    """Add a key (where keys are a file) and encrypt everything by it; 1 when some text could not be read."""
    used = cipher()
    if isinstance(used, AesGcm):
        out(f"Новый ключ: {used.ring.add()}. Скопируйте файл ключей отдельно от базы.")
    done, lost = actions.rotate(actor=ROTATION)
    out(f"Перешифровано текстов: {done}." + (f" Не открылись и оставлены как есть: {lost}." if lost else ""))
    return 1 if lost else 0


def forget(key_id: str, *, out: Out) -> int:
    """Take a key out of the file when nothing is encrypted by it."""
    used = cipher()
    if not isinstance(used, AesGcm) or key_id not in _there():
        out(f"Ключа {key_id} в файле нет.")
        return 2
    if key_id == used.current() or actions.key_counts(actor=ROTATION).get(key_id):
        out(f"Ключ {key_id} нужен: он текущий, или им зашифрованы тексты. Сначала: kontingent health rotate.")
        return 2
    used.ring.forget(key_id)
    out(f"Ключ {key_id} убран из файла.")
    return 0


def _there() -> list[str]:
    used = cipher()
    return list(used.ring.keys()) if isinstance(used, AesGcm) else [used.current()]
