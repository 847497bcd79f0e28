"""Rules of an achievement, pure: what it must and may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from kontingent.achievements.portfolio.codes import GTO, OLYMPIAD, State, Verdict
from kontingent.kernel import names
from kontingent.kernel.errors import InvalidValue, RuleViolation
from kontingent.kernel.school_year import SchoolYear

#: УИН of ГТО: year of registration, region, seven digits (59 is Perm Krai).
_UIN = re.compile(r"\d{2}-\d{2}-\d{7}")
LONGEST = {"title": 300, "organiser": 200, "supervisor": 200, "team": 200, "document": 200}


class Facts(NamedTuple):
    """What an achievement says (достижение)."""

    kind_code: str
    title: str
    happened_on: date
    level_code: str
    result_code: str
    organiser: str = ""
    stage_code: str = ""
    subject_code: str = ""
    place: int | None = None
    team: str = ""
    supervisor: str = ""
    document: str = ""
    uin: str = ""


TITLES = {
    "kind_code": "Вид", "title": "Название мероприятия", "happened_on": "Дата", "level_code": "Уровень", "result_code": "Результат",
    "organiser": "Организатор", "stage_code": "Этап олимпиады", "subject_code": "Предмет", "place": "Место", "team": "Команда",
    "supervisor": "Руководитель", "document": "Документ", "uin": "УИН ГТО",
}  # fmt: skip
CODE_LISTS = {
    "kind_code": "achievement_kind", "level_code": "achievement_level", "result_code": "achievement_result",
    "stage_code": "olympiad_stage", "subject_code": "subject",
}  # fmt: skip
_OPTIONAL = frozenset({"stage_code", "subject_code"})


def check(facts: Facts, *, born: date | None, today: date, known: Callable[[str, str], bool]) -> Facts:
    """Return the facts tidied; ``known(list, code)`` says whether a code list has a code.

    Raises:
        InvalidValue: a field is missing, too long, or no such code; the message names it and what to write.
    """
    tidy: dict[str, Any] = {name: " ".join(getattr(facts, name).split()) for name in (*LONGEST, "uin")}
    said = facts._replace(**tidy)
    if not said.title:
        raise InvalidValue("portfolio.title", "Назовите мероприятие, как в дипломе или грамоте.")
    for name, longest in LONGEST.items():
        if len(getattr(said, name)) > longest:
            raise InvalidValue(f"portfolio.{name}", f"{TITLES[name]}: длиннее {longest} знаков. Сократите.")
    for name, code_list in CODE_LISTS.items():
        code = getattr(said, name)
        if (code or name not in _OPTIONAL) and not known(code_list, code):
            raise InvalidValue(f"portfolio.{name}", f"{TITLES[name]}: выберите из списка.", value=code[:20])
    if said.happened_on > today:
        raise InvalidValue(
            "portfolio.happened_on", f"Дата {said.happened_on:%d.%m.%Y} ещё не наступила. Исправьте её."
        )
    if born is not None and said.happened_on < born:
        raise InvalidValue(
            "portfolio.happened_on",
            f"Дата {said.happened_on:%d.%m.%Y} раньше рождения ребёнка. Исправьте её.",
        )
    if said.place is not None and not 1 <= said.place <= 1000:
        raise InvalidValue("portfolio.place", "Место – число от 1 до 1000. Исправьте или оставьте пустым.")
    _check_kind(said)
    return said


def _check_kind(said: Facts) -> None:
    if said.stage_code and said.kind_code != OLYMPIAD:
        raise InvalidValue(
            "portfolio.stage_code",
            "Этап олимпиады бывает только у олимпиады. Уберите этап или исправьте вид.",
        )
    if said.kind_code == OLYMPIAD and said.stage_code and not said.subject_code:
        raise InvalidValue("portfolio.subject_code", "Укажите предмет олимпиады.")
    if said.kind_code == GTO and not _UIN.fullmatch(said.uin):
        raise InvalidValue(
            "portfolio.uin", "Для знака ГТО нужен УИН участника вида 26-59-0001234.", value=said.uin[:20]
        )
    if said.uin and said.kind_code != GTO:
        raise InvalidValue("portfolio.uin", "УИН бывает только у знака ГТО. Уберите его или исправьте вид.")


def title_key(title: str) -> str:
    """Return what titles of events are compared by."""
    return "".join(letter for letter in names.fold(title) if letter.isalnum())[:200]


def event_key(facts: Facts) -> str:
    """Return what tells one achievement of a learner from another: the same stage of an olympiad is once a school year, anything else once a day."""
    if facts.kind_code == OLYMPIAD and facts.stage_code:
        when = str(SchoolYear.of(facts.happened_on).begins_in)
    else:
        when = facts.happened_on.isoformat()
    return f"{title_key(facts.title)}:{facts.subject_code}:{facts.stage_code}:{when}"


def changes(before: Facts, after: Facts) -> list[str]:
    """Return the names of the fields that differ."""
    return [name for name in Facts._fields if getattr(before, name) != getattr(after, name)]


#: Without these nothing is left of an achievement: they may be corrected, not refused.
ESSENTIAL = frozenset({"kind_code", "title", "happened_on", "level_code", "result_code"})
LONGEST_REASON = 300


class FieldDecision(NamedTuple):
    """What a school decides about one field of what a family proposed; ``value`` is what it corrects it to."""

    verdict: Verdict
    value: Any = ""
    reason: str = ""


def decide(
    proposed: Facts, decisions: Mapping[str, FieldDecision]
) -> tuple[Facts, dict[str, dict[str, Any]]]:
    """Return what an achievement says once its fields are decided, and what the family is told of each that it filled in or the school did.

    A field without a decision is accepted as proposed.

    Raises:
        InvalidValue: a correction or refusal without a reason, a correction that changes nothing, a refusal of what there must be.
    """
    values, told = proposed._asdict(), {}
    for name, proposal in proposed._asdict().items():
        one = decisions.get(name, FieldDecision(Verdict.ACCEPTED))
        reason = " ".join(one.reason.split())
        if one.verdict is Verdict.ACCEPTED:
            if proposal not in ("", None):
                told[name] = {"verdict": one.verdict.value, "said": proposal, "reason": ""}
            continue
        if not reason:
            raise InvalidValue(
                "portfolio.field_reason", f"{TITLES[name]}: напишите причину, её прочитает семья."
            )
        if len(reason) > LONGEST_REASON:
            raise InvalidValue(
                "portfolio.field_reason",
                f"{TITLES[name]}: причина длиннее {LONGEST_REASON} знаков. Сократите.",
            )
        if one.verdict is Verdict.REFUSED:
            if name in ESSENTIAL:
                raise InvalidValue(
                    "portfolio.essential",
                    f"{TITLES[name]}: без этого поля достижения нет. Исправьте его или отклоните достижение целиком.",
                )
            if proposal in ("", None):
                raise InvalidValue(
                    "portfolio.nothing_said", f"{TITLES[name]}: семья ничего не указала, отклонять нечего."
                )
            values[name] = None if name == "place" else ""
        else:
            if one.value == proposal:
                raise InvalidValue(
                    "portfolio.not_corrected",
                    f"{TITLES[name]}: исправленное совпадает с предложенным. Примите поле или исправьте.",
                )
            values[name] = one.value
        told[name] = {"verdict": one.verdict.value, "said": proposal, "reason": reason}
    return Facts(**values), told


_ACTS: dict[str, tuple[frozenset[State], str]] = {
    "accept": (frozenset({State.PROPOSED}), "Принять можно то, что предложено и ждёт решения"),
    "refuse": (frozenset({State.PROPOSED}), "Отклонить можно то, что предложено и ждёт решения"),
    "correct": (frozenset({State.ACCEPTED}), "Исправлять можно принятое достижение"),
    "verify": (frozenset({State.ACCEPTED}), "Подтвердить можно принятое достижение"),
    "withdraw": (frozenset({State.PROPOSED}), "Забрать можно то, что предложено и ждёт решения школы"),
    "revoke": (frozenset({State.ACCEPTED}), "Отозвать можно принятое достижение"),
}


def check_may(act: str, state: State) -> None:
    """Raise unless an act may be done in a state."""
    states, told = _ACTS[act]
    if state not in states:
        raise RuleViolation("portfolio.state", f"{told}. Обновите страницу: с ним уже что-то сделали.")
