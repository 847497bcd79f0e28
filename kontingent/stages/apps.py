"""Tells Django of the room."""

from django.apps import AppConfig


class StagesConfig(AppConfig):
    """Этапы внедрения."""

    name = "kontingent.stages"
    label = "stages"
    verbose_name = "Этапы внедрения"
