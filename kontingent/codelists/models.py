"""Tables of the code lists: the list, and its values."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class CodeList(models.Model):
    """A classifier in one edition (справочник): where it comes from and how sure it is."""

    code = models.CharField(max_length=40, primary_key=True)
    title = models.CharField(max_length=200)
    edition = models.CharField(max_length=80)
    source = models.TextField()
    confidence = models.CharField(max_length=20, default="sourced")
    digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        """Return the title."""
        return self.title


class CodeValue(models.Model):
    """One value of a list; retired by ``valid_to``, never deleted."""

    code_list = models.ForeignKey(CodeList, on_delete=models.PROTECT, related_name="values")
    code = models.CharField(max_length=40)
    title = models.CharField(max_length=500)
    parent_code = models.CharField(max_length=40, blank=True)
    position = models.PositiveIntegerField(default=0)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    is_group = models.BooleanField(default=False)
    aliases = models.JSONField(default=list)
    external = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code_list", "code"], name="code_once_in_list")]
        indexes = [GinIndex(fields=["external"], name="codevalue_external")]
        ordering = ["code_list", "position"]

    def __str__(self) -> str:
        """Return code and title."""
        return f"{self.code} {self.title}"
