"""Loading the lists into the database: idempotent, nothing is deleted, what disappears is retired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction

from kontingent.codelists import files, queries
from kontingent.codelists.models import CodeList, CodeValue
from kontingent.kernel import clock


@dataclass(slots=True)
class LoadReport:
    """What a loading did: lists loaded, lists that stood already, values retired."""

    loaded: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)


@transaction.atomic
def load_all(lists: Iterable[files.ListFile] | None = None) -> LoadReport:
    """Bring the tables to what the files say (загрузить справочники). Run on every deploy."""
    report = LoadReport()
    known = dict(CodeList.objects.values_list("code", "digest"))
    for one in lists if lists is not None else files.packaged().values():
        if known.get(one.code) == one.digest:
            report.unchanged.append(one.code)
            continue
        _load(one, report)
    queries.forget()
    return report


def _load(one: files.ListFile, report: LoadReport) -> None:
    today = clock.today()
    CodeList.objects.update_or_create(
        code=one.code,
        defaults={
            "title": one.title,
            "edition": one.edition,
            "source": one.source,
            "confidence": one.confidence,
            "digest": one.digest,
            "loaded_at": clock.now(),
        },
    )
    parents = {value.parent for value in one.values}
    CodeValue.objects.bulk_create(
        [
            CodeValue(
                code_list_id=one.code,
                code=value.code,
                title=value.title,
                parent_code=value.parent,
                position=position,
                valid_from=value.valid_from,
                valid_to=value.valid_to,
                is_group=value.code in parents,
                aliases=list(value.aliases),
                external=dict(value.external),
            )
            for position, value in enumerate(one.values)
        ],
        update_conflicts=True,
        unique_fields=["code_list", "code"],
        update_fields=[
            "title", "parent_code", "position", "valid_from", "valid_to", "is_group", "aliases", "external",
        ],
    )  # fmt: skip
    gone = CodeValue.objects.filter(code_list_id=one.code, valid_to__isnull=True).exclude(
        code__in=[value.code for value in one.values]
    )
    report.retired += [f"{one.code}:{code}" for code in gone.values_list("code", flat=True)]
    gone.update(valid_to=today)
    report.loaded.append(one.code)
