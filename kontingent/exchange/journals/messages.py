"""One line of a journal as a row ready for ``COPY``: typed by msgspec, its coded values looked up, or refused. Pure.

Few different values stand in many rows – days, subjects, marks, kinds of work – so each is read once and remembered.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Struct

from kontingent.codelists import queries as codelists
from kontingent.enrolment.actions.groups import title_key
from kontingent.kernel import names
from kontingent.kernel.errors import InvalidValue
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import rules
from kontingent.performance.codes import MarkSystem, Refusal
from kontingent.performance.records import ATTENDANCE, FINALS, LESSONS, MARKS, Records

Key: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Version: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Number: TypeAlias = Annotated[int, Meta(ge=0, le=99)] | None
Whose: TypeAlias = Annotated[str, Meta(min_length=1, max_length=80)]
Named: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Day: TypeAlias = Annotated[str, Meta(min_length=10, max_length=10)]
Short: TypeAlias = Annotated[str, Meta(max_length=64)]
Comment: TypeAlias = Annotated[str, Meta(max_length=500)]


class MarkMessage(Struct, forbid_unknown_fields=True):
    """A current mark."""

    id: Key
    version: Version
    learner: Whose
    date: Day
    subject: Named
    value: Short = ""
    system: Short = "1"
    weight: float = 1
    work: Short = "other"
    lesson: Short = ""
    number: Number = None
    comment: Comment = ""
    deleted: bool = False


class AttendanceMessage(Struct, forbid_unknown_fields=True):
    """An absence or a coming late."""

    id: Key
    version: Version
    learner: Whose
    date: Day
    subject: Named
    code: Short = ""
    minutes: Annotated[int, Meta(ge=0, le=600)] | None = None
    lesson: Short = ""
    number: Number = None
    comment: Comment = ""
    deleted: bool = False


class FinalMessage(Struct, forbid_unknown_fields=True):
    """A mark of a period, a year, an exam, a retake, or a final one."""

    id: Key
    version: Version
    learner: Whose
    date: Day
    subject: Named
    kind: Short
    period: Short
    value: Short = ""
    system: Short = "1"
    comment: Comment = ""
    deleted: bool = False


class LessonMessage(Struct, forbid_unknown_fields=True, rename={"class_": "class"}):
    """A lesson of a class."""

    id: Key
    version: Version
    class_: Named
    date: Day
    subject: Named
    organisation: Short = ""
    number: Number = None
    part: Annotated[str, Meta(max_length=100)] = ""
    topic: Comment = ""
    homework: Annotated[str, Meta(max_length=2000)] = ""
    teacher: Annotated[str, Meta(max_length=200)] = ""
    deleted: bool = False


class _Identified(Struct):
    """What a line has that has nothing else right."""

    id: Key


Message: TypeAlias = MarkMessage | AttendanceMessage | FinalMessage | LessonMessage
MESSAGES: dict[str, type[Message]] = {
    MARKS.code: MarkMessage,
    ATTENDANCE.code: AttendanceMessage,
    FINALS.code: FinalMessage,
    LESSONS.code: LessonMessage,
}


class RowRefused(Exception):
    """A line cannot be a row: why, and which field with what."""

    def __init__(self, refusal: Refusal, place: str = "") -> None:
        super().__init__(refusal)
        self.refusal = refusal
        self.place = place[:200]


class Format(StrEnum):
    """How a line is written."""

    NDJSON = "ndjson"
    CSV = "csv"


# -- looking values up -------------------------------------------------------------------------

_NULL = "\\N"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class _Remembered(dict[Any, Any]):
    """Values read once. What a journal can send endlessly many of is forgotten when there are too many."""

    MOST = 200_000

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self.MOST:
            self.clear()
        value = self[key] = self._read(key)
        return value


@dataclass(slots=True)
class Lexicon:
    """What the values of one delivery mean: its school year, its days, the journal's subjects."""

    school_year: SchoolYear
    today: date
    subject_names: Mapping[str, str]
    ogrn: str = ""
    days: _Remembered = field(init=False)
    subjects: _Remembered = field(init=False)
    marks: _Remembered = field(init=False)
    weights: _Remembered = field(init=False)
    works: _Remembered = field(init=False)
    learners: _Remembered = field(init=False)
    classes: _Remembered = field(init=False)

    def __post_init__(self) -> None:
        self.days = _Remembered(self._day)
        self.subjects = _Remembered(self._subject)
        self.marks = _Remembered(_mark)
        self.weights = _Remembered(_weight)
        self.works = _Remembered(_work)
        self.learners = _Remembered(_whose)
        self.classes = _Remembered(self._class)

    def _day(self, text: str) -> str:
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            raise RowRefused(Refusal.DATE, f"date: {text}")
        if not self.school_year.period.holds(day):
            raise RowRefused(Refusal.OUTSIDE_YEAR, f"date: {text}")
        if day > self.today:
            raise RowRefused(Refusal.FUTURE, f"date: {text}")
        return text

    def _subject(self, text: str) -> str:
        found = self.subject_names.get(names.fold(text)) or codelists.find("subject", text)
        if found is None:
            raise RowRefused(Refusal.SUBJECT_UNKNOWN, f"subject: {text}")
        return found

    def _class(self, said: tuple[str, str]) -> str:
        text, ogrn = said
        if _UUID.fullmatch(text):
            return f"{text.lower()}\t"
        return f"{_NULL}\t{ogrn or self.ogrn}:{title_key(text)}"


def is_id(text: str) -> bool:
    """Say whether a key is written as the register's ids are: then it is taken for one."""
    return bool(_UUID.fullmatch(text))


def _whose(text: str) -> str:
    """A learner by the register's id or by the journal's own key: two columns."""
    return f"{text.lower()}\t" if _UUID.fullmatch(text) else f"{_NULL}\t{text}"


def _mark(said: tuple[str, str]) -> str:
    """System, value and score: three columns."""
    value, system_text = said
    code = codelists.find("mark_system", system_text)
    if code is None:
        raise RowRefused(Refusal.SYSTEM, f"system: {system_text}")
    try:
        mark = rules.read_mark(value, MarkSystem(int(code)))
    except InvalidValue as refused:
        raise RowRefused(Refusal.VALUE, f"value: {value}") from refused
    return f"{code}\t{mark.text}\t{_NULL if mark.score is None else mark.score}"


def _no_mark(system_text: str) -> str:
    """The columns of a mark that is taken back."""
    code = codelists.find("mark_system", system_text)
    return f"{code or MarkSystem.FIVE.value}\t\t{_NULL}"


def _weight(weight: float) -> str:
    if not 0 <= weight <= rules.HEAVIEST:
        raise RowRefused(Refusal.WEIGHT, f"weight: {weight}")
    return str(Decimal(str(weight)).quantize(Decimal("0.01")))


def _work(text: str) -> str:
    return _coded("work_kind", text, Refusal.WORK, "work")


def _coded(list_code: str, text: str, refusal: Refusal, name: str) -> str:
    found = codelists.find(list_code, text)
    if found is None:
        raise RowRefused(refusal, f"{name}: {text}")
    return found


# -- a message as columns ----------------------------------------------------------------------

Columns: TypeAlias = Callable[[Any, Lexicon], str]


def _or_null(value: int | None) -> int | str:
    return _NULL if value is None else value


def _mark_columns(m: MarkMessage, known: Lexicon) -> str:
    mark = _no_mark(m.system) if m.deleted else known.marks[m.value, m.system]
    return (
        f"{m.id}\t{m.version}\t{'t' if m.deleted else 'f'}\t{known.learners[m.learner]}\t{known.days[m.date]}\t"
        f"{known.subjects[m.subject]}\t{_NULL if m.number is None else m.number}\t{m.lesson}\t{mark}\t{known.weights[m.weight]}\t"
        f"{known.works[m.work]}\t{m.comment}\n"
    )


def _attendance_columns(m: AttendanceMessage, known: Lexicon) -> str:
    code = "" if m.deleted else _coded("attendance_code", m.code, Refusal.ABSENCE, "code")
    return (
        f"{m.id}\t{m.version}\t{'t' if m.deleted else 'f'}\t{known.learners[m.learner]}\t{known.days[m.date]}\t"
        f"{known.subjects[m.subject]}\t{_or_null(m.number)}\t{m.lesson}\t{code}\t{_or_null(m.minutes)}\t{m.comment}\n"
    )


def _final_columns(m: FinalMessage, known: Lexicon) -> str:
    mark = _no_mark(m.system) if m.deleted else known.marks[m.value, m.system]
    kind = _coded("final_kind", m.kind, Refusal.FINAL_KIND, "kind")
    period = _coded("study_period", m.period, Refusal.PERIOD, "period")
    return (
        f"{m.id}\t{m.version}\t{'t' if m.deleted else 'f'}\t{known.learners[m.learner]}\t{known.days[m.date]}\t"
        f"{known.subjects[m.subject]}\t{kind}\t{period}\t{mark}\t{m.comment}\n"
    )


def _lesson_columns(m: LessonMessage, known: Lexicon) -> str:
    return (
        f"{m.id}\t{m.version}\t{'t' if m.deleted else 'f'}\t{known.classes[m.class_, m.organisation]}\t{known.days[m.date]}\t"
        f"{known.subjects[m.subject]}\t{_or_null(m.number)}\t{m.part}\t{m.topic}\t{m.homework}\t{m.teacher}\n"
    )


_COLUMNS: dict[str, Columns] = {
    MARKS.code: _mark_columns,
    ATTENDANCE.code: _attendance_columns,
    FINALS.code: _final_columns,
    LESSONS.code: _lesson_columns,
}


# -- lines -------------------------------------------------------------------------------------

#: What ``COPY`` would take for more than text. A block without any of them holds no value with any of them.
_SPECIAL = (b"\\", b"\t", b"\x00", b"\r")
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


#: Refusals of a line that could not be read as a whole.
_UNREAD = frozenset({Refusal.FIELD, Refusal.MALFORMED, Refusal.NOT_UTF8})


class RefusedLine(NamedTuple):
    """A line that is no row: its number, itself, its id where it could be read, and why."""

    number: int
    line: bytes
    external_id: str
    why: RowRefused


@dataclass(slots=True)
class Read:
    """Lines read: texts for ``COPY`` with id, version and number of each, and those refused."""

    texts: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)


class Reader:
    """Reads lines of one delivery into rows of text for ``COPY``; each begins with its number."""

    def __init__(self, records: Records, lexicon: Lexicon, written_as: Format) -> None:
        """Prepare."""
        self._message = MESSAGES[records.code]
        self._columns = _COLUMNS[records.code]
        self._lexicon = lexicon
        self._decode: Callable[[bytes], Any] = (
            msgspec.json.Decoder(self._message).decode if written_as is Format.NDJSON else self._from_csv
        )
        self._header: Sequence[str] | None = None
        self._signature: bytes | None = None
        self._delimiter = ","
        self.needs_header = written_as is Format.CSV

    @property
    def signature(self) -> bytes:
        """What else than the lines themselves their meaning hangs on: how they are written, how the journal calls subjects."""
        if self._signature is None:
            subjects = sorted(self._lexicon.subject_names.items())
            said = (self._message.__name__, self._header, self._delimiter, self._lexicon.ogrn, subjects)
            self._signature = hashlib.sha256(repr(said).encode()).digest()
        return self._signature

    def take_header(self, line: bytes) -> None:
        """Read the first line of a CSV file: names of fields in any order."""
        text = _text(line)
        self._delimiter = next((sign for sign in ";\t" if sign in text), ",")
        header = [name.strip() for name in self._cells(text)]
        known = {one.encode_name: one.required for one in msgspec.structs.fields(self._message)}
        wrong = [name for name in header if name not in known]
        wrong += [name for name, required in known.items() if required and name not in header]
        if wrong or len(set(header)) < len(header):
            raise RowRefused(Refusal.FIELD, f"заголовок: {', '.join(wrong) or 'столбец повторён'}")
        self._header, self.needs_header = header, False

    def read(self, lines: Sequence[bytes], into: Read, *, plain: bool, first: int) -> None:
        """Read lines that all are, or may not be, free of what ``COPY`` would misunderstand."""
        texts, ids, versions, numbers = into.texts, into.ids, into.versions, into.numbers
        decode, columns, lexicon = self._decode, self._columns, self._lexicon
        for number, line in enumerate(lines, first):
            try:
                message = decode(line)
                if not plain:
                    _escape(message)
                texts.append(f"{number}\t{columns(message, lexicon)}")
            except (RowRefused, UnicodeDecodeError, msgspec.DecodeError, csv.Error) as error:
                why = _refusal(error)
                known = self._id_of(line) if why.refusal in _UNREAD else message.id
                into.refused.append(RefusedLine(number, line, known, why))
            else:
                ids.append(message.id)
                versions.append(message.version)
                numbers.append(number)

    def _from_csv(self, line: bytes) -> Any:
        cells = self._cells(_text(line))
        header = self._header or ()
        if len(cells) != len(header):
            raise RowRefused(Refusal.MALFORMED, f"столбцов {len(cells)}, в заголовке {len(header)}")
        said = {name: cell for name, cell in zip(header, cells, strict=True) if cell != ""}
        return msgspec.convert(said, self._message, strict=False)

    def _id_of(self, line: bytes) -> str:
        """Return the id of a line that could not be read as a whole, so that it is off the list when it comes again; "" where none can be told."""
        try:
            if self._header is None:
                found = msgspec.json.decode(line, type=_Identified)
            else:
                said = dict(zip(self._header, self._cells(_text(line)), strict=True))
                found = msgspec.convert({"id": said["id"]}, _Identified)
        except (RowRefused, msgspec.DecodeError, csv.Error, ValueError, RecursionError):
            return ""
        return "" if "\x00" in found.id else found.id

    def _cells(self, text: str) -> list[str]:
        if '"' not in text:
            return text.split(self._delimiter)
        return next(csv.reader([text], delimiter=self._delimiter, strict=True))


def is_plain(block: bytes) -> bool:
    """Say whether no value of a block can hold anything special to ``COPY``."""
    return not any(sign in block for sign in _SPECIAL)


def _escape(message: Any) -> None:
    """Write the texts of a message as ``COPY`` wants them."""
    for one in msgspec.structs.fields(message):
        value = getattr(message, one.name)
        if isinstance(value, str) and value:
            if "\x00" in value:
                raise RowRefused(Refusal.FIELD, f"{one.encode_name}: знак с кодом 0")
            setattr(message, one.name, value.translate(_ESCAPED))


def _refusal(error: Exception) -> RowRefused:
    match error:
        case RowRefused():
            return error
        case UnicodeDecodeError():
            return RowRefused(Refusal.NOT_UTF8)
        case msgspec.ValidationError():
            return RowRefused(Refusal.FIELD, _in_words(str(error)))
        case _:
            return RowRefused(Refusal.MALFORMED)


def _text(line: bytes) -> str:
    try:
        return line.decode().strip("\r\n\ufeff")
    except UnicodeDecodeError as error:
        raise RowRefused(Refusal.NOT_UTF8) from error


_AT = re.compile(r"at `\$\.([a-z]+)`")
_NAMED = re.compile(r"field `([a-z_]{1,40})`")


def _in_words(error: str) -> str:
    """Which field msgspec minds."""
    found = _AT.search(error) or _NAMED.search(error)
    return f"поле {found.group(1)}" if found else "поля строки"
