"""Tables: certificates of study as they were issued, and the numbers that each organisation has given."""

from django.db import models
from django.db.models import Q

from kontingent.kernel.ids import new_id


class Series(models.Model):
    """How many certificates an organisation has issued in a year: the next number, taken in the transaction of the issue, so without gaps."""

    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(help_text="the latest number given")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "year"], name="certificate_series_once")
        ]

    def __str__(self) -> str:
        """Return whose and up to where."""
        return f"{self.organisation_id} {self.year}: {self.last}"


class Certificate(models.Model):
    """A certificate of study (справка об обучении). What it says is frozen at issue; only its revocation is written later."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    person_id = models.UUIDField(help_text="about whom")
    year = models.PositiveSmallIntegerField(help_text="calendar year of the number")
    number = models.PositiveIntegerField()
    code = models.CharField(max_length=12, unique=True, help_text="rules.ALPHABET; opens the check page")
    order_key = models.UUIDField(
        unique=True, help_text="the form that ordered it: pressed twice, one certificate"
    )
    content = models.JSONField(help_text="what is printed")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the PDF as issued")
    masked_name = models.CharField(max_length=40, help_text="what a stranger is shown of the name")
    issued_on = models.DateField()
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=80, help_text="actor code")
    issued_by_name = models.CharField(max_length=200)
    by_family = models.BooleanField(help_text="ordered by the family, not made by the school")
    revoked_at = models.DateTimeField(null=True)
    revoked_by_name = models.CharField(max_length=200, blank=True)
    revoke_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "year", "number"], name="certificate_number_once"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True, revoke_reason="")
                | Q(revoked_at__isnull=False) & ~Q(revoke_reason=""),
                name="certificate_revoked_for_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["person_id", "-issued_at"], name="certificate_person")]

    def __str__(self) -> str:
        """Return its number."""
        return f"{self.number}/{self.year}"

    @property
    def label(self) -> str:
        """The number as it is printed."""
        return f"{self.number}/{self.year}"

    @property
    def is_valid(self) -> bool:
        """Not revoked."""
        return self.revoked_at is None
