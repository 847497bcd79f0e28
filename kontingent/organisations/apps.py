"""Tells Django of the room."""

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """Образовательные организации."""

    name = "kontingent.organisations"
    label = "organisations"
    verbose_name = "Образовательные организации"
