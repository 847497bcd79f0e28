"""Tells Django of the room."""

from django.apps import AppConfig


class CodelistsConfig(AppConfig):
    """Справочники."""

    name = "kontingent.codelists"
    label = "codelists"
    verbose_name = "Справочники"
