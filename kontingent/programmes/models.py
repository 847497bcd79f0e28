"""Tables of programmes and subjects."""

from django.db import models

from kontingent.kernel.ids import new_id


class Programme(models.Model):
    """A programme as an organisation runs it (образовательная программа)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="programmes"
    )
    kind_code = models.CharField(max_length=20, help_text="education_programme: 11, 12, 13, 14, 211, 411 …")
    title = models.CharField(max_length=300)
    adaptation_code = models.CharField(max_length=20, default="1", help_text="programme_adaptation")
    variant_code = models.CharField(max_length=20, blank=True, help_text="adaptation_variant: 7.1, uo1 …")
    base_code = models.CharField(
        max_length=20, blank=True, help_text="admission_base of СПО: basic, secondary"
    )
    direction_code = models.CharField(max_length=20, blank=True, help_text="additional_direction")
    speciality_code = models.CharField(max_length=10, blank=True, help_text="NN.NN.NN of СПО")
    language_code = models.CharField(max_length=20, default="rus", help_text="language_of_instruction")
    duration_months = models.PositiveSmallIntegerField(
        null=True, help_text="norm term; null is the usual one of the kind (rules.USUAL_MONTHS)"
    )
    hours = models.PositiveIntegerField(null=True)
    age_from = models.PositiveSmallIntegerField(null=True)
    age_to = models.PositiveSmallIntegerField(null=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind_code", "title", "adaptation_code"], name="programme_once"
            )
        ]
        ordering = ["kind_code", "title"]

    def __str__(self) -> str:
        """Return the title."""
        return self.title


class Subject(models.Model):
    """A school subject (учебный предмет)."""

    code = models.CharField(max_length=20, primary_key=True)
    title = models.CharField(max_length=200)
    aliases = models.JSONField(default=list)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        """Return the title."""
        return self.title
