"""What ЕСИА may refuse with, grouped by what the person can do about it (protocols §1.11)."""

from __future__ import annotations

import re
from enum import StrEnum

from kontingent.kernel.errors import NotAllowed

_CODE = re.compile(r"ESIA-(\d{6})")


class Group(StrEnum):
    """Whose move it is now."""

    DECLINED = "declined"
    ACCOUNT = "account"
    RETRY = "retry"
    CONFIGURATION = "configuration"


_GROUPS = {
    "007004": Group.DECLINED,
    "007055": Group.ACCOUNT, "007046": Group.ACCOUNT, "007062": Group.ACCOUNT,
    "007007": Group.RETRY, "007008": Group.RETRY, "007011": Group.RETRY,
}  # fmt: skip
_TEXTS = {
    Group.DECLINED: "Вы не разрешили передать данные. Без них войти нельзя: нажмите «Войти через Госуслуги» ещё раз.",
    Group.ACCOUNT: "Госуслугам не хватает сведений о вас: подтвердите учётную запись и войдите ещё раз.",
    Group.RETRY: "Госуслуги сейчас не ответили как следует. Подождите минуту и войдите ещё раз.",
    Group.CONFIGURATION: (
        "Вход через Госуслуги настроен с ошибкой. Администратор системы уже видит её в журнале; сообщите ему код."
    ),
}


class EsiaRefused(NotAllowed):
    """ЕСИА said no, or said something that cannot be believed; ``group`` says whose move it is."""

    def __init__(self, code: str, group: Group, detail: str = "") -> None:
        """Keep the code for the journal and the group for the page; the detail goes to the journal only."""
        super().__init__(f"access.esia.{code}", _TEXTS[group], detail=detail)
        self.group = group


def by_code(description: str) -> EsiaRefused:
    """Return the refusal that an ``error_description`` or a body of an answer tells of."""
    found = _CODE.search(description)
    code = found.group(1) if found else ""
    return EsiaRefused(code or "unknown", _GROUPS.get(code, Group.CONFIGURATION), description[:300])


def unanswered(detail: str) -> EsiaRefused:
    """Return the refusal for no answer, or one that is no answer of ЕСИА."""
    return EsiaRefused("unavailable", Group.RETRY, detail)


def not_believed(code: str, detail: str) -> EsiaRefused:
    """Return the refusal for a token or a callback that fails a check: nobody comes in by it."""
    return EsiaRefused(code, Group.CONFIGURATION, detail)
