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
    person_id = models.UUIDField()
    other_person_id = models.UUIDField(null=True, help_text="merging: the other record")
    organisation_id = models.UUIDField(null=True, help_text="of the movement; a person's own change has none")
    enrolment_id = models.UUIDField(null=True)
    movement_id = models.BigIntegerField(null=True)
    fields = ArrayField(models.CharField(max_length=40), default=list, help_text="corrected: which ones")

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], condition=Q(position__isnull=True), name="change_waits_for_its_position"
            ),
            models.Index(
                fields=["person_id"], condition=Q(position__isnull=True), name="change_of_a_person_waits"
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
