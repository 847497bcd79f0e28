"""Tables of reconciliation: what does not agree, and how each school's journal keeps up. Both are made by ``finding``."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kontingent.kernel.ids import new_id
from kontingent.performance.models import Journal
from kontingent.persons.models import Person


class Discrepancy(models.Model):
    """One thing that journal and register do not agree on (расхождение); known by what it is about (``key``), so that it is found once.

    Where a journal's words do not say which school they are about, ``organisation`` is empty: the ministry sees to it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=20, help_text="codes.Kind")
    school_year = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=250, db_collation="C")
    organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.CASCADE, related_name="+"
    )
    journal = models.ForeignKey(Journal, null=True, on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey("enrolment.Group", null=True, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    subject_code = models.CharField(max_length=20, blank=True)
    period_code = models.CharField(max_length=2, blank=True)
    said = models.CharField(max_length=200, blank=True, help_text="what the journal calls it")
    rows = models.PositiveIntegerField(
        default=1, help_text="rows of the journal, or learners, that it is about"
    )
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True, help_text="codes.Outcome")
    decided_by_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "school_year", "key"], name="discrepancy_once"),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="")
                | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="discrepancy_closed_somehow",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="dismissed") | ~Q(reason=""), name="discrepancy_dismissed_for_a_reason"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "kind"], condition=Q(closed_at__isnull=True), name="discrepancy_open"
            )
        ]

    def __str__(self) -> str:
        """Return kind and key."""
        return f"{self.kind} {self.key}"


class Pulse(models.Model):
    """How the journal of a school keeps up, counted with its discrepancies (пульс журнала)."""

    organisation = models.OneToOneField(
        "organisations.Organisation", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    school_year = models.PositiveSmallIntegerField()
    classes = models.PositiveIntegerField()
    classes_heard = models.PositiveIntegerField()
    learners = models.PositiveIntegerField()
    learners_heard = models.PositiveIntegerField()
    last_day = models.DateField(
        null=True, help_text="of what was delivered, the latest lesson, mark or absence"
    )
    last_taken_at = models.DateTimeField(null=True)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        """Return the day."""
        return str(self.last_day)
