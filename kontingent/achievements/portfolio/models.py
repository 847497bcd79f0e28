"""Tables of the portfolio: achievements, what stood of them before, scans of the documents that prove them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kontingent.kernel.ids import new_id


class AchievementFacts(models.Model):
    """What an achievement says (``rules.Facts``)."""

    kind_code = models.CharField(max_length=20, help_text="achievement_kind")
    title = models.CharField(max_length=300)
    happened_on = models.DateField()
    level_code = models.CharField(max_length=20, help_text="achievement_level")
    result_code = models.CharField(max_length=20, help_text="achievement_result")
    organiser = models.CharField(max_length=200, blank=True)
    stage_code = models.CharField(max_length=20, blank=True, help_text="olympiad_stage")
    subject_code = models.CharField(max_length=20, blank=True, help_text="subject")
    place = models.PositiveSmallIntegerField(null=True)
    team = models.CharField(max_length=200, blank=True)
    supervisor = models.CharField(max_length=200, blank=True)
    document = models.CharField(max_length=200, blank=True)
    uin = models.CharField(max_length=20, blank=True, help_text="УИН of ГТО")

    class Meta:
        abstract = True


class Achievement(AchievementFacts):
    """One achievement of a learner (достижение)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    title_key = models.CharField(max_length=200, db_collation="C")
    state = models.CharField(max_length=10, help_text="codes.State")
    by_family = models.BooleanField()
    entered_at = models.DateTimeField()
    entered_by_name = models.CharField(max_length=200)
    decided_at = models.DateTimeField(null=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text="why refused or revoked")
    verified_at = models.DateTimeField(null=True, help_text="when the original document was seen")
    verified_by_name = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "title_key", "happened_on", "subject_code", "stage_code"],
                condition=Q(state__in=["proposed", "accepted"]),
                name="achievement_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["refused", "revoked"]) | ~Q(reason=""),
                name="achievement_refused_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-happened_on"], name="achievement_person"),
            models.Index(fields=["organisation", "state", "-happened_on"], name="achievement_organisation"),
        ]

    def __str__(self) -> str:
        """Return the title."""
        return self.title


class FormerAchievement(models.Model):
    """What an achievement said before a correction, and who corrected it."""

    achievement = models.ForeignKey(Achievement, on_delete=models.CASCADE, related_name="former")
    facts = models.JSONField()
    replaced_at = models.DateTimeField()
    replaced_by_name = models.CharField(max_length=200)

    def __str__(self) -> str:
        """Return when."""
        return str(self.replaced_at)


class Scan(models.Model):
    """A scan of a supporting document; its content lies in ``files`` by the digest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    achievement = models.ForeignKey(Achievement, on_delete=models.CASCADE, related_name="scans")
    digest = models.CharField(max_length=64, db_collation="C")
    media_type = models.CharField(max_length=40)
    ending = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()
    uploaded_by_name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["achievement", "digest"], name="scan_once")]

    def __str__(self) -> str:
        """Return the digest."""
        return self.digest
