"""Tables of transfers: the application with its answers, its history, confirmed departures."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kontingent.kernel.ids import new_id


class Transfer(models.Model):
    """A learner goes from one organisation to another (перевод), at the family's application, led by the receiver.

    ``learner_name`` is what the application says: before approval the receiver sees no more of the learner than this.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+")
    learner_name = models.CharField(max_length=300)
    former = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    former_class = models.CharField(max_length=100, blank=True)
    receiver = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    group = models.ForeignKey("enrolment.Group", on_delete=models.PROTECT, related_name="+")
    applicant = models.CharField(max_length=200)
    applied_on = models.DateField()
    arrives_on = models.DateField()
    state = models.CharField(max_length=12, default="registered", help_text="codes.State")
    registered_at = models.DateTimeField()
    registered_by_name = models.CharField(max_length=200)
    order_number = models.CharField(max_length=40, blank=True, help_text="of the receiver's order")
    approved_at = models.DateTimeField(null=True)
    approved_by_name = models.CharField(max_length=200, blank=True)
    due_on = models.DateField(null=True, help_text="the last day of the former organisation's term")
    answer = models.CharField(max_length=10, blank=True, help_text="codes.Answer")
    answered_at = models.DateTimeField(null=True)
    answered_by_name = models.CharField(max_length=200, blank=True)
    objection = models.CharField(max_length=500, blank=True)
    leaving_number = models.CharField(
        max_length=40, blank=True, help_text="of the former organisation's order"
    )
    decided_by_name = models.CharField(max_length=200, blank=True)
    decision = models.CharField(max_length=500, blank=True)
    ground = models.CharField(max_length=10, blank=True, help_text="codes.Ground")
    held_up = models.CharField(
        max_length=1000, blank=True, help_text="why it could not be carried out, told to people"
    )
    cancel_reason = models.CharField(
        max_length=500, blank=True, help_text="set when both orders are to be cancelled"
    )
    completed_at = models.DateTimeField(null=True)
    leaving_order = models.ForeignKey(
        "enrolment.Order", null=True, on_delete=models.PROTECT, related_name="+"
    )
    arriving_order = models.ForeignKey(
        "enrolment.Order", null=True, on_delete=models.PROTECT, related_name="+"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state__in=["registered", "approved"]),
                name="one_open_transfer_of_a_person",
            ),
            models.CheckConstraint(condition=~Q(former=F("receiver")), name="transfer_not_to_itself"),
            models.CheckConstraint(
                condition=Q(arrives_on__gte=F("applied_on")), name="transfer_after_application"
            ),
            models.CheckConstraint(
                condition=~Q(state="completed")
                | Q(leaving_order__isnull=False, arriving_order__isnull=False, completed_at__isnull=False),
                name="transfer_completed_by_two_orders",
            ),
        ]
        indexes = [
            models.Index(fields=["former", "state"], name="transfer_inbox"),
            models.Index(fields=["receiver", "state"], name="transfer_outbox"),
            models.Index(fields=["person"], name="transfer_person"),
        ]

    def __str__(self) -> str:
        """Return the state."""
        return f"{self.state} {self.arrives_on}"


class TransferStep(models.Model):
    """What happened to a transfer, when, and who did it."""

    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)
    told = models.CharField(max_length=1000)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        """Return what happened."""
        return self.told


class Succession(models.Model):
    """The learners of an organisation go to its successor in one act (перевод правопреемнику)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    link = models.ForeignKey("organisations.OrganisationLink", on_delete=models.PROTECT, related_name="+")
    leaving_number = models.CharField(max_length=40)
    arriving_number = models.CharField(max_length=40)
    basis = models.CharField(max_length=300)
    state = models.CharField(max_length=10, default="asked", help_text="asked, done, failed")
    told = models.CharField(max_length=1000, blank=True, help_text="why it could not be done")
    learners = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField()
    asked_by_name = models.CharField(max_length=200)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link"], condition=~Q(state="failed"), name="one_succession_of_learners"
            )
        ]

    def __str__(self) -> str:
        """Return the state."""
        return self.state


class ConfirmedDeparture(models.Model):
    """A learner who left the region is known to have arrived (подтверждение прибытия)."""

    enrolment_id = models.UUIDField(unique=True, help_text="the enrolment that was left")
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    arrived_on = models.DateField()
    evidence = models.CharField(max_length=500, help_text="whose letter, its number and day")
    confirmed_at = models.DateTimeField()
    confirmed_by_name = models.CharField(max_length=200)

    def __str__(self) -> str:
        """Return the day."""
        return str(self.arrived_on)
