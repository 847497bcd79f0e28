"""What the tables of the intake hold: batches and receipts name nobody, refused rows do and are their journal's own."""

from __future__ import annotations

from kontingent.storage.row_security import Rule, not_personal

_ITS_JOURNAL = (
    "EXISTS (SELECT 1 FROM public.performance_journal j WHERE j.id = {t}.journal_id "
    "AND j.client_code = (SELECT scope.actor()))"
)
RULES = (
    not_personal("journals.JournalBatch", "порции журналов: ключ, число строк"),
    not_personal("journals.ChunkReceipt", "квитанции: по букве на строку"),
    Rule(
        model="journals.RefusedRow", about="отклонённые строки журнала с идентификаторами учеников",
        reads=_ITS_JOURNAL, writes=_ITS_JOURNAL,
    ),
)  # fmt: skip
