"""The import on the command line: the same actions as the pages, done at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from uuid import UUID

from kontingent.exchange.staging import applying, queries, reading
from kontingent.exchange.staging.models import Batch
from kontingent.kernel.actor import system_actor
from kontingent.kernel.errors import InvalidValue
from kontingent.organisations import queries as organisations

Out = Callable[[str], None]
_TITLES = {
    "create": "новых людей",
    "update": "изменится",
    "unchanged": "без изменений",
    "possible": "похожи на известных, решает человек",
    "refused": "отклонено",
    "enrols": "будет зачислено",
}
_DONE = {
    "create": "внесено людей", "update": "обновлено", "unchanged": "без изменений", "admitted": "зачислено",
    "orders": "подписано приказов", "drafts": "черновиков о выбытии", "groups": "открыто классов",
    "adults": "внесено представителей",
}  # fmt: skip
_SIGNS = {"error": "✗", "warning": "!", "info": "·"}


def import_file(
    path: Path,
    *,
    ogrn: str,
    dry_run: bool,
    order_number: str | None,
    order_date: date | None,
    school_year: int | None,
    refused: Path | None,
    out: Out,
) -> int:
    """Check a file and, unless ``dry_run``, apply it. Exit code 1 when rows were refused or the file was."""
    actor = system_actor("cli", "Командная строка")
    organisation = organisations.by_ogrn(ogrn)
    if not path.exists():
        raise InvalidValue("file.missing", f"Файла {path} нет. Проверьте путь.")
    options = {
        "order_number": order_number or "",
        "order_date": order_date.isoformat() if order_date else "",
        "school_year": school_year,
    }
    with path.open("rb") as file:
        batch = reading.receive(
            actor=actor, organisation_id=organisation.id, file=file, filename=path.name, options=options
        )
    batch = reading.read(batch.id)
    if batch.state == "refused":
        out(f"Файл не принят: {batch.refusal}")
        return 1
    _print_check(batch, out)
    stay = batch.totals.get("refused", 0) + batch.totals.get("possible", 0)
    if stay and refused:
        _write_refused(refused, queries.refused_workbook(actor, batch.id))
        out(f"Отклонённые и спорные строки с причинами: {refused}")
    elif stay:
        out(f"Не загружается строк: {stay}. Таблицу с причинами запишет --refused ФАЙЛ.xlsx")
    if dry_run:
        out("Пробная проверка: в реестр ничего не записано.")
        return 0
    applied = applying.apply(actor=actor, batch_id=batch.id)
    out("Применено: " + _numbers(applied.result, _DONE))
    out(f"Номер загрузки: {batch.id}   (отменить: kontingent undo {batch.id})")
    return 0


def _write_refused(target: Path, workbook: bytes) -> None:
    try:
        target.write_bytes(workbook)
    except OSError as failure:
        raise InvalidValue(
            "file.not_writable",
            f"Не записать {target}: {failure.strerror}. Укажите другой файл. В реестр ничего не внесено.",
        ) from None


def _print_check(batch: Batch, out: Out) -> None:
    out(f"{batch.organisation.short_name}: «{batch.filename}», строк: {batch.totals.get('rows', 0)}")
    for table in batch.tables:
        known = sum(1 for column in table["columns"] if column[2])
        out(
            f"  лист «{table['sheet']}»: заголовки в строке {table['header_line']}, узнано столбцов {known} из {len(table['columns'])}"
        )
    out("Будет: " + _numbers(batch.totals, _TITLES))
    for cause in queries.causes(batch):
        out(f"  {_SIGNS[cause.severity]} {cause.title}, строк {cause.count}: {cause.example} [{cause.lines}]")


def _numbers(totals: dict[str, int], titles: dict[str, str]) -> str:
    return ", ".join(f"{title} {totals[key]}" for key, title in titles.items() if totals.get(key)) or "ничего"


def undo(batch: str, *, out: Out) -> int:
    """Take a batch back."""
    try:
        batch_id = UUID(batch)
    except ValueError:
        raise InvalidValue(
            "staging.batch_id", f"«{batch}» – не номер загрузки. Его печатает kontingent import."
        ) from None
    undone = applying.undo(actor=system_actor("cli", "Командная строка"), batch_id=batch_id)
    result = undone.result["undone"]
    out(
        f"Загрузка «{undone.filename}» отменена: приказов отменено {result.get('orders', 0)}, "
        f"людей снято с учёта {result.get('mistaken', 0)}, записей возвращено {result.get('restored', 0)}."
    )
    return 0
