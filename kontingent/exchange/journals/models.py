"""Tables of the intake: batches, the receipts of their chunks, refused rows; sources that are read, their mappings and runs."""

from django.db import models
from django.db.models import F, Q

from kontingent.kernel.ids import new_id

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


class JournalSource(models.Model):
    """A journal that the register reads by itself (источник журнала): whose it is, by which adapter, when.

    It delivers as an actor of its own, ``source:<id>``, within its place. Settings name secrets, they never hold one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    journal = models.OneToOneField("performance.Journal", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    municipality = models.ForeignKey(
        "organisations.Municipality", null=True, on_delete=models.PROTECT, related_name="+"
    )
    adapter = models.CharField(max_length=40, help_text="sources.registry.Kind")
    settings = models.JSONField(default=dict, help_text="as the adapter declares them")
    every_minutes = models.PositiveIntegerField(
        default=0, help_text="sources.rules.SCHEDULES; 0: only by hand"
    )
    is_on = models.BooleanField(default=True)
    mapping_number = models.PositiveIntegerField(default=0, help_text="the version in force; 0: none")
    next_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="runs failed in a row")
    last_success_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=200)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=True) | Q(municipality__isnull=True),
                name="source_has_one_place",
            )
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(is_on=True), name="source_due")]

    def __str__(self) -> str:
        """Return the journal's title."""
        return self.journal.title


class MappingVersion(models.Model):
    """A version of how the files of a source are laid out (версия описания); none is ever changed."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(JournalSource, on_delete=models.CASCADE, related_name="mappings")
    number = models.PositiveIntegerField()
    text = models.TextField()
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "number"], name="mapping_version_once")]

    def __str__(self) -> str:
        """Return the number."""
        return f"{self.source_id}: {self.number}"


class SourceRun(models.Model):
    """One reading of a source and what came of it (запуск источника): numbers, and the reason when it failed."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(JournalSource, on_delete=models.CASCADE, related_name="runs")
    asked_by_name = models.CharField(max_length=200, blank=True, help_text="empty: by schedule")
    state = models.CharField(max_length=10, default="running", help_text="running, done, failed")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    pieces = models.PositiveIntegerField(default=0, help_text="files, or answers of the journal")
    taken = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    refused = models.BigIntegerField(default=0)
    unread = models.BigIntegerField(default=0, help_text="places of the source that gave no row")
    named = models.PositiveIntegerField(default=0, help_text="learners recognised by class and name")
    error_code = models.CharField(max_length=60, blank=True)
    error = models.CharField(max_length=1000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["source", "-id"], name="source_run_newest")]

    def __str__(self) -> str:
        """Return source and state."""
        return f"{self.source_id}: {self.state}"


class RunFinding(models.Model):
    """A place of the source that gave no row. What stands there may be about somebody: kept like a refused row."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(SourceRun, on_delete=models.CASCADE, related_name="findings")
    piece = models.CharField(max_length=200, blank=True)
    place = models.CharField(max_length=200)
    value = models.CharField(max_length=80, blank=True)
    code = models.CharField(max_length=60)
    message = models.CharField(max_length=500)

    def __str__(self) -> str:
        """Return the place."""
        return self.place
