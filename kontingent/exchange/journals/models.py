"""Tables of the intake: batches, the receipts of their chunks, refused rows."""

from django.db import models
from django.db.models import F, Q

#: Chunks and batches of so many rows are worth knowing again when they come a second time.
LARGE = 1000


class JournalBatch(models.Model):
    """One delivery of a journal, known by its key (порция журнала). ``taken_rows`` lines of it are dealt with for good."""

    id = models.BigAutoField(primary_key=True)
    journal = models.ForeignKey("performance.Journal", on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=64, db_collation="C")
    records = models.CharField(max_length=12, help_text="performance.records.KINDS")
    school_year = models.SmallIntegerField()
    state = models.CharField(max_length=10, default="taking", help_text="taking, broken, done")
    taken_rows = models.BigIntegerField(default=0)
    outcomes = models.JSONField(default=dict, help_text="rows by performance.codes.Outcome")
    broken_by = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    touched_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journal", "key"], name="journal_batch_key_once")]
        indexes = [
            models.Index(
                fields=["journal", "records", "school_year", "id"],
                condition=Q(taken_rows__gte=LARGE),
                name="journal_batch_large",
            )
        ]

    def __str__(self) -> str:
        """Return the key."""
        return self.key


class ChunkReceipt(models.Model):
    """What became of the rows of one chunk: one letter a row, and a digest to know the chunk again by.

    ``said`` is set where every row came to stand: the same lines sent again change nothing as long as no record between the ids has
    changed since ``taken_at``.
    """

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(JournalBatch, on_delete=models.CASCADE, related_name="receipts")
    first_row = models.BigIntegerField()
    rows = models.IntegerField()
    outcomes = models.TextField()
    digest = models.BinaryField()
    said = models.BinaryField(null=True)
    lowest_id = models.CharField(max_length=64, db_collation="C", blank=True)
    highest_id = models.CharField(max_length=64, db_collation="C", blank=True)
    taken_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "first_row"], name="chunk_receipt_once")]

    def __str__(self) -> str:
        """Return the first row."""
        return f"{self.batch_id}: {self.first_row}"


class RefusedRow(models.Model):
    """A row that was refused, kept for repair."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(JournalBatch, on_delete=models.CASCADE, related_name="refused")
    journal = models.ForeignKey("performance.Journal", on_delete=models.PROTECT, related_name="+")
    records = models.CharField(max_length=12)
    school_year = models.SmallIntegerField()
    number = models.BigIntegerField()
    external_id = models.CharField(max_length=64, db_collation="C", blank=True)
    code = models.CharField(max_length=30, help_text="performance.codes.Refusal")
    place = models.CharField(max_length=200, blank=True, help_text="field and value")
    staged = models.JSONField(null=True, help_text="when the register lacked something")
    line = models.TextField(blank=True, help_text="when the line itself was no row")
    refused_at = models.DateTimeField()
    repaired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="refused_row_once"),
            models.CheckConstraint(
                condition=Q(repaired_at__isnull=True) | Q(repaired_at__gte=F("refused_at")),
                name="refused_row_repaired_later",
            ),
        ]
        indexes = [
            models.Index(
                fields=["journal", "records", "school_year", "external_id"],
                condition=Q(repaired_at__isnull=True),
                name="refused_row_open",
            )
        ]

    def __str__(self) -> str:
        """Return the number and the code."""
        return f"{self.number}: {self.code}"
