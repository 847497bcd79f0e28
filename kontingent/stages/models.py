"""Tables of the stages."""

from django.db import models

from kontingent.kernel.ids import new_id
from kontingent.stages.fields import Stage


class StageOrder(models.Model):
    """An order of the ministry that opens or closes a stage for a territory (приказ об этапе). It stays; another undoes it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    stage = models.CharField(max_length=2, choices=[(one.value, one.value) for one in Stage])
    opens = models.BooleanField()
    municipality = models.ForeignKey(
        "organisations.Municipality", null=True, on_delete=models.PROTECT, related_name="+"
    )
    starts_on = models.DateField()
    number = models.CharField(max_length=60)
    dated = models.DateField()
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["-starts_on", "-recorded_at"]
        indexes = [models.Index(fields=["stage", "starts_on"], name="stage_order_by_day")]

    def __str__(self) -> str:
        """Return number and date."""
        return f"№ {self.number} от {self.dated:%d.%m.%Y}"
