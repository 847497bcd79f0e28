"""What the room records in the journal of acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from kontingent.audit.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNoted(Event):
    """Somebody wrote into the history of a case: a note or a call."""

    kind: ClassVar[str] = "case.noted"
    title: ClassVar[str] = "Запись в деле о ребёнке вне поля зрения"
    rule: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHanded(Event):
    """A case got another owner or worker."""

    kind: ClassVar[str] = "case.handed"
    title: ClassVar[str] = "Дело о ребёнке вне поля зрения передано"
    rule: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePostponed(Event):
    """A case waits until a day, for a reason (``basis``)."""

    kind: ClassVar[str] = "case.postponed"
    title: ClassVar[str] = "Дело о ребёнке вне поля зрения отложено"
    rule: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResumed(Event):
    """Somebody took a postponed or closed case up again."""

    kind: ClassVar[str] = "case.resumed"
    title: ClassVar[str] = "Дело о ребёнке вне поля зрения возобновлено"
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(Event):
    """Somebody closed a case with evidence (``basis``)."""

    kind: ClassVar[str] = "case.closed"
    title: ClassVar[str] = "Дело о ребёнке вне поля зрения закрыто с подтверждением"
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDocumentAttached(Event):
    """A scan of a document was put to a case."""

    kind: ClassVar[str] = "case.document_attached"
    title: ClassVar[str] = "К делу о ребёнке вне поля зрения приложен документ"
    rule: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRuleAmended(Event):
    """The ministry made an edition of a rule (``basis``)."""

    kind: ClassVar[str] = "case.rule_amended"
    title: ClassVar[str] = "Изменено правило поиска детей вне поля зрения"
    rule: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseActMade(Event):
    """A quarterly act was printed."""

    kind: ClassVar[str] = "case.act_made"
    title: ClassVar[str] = "Сформирован акт о детях вне поля зрения"
    quarter: str
