"""Tables of the room: the plan with its history, numbers of days."""

from django.db import models
from django.db.models import Q

from kontingent.kernel.ids import new_id
from kontingent.stages.fields import Stage


class PlanLine(models.Model):
    """What the plan says of a stage in a municipality, or in the region (строка плана внедрения).

    Never changed: another line takes its place (``superseded_at``). A line without target says that there is no plan any more.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    stage = models.CharField(max_length=2, choices=[(one.value, one.value) for one in Stage])
    municipality = models.ForeignKey(
        "organisations.Municipality", null=True, on_delete=models.PROTECT, related_name="+"
    )
    due_on = models.DateField(null=True)
    target = models.PositiveSmallIntegerField(null=True, help_text="percent of required values")
    basis = models.CharField(max_length=300)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "municipality"], condition=Q(superseded_at__isnull=True), nulls_distinct=False,
                name="plan_stands_once",
            ),
            models.CheckConstraint(
                condition=Q(target__isnull=True, due_on__isnull=True) | Q(target__range=(1, 100), due_on__isnull=False),
                name="plan_says_both_or_nothing",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Return target and deadline."""
        return f"{self.target} % до {self.due_on:%d.%m.%Y}" if self.due_on else "плана нет"


class CompletenessCount(models.Model):
    """Of how many learners of an organisation a required field was filled on a day (счёт наполненности).

    ``required`` is of how many it is asked; a measure that does not apply to the field is null.
    """

    id = models.BigAutoField(primary_key=True)
    on = models.DateField()
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    stage = models.CharField(max_length=2)
    field = models.CharField(max_length=20, help_text="reports.completeness.REQUIRED")
    required = models.PositiveIntegerField()
    filled = models.PositiveIntegerField()
    valid = models.PositiveIntegerField(null=True)
    confirmed = models.PositiveIntegerField(null=True)
    fresh = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "on", "organisation", "field"], name="completeness_counted_once"
            ),
            models.CheckConstraint(
                condition=Q(filled__lte=models.F("required")), name="completeness_not_beyond_required"
            ),
        ]
        indexes = [models.Index(fields=["organisation", "stage", "-on"], name="completeness_of_organisation")]

    def __str__(self) -> str:
        """Return the field and its numbers."""
        return f"{self.field}: {self.filled} из {self.required}"
