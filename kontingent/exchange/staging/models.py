"""Tables of the import: batches, their rows, decisions, remembered mappings."""

from django.db import models
from django.db.models import Q

from kontingent.kernel.ids import new_id


class Batch(models.Model):
    """One file on its way in (загрузка): uploaded → reading → checked → applying → applied → undone, or refused."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    filename = models.CharField(max_length=255)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12, default="uploaded")
    refusal = models.TextField(blank=True)
    tables = models.JSONField(default=list, help_text="sheets with headings, mapping, defaults")
    options = models.JSONField(default=dict, help_text="order_number, order_date, effective_on, school_year")
    totals = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    actor = models.JSONField(default=dict, help_text="who asked, for the worker")
    created_at = models.DateTimeField()
    created_by_name = models.CharField(max_length=200)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["uploaded", "reading", "checked", "applying", "applied", "undone", "refused"]
                ),
                name="batch_state_known",
            )
        ]
        indexes = [models.Index(fields=["organisation", "-created_at"], name="batch_by_organisation")]

    def __str__(self) -> str:
        """Return the name of the file."""
        return self.filename


class Progress(models.Model):
    """How far a long work has come. Apart from the batch, whose row is locked while it is applied."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, primary_key=True, related_name="progress")
    stage = models.CharField(max_length=100)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        """Return the stage."""
        return self.stage


class Row(models.Model):
    """One line of the file (строка загрузки): as written, as read, what is wrong, what would be done."""

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    sheet = models.CharField(max_length=100)
    line = models.PositiveIntegerField()
    raw = models.JSONField()
    parsed = models.JSONField()
    problems = models.JSONField(default=list)
    status = models.CharField(max_length=10, help_text="create, update, unchanged, possible, refused")
    enrols = models.BooleanField(default=False)
    person_id = models.UUIDField(null=True)
    candidates = models.JSONField(default=list)
    diff = models.JSONField(default=dict)
    made = models.JSONField(default=dict, help_text="what applying made and changed, for undo")

    class Meta:
        indexes = [models.Index(fields=["batch", "status", "id"], name="row_by_status")]

    def __str__(self) -> str:
        """Return sheet and line."""
        return f"{self.sheet}:{self.line}"


class CauseDecision(models.Model):
    """One decision for all rows of a cause (решение по причине): accept, refuse or drop the value."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="decisions")
    cause = models.CharField(max_length=120)
    decision = models.CharField(max_length=10)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "cause"], name="one_decision_for_a_cause")]

    def __str__(self) -> str:
        """Return cause and decision."""
        return f"{self.cause}: {self.decision}"


class RememberedMapping(models.Model):
    """Columns as an organisation confirmed them, found again by the headings (запомненное соответствие)."""

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    fingerprint = models.CharField(max_length=32)
    columns = models.JSONField(help_text="{column letter: field code}")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "fingerprint"], name="one_mapping_for_headings")
        ]

    def __str__(self) -> str:
        """Return the fingerprint."""
        return self.fingerprint
