"""Tables: changes, and the one row that says how far they are numbered and forgotten."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Change(models.Model):
    """One change (изменение), written by a trigger in the transaction of its act; ``position`` comes after the commit.

    It names what happened by ids. There are no foreign keys: the feed tells what was, also of what has gone since.
    """

    id = models.BigAutoField(primary_key=True)
    position = models.BigIntegerField(null=True, unique=True)
    kind = models.CharField(max_length=30, help_text="codes.ChangeKind")
    moment = models.DateTimeField()
    transaction = models.BigIntegerField()
    person_id = models.UUIDField(null=True, help_text="none of a group's own change")
    other_person_id = models.UUIDField(null=True, help_text="merging: the other record")
    organisation_id = models.UUIDField(
        null=True, help_text="of the movement, the conditions, the group; a person's own change has none"
    )
    enrolment_id = models.UUIDField(null=True)
    movement_id = models.BigIntegerField(null=True)
    group_id = models.UUIDField(null=True, help_text="of a group's own change")
    fields = ArrayField(models.CharField(max_length=40), default=list, help_text="corrected: which ones")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person_id__isnull=False) | Q(group_id__isnull=False),
                name="change_is_of_somebody_or_of_a_group",
            )
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=Q(position__isnull=True), name="change_waits_for_its_position"
            ),
            models.Index(
                fields=["person_id"], condition=Q(position__isnull=True), name="change_of_a_person_waits"
            ),
            models.Index(
                fields=["group_id"],
                condition=Q(position__isnull=True, group_id__isnull=False),
                name="change_of_a_group_waits",
            ),
            models.Index(fields=["moment"], name="change_by_moment"),
        ]

    def __str__(self) -> str:
        """Return the position and the kind."""
        return f"{self.position} {self.kind}"


class Horizon(models.Model):
    """The one row of the feed's state; whoever numbers changes holds it locked."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    newest = models.BigIntegerField(default=0, help_text="the last position given")
    forgotten = models.BigIntegerField(default=0, help_text="the last position forgotten")

    def __str__(self) -> str:
        """Return what is kept."""
        return f"{self.forgotten}…{self.newest}"


class Follower(models.Model):
    """How far a subscriber has been handed one of the readings (подписчик ленты): what it got, it may not have kept."""

    actor_code = models.CharField(max_length=100, help_text="who asks: client:… of a registered system")
    reading = models.CharField(max_length=20, help_text="codes.Reading")
    until = models.BigIntegerField(help_text="the position handed over last")
    asked_at = models.DateTimeField()
    given_at = models.DateTimeField(null=True, help_text="when it was last handed anything")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor_code", "reading"], name="follower_once")]

    def __str__(self) -> str:
        """Return who has come how far."""
        return f"{self.actor_code} {self.until}"
