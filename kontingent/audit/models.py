"""The one table of the journal."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models


class Entry(models.Model):
    """One event: who did what to whom, when, on whose behalf and on what basis."""

    id = models.BigAutoField(primary_key=True)
    moment = models.DateTimeField()
    kind = models.CharField(max_length=60)
    actor_code = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=100)
    organisation_id = models.UUIDField(null=True)
    subjects = ArrayField(models.UUIDField(), default=list)
    object_id = models.UUIDField(null=True)
    basis = models.TextField(blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            GinIndex(fields=["subjects"], name="audit_entry_subjects"),
            models.Index(fields=["object_id", "id"], name="audit_entry_object"),
            models.Index(fields=["organisation_id", "id"], name="audit_entry_organisation"),
            BrinIndex(fields=["moment"], name="audit_entry_moment"),
        ]

    def __str__(self) -> str:
        """Return the kind and the moment."""
        return f"{self.kind} {self.moment:%Y-%m-%d %H:%M}"
