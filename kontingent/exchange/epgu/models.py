"""Tables: the requests of citizens that came through ЕПГУ, and what was answered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from kontingent.kernel.ids import new_id


class ServiceRequest(models.Model):
    """A request for performance and what came of it (запрос услуги). Its id opens the timetable for a while.

    The answer is kept only until it has surely arrived; who asked about whom, by which right, stays. СНИЛС is not kept.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client_code = models.CharField(max_length=80, help_text="code of the machine that asks")
    client_name = models.CharField(
        max_length=200, default="", help_text="its name then, as the family is told"
    )
    message_id = models.CharField(max_length=64, help_text="how the machine calls the request")
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was asked")
    applicant_id = models.UUIDField(null=True, help_text="who asks, where the register knows them")
    child_id = models.UUIDField(null=True, help_text="about whom, where the right was shown")
    right = models.CharField(max_length=20, blank=True, help_text="codes.Right")
    content = ArrayField(models.CharField(max_length=20), help_text="codes.Content")
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="exclusive")
    refusal = models.CharField(max_length=30, blank=True, help_text="codes.Refusal")
    answer = models.JSONField(null=True, help_text="wiped after rules.ANSWER_LIVES")
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(help_text="processing, milliseconds")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_code", "message_id"], name="service_request_once"),
            models.CheckConstraint(
                condition=Q(refusal="", child_id__isnull=False) & ~Q(right="") | ~Q(refusal=""),
                name="service_request_answered_by_right",
            ),
        ]
        indexes = [
            models.Index(fields=["received_at"], name="service_request_moment"),
            models.Index(fields=["child_id", "-received_at"], name="service_request_child"),
        ]

    def __str__(self) -> str:
        """Return how the machine calls it."""
        return self.message_id
