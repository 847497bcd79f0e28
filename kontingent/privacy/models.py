"""Tables: questions of families about views of their data."""

from django.db import models
from django.db.models import Q

from kontingent.kernel.ids import new_id


class Question(models.Model):
    """A family asks why somebody looked (вопрос о просмотре); answered by the organisation or the security officer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person_id = models.UUIDField(help_text="whose data were looked at")
    entry_id = models.BigIntegerField(help_text="the row of the journal it is about")
    entry_moment = models.DateTimeField()
    organisation_id = models.UUIDField(null=True, help_text="where the one who looked works")
    about = models.CharField(max_length=300, help_text="who, when and what for, as the family saw it")
    asked_by = models.CharField(max_length=80, help_text="code of the actor")
    asked_by_name = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    text = models.CharField(max_length=2000)
    due_on = models.DateField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=200, blank=True)
    answer = models.CharField(max_length=2000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asked_by", "entry_id"], name="one_question_about_a_view"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answer="")
                | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="answer_has_its_moment",
            ),
        ]
        indexes = [
            models.Index(fields=["person_id", "-asked_at"], name="question_person"),
            models.Index(fields=["organisation_id", "due_on"], name="question_organisation"),
        ]

    def __str__(self) -> str:
        """Return when it was asked."""
        return f"{self.asked_at:%Y-%m-%d %H:%M}"
