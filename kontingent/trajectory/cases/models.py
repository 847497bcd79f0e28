"""Tables: cases with their history, the ministry's editions of the rules, and how far the changes have been followed."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kontingent.kernel.ids import new_id
from kontingent.persons.models import Person


class Case(models.Model):
    """One cause about one child (дело): known by rule, person and ``key``, the fingerprint of the cause.

    ``organisation`` and ``municipality`` are where the cause lies, as the rules found it; the owner is who works on it and
    changes by hand alone. ``stands`` says that the rules still find the cause.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.CharField(max_length=24, help_text="codes.RuleCode")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=160, db_collation="C")
    organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    municipality = models.ForeignKey(
        "organisations.Municipality", null=True, on_delete=models.PROTECT, related_name="+"
    )
    owner_organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    owner_municipality = models.ForeignKey(
        "organisations.Municipality", null=True, on_delete=models.PROTECT, related_name="+"
    )
    worker_name = models.CharField(max_length=200, blank=True, help_text="whom the owner has named")
    severity = models.PositiveSmallIntegerField()
    since = models.DateField(help_text="the day since which the cause stands")
    opened_on = models.DateField()
    due_on = models.DateField()
    state = models.CharField(max_length=10, default="open", help_text="codes.State")
    postponed_until = models.DateField(null=True)
    stands = models.BooleanField(default=True)
    outcome = models.CharField(max_length=10, blank=True, help_text="codes.Outcome")
    evidence = models.CharField(max_length=500, blank=True, help_text="requisites of the document")
    evidence_until = models.DateField(null=True, help_text="the last day on which the evidence holds")
    closed_on = models.DateField(null=True)
    closed_by_name = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "person", "key"], name="case_once"),
            models.CheckConstraint(
                condition=(Q(state="closed") & Q(closed_on__isnull=False) & ~Q(outcome=""))
                | (~Q(state="closed") & Q(closed_on__isnull=True) & Q(outcome="")),
                name="case_closed_somehow",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="solved") | ~Q(evidence=""), name="case_solved_with_evidence"
            ),
            models.CheckConstraint(
                condition=Q(state="postponed", postponed_until__isnull=False)
                | (~Q(state="postponed") & Q(postponed_until__isnull=True)),
                name="case_postponed_until_a_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["owner_municipality", "due_on"],
                condition=~Q(state="closed"),
                name="case_of_municipality",
            ),
            models.Index(
                fields=["owner_organisation", "due_on"],
                condition=~Q(state="closed"),
                name="case_of_organisation",
            ),
            models.Index(fields=["person"], name="case_person"),
        ]

    def __str__(self) -> str:
        """Return rule and key."""
        return f"{self.rule} {self.key}"


class CaseStep(models.Model):
    """A line of the history of a case (строка истории)."""

    id = models.BigAutoField(primary_key=True)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=10, help_text="codes.StepKind")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)
    text = models.CharField(max_length=2000, blank=True)
    until = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["case", "id"], name="case_step_order")]

    def __str__(self) -> str:
        """Return the kind."""
        return self.kind


class CaseDocument(models.Model):
    """A scan of a document that a case is closed by; its content lies on the shelf ``cases`` of ``portfolio.files`` by the digest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="documents")
    digest = models.CharField(max_length=64, db_collation="C")
    media_type = models.CharField(max_length=40)
    ending = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()
    uploaded_by_name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "digest"], name="case_document_once")]

    def __str__(self) -> str:
        """Return the digest."""
        return self.digest


class RuleEdition(models.Model):
    """An edition of a rule by the ministry, in force from a day until the next one (редакция правила)."""

    id = models.BigAutoField(primary_key=True)
    rule = models.CharField(max_length=24, help_text="codes.RuleCode")
    starts_on = models.DateField()
    on = models.BooleanField()
    wait = models.PositiveSmallIntegerField()
    term = models.PositiveSmallIntegerField()
    share = models.PositiveSmallIntegerField()
    severity = models.PositiveSmallIntegerField()
    owner = models.CharField(max_length=12, help_text="codes.Owner")
    basis = models.CharField(max_length=500)
    recorded_at = models.DateTimeField()
    recorded_by_name = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["rule", "-starts_on", "-id"], name="case_rule_edition")]

    def __str__(self) -> str:
        """Return rule and day."""
        return f"{self.rule} {self.starts_on}"


class Followed(models.Model):
    """The one row that says up to which change cases have followed the register, and when the region was last gone through."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    position = models.BigIntegerField(default=0)
    whole_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True, help_text="when transfers were last looked at")

    def __str__(self) -> str:
        """Return the position."""
        return str(self.position)
