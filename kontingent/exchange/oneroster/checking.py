"""A set against every rule of the standard, in full, before anything is written. Pure.

``check`` finds all defects at once – file, line, column, value, reason, remedy – so that a journal mends its set in one go.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from kontingent.exchange.oneroster import model
from kontingent.exchange.oneroster.archives import ArchiveRefused, unpack
from kontingent.exchange.oneroster.model import Column, Edition, File, Kind, Mode
from kontingent.exchange.oneroster.writing import RosterSet

#: So many defects are told; the rest of them is counted.
MOST_TOLD = 200
LONGEST_FIELD = 10_000
MOST_ROWS = 2_000_000
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong where, and what to do; ``line`` 0 is the file as a whole."""

    code: str
    file: str
    line: int
    column: str
    value: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        """Return the place, the reason and the remedy as one line."""
        place = self.file + (f", строка {self.line}" if self.line else "")
        place += f", столбец {self.column}" if self.column else ""
        value = f" «{self.value}»" if self.value else ""
        return f"{place}{value}: {self.reason} {self.remedy}"


@dataclass(slots=True)
class Checked:
    """The set, or its defects; ``more`` of them are not told."""

    content: RosterSet | None
    defects: list[Defect]
    more: int = 0


@dataclass(slots=True)
class _Table:
    declared: File
    mode: Mode
    rows: list[dict[str, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    extras: tuple[str, ...] = ()
    keys: set[str] = field(default_factory=set)

    @property
    def filename(self) -> str:
        return f"{self.declared.name}.csv"


class _Broken(Exception):
    """Nothing more of this file can be judged."""


@dataclass(slots=True)
class _Check:
    files: Mapping[str, bytes]
    defects: list[Defect] = field(default_factory=list)
    more: int = 0

    def say(
        self, code: str, filename: str, line: int, column: str, value: str, reason: str, remedy: str
    ) -> None:
        if len(self.defects) >= MOST_TOLD:
            self.more += 1
            return
        self.defects.append(Defect(code, filename, line, column, value[:80], reason, remedy))

    # -- the set --------------------------------------------------------------------------------

    def whole(self) -> RosterSet | None:
        said = self.manifest()
        if said is None:
            return None
        edition, properties = said
        modes = self.modes(edition, properties)
        self.strangers(edition, modes)
        tables = {
            name: table
            for name, mode in modes.items()
            if mode is not Mode.ABSENT and (table := self.table(edition, name, mode)) is not None
        }
        self.minimum(edition, modes)
        for table in tables.values():
            self.values(table)
        for table in tables.values():
            self.references(table, tables)
        for name in ("orgs", "academicSessions"):
            if name in tables:
                self.circles(tables[name])
        if self.defects:
            return None
        return RosterSet(
            edition,
            modes,
            {name: table.rows for name, table in tables.items()},
            {name: table.extras for name, table in tables.items() if table.extras},
            properties.get("source.systemName", ""),
            properties.get("source.systemCode", ""),
        )

    def manifest(self) -> tuple[Edition, dict[str, str]] | None:
        """Return the edition and the properties; without them nothing else can be judged."""
        filename = f"{model.MANIFEST}.csv"
        if filename not in self.files:
            self.say(
                "manifest_missing", filename, 0, "", "", "В наборе нет manifest.csv.",
                "Добавьте его: в нём версия и перечень файлов.",
            )  # fmt: skip
            return None
        properties: dict[str, str] = {}
        try:
            records = list(self.records(filename))
        except _Broken:
            return None
        if not records or records[0][1] != ["propertyName", "value"]:
            self.say(
                "header", filename, 1, "", ",".join(records[0][1]) if records else "", "Заголовок не тот.",
                "Первая строка: propertyName,value.",
            )  # fmt: skip
            return None
        for line, cells in records[1:]:
            if len(cells) != 2:
                self.say(
                    "width", filename, line, "", "", "В строке не два значения.", "Запишите имя и значение."
                )
            elif cells[0] in properties:
                self.say(
                    "manifest_twice", filename, line, "propertyName", cells[0], "Свойство указано дважды.",
                    "Оставьте одну строку.",
                )  # fmt: skip
            else:
                properties[cells[0]] = cells[1]
        if properties.get("manifest.version") != model.MANIFEST_VERSION:
            self.say(
                "manifest_version", filename, 0, "value", properties.get("manifest.version", ""),
                "Версия манифеста не принимается.", "Укажите manifest.version 1.0.",
            )  # fmt: skip
        version = properties.get("oneroster.version", "")
        if version not in {one.value for one in Edition}:
            self.say(
                "edition", filename, 0, "value", version, "Версия OneRoster не принимается.",
                "Укажите oneroster.version 1.1 или 1.2.",
            )  # fmt: skip
        return None if self.defects else (Edition(version), properties)

    def modes(self, edition: Edition, properties: Mapping[str, str]) -> dict[str, Mode]:
        filename = f"{model.MANIFEST}.csv"
        modes: dict[str, Mode] = {}
        for name, value in properties.items():
            if not name.startswith("file."):
                continue
            file = name.removeprefix("file.")
            if file not in model.FILES[edition]:
                self.say(
                    "manifest_file", filename, 0, "propertyName", name, f"В OneRoster {edition} такого файла нет.",
                    "Удалите строку или исправьте имя.",
                )  # fmt: skip
            elif value not in {one.value for one in Mode}:
                self.say(
                    "manifest_mode", filename, 0, "value", value, f"Неизвестно, как передан {file}.",
                    "Укажите absent, bulk или delta.",
                )  # fmt: skip
            else:
                modes[file] = Mode(value)
        for file in model.FILES[edition]:
            if f"file.{file}" not in properties:
                self.say(
                    "manifest_silent", filename, 0, "propertyName", f"file.{file}", "О файле в манифесте ничего не сказано.",
                    "Добавьте строку со значением absent, bulk или delta.",
                )  # fmt: skip
        told = [mode for mode in modes.values() if mode is not Mode.ABSENT]
        for one in model.EXTENSIONS:
            if f"{one.name}.csv" in self.files:
                modes[one.name] = Mode.DELTA if told and set(told) == {Mode.DELTA} else Mode.BULK
        return modes

    def strangers(self, edition: Edition, modes: Mapping[str, Mode]) -> None:
        for file, mode in modes.items():
            present = f"{file}.csv" in self.files
            if mode is Mode.ABSENT and present:
                self.say(
                    "not_absent", f"{file}.csv", 0, "", "", "Манифест говорит absent, а файл есть.",
                    "Удалите файл или укажите bulk либо delta.",
                )  # fmt: skip
            elif mode is not Mode.ABSENT and not present:
                self.say(
                    "file_missing", f"{file}.csv", 0, "", "", f"Манифест говорит {mode.value}, а файла нет.",
                    "Добавьте файл или укажите absent.",
                )  # fmt: skip
        for filename in self.files:
            name = filename.removesuffix(".csv")
            if filename != f"{model.MANIFEST}.csv" and (
                name == filename or model.file_of(edition, name) is None
            ):
                self.say(
                    "stranger", filename, 0, "", "", f"Такого файла в наборе OneRoster {edition} нет.",
                    "Удалите его; имена файлов пишутся точно, с учётом регистра.",
                )  # fmt: skip

    def minimum(self, edition: Edition, modes: Mapping[str, Mode]) -> None:
        """A bulk set that has any file of rostering has all that it cannot do without."""
        needed = model.MINIMUM[edition]
        if not any(modes.get(one) is Mode.BULK for one in needed):
            return
        for one in needed:
            if modes.get(one, Mode.ABSENT) is Mode.ABSENT:
                self.say(
                    "minimum", f"{one}.csv", 0, "", "", "Полный набор без этого файла не принимается.",
                    f"Добавьте его: нужны {', '.join(needed)}.",
                )  # fmt: skip

    # -- a file ---------------------------------------------------------------------------------

    def records(self, filename: str) -> Iterator[tuple[int, list[str]]]:
        """Yield records with the number of their line."""
        content = self.files[filename].removeprefix(b"\xef\xbb\xbf")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.say(
                "encoding", filename, line, "", content[error.start : error.start + 4].hex(" "),
                "Это не UTF-8.", "Сохраните файл в кодировке UTF-8.",
            )  # fmt: skip
            raise _Broken from error
        if "\0" in text:
            self.say(
                "nul", filename, text.count("\n", 0, text.index("\0")) + 1, "", "", "В файле нулевой символ.",
                "Выгрузите файл заново.",
            )  # fmt: skip
            raise _Broken
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        line = 0
        try:
            for cells in reader:
                if cells:
                    yield line + 1, cells
                line = reader.line_num
        except csv.Error as error:
            self.say(
                "csv", filename, line + 1, "", "", "Строка не читается как CSV (RFC 4180).",
                "Возьмите значение в кавычки, кавычки внутри удвойте, закройте последнюю.",
            )  # fmt: skip
            raise _Broken from error

    def table(self, edition: Edition, name: str, mode: Mode) -> _Table | None:
        declared, filename = model.file_of(edition, name), f"{name}.csv"
        if declared is None or filename not in self.files:
            return None
        table = _Table(declared, mode)
        header: Sequence[str] = ()
        try:
            for line, cells in self.records(filename):
                if not header:
                    header = self.header(table, cells)
                elif len(cells) != len(header):
                    self.say(
                        "width", filename, line, "", "", f"Значений {len(cells)}, столбцов {len(header)}.",
                        "Значение с запятой берут в кавычки; пустое значение тоже занимает столбец.",
                    )  # fmt: skip
                else:
                    table.rows.append(dict(zip(header, cells, strict=True)))
                    table.lines.append(line)
                    if len(table.rows) > MOST_ROWS:
                        self.say(
                            "too_long", filename, line, "", "", f"Строк больше {MOST_ROWS}.",
                            "Передавайте набор по организациям.",
                        )  # fmt: skip
                        return None
        except _Broken:
            return None
        if not header:
            self.say(
                "empty", filename, 0, "", "", "Файл пуст.", "Запишите заголовок и строки или укажите absent."
            )
            return None
        if not table.rows and mode is Mode.BULK:
            self.say(
                "header_only", filename, 0, "", "", "В файле только заголовок.",
                "Если сведений нет, укажите в манифесте absent и уберите файл.",
            )  # fmt: skip
        return table

    def header(self, table: _Table, cells: list[str]) -> Sequence[str]:
        declared = table.declared
        own = tuple(one for one in cells if not one.startswith("metadata."))
        if own not in {declared.header, *declared.drafts}:
            wrong = next(
                (
                    (position, said)
                    for position, (said, meant) in enumerate(
                        zip([*own, *[""] * len(declared.header)], declared.header, strict=False), 1
                    )
                    if said != meant
                ),
                (
                    len(declared.header) + 1,
                    own[len(declared.header)] if len(own) > len(declared.header) else "",
                ),
            )
            meant = declared.header[wrong[0] - 1] if wrong[0] <= len(declared.header) else "ничего"
            self.say(
                "header", table.filename, 1, wrong[1] or f"№ {wrong[0]}", wrong[1], f"На месте {wrong[0]} ожидается {meant}.",
                "Имена столбцов, их регистр и порядок – точно по стандарту; свои – только metadata.* справа.",
            )  # fmt: skip
            raise _Broken
        extras = tuple(cells[len(own) :])
        if tuple(cells[: len(own)]) != own or len(set(extras)) < len(extras):
            self.say(
                "metadata", table.filename, 1, next((c for c in cells if c.startswith("metadata.")), ""), "",
                "Столбец metadata.* стоит не справа или дважды.", "Перенесите его за последний столбец стандарта.",
            )  # fmt: skip
            raise _Broken
        table.extras = extras
        return cells

    # -- values ---------------------------------------------------------------------------------

    def values(self, table: _Table) -> None:
        first: dict[str, int] = {}
        for line, row in zip(table.lines, table.rows, strict=True):
            key = row["sourcedId"]
            if key and key in first:
                self.say(
                    "twice", table.filename, line, "sourcedId", key, f"Такой sourcedId уже есть в строке {first[key]}.",
                    "Идентификатор в файле не повторяется.",
                )  # fmt: skip
            first.setdefault(key, line)
            self.base(table, line, row)
            for name, value in row.items():
                self.value(table, line, name, value)
            for begin, end in model.PERIODS:
                if (
                    _DAY.fullmatch(row.get(begin, ""))
                    and _DAY.fullmatch(row.get(end, ""))
                    and row[begin] > row[end]
                ):
                    self.say(
                        "period", table.filename, line, end, row[end], f"Раньше, чем {begin} ({row[begin]}).",
                        "Исправьте одну из дат.",
                    )  # fmt: skip
        table.keys = set(first)

    def base(self, table: _Table, line: int, row: Mapping[str, str]) -> None:
        for name in ("status", "dateLastModified"):
            if table.mode is Mode.BULK and row[name]:
                self.say(
                    "bulk_base", table.filename, line, name, row[name], "В полном наборе (bulk) это поле пусто.",
                    "Очистите его или передайте набор как delta.",
                )  # fmt: skip
            if table.mode is Mode.DELTA and not row[name]:
                self.say(
                    "delta_base", table.filename, line, name, "", "В изменениях (delta) это поле обязательно.",
                    "Заполните его.",
                )  # fmt: skip

    def value(self, table: _Table, line: int, name: str, value: str) -> None:
        def wrong(code: str, reason: str, remedy: str) -> None:
            self.say(code, table.filename, line, name, value, reason, remedy)

        if "\n" in value or "\r" in value:
            wrong("line_break", "Внутри значения перевод строки.", "Замените его пробелом.")
        if len(value) > LONGEST_FIELD:
            wrong("too_long", f"Значение длиннее {LONGEST_FIELD} знаков.", "Сократите его.")
        column = table.declared.column(name)
        if column is None:
            return
        if not value:
            if column.required:
                wrong("required", "Обязательное поле пусто.", "Заполните его.")
            return
        if problem := _PROBLEMS.get(column.kind, _no_problem)(column, value):
            wrong(column.kind.value, *problem)

    # -- between files --------------------------------------------------------------------------

    def references(self, table: _Table, tables: Mapping[str, _Table]) -> None:
        """In changes a reference may lead to what was sent before; in a full set everything is at hand."""
        for name in table.rows[0] if table.rows else ():
            column = table.declared.column(name)
            target = tables.get(column.to) if column else None
            if column is None or target is None or Mode.DELTA in (table.mode, target.mode):
                continue
            for line, row in zip(table.lines, table.rows, strict=True):
                for key in _listed(row[name]) if column.kind is Kind.REFERENCES else [row[name]]:
                    if key and key not in target.keys:
                        self.say(
                            "reference", table.filename, line, name, key, f"В {column.to}.csv такого sourcedId нет.",
                            "Добавьте запись или исправьте ссылку.",
                        )  # fmt: skip
        if table.declared.name == "demographics" and "users" in tables and tables["users"].mode is Mode.BULK:
            for line, row in zip(table.lines, table.rows, strict=True):
                if row["sourcedId"] not in tables["users"].keys:
                    self.say(
                        "reference", table.filename, line, "sourcedId", row["sourcedId"], "В users.csv такого sourcedId нет.",
                        "sourcedId здесь – тот же, что у пользователя.",
                    )  # fmt: skip

    def circles(self, table: _Table) -> None:
        parents = {row["sourcedId"]: row["parentSourcedId"] for row in table.rows}
        for line, row in zip(table.lines, table.rows, strict=True):
            seen, at = {row["sourcedId"]}, row["parentSourcedId"]
            while at and at not in seen:
                seen.add(at)
                at = parents.get(at, "")
            if at == row["sourcedId"]:
                self.say(
                    "circle", table.filename, line, "parentSourcedId", row["parentSourcedId"],
                    "Запись оказывается выше самой себя.", "Исправьте parentSourcedId.",
                )  # fmt: skip


def _listed(value: str) -> list[str]:
    return [one.strip() for one in value.split(",")]


def _is_day(value: str) -> bool:
    if not _DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_moment(value: str) -> bool:
    if not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


Problem = tuple[str, str] | None


def _no_problem(_column: Column, _value: str) -> Problem:
    return None


def _unless(fits: Callable[[str], object], reason: str, remedy: str) -> Callable[[Column, str], Problem]:
    return lambda _column, value: None if fits(value) else (reason, remedy)


def _code(column: Column, value: str) -> Problem:
    if value in column.codes or (value.startswith(model.OWN_VALUE) and column.name != "status"):
        return None
    return "Такого значения в словаре нет.", f"Есть: {', '.join(sorted(column.codes))}."


_PROBLEMS: Mapping[Kind, Callable[[Column, str], Problem]] = {
    Kind.DAY: _unless(_is_day, "Это не день.", "Запишите как ГГГГ-ММ-ДД, например 2026-09-01."),
    Kind.MOMENT: _unless(
        _is_moment, "Это не момент по UTC.", "Запишите по ISO 8601, например 2026-09-01T08:00:00Z."
    ),
    Kind.NUMBER: _unless(_NUMBER.fullmatch, "Это не число.", "Дробная часть – после точки, например 4.5."),
    Kind.WHOLE: _unless(_WHOLE.fullmatch, "Это не целое число.", "Запишите его цифрами."),
    Kind.YEAR: _unless(_YEAR.fullmatch, "Это не год.", "Запишите год окончания четырьмя цифрами: 2027."),
    Kind.FLAG: _unless({"true", "false"}.__contains__, "Это не признак.", "Запишите true или false."),
    Kind.LIST: _unless(
        lambda value: all(_listed(value)), "В списке пустое место.", "Значения списка – через одну запятую."
    ),
    Kind.REFERENCES: _unless(
        lambda value: all(_listed(value)), "В списке пустое место.", "Идентификаторы – через одну запятую."
    ),
    Kind.CODE: _code,
}  # fmt: skip


def check(packed: bytes) -> Checked:
    """Return the set of a zip, or everything that is wrong with it."""
    try:
        files = unpack(packed)
    except ArchiveRefused as refused:
        place = str(refused.facts["place"]) or "архив"
        return Checked(
            None, [Defect(refused.code.removeprefix("oneroster."), place, 0, "", "", refused.message, "")]
        )
    checking = _Check(files)
    content = checking.whole()
    return Checked(content, checking.defects, checking.more)
