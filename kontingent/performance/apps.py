"""Tells Django of the room."""

from django.apps import AppConfig


class PerformanceConfig(AppConfig):
    """Успеваемость."""

    name = "kontingent.performance"
    label = "performance"
    verbose_name = "Успеваемость"
