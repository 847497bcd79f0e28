"""Tells Django of the room."""

from django.apps import AppConfig


class ProgrammesConfig(AppConfig):
    """Образовательные программы."""

    name = "kontingent.programmes"
    label = "programmes"
    verbose_name = "Образовательные программы"
