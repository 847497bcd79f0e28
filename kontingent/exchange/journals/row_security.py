"""What the tables of the intake hold: batches and receipts name nobody, refused rows do and are their journal's own.

What a source could not read, or had refused, is shown besides to whoever looks after sources of its place.
"""

from __future__ import annotations

from kontingent.exchange.journals.permissions import SourcePermission
from kontingent.storage.row_security import Rule, holds, not_personal

_ITS_JOURNAL = (
    "EXISTS (SELECT 1 FROM public.performance_journal j WHERE j.id = {t}.journal_id "
    "AND j.client_code = (SELECT scope.actor()))"
)
_HERE = (
    "(s.organisation_id = ANY((SELECT scope.organisations())::uuid[]) "
    "OR s.municipality_id = ANY((SELECT scope.municipalities())::uuid[]))"
)
_SEES = holds(SourcePermission.VIEW.value)
_OF_ITS_SOURCE = (
    f"{_SEES} AND EXISTS (SELECT 1 FROM public.journals_journalsource s "
    f"WHERE s.journal_id = {{t}}.journal_id AND {_HERE})"
)
_OF_ITS_RUN = (
    f"{_SEES} AND EXISTS (SELECT 1 FROM public.journals_sourcerun r JOIN public.journals_journalsource s "
    f"ON s.id = r.source_id WHERE r.id = {{t}}.run_id AND {_HERE})"
)
RULES = (
    not_personal("journals.JournalBatch", "порции журналов: ключ, число строк"),
    not_personal("journals.ChunkReceipt", "квитанции: по букве на строку"),
    not_personal("journals.JournalSource", "источники журналов: чьи, чем и когда читаются"),
    not_personal("journals.MappingVersion", "описания столбцов файлов журнала"),
    not_personal("journals.SourceRun", "запуски источников: числа и причина неудачи"),
    Rule(
        model="journals.RunFinding", about="места файлов журнала, которые не прочтены, и что там стоит",
        reads=_OF_ITS_RUN, writes="false",
    ),
    Rule(
        model="journals.RefusedRow", about="отклонённые строки журнала с идентификаторами учеников",
        reads=f"{_ITS_JOURNAL} OR ({_OF_ITS_SOURCE})", writes=_ITS_JOURNAL,
    ),
)  # fmt: skip

DEFINITIONS = """
CREATE OR REPLACE FUNCTION scope.municipalities() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('kontingent.municipalities', true), ''), '{}')::uuid[] $$;
"""
