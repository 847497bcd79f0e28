"""What people write into one field: without needless spaces, never empty where something is asked, never longer than it is kept."""

from kontingent.kernel.errors import InvalidValue


def required(text: str, code: str, ask: str, longest: int) -> str:
    """Return a text on one line.

    Raises:
        InvalidValue: (``code``) nothing was written, and ``ask`` says what to write; or it is longer than ``longest`` characters.
    """
    tidy = " ".join(text.split())
    if not tidy or "\x00" in tidy:
        raise InvalidValue(code, ask)
    if len(tidy) > longest:
        raise InvalidValue(
            code, f"Текст длиннее {longest} знаков (написано {len(tidy)}). Сократите его.", value=len(tidy)
        )
    return tidy
