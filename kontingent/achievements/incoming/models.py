"""What every table of files and of their rows has. The tables themselves stand in the rooms, which add what their rows say."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models

from kontingent.kernel.ids import new_id


class IncomingFile(models.Model):
    """A file of rows on its way in: uploaded → reading → checked → applying → applied, or refused; what a room does after that, it adds."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10)
    organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    sent_by = models.CharField(max_length=80, help_text="code of the actor")
    sent_by_name = models.CharField(max_length=200)
    actor = models.JSONField(default=dict, help_text="who asked, for the worker")
    filename = models.CharField(max_length=255)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, default="uploaded")
    refusal = models.TextField(blank=True)
    columns = models.JSONField(default=list, help_text="[heading, field] in the order of the file")
    totals = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    purged_at = models.DateTimeField(
        null=True, help_text="when the rows were removed: from then on the file is its summary"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        """Return the name of the file."""
        return self.filename

    @property
    def last_touched_at(self) -> datetime:
        """When something last happened to the file: its rows are kept for a term from then on."""
        return self.finished_at or self.created_at

    @property
    def is_waiting(self) -> bool:
        """True until a human has applied the file."""
        return self.state in {"uploaded", "reading", "checked"}

    @property
    def has_work(self) -> bool:
        """True where applying would write something."""
        return bool(self.totals.get("create") or self.totals.get("change"))


class IncomingRow(models.Model):
    """One line of a file as read, whom it is of, what would become of it. A room adds ``delivery`` (the file) and ``key``, what must be there once.

    ``outcome``: create, change, same, refused, unread. ``problems`` are [field, value, code, message]; the place is the line and the heading.
    """

    id = models.BigAutoField(primary_key=True)
    sheet = models.CharField(max_length=100)
    line = models.PositiveIntegerField()
    raw = models.TextField(help_text="the cells of the line, separated by tabs")
    family_name = models.CharField(max_length=100, blank=True)
    given_name = models.CharField(max_length=100, blank=True)
    patronymic = models.CharField(max_length=100, blank=True)
    name_key = models.CharField(max_length=302, blank=True, db_collation="C")
    birth_date = models.DateField(null=True)
    snils = models.CharField(max_length=11, blank=True)
    document_key = models.CharField(max_length=120, blank=True)
    ogrn = models.CharField(max_length=15, blank=True)
    day = models.DateField(null=True)
    facts = models.JSONField(default=dict, help_text="what the line says, by field")
    person_id = models.UUIDField(null=True)
    organisation_id = models.UUIDField(null=True)
    standing_id = models.UUIDField(null=True, help_text="what it changes")
    outcome = models.CharField(max_length=8)
    problems = models.JSONField(default=list)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        """Return sheet and line."""
        return f"{self.sheet}:{self.line}"

    @classmethod
    def of(cls, one: IncomingFile) -> models.QuerySet[Self]:
        """Return the rows of a file."""
        which: dict[str, Any] = {"delivery": one}
        return cls._default_manager.filter(**which)
