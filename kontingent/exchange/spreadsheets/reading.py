"""Opening a file: safety first, then rows. Nothing of a file is parsed before it has been looked at from outside.

xlsx, xls and ods are read by calamine, which runs no macro and evaluates no formula; CSV is streamed.
"""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from kontingent.exchange.spreadsheets.problems import FileRefused

MEBIBYTE = 1024 * 1024
MOST_COLUMNS = 200
MOST_SHEETS = 60
MOST_ENTRIES = 2000
#: What a workbook may unpack to, and how many times its packed size; real class lists stay far below.
MOST_UNPACKED = 400 * MEBIBYTE
MOST_RATIO = 300
MOST_FORMULAS_WITHOUT_VALUE = 3
LONGEST_CELL = 20_000

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_KINDS = {
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".xls": "xls",
    ".ods": "ods",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
}
_NAMES = {
    "xlsx": "книга Excel (xlsx)",
    "xls": "книга Excel 97–2003 (xls)",
    "ods": "таблица OpenDocument (ods)",
    "csv": "текст (csv)",
}
#: A formula whose value was never calculated: ``<f>…</f></c>`` or an empty ``<v>``.
_BARE_FORMULA = re.compile(rb"<f[^>]*>[^<]*</f>(?:<v\s*/>|<v></v>)?</c>")


@dataclass(slots=True)
class Sheet:
    """One sheet as rows of cells; ``rows`` yields (line number from 1, cells) and can be walked once."""

    name: str
    rows: Iterator[tuple[int, list[Any]]]


def open_sheets(path: Path, filename: str, *, max_bytes: int) -> list[Sheet]:
    """Return the sheets of a file that is safe to read; raise ``FileRefused`` otherwise."""
    kind = inspect(path, filename, max_bytes=max_bytes)
    return [Sheet(Path(filename).stem, _csv_rows(path))] if kind == "csv" else _workbook(path, kind)


# -- from outside ------------------------------------------------------------------------------


def inspect(path: Path, filename: str, *, max_bytes: int) -> str:
    """Return the kind of a file that is safe to open: xlsx, xls, ods or csv."""
    size = path.stat().st_size
    if size == 0:
        raise FileRefused("empty", f"Файл «{filename}» пуст. Сохраните список ещё раз и загрузите снова.")
    if size > max_bytes:
        raise FileRefused(
            "too_big",
            f"Файл «{filename}» – {size // MEBIBYTE} МБ, а принимается до {max_bytes // MEBIBYTE} МБ. Разделите его на части.",
        )
    promised = _KINDS.get(Path(filename).suffix.lower())
    if promised is None:
        raise FileRefused(
            "extension",
            f"Файл «{filename}» не таблица. Принимаются xlsx, xls, ods и csv: сохраните список в одном из них.",
        )
    actual = _kind(path, filename)
    if actual != promised:
        raise FileRefused(
            "mismatch",
            f"Файл «{filename}» назван как {_NAMES[promised]}, а внутри – {_NAMES[actual]}. "
            "Откройте его и сохраните через «Сохранить как» в нужном виде.",
        )
    return actual


def _kind(path: Path, filename: str) -> str:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(_ZIP):
        return _inspect_zip(path, filename)
    if head.startswith(_OLE):
        _inspect_ole(path, filename)
        return "xls"
    _inspect_text(path, filename)
    return "csv"


def _damaged(filename: str) -> FileRefused:
    return FileRefused(
        "damaged", f"Файл «{filename}» повреждён или обрезан. Сохраните его заново и загрузите снова."
    )


def _macros(filename: str) -> FileRefused:
    return FileRefused(
        "macros", f"В файле «{filename}» есть макросы. Сохраните его как обычную книгу xlsx без макросов."
    )


def _inspect_zip(path: Path, filename: str) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            _inspect_sizes(entries, path.stat().st_size, filename)
            if any("vbaproject" in name.lower() or name.startswith(("Basic/", "Scripts/")) for name in names):
                raise _macros(filename)
            if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
                kind = "xlsx"
            elif "content.xml" in names and archive.read("mimetype").startswith(
                b"application/vnd.oasis.opendocument.spreadsheet"
            ):
                kind = "ods"
            else:
                raise FileRefused(
                    "not_a_workbook", f"Файл «{filename}» – архив, а не таблица. Извлеките из него таблицу."
                )
            _inflate(path, entries, filename)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, OSError) as error:
        raise _damaged(filename) from error
    return kind


def _bomb(filename: str) -> FileRefused:
    return FileRefused(
        "bomb",
        f"Файл «{filename}» распаковывается больше чем в {MOST_UNPACKED // MEBIBYTE} МБ: так устроены вредоносные файлы. "
        "Если это настоящий список, скопируйте его в новую книгу.",
    )


def _inspect_sizes(entries: list[zipfile.ZipInfo], packed: int, filename: str) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    if (
        len(entries) > MOST_ENTRIES
        or unpacked > MOST_UNPACKED
        or (unpacked > 50 * MEBIBYTE and unpacked > packed * MOST_RATIO)
    ):
        raise _bomb(filename)
    if any(entry.flag_bits & 1 for entry in entries):
        raise _encrypted(filename)


def _inflate(path: Path, entries: list[zipfile.ZipInfo], filename: str) -> None:
    """Unpack everything for real, bounded, whatever the headers promise; notice formulas without values."""
    total = 0
    with path.open("rb") as file:
        for entry in entries:
            bare = 0
            for piece in _pieces(file, entry):
                total += len(piece)
                if total > MOST_UNPACKED:
                    raise _bomb(filename)
                if "worksheets/" in entry.filename:
                    bare += len(_BARE_FORMULA.findall(piece))
            if bare > MOST_FORMULAS_WITHOUT_VALUE:
                raise FileRefused(
                    "formulas",
                    f"В файле «{filename}» ({Path(entry.filename).stem}) ячейки – формулы без посчитанных значений: {bare}. "
                    "Откройте файл в Excel, пересчитайте (F9) и сохраните, либо вставьте значения вместо формул.",
                )


def _pieces(file: Any, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    file.seek(entry.header_offset)
    header = file.read(30)
    if header[:4] != _ZIP:
        raise zipfile.BadZipFile("no local header")
    name_length, extra_length = (
        int.from_bytes(header[26:28], "little"),
        int.from_bytes(header[28:30], "little"),
    )
    file.seek(name_length + extra_length, 1)
    left = entry.compress_size
    if entry.compress_type == zipfile.ZIP_STORED:
        while left > 0 and (piece := file.read(min(left, MEBIBYTE))):
            left -= len(piece)
            yield piece
        return
    inflater = zlib.decompressobj(-15)
    while left > 0 and not inflater.eof:
        packed = file.read(min(left, 65536))
        if not packed:
            raise EOFError
        left -= len(packed)
        while packed:
            yield inflater.decompress(packed, MEBIBYTE)
            packed = inflater.unconsumed_tail


def _encrypted(filename: str) -> FileRefused:
    return FileRefused(
        "encrypted", f"Файл «{filename}» защищён паролем. Снимите пароль и сохраните его снова."
    )


def _inspect_ole(path: Path, filename: str) -> None:
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise _encrypted(filename)
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise _macros(filename)


def _inspect_text(path: Path, filename: str) -> None:
    with path.open("rb") as file:
        head = file.read(4096)
        if head.lstrip().lower().startswith((b"<html", b"<!doctype", b"<table", b"%pdf", b"{\\rtf")):
            raise FileRefused(
                "not_a_table", f"Файл «{filename}» – не таблица, хотя так назван. Сохраните список как xlsx."
            )
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return
        position = 0
        while head:
            if (found := head.find(b"\0")) >= 0:
                raise FileRefused(
                    "nul",
                    f"В файле «{filename}» на месте {position + found} нулевой байт: это не текст или файл повреждён. "
                    "Сохраните список заново как csv или xlsx.",
                )
            position += len(head)
            head = file.read(MEBIBYTE)


# -- workbooks ---------------------------------------------------------------------------------


def _workbook(path: Path, kind: str) -> list[Sheet]:
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        if len(names) > MOST_SHEETS:
            raise FileRefused(
                "too_many_sheets", f"В книге {len(names)} листов, принимается до {MOST_SHEETS}. Разделите её."
            )
        return [Sheet(name, _sheet_rows(workbook, name)) for name in names]
    except (CalamineError, OSError, ValueError) as error:
        raise FileRefused(
            "damaged",
            f"Книгу ({_NAMES[kind]}) не удалось прочесть: она повреждена. Откройте и сохраните её заново.",
        ) from error


def _sheet_rows(workbook: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[Any]]]:
    try:
        sheet = workbook.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        raise FileRefused(
            "damaged", f"Лист «{name}» не удалось прочесть: файл повреждён. Сохраните его заново."
        ) from error
    for line, row in enumerate(rows, start=1):
        _check_width(len(row), name)
        yield line, row


def _check_width(width: int, name: str) -> None:
    if width > MOST_COLUMNS:
        raise FileRefused(
            "too_many_columns",
            f"На листе «{name}» столбцов: {width}, принимается до {MOST_COLUMNS}. Удалите лишние столбцы справа от списка.",
        )


# -- csv ---------------------------------------------------------------------------------------


def encoding_of(path: Path) -> str:
    """Return the encoding: by BOM, else UTF-8 where the whole file is UTF-8, else cp1251."""
    with path.open("rb") as file:
        head = file.read(4)
        if head.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        file.seek(0)
        try:
            while piece := file.read(MEBIBYTE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1251"
    return "utf-8"


def _delimiter(sample: str) -> str:
    lines = [line for line in sample.splitlines() if line.strip()][:10]
    return max(";\t,", key=lambda sign: sum(line.count(sign) for line in lines))


def _csv_rows(path: Path) -> Iterator[tuple[int, list[Any]]]:
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding=encoding_of(path), newline="", errors="strict") as file:
        try:
            sample = file.read(65536)
            file.seek(0)
            reader = csv.reader(file, delimiter=_delimiter(sample))
            for row in reader:
                _check_width(len(row), path.name)
                yield reader.line_num, row
        except UnicodeError as error:
            raise FileRefused(
                "encoding", "Кодировка файла не распознана. Сохраните его как «CSV UTF-8» или xlsx."
            ) from error
        except csv.Error as error:
            raise FileRefused(
                "csv",
                f"Строка {reader.line_num}: {error}. Скорее всего, не закрыта кавычка. Исправьте строку.",
            ) from error
