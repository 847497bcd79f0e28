"""Reading the journal."""

from uuid import UUID

from django.db.models import QuerySet

from kontingent.audit.models import Entry


def entries_about_person(person_id: UUID) -> QuerySet[Entry]:
    """Return what happened to a person, newest first."""
    return Entry.objects.filter(subjects__contains=[person_id]).order_by("-id")


def entries_about_object(object_id: UUID) -> QuerySet[Entry]:
    """Return what happened to one object (an order, an organisation …), newest first."""
    return Entry.objects.filter(object_id=object_id).order_by("-id")
