"""What a journal declared of its gradebook by OneRoster: categories, works, scales.

Results are no table of this room: a result is a mark of ``performance``, whose ``lesson_key`` is the id of its work.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Declared(models.Model):
    """An object known by (journal, its own id); ``version`` orders its states as it orders those of marks."""

    journal = models.ForeignKey("performance.Journal", on_delete=models.PROTECT, related_name="+")
    source_id = models.CharField(max_length=64, db_collation="C")
    version = models.BigIntegerField()
    changed_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        """Return the id."""
        return self.source_id


class Category(Declared):
    """A kind of work with its weight, or what a final mark closes (категория работ)."""

    title = models.CharField(max_length=200)
    weight = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    work_code = models.CharField(max_length=20, help_text="work_kind")
    final_kind = models.CharField(
        max_length=10, blank=True, help_text="final_kind; empty: it is a kind of work"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journal", "source_id"], name="category_once")]


class LineItem(Declared):
    """A work of a class, or what its final marks close (работа класса)."""

    school_year = models.SmallIntegerField()
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey("enrolment.Group", on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=200)
    description = models.CharField(max_length=2000, blank=True)
    assigned_on = models.DateField()
    due_on = models.DateField()
    category_key = models.CharField(max_length=64, db_collation="C")
    session_key = models.CharField(max_length=64)
    scale_key = models.CharField(max_length=64, db_collation="C", blank=True)
    lowest = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    highest = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    subject_code = models.CharField(max_length=20)
    final_kind = models.CharField(max_length=10, blank=True, help_text="as its category says")
    period_code = models.CharField(max_length=2, blank=True, help_text="study_period, of a final mark")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["journal", "school_year", "source_id"], name="line_item_once"),
            # A final mark names no work: what it closes leads to it.
            models.UniqueConstraint(
                fields=["journal", "group", "subject_code", "final_kind", "period_code"],
                condition=Q(deleted_at__isnull=True) & ~Q(final_kind=""),
                name="line_item_closes_once",
            ),
        ]
        indexes = [models.Index(fields=["journal", "category_key"], name="line_item_category")]


class ScoreScale(Declared):
    """How a class is graded, in the journal's own words (шкала оценок)."""

    school_year = models.SmallIntegerField()
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey("enrolment.Group", on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=200)
    type = models.CharField(max_length=200)
    course_key = models.CharField(max_length=120, blank=True)
    values = models.JSONField(help_text="pairs: what is written, what it is worth")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["journal", "school_year", "source_id"], name="score_scale_once")
        ]
