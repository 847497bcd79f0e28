"""Tables of the journal: entries by months, the seals that chain them, the signed anchors (ADR 0013)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Entry(models.Model):
    """One event or one read: who did what to whom, when, on whose behalf, what for and on what basis.

    The table is partitioned by months, and the server adds two columns of its own to each row: the transaction that wrote
    it and the digest of all the others. Indexes are made by the migration, since they belong to the partitions.
    """

    id = models.BigAutoField(primary_key=True)
    moment = models.DateTimeField()
    kind = models.CharField(max_length=60)
    actor_code = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=100)
    actor_post = models.CharField(max_length=200, blank=True)
    organisation_id = models.UUIDField(null=True)
    subjects = ArrayField(models.UUIDField(), default=list)
    object_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=200, blank=True)
    basis = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    request_id = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)

    def __str__(self) -> str:
        """Return the kind and the moment."""
        return f"{self.kind} {self.moment:%Y-%m-%d %H:%M}"


class Seal(models.Model):
    """The rows of one partition that some finished transactions wrote, chained to the seal before and signed (печать).

    ``contents`` is, for each row in the order of transaction and id, its id (8 octets) and its digest (32 octets).
    """

    id = models.BigAutoField(primary_key=True)
    partition = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    sealed_at = models.DateTimeField()
    from_transaction = models.BigIntegerField()
    until_transaction = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    contents = models.BinaryField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    signature = models.BinaryField()
    key = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partition", "number"], name="audit_seal_once")]

    def __str__(self) -> str:
        """Return the partition and the number."""
        return f"{self.partition} {self.number}"


class Anchor(models.Model):
    """The last seal of every partition on a day, chained and signed; a copy lies outside the database (якорь)."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField(unique=True)
    heads = models.JSONField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    signature = models.BinaryField()
    key = models.CharField(max_length=64)

    def __str__(self) -> str:
        """Return the day."""
        return f"{self.day}"


class Horizon(models.Model):
    """The one row that says up to which transaction the journal is sealed; also the lock of the sealing job."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    transaction = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        """Return the transaction."""
        return f"{self.transaction}"
