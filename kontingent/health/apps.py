"""Tells Django of the room."""

from django.apps import AppConfig


class HealthConfig(AppConfig):
    """Сведения о здоровье."""

    name = "kontingent.health"
    label = "health"
    verbose_name = "Сведения о здоровье"
