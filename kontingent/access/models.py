"""Who may sign in to the demonstration. ЕСИА and appointments replace this table (ADR 0010)."""

from django.db import models


class DemoPersona(models.Model):
    """One of the invented people whom the demo lets in (демонстрационное лицо)."""

    code = models.SlugField(max_length=40, primary_key=True)
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=200, help_text="post, as shown in the list")
    role_code = models.CharField(max_length=40, help_text="access.roles")
    organisation_id = models.UUIDField(null=True)
    municipality_id = models.UUIDField(null=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        """Return the name."""
        return self.name
