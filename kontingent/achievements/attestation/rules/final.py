"""How yearly marks and exams become the final marks of a supplement, honours and a medal – each with its steps in words.

The order itself is data (``final.toml``): subjects, which exam goes with which, what is averaged, what a medal asks for. What
cannot be decided is a ``Control``: an error keeps the document from being issued, a warning asks a human to look.
"""

from __future__ import annotations

import statistics
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from kontingent.achievements.attestation.codes import (
    DEBTS,
    MATHEMATICS_BASE,
    MATHEMATICS_GVE,
    RUSSIAN,
    RUSSIAN_GVE,
    ExamForm,
    ExamStatus,
    Word,
)
from kontingent.achievements.attestation.rules.marks import (
    Brought,
    Clash,
    Given,
    Slot,
    is_of_hundred,
    slot_of,
    together,
)
from kontingent.achievements.attestation.rules.results import Least
from kontingent.performance.codes import WHOLE_YEAR

PATH: Final = Path(__file__).parent.parent / "final.toml"
_IN_WORDS: Final = {
    Word.PASSED.value: "зачтено", Word.EXEMPT.value: "освобождён(а)", Word.FAILED.value: "не зачтено", Word.NOT_ATTESTED.value: "не аттестован(а)",
}  # fmt: skip
NAMES: Final = {2: "неудовлетворительно", 3: "удовлетворительно", 4: "хорошо", 5: "отлично"}


# -- the order as data -----------------------------------------------------------------------------


class Subject(NamedTuple):
    """One line of the supplement: from which subjects of the journal it comes, which exams count for it."""

    title: str
    sources: tuple[str, ...]
    exams: tuple[str, ...]
    is_required: bool
    may_be_exempt: bool
    #: What subjects of the journal are called in the steps, where there are several.
    parts: Mapping[str, str]


class Medal(NamedTuple):
    """What a degree of the medal asks for."""

    degree: str
    title: str
    good_at_most: int
    russian_at_least: int
    other_at_least: int
    base_mathematics: int


class Level(NamedTuple):
    """A level of education with the rules of its final marks."""

    code: str
    title: str
    first_grade: int
    last_grade: int
    mean: str
    exams: frozenset[str]
    admission: frozenset[str]
    obligatory_exams: tuple[tuple[str, ...], ...]
    honours: str
    medals: tuple[Medal, ...]
    subjects: tuple[Subject, ...]
    #: Another order than that of the supplements, where the level has one of its own.
    order: str = ""
    #: True where marks are told as they are, debts included.
    tells_debts: bool = False


class Order(NamedTuple):
    """The order that is followed, and whether its text has been confirmed."""

    title: str
    is_confirmed: bool
    note: str


def read(text: str) -> tuple[Order, dict[str, Level], dict[str, tuple[Least, ...]]]:
    """Return the order, the levels by kind of document, the least scores of ЕГЭ."""
    told = tomllib.loads(text)
    order = Order(told["order"]["title"], told["order"]["confidence"] == "sourced", told["order"]["note"])
    levels = {str(code): _level(code, one) for code, one in told["levels"].items()}
    least: dict[str, tuple[Least, ...]] = {
        code: (Least(code, 0, score),) for code, score in told["least"]["scores"].items()
    }
    return order, levels, least


def _level(code: str, told: Mapping[str, Any]) -> Level:
    subjects = tuple(
        Subject(
            one["title"],
            tuple(one["from"]),
            tuple(one.get("exams", ())),
            bool(one.get("required")),
            bool(one.get("may_be_exempt")),
            dict(one.get("parts", {})),
        )
        for one in told["subjects"]
    )
    medals = tuple(Medal(degree, **one) for degree, one in told.get("medal", {}).items())
    return Level(
        code, told["title"], told["first_grade"], told["last_grade"], told["mean"], frozenset(told["exams"]),
        frozenset(told["admission"]), tuple(tuple(one) for one in told["obligatory_exams"]), told["honours"], medals, subjects, told.get("order", ""),
    )  # fmt: skip


def undemanding(level: Level) -> Level:
    """Return a level that requires no subject."""
    return level._replace(subjects=tuple(one._replace(is_required=False) for one in level.subjects))


def reference_of(level: Level) -> Level:
    """Return how a reference is written for whoever was not admitted to exams or did not pass them: the marks there are, debts included."""
    order = tomllib.loads(PATH.read_text(encoding="utf-8"))["reference"]["order"]
    return undemanding(level)._replace(
        mean="year", exams=frozenset(), admission=frozenset(), obligatory_exams=(), honours="none", tells_debts=True, order=order
    )  # fmt: skip


@cache
def declared() -> tuple[Order, dict[str, Level], dict[str, tuple[Least, ...]]]:
    """Return what ``final.toml`` says, read once."""
    return read(PATH.read_text(encoding="utf-8"))


# -- what is known of a graduate ---------------------------------------------------------------------


class Exam(NamedTuple):
    """A result of an exam as it stands."""

    form: str
    subject_code: str
    status_code: str
    score: int | None
    mark: int | None
    passed: bool | None


# -- what comes of it --------------------------------------------------------------------------------


#: Controls that somebody settles among the marks of the learner: brings one, decides between two, makes a debt good.
_AMONG_MARKS: Final = frozenset({"missing", "clash", "debt", "scale"})


class Control(NamedTuple):
    """What does not hold; an error keeps the document from being issued."""

    code: str
    subject: str
    message: str
    is_error: bool = False

    @property
    def is_settled_among_marks(self) -> bool:
        """True where the remedy is on the page of the learner's marks."""
        return self.code in _AMONG_MARKS


def in_words(value: str) -> str:
    """Return a mark as a supplement prints it: «5 (отлично)», «зачтено», «87 из 100»."""
    if value.isdigit() and int(value) in NAMES:
        return f"{value} ({NAMES[int(value)]})"
    if is_of_hundred(value):
        return value.replace("/", " из ")
    return _IN_WORDS.get(value, value)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the supplement: the final mark and how it was found, step by step."""

    subject: str
    value: str
    steps: tuple[str, ...]

    @property
    def score(self) -> int | None:
        """The mark as a number, None for a word."""
        return int(self.value) if self.value.isdigit() else None

    @property
    def in_words(self) -> str:
        """The mark as the supplement prints it."""
        return in_words(self.value)


@dataclass(frozen=True, slots=True)
class Honours:
    """Whether the document is one with honours, the degree of a medal, and why or why not."""

    with_honours: bool = False
    medal: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that a graduate's document would say."""

    level: Level
    lines: tuple[Line, ...]
    controls: tuple[Control, ...]
    honours: Honours
    average: Decimal | None = None
    median: Decimal | None = None
    #: Courses that no subject of the level is: «Дополнительные сведения» of the supplement.
    additional: tuple[Line, ...] = ()

    @property
    def errors(self) -> list[Control]:
        """What keeps the document from being issued."""
        return [one for one in self.controls if one.is_error]


@dataclass(slots=True)
class _Work:
    """What is gathered while the subjects go by."""

    level: Level
    marks: Sequence[Given]
    exams: Sequence[Exam]
    #: What a human has to decide about: nothing else is asked of it.
    clashing: frozenset[Slot]
    lines: list[Line] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)

    def error(self, code: str, subject: str, message: str) -> None:
        self.controls.append(Control(code, subject, message, is_error=True))

    def warning(self, code: str, subject: str, message: str) -> None:
        self.controls.append(Control(code, subject, message))


def compute(
    level: Level, marks: Iterable[Given], exams: Iterable[Exam], brought: Iterable[Brought] = ()
) -> Outcome:
    """Return what the document of a level would say of a graduate: by the journal's marks, those that were brought, and exams."""
    found = together(marks, brought)
    here = [one for one in found.counted if level.first_grade <= one.grade <= level.last_grade + 1]
    work = _Work(
        level, here, [one for one in exams if one.form in level.exams | level.admission], frozenset(one.slot for one in found.clashes)
    )  # fmt: skip
    for subject in level.subjects:
        _line(work, subject)
    if level.tells_debts and not work.lines:
        work.error(
            "missing",
            "",
            "Отметок нет ни по одному предмету: рассказать в справке нечего. Передайте их из журнала или внесите по документу.",
        )
    _clashes(work, found.clashes)
    _strangers(work)
    _examined(work)
    scores = [one.score for one in work.lines if one.score is not None]
    average = (
        (Decimal(sum(scores)) / len(scores)).quantize(Decimal("0.01"), ROUND_HALF_UP) if scores else None
    )
    median = Decimal(str(statistics.median(scores))) if scores else None
    more = tuple(Line(one.title, one.value, (f"внесена; {one.document}",)) for one in found.additional)
    return Outcome(level, tuple(work.lines), tuple(work.controls), _honours(work), average, median, more)


# -- one subject ---------------------------------------------------------------------------------------


def _line(work: _Work, subject: Subject) -> None:
    given = [one for one in work.marks if one.subject_code in subject.sources]
    if not given:
        if subject.is_required:
            work.error(
                "missing", subject.title,
                f"{subject.title}: в журнале нет годовых отметок. Передайте их из журнала или внесите по документу.",
            )  # fmt: skip
        return
    counted = _periods_and_years(given) if work.level.mean == "periods_and_years" else _last_years(given)
    if not counted and work.level.tells_debts:
        return
    if not counted:
        work.error(
            "missing", subject.title,
            f"{subject.title}: есть отметки за периоды, но нет годовой. Выставьте годовую отметку в журнале.",
        )  # fmt: skip
        return
    debts = [one for one in counted if one.value in DEBTS]
    if debts and work.level.tells_debts:
        told = tuple(_told(one, subject.parts) for one in debts)
        work.lines.append(Line(subject.title, debts[-1].value, (*told, "задолженность не ликвидирована")))
        return
    if debts:
        work.error(
            "debt", subject.title,
            f"{subject.title}: не ликвидирована задолженность – {', '.join(_told(one, subject.parts) for one in debts)}. "
            "Документ выдают после её ликвидации.",
        )  # fmt: skip
        return
    if of_hundred := [one for one in counted if is_of_hundred(one.value)]:
        _of_hundred(work, subject, counted, of_hundred)
        return
    _close(work, subject, counted)
    _compare_with_journal(work, subject, given)


def _of_hundred(work: _Work, subject: Subject, counted: Sequence[Given], of_hundred: Sequence[Given]) -> None:
    """Marks of hundred points cannot be carried over; a reference, which tells marks as they are, tells one that stands alone."""
    if work.level.tells_debts and len(counted) == 1:
        told = _told(counted[0], subject.parts)
        work.lines.append(
            Line(subject.title, counted[0].value, (f"{told}: по шкале журнала, не переведена",))
        )
        return
    if undecided := [one for one in of_hundred if slot_of(one) not in work.clashing]:
        work.error(
            "scale", subject.title,
            f"{subject.title}: по стобалльной шкале – {', '.join(_told(one, subject.parts) for one in undecided)}. В документ идут отметки "
            "по пятибалльной, таблицы перевода приказ не даёт. Переведите по положению вашей школы и внесите отметку с этим документом.",
        )  # fmt: skip


def _last_years(given: Sequence[Given]) -> list[Given]:
    """The yearly mark of the last year of each subject of the journal; a debt made good counts as made good."""
    found = []
    for code in dict.fromkeys(one.subject_code for one in given):
        yearly = [one for one in given if one.subject_code == code and one.kind in {"year", "retake"}]
        if not yearly:
            continue
        last = max(one.grade for one in yearly)
        found.append([one for one in yearly if one.grade == last][-1])
    newest = max((one.grade for one in found), default=0)
    # Mathematics of grades 5 and 6 gives way to algebra and geometry, as anything does that was studied later under another name.
    return [one for one in found if one.grade == newest] if len(found) > 1 else found


def _periods_and_years(given: Sequence[Given]) -> list[Given]:
    """The marks of all periods and years of the level; of a year that was made good, the mark that made it good."""
    found: dict[tuple[str, int, str], Given] = {}
    for one in given:
        if one.kind == "period":
            found[one.subject_code, one.grade, one.period_code] = one
        elif one.kind in {"year", "retake"}:
            found[one.subject_code, one.grade, "year"] = one
    if not any(key[2] == "year" for key in found):
        return []
    return sorted(
        found.values(), key=lambda one: (one.subject_code, one.grade, one.kind == "year", one.period_code)
    )


def _close(work: _Work, subject: Subject, counted: Sequence[Given]) -> None:
    numbers = [one for one in counted if one.value.isdigit()]
    if not numbers:
        value = counted[-1].value
        if value == Word.EXEMPT and not subject.may_be_exempt:
            work.warning(
                "exempt", subject.title, f"{subject.title}: «осв» по этому предмету. Проверьте основание."
            )
        work.lines.append(
            Line(subject.title, value, (f"{_told(counted[-1], subject.parts)}: переносится как есть",))
        )
        return
    parts = [(_told(one, subject.parts), int(one.value)) for one in numbers]
    exam = _exam_mark(work, subject)
    if work.level.mean == "year_and_exam" and exam is not None:
        parts.append((f"экзамен {exam}", exam))
    total, count = sum(number for _, number in parts), len(parts)
    final = rounded(total, count)
    steps = [told for told, _ in parts]
    if count > 1:
        mean = (Decimal(total) / count).quantize(Decimal("0.01"), ROUND_HALF_UP)
        steps.append(
            f"({' + '.join(str(number) for _, number in parts)}) / {count} = {_comma(mean)}, округлено до {final}"
        )
    else:
        steps.append(f"единственная отметка переносится: {final}")
    if final < 3:
        work.error(
            "debt", subject.title, f"{subject.title}: итоговая отметка {final}. С ней документ не выдают."
        )
    work.lines.append(Line(subject.title, str(final), tuple(steps)))


def rounded(total: int, count: int) -> int:
    """Round a mean half up, as the order says (математическое округление)."""
    return (2 * total + count) // (2 * count)


def _told(one: Given, parts: Mapping[str, str]) -> str:
    part = f"{parts[one.subject_code]}, " if one.subject_code in parts else ""
    what = {"year": "годовая", "retake": "ликвидация задолженности", "final": "итоговая"}.get(
        one.kind, "за период"
    )
    by = f" ({one.by})" if one.by else ""
    return f"{part}{what} за {one.grade} класс {one.value}{by}"


def _comma(number: Decimal) -> str:
    return str(number).replace(".", ",")


def _exam_mark(work: _Work, subject: Subject) -> int | None:
    """The mark of the exam that was passed last; results stand in the order in which they came."""
    found = [
        one.mark
        for one in work.exams
        if one.subject_code in subject.exams and one.mark is not None and one.status_code == ExamStatus.VALID
    ]
    good = [one for one in found if one > 2]
    return good[-1] if good else found[-1] if found else None


def _compare_with_journal(work: _Work, subject: Subject, given: Sequence[Given]) -> None:
    said = [one for one in given if one.kind == "final" and not is_of_hundred(one.value)]
    if said and work.lines and said[-1].value != work.lines[-1].value and len(subject.sources) == 1:
        work.warning(
            "differs", subject.title,
            f"{subject.title}: журнал передал итоговую {said[-1].value}, по правилам выходит {work.lines[-1].value}. Проверьте отметки.",
        )  # fmt: skip


def _clashes(work: _Work, clashes: Iterable[Clash]) -> None:
    """What the journal and a document do not agree on keeps the document back until a human has decided."""
    for one in clashes:
        subject = next((s for s in work.level.subjects if one.slot.subject_code in s.sources), None)
        if subject is None:
            continue
        part = f", {subject.parts[one.slot.subject_code]}" if one.slot.subject_code in subject.parts else ""
        what = "годовая" if one.slot.period_code == WHOLE_YEAR else "за период"
        work.error(
            "clash", subject.title,
            f"{subject.title}{part}, {what} за {one.slot.grade} класс: в журнале {one.journal}, внесено {one.brought} ({one.document}). "
            "Решите, какая отметка считается.",
        )  # fmt: skip


def _strangers(work: _Work) -> None:
    known = {code for subject in work.level.subjects for code in subject.sources}
    for code in dict.fromkeys(one.subject_code for one in work.marks if one.subject_code not in known):
        work.warning(
            "not_in_plan", code,
            "Отметки по предмету, которого нет в учебном плане этого уровня: в приложение он не попадёт.",
        )  # fmt: skip


# -- exams ---------------------------------------------------------------------------------------------


def _examined(work: _Work) -> None:
    admitted = [one for one in work.exams if one.form in work.level.admission]
    if work.level.admission and not any(
        one.passed and one.status_code == ExamStatus.VALID for one in admitted
    ):
        names = {"interview": "итоговое собеседование", "essay": "итоговое сочинение (изложение)"}
        named = next(names[one] for one in ("interview", "essay") if one in work.level.admission)
        message = f"Нет зачёта за {named}. Загрузите результаты допуска."
        work.error("admission", "", message)
    for subjects in work.level.obligatory_exams:
        results = [one for one in work.exams if one.subject_code in subjects and one.form in work.level.exams]
        name = "русский язык" if RUSSIAN in subjects else "математика"
        if not any(is_passed(one) for one in results):
            had = any(one.status_code == ExamStatus.VALID for one in results)
            message = (
                f"ГИА, {name}: порог не преодолён. Документ выдают после пересдачи."
                if had
                else f"ГИА, {name}: нет действующего результата. Загрузите результаты экзамена."
            )
            work.error("exam_failed" if had else "exam_missing", name, message)


def is_passed(one: Exam) -> bool:
    """Say whether a result is one that an exam is passed with."""
    if one.status_code != ExamStatus.VALID:
        return False
    if one.passed is not None:
        return one.passed
    if one.mark is not None:
        return one.mark >= 3
    least = declared()[2].get(one.subject_code, ())
    return one.score is not None and (not least or one.score >= least[0].score)


# -- honours -------------------------------------------------------------------------------------------


def _honours(work: _Work) -> Honours:
    if work.level.honours == "none":
        return Honours(steps=("Отличия у этого документа не бывает.",))
    if work.level.honours == "all_excellent":
        return _all_excellent(work)
    refusals: list[str] = []
    for medal in work.level.medals:
        steps, holds = _medal(work, medal)
        if holds:
            return Honours(
                medal.good_at_most == 0,
                medal.degree,
                (f"Медаль «За особые успехи в учении» {medal.title}:", *steps),
            )
        refusals += [f"Медаль {medal.title} – нет: {steps[-1]}"]
    return Honours(steps=tuple(refusals))


def _all_excellent(work: _Work) -> Honours:
    below = [line.subject for line in work.lines if line.score is not None and line.score < 5]
    if below:
        return Honours(
            steps=(
                f"Без отличия: не «отлично» по {len(below)} предм.: {', '.join(below[:3])}{' …' if len(below) > 3 else ''}",
            )
        )
    if not any(line.score == 5 for line in work.lines):
        return Honours(steps=("Без отличия: итоговых отметок нет.",))
    if failed := [
        one
        for one in work.exams
        if one.form in work.level.exams and not is_passed(one) and one.status_code != ExamStatus.EXCUSED
    ]:
        return Honours(
            steps=(f"Без отличия: ГИА пройдена не с первого раза (результатов ниже порога: {len(failed)}).",)
        )
    return Honours(
        with_honours=True, steps=("С отличием: «отлично» по всем предметам, ГИА пройдена без пересдач.",)
    )


def _medal(work: _Work, medal: Medal) -> tuple[list[str], bool]:
    """Return the conditions of a degree one after another; the last one told is the one that does not hold."""
    scores = [line.score for line in work.lines if line.score is not None]
    good, lower = scores.count(4), sum(score < 4 for score in scores)
    steps = [
        f"«отлично» – {scores.count(5)}, «хорошо» – {good}, ниже – {lower}; допускается «хорошо» не больше {medal.good_at_most}"
    ]
    if not scores or lower or good > medal.good_at_most:
        return steps, False
    taken = [one for one in work.exams if one.status_code == ExamStatus.VALID]
    state = [one for one in taken if one.form == ExamForm.GVE_11]
    if state and all(one.form == ExamForm.GVE_11 for one in taken if one.form in work.level.exams):
        marks = {one.subject_code: one.mark for one in state}
        wanted = (RUSSIAN_GVE, MATHEMATICS_GVE)
        steps.append(
            "ГВЭ: " + ", ".join(f"{marks.get(code) or 'нет'}" for code in wanted) + "; нужны две отметки 5"
        )
        return steps, all(marks.get(code) == 5 for code in wanted)
    russian = max(
        (one.score for one in taken if one.subject_code == RUSSIAN and one.score is not None), default=None
    )
    steps.append(
        f"ЕГЭ по русскому языку: {russian if russian is not None else 'нет'}; нужно не меньше {medal.russian_at_least}"
    )
    if russian is None or russian < medal.russian_at_least:
        return steps, False
    others = [
        one.score
        for one in taken
        if one.form == ExamForm.EGE and one.subject_code != RUSSIAN and one.score is not None
    ]
    if others:
        steps.append(f"лучший из остальных ЕГЭ: {max(others)}; нужно не меньше {medal.other_at_least}")
        return steps, max(others) >= medal.other_at_least
    base = max(
        (one.mark for one in taken if one.subject_code == MATHEMATICS_BASE and one.mark is not None),
        default=None,
    )
    steps.append(
        f"базовая математика: {base if base is not None else 'нет'}; нужна отметка {medal.base_mathematics}"
    )
    return steps, base is not None and base >= medal.base_mathematics
