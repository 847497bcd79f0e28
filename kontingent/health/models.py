"""Tables of the compartment: a schema of their own, which only the role ``kontingent_health`` may look into."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from kontingent.health.codes import Kind
from kontingent.health.rules import SHAPES
from kontingent.kernel.ids import new_id

MANY = [one.kind.value for one in SHAPES.values() if one.many]


def _days() -> Func:
    return Func(F("starts_on"), F("ends_on"), function="daterange", output_field=models.DateField())


class HealthRecord(models.Model):
    """One record of health of a person with its term (запись о здоровье): codes in the clear, texts encrypted.

    It holds in ``[starts_on, ends_on)`` and was known from ``recorded_at`` until ``superseded_at``. ``sealed`` is what
    ``rules.Details`` says, encrypted by the key ``key_id``. The row stays with the record of the person it was written for;
    reading asks for all records of one human being.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Without constraints of the database: the compartment can be moved to a server of its own.
    person = models.ForeignKey(
        "persons.Person", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    kind = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Kind])
    code = models.CharField(max_length=12)
    category_code = models.CharField(max_length=12, blank=True)
    reason_code = models.CharField(max_length=12, blank=True)
    variant_code = models.CharField(max_length=12, blank=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    key_id = models.CharField(max_length=40, blank=True)
    sealed = models.BinaryField(null=True)
    batch_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = '"health"."record"'
        constraints = [
            ExclusionConstraint(
                name="health_record_one_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    (_days(), RangeOperators.OVERLAPS),
                ],
                condition=Q(superseded_at__isnull=True) & ~Q(kind__in=MANY),
            ),
            ExclusionConstraint(
                name="health_record_once_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("kind", RangeOperators.EQUAL),
                    ("code", RangeOperators.EQUAL),
                    (_days(), RangeOperators.OVERLAPS),
                ],
                condition=Q(superseded_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["person"], name="health_record_person"),
            models.Index(
                fields=["organisation", "ends_on"], name="health_record_term", condition=Q(superseded_at__isnull=True)
            ),
            models.Index(fields=["key_id"], name="health_record_key"),
            models.Index(fields=["batch_id"], name="health_record_batch", condition=Q(batch_id__isnull=False)),
        ]  # fmt: skip

    def __str__(self) -> str:
        """Return nothing of what it says."""
        return f"запись о здоровье {self.id}"
