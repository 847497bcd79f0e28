"""What is a cause, pure: the facts of one child on a day → the rules that speak of it; and in which state of coverage it is.

``finding`` says the same in SQL over the whole register; tests hold both against each other on random histories.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from kontingent.kernel.errors import InvalidValue, RuleViolation
from kontingent.trajectory.cases import codes
from kontingent.trajectory.cases.codes import Coverage, Owner, RuleCode, State

ADULT = 18
#: A share of fewer lessons says nothing.
LEAST_LESSONS = 20
LONGEST_TEXT = 2000
#: Admission of foreign children is bound to a test since this day.
TESTED_SINCE = date(2025, 4, 1)
COMPULSORY_FROM = 7
#: Rules that do not speak of a child whom another organisation takes over by a transfer.
ON_THE_WAY = frozenset({RuleCode.NOT_ARRIVED, RuleCode.LEFT_NOWHERE})


@dataclass(frozen=True, slots=True)
class Setting:
    """A rule as it stands on a day: of ``rules.toml``, amended by the ministry's editions."""

    code: RuleCode
    title: str
    meaning: str
    remedy: str
    wait: int
    term: int
    severity: int
    owner: Owner
    source: str
    confidence: str
    on: bool = True
    share: int = 0
    season: str = ""
    edition: str = ""

    def begins_in(self, year: int) -> date:
        """Return the first day of the season in a calendar year."""
        month, day = map(int, (self.season or "01-01").split("-"))
        return date(year, month, day)


def defaults() -> dict[RuleCode, Setting]:
    """Return the rules of ``rules.toml`` in their order."""
    told = tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))
    return {
        RuleCode(code): Setting(code=RuleCode(code), **{**one, "owner": Owner(one["owner"])})
        for code, one in told.items()
    }


DEFAULTS: Mapping[RuleCode, Setting] = defaults()


def amended(
    setting: Setting, *, on: bool, wait: int, term: int, share: int, severity: int, owner: str, edition: str
) -> Setting:
    """Return a rule as an edition of the ministry has it.

    Raises:
        InvalidValue: a number is beyond reason.
    """
    for name, value, least, most in (
        ("Ждать", wait, 0, 1000), ("Срок", term, 1, 365), ("Порог", share, 0, 100), ("Важность", severity, 1, 3),
    ):  # fmt: skip
        if not least <= value <= most:
            raise InvalidValue(
                "cases.setting",
                f"{setting.title}: «{name}» – {value}. Укажите число от {least} до {most}.",
                value=value,
            )
    if owner not in {Owner.ORGANISATION, Owner.MUNICIPALITY}:
        raise InvalidValue("cases.setting", "Владелец дела – организация или муниципалитет. Выберите одно.")
    return replace(
        setting,
        on=on,
        wait=wait,
        term=term,
        share=share,
        severity=severity,
        owner=Owner(owner),
        edition=edition,
    )


def years_before(day: date, years: int) -> date:
    """Return the same day so many years before; 29 February becomes the 28th, as in PostgreSQL."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


# -- facts and causes ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One enrolment in general or vocational education, as the register knows it."""

    key: str
    organisation: str
    level: str
    starts_on: date
    ends_on: date | None = None
    reason: str = ""
    named: bool = False  # a destination is named
    is_main: bool = True
    form: str = "11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Whatever rules ask of one child."""

    born: date
    died_on: date | None = None
    studies: tuple[Study, ...] = ()
    #: Organisations that prepare an order of admission to general education: since when, at which level.
    drafts: tuple[tuple[str, str, date], ...] = ()
    #: Transfers decided upon and not held up: former organisation, receiver, since when. The child is on its way.
    transfers: tuple[tuple[str, str, date], ...] = ()
    #: Organisations where a record that looks like this one is enrolled.
    alike_at: tuple[str, ...] = ()
    shares_snils: bool = False
    foreign: bool = False
    has_address: bool = True
    attested_on: date | None = None
    lessons: int = 0
    missed: int = 0
    lesson_days: int = 0
    missed_days: int = 0
    represents: bool = False

    def now(self, day: date) -> Study | None:
        """The enrolment of the day; the main one first."""
        found = [
            one for one in self.studies if one.starts_on <= day and (one.ends_on is None or one.ends_on > day)
        ]
        return max(found, key=lambda one: (one.is_main, one.starts_on, one.key), default=None)

    def last(self, day: date) -> Study | None:
        """The enrolment that ended last up to the day; mistakes do not count."""
        found = [
            (one.ends_on, one.starts_on, one.key, one)
            for one in self.studies
            if one.ends_on is not None and one.ends_on <= day and one.reason != codes.MISTAKE
        ]
        return max(found)[3] if found else None

    def under_way(self, day: date) -> list[tuple[str, str, date]]:
        """The transfers by which the child is on its way on a day."""
        return [one for one in self.transfers if one[2] <= day]


def school_year_begins(day: date) -> date:
    """Return 1 September of the school year of a day."""
    return date(day.year if day.month >= 9 else day.year - 1, 9, 1)


def nearest_first_of_september(day: date, season: date) -> date:
    """Return the 1 September that a preschooler is to be ready for: this year's from the season on, else the past one."""
    return date(day.year if day >= season else day.year - 1, 9, 1)


def causes(facts: Facts, day: date, settings: Mapping[RuleCode, Setting]) -> frozenset[RuleCode]:
    """Return the rules that speak of a child on a day, those that are on."""
    if facts.died_on is not None and facts.died_on <= day:
        return frozenset()
    found: set[RuleCode] = set()
    if facts.shares_snils:
        found.add(RuleCode.SNILS_TWICE)
    if facts.born > years_before(day, ADULT):
        now, last = facts.now(day), facts.last(day)
        found |= (
            _of_the_enrolled(facts, day, now, settings) if now else _of_the_absent(facts, day, last, settings)
        )
        if _is_unattested(facts, day, now, last, settings):
            found.add(RuleCode.FAMILY_UNATTESTED)
        if len(_claims(facts, day, now, settings[RuleCode.CLAIMED_TWICE].wait)) > 1:
            found.add(RuleCode.CLAIMED_TWICE)
    return frozenset(code for code in found if settings[code].on)


def _claims(facts: Facts, day: date, now: Study | None, wait: int) -> set[str]:
    """Return who claims a child; whoever takes it over by a transfer claims what the former organisation claimed: both are one."""
    edge = day - timedelta(days=wait)
    under_way = facts.under_way(day)
    found = {at for at, _, since in facts.drafts if since <= edge}
    found |= {receiver for _, receiver, since in under_way if since <= edge}
    if now and now.is_main:
        found |= {now.organisation, *facts.alike_at}
    former = {receiver: left for left, receiver, _ in under_way}
    return {former.get(at, at) for at in found}


def _of_the_absent(
    facts: Facts, day: date, last: Study | None, settings: Mapping[RuleCode, Setting]
) -> set[RuleCode]:
    if last is None or last.level == codes.PRESCHOOL:
        if last is not None and last.reason in (codes.OTHER_REGION, codes.ABROAD, codes.DEATH):
            return set()
        asked = settings[RuleCode.NOT_ENROLLED]
        due = facts.born <= years_before(school_year_begins(day), asked.share)
        waited = day >= school_year_begins(day) + timedelta(days=asked.wait)
        return {RuleCode.NOT_ENROLLED} if due and waited and not facts.represents else set()
    ended = last.ends_on or day
    code = _of_leaving(last)
    if code is None or (code in ON_THE_WAY and facts.under_way(day)):
        return set()
    if day < ended + timedelta(days=settings[code].wait):
        return set()
    if code is RuleCode.AFTER_NINE and day < settings[code].begins_in(ended.year):
        return set()
    return {code}


def _of_leaving(last: Study) -> RuleCode | None:
    """Which rule a leaving falls under, one at most."""
    if last.reason in (codes.FAMILY, codes.DEATH, codes.HEALTH, *codes.FINISHED):
        return None
    if last.reason == codes.EXPELLED:
        return RuleCode.EXPELLED_15
    if last.reason == codes.NOT_STARTED:
        return RuleCode.NOT_STARTED
    if last.reason == codes.AFTER_NINE:
        return RuleCode.AFTER_NINE
    if not last.named:
        return RuleCode.LEFT_NOWHERE
    return None if last.reason in (codes.OTHER_REGION, codes.ABROAD) else RuleCode.NOT_ARRIVED


def _of_the_enrolled(
    facts: Facts, day: date, now: Study, settings: Mapping[RuleCode, Setting]
) -> set[RuleCode]:
    found: set[RuleCode] = set()
    september = school_year_begins(day)
    started, absence = settings[RuleCode.NOT_STARTED], settings[RuleCode.ABSENCE]
    if now.level != codes.PRESCHOOL:
        if (
            now.starts_on <= september
            and facts.lesson_days >= max(started.wait, 1)
            and facts.missed_days >= facts.lesson_days
        ):
            found.add(RuleCode.NOT_STARTED)
        elif (
            now.starts_on <= day - timedelta(days=absence.wait)
            and facts.lessons >= LEAST_LESSONS
            and facts.missed * 100 >= facts.lessons * absence.share
        ):
            found.add(RuleCode.ABSENCE)
    if facts.foreign and not facts.has_address:
        found.add(RuleCode.FOREIGN_UNREGISTERED)
    school = [one for one in facts.studies if one.level in codes.GENERAL and one.level != codes.PRESCHOOL]
    if facts.foreign and now in school and now.starts_on >= TESTED_SINCE:
        if not any(one.starts_on < now.starts_on for one in school):
            found.add(RuleCode.FOREIGN_UNTESTED)
    if now.level == codes.PRESCHOOL and _is_due_at_school(facts, day, settings[RuleCode.PRESCHOOLER_SEVEN]):
        found.add(RuleCode.PRESCHOOLER_SEVEN)
    return found


def _is_due_at_school(facts: Facts, day: date, asked: Setting) -> bool:
    target = nearest_first_of_september(day, asked.begins_in(day.year))
    coming = any(one.starts_on > day and one.level != codes.PRESCHOOL for one in facts.studies)
    applied = any(level != codes.PRESCHOOL for _, level, _ in facts.drafts)
    return facts.born <= years_before(target, asked.share) and not coming and not applied


def _is_unattested(
    facts: Facts, day: date, now: Study | None, last: Study | None, settings: Mapping[RuleCode, Setting]
) -> bool:
    since = None
    if now is not None and now.form in codes.OUT_OF_SCHOOL_FORMS:
        since = now.starts_on
    elif now is None and last is not None and last.reason == codes.FAMILY:
        since = last.ends_on
    edge = day - timedelta(days=settings[RuleCode.FAMILY_UNATTESTED].wait)
    if since is None or since > edge:
        return False
    return facts.attested_on is None or facts.attested_on <= edge


def coverage(facts: Facts, day: date) -> Coverage:
    """Return the one state of coverage of a child on a day (состояние охвата).

    The first that holds, so that there is always one and never two.
    """
    if facts.died_on is not None and facts.died_on <= day:
        return Coverage.DEAD
    now, last = facts.now(day), facts.last(day)
    if now is not None:
        if now.form in codes.OUT_OF_SCHOOL_FORMS:
            return Coverage.FAMILY
        return Coverage.VOCATIONAL if now.level in codes.VOCATIONAL else Coverage.STUDYING
    by_reason = {
        codes.DEATH: Coverage.DEAD, codes.FAMILY: Coverage.FAMILY, codes.OTHER_REGION: Coverage.OTHER_REGION,
        codes.ABROAD: Coverage.ABROAD, codes.HEALTH: Coverage.HEALTH, **dict.fromkeys(codes.FINISHED, Coverage.FINISHED),
    }  # fmt: skip
    if last is not None and last.reason in by_reason:
        return by_reason[last.reason]
    if facts.born > years_before(school_year_begins(day), COMPULSORY_FROM):
        return Coverage.NOT_DUE
    return Coverage.UNKNOWN if last is None else Coverage.SOUGHT


COVERAGE_TITLES: Mapping[Coverage, str] = {
    Coverage.STUDYING: "обучается в детском саду или школе",
    Coverage.VOCATIONAL: "обучается в профессиональной организации",
    Coverage.FAMILY: "семейное образование, самообразование",
    Coverage.OTHER_REGION: "выбыл в другой регион",
    Coverage.ABROAD: "выехал за пределы России",
    Coverage.HEALTH: "не обучается по состоянию здоровья",
    Coverage.FINISHED: "завершил обучение",
    Coverage.SOUGHT: "выбыл и нигде не учится",
    Coverage.NOT_DUE: "ещё не подлежит обучению в школе",
    Coverage.UNKNOWN: "не установлено: в крае не зачислялся",
    Coverage.DEAD: "умер",
}


# -- what may be done to a case --------------------------------------------------------------------


def said(text: str, what: str, *, required: bool = True, longest: int = LONGEST_TEXT) -> str:
    """Return a text of a form, trimmed.

    Raises:
        InvalidValue: it is empty or too long.
    """
    found = text.strip()
    if required and not found:
        raise InvalidValue("cases.text", f"{what}: пусто. Напишите, о чём речь, и сохраните снова.")
    if len(found) > longest:
        raise InvalidValue(
            "cases.text", f"{what}: длиннее {longest} знаков. Сократите текст.", value=len(found)
        )
    return found


def check_open(state: str) -> None:
    """Refuse to work on a case that is closed."""
    if state == State.CLOSED:
        raise RuleViolation(
            "cases.closed", "Дело уже закрыто. Обновите страницу: возможно, причина исчезла сама."
        )


def check_postponed(until: date | None, today: date) -> date:
    """Refuse a postponement into the past or beyond a year."""
    if until is None or not today < until <= today + timedelta(days=366):
        raise InvalidValue(
            "cases.until", "Отложить до: укажите день после сегодняшнего, не дальше года.", value=until
        )
    return until


def check_evidence(until: date | None, today: date) -> date | None:
    """Refuse evidence that has expired already."""
    if until is not None and until <= today:
        raise InvalidValue(
            "cases.evidence_until", "Подтверждение действительно до: этот день уже прошёл. Укажите день позже "
            "сегодняшнего или оставьте пустым.", value=until,
        )  # fmt: skip
    return until
