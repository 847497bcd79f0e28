"""Tables of the portfolio: achievements, what stood of them before, scans of the documents that prove them;
files of results on their way in.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from kontingent.achievements.incoming.models import IncomingFile, IncomingRow
from kontingent.achievements.portfolio.codes import Verdict
from kontingent.achievements.portfolio.rules import TITLES
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
    decisions = models.JSONField(
        default=dict, help_text="field → verdict, what the family had said, reason (rules.decide)"
    )
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

    @property
    def changed_fields(self) -> list[tuple[str, str]]:
        """Which fields of a proposal were not taken as proposed: title, reason."""
        return [
            (TITLES[name], told["reason"])
            for name, told in self.decisions.items()
            if told["verdict"] != Verdict.ACCEPTED
        ]


class FormerAchievement(models.Model):
    """What an achievement said before a correction, and who corrected it."""

    achievement = models.ForeignKey(Achievement, on_delete=models.CASCADE, related_name="former")
    facts = models.JSONField()
    replaced_at = models.DateTimeField()
    replaced_by_name = models.CharField(max_length=200)

    def __str__(self) -> str:
        """Return when."""
        return str(self.replaced_at)


class AttachedScans(models.Manager["Scan"]):
    """Scans that are attached: what pages, files and rules know of."""

    def get_queryset(self) -> models.QuerySet[Scan]:
        """Leave out what was taken away and waits for its term."""
        return super().get_queryset().filter(detached_at__isnull=True)


class Scan(models.Model):
    """A scan of a supporting document; its content lies in ``files`` by the digest.

    One that was taken away is named until its term has passed (code list ``file_retention``), so that it can be attached again; ``every`` knows it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    achievement = models.ForeignKey(Achievement, on_delete=models.CASCADE, related_name="scans")
    digest = models.CharField(max_length=64, db_collation="C")
    media_type = models.CharField(max_length=40)
    ending = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()
    uploaded_by_name = models.CharField(max_length=200)
    detached_at = models.DateTimeField(null=True)
    detached_by_name = models.CharField(max_length=200, blank=True)

    objects = AttachedScans()
    every = models.Manager()  # noqa: DJ012 – the first manager is the default

    class Meta:
        constraints = [models.UniqueConstraint(fields=["achievement", "digest"], name="scan_once")]

    def __str__(self) -> str:
        """Return the digest."""
        return self.digest


class ContestFile(IncomingFile):
    """A file of results of olympiads and contests on its way in (загрузка итогов); its ``kind`` is a ``FileKind``. An applied one may be undone."""

    document = models.CharField(
        max_length=200,
        blank=True,
        help_text="the organiser's protocol: for rows without a document of their own",
    )
    verified = models.BooleanField(help_text="whether the file was checked against the original protocol")
    undone_at = models.DateTimeField(null=True)
    undone_by_name = models.CharField(max_length=200, blank=True)

    @property
    def last_touched_at(self) -> datetime:
        """When it was undone, if it was."""
        return self.undone_at or super().last_touched_at

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["uploaded", "reading", "checked", "applying", "applied", "undone", "refused"]
                ),
                name="contest_file_state_known",
            )
        ]
        indexes = [models.Index(fields=["sent_by", "-created_at"], name="contest_file_of")]


class ContestRow(IncomingRow):
    """One line of such a file and what was written of it (строка загрузки)."""

    delivery = models.ForeignKey(ContestFile, on_delete=models.CASCADE, related_name="rows")
    key = models.CharField(max_length=260, blank=True, help_text="rules.event_key: once for a person")
    written_id = models.UUIDField(null=True, help_text="the achievement that was written or corrected")
    written_version = models.PositiveIntegerField(null=True, help_text="which version of it this row made")
    before = models.JSONField(null=True, help_text="what a correction took the place of, for undoing")
    #: What stands of a correction, laid beside by a query.
    standing: dict[str, Any] | None = None

    class Meta:
        indexes = [models.Index(fields=["delivery", "outcome", "id"], name="contest_row_outcome")]
