"""Rules of the feed: how long it is kept, which cursor still leads on, of whom МВД is told. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kontingent.kernel.errors import Gone, InvalidValue
from kontingent.trajectory.feed.codes import Pace

#: How long a change is kept. A subscriber that has not come for so long reads the register anew.
KEPT = timedelta(days=90)
ADULT = 18
#: Code list citizenship: a foreigner, a stateless person.
NOT_RUSSIAN = frozenset({"1", "2"})
#: Programmes of general education, whose organisations the duty of 314-ФЗ is about: НОО, ООО, СОО.
GENERAL_EDUCATION = frozenset({"12", "13", "14", "15"})
#: The legal basis that the journal and the subscriber are told.
BASIS_OF_MINORS = (
    "Федеральный закон от 31.07.2025 № 314-ФЗ: сведения об обучении несовершеннолетних иностранных граждан"
)


def check_cursor(position: int, *, forgotten: int, newest: int) -> None:
    """Refuse a cursor behind which changes have been forgotten, or one from a register that has gone back since.

    Raises:
        Gone: the subscriber must read the register anew; nothing can be handed over without a hole.
        InvalidValue: there is no such place in the feed.
    """
    if position < 0:
        raise InvalidValue(
            "feed.cursor", "cursor испорчен. Передайте next_cursor прошлого ответа без изменений."
        )
    if position < forgotten:
        raise Gone(
            "feed.cursor_too_old",
            f"Изменения хранятся {KEPT.days} дней, а этот cursor старше: между ним и тем, что осталось, есть пропуск.",
            remedy="Возьмите новый cursor (cursor=now), перечитайте списки (GET /api/v1/learners) и продолжайте с него.",
        )
    if position > newest:
        raise Gone(
            "feed.cursor_ahead",
            "Лента короче, чем этот cursor: реестр восстановлен из резервной копии или cursor от другого реестра.",
            remedy="Возьмите новый cursor (cursor=now), перечитайте списки (GET /api/v1/learners) и продолжайте с него.",
        )


def pace_of(
    until: int, answered_at: datetime, *, forgotten: int, newest: int, now: datetime, silent_after: timedelta
) -> Pace:
    """Say how a subscriber keeps up that was last answered at a moment and has been handed everything up to a place."""
    if not forgotten <= until <= newest:
        return Pace.LOST
    if now - answered_at > silent_after:
        return Pace.SILENT
    return Pace.BEHIND if until < newest else Pace.ABREAST


def is_foreign_minor(*, born: date | None, citizenship: str, on: date) -> bool:
    """Say whether a person was on a day under 18 and no citizen of Russia; ``citizenship`` is the code of that day.

    Whoever is a citizen of Russia besides (code 3) is a citizen of Russia.
    """
    return born is not None and citizenship in NOT_RUSSIAN and on < _birthday(born, ADULT)


def _birthday(born: date, years: int) -> date:
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # 29 February
        return date(born.year + years, 3, 1)
