"""Tells Django of the room."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Отчётность."""

    name = "kontingent.reports"
    label = "reports"
    verbose_name = "Отчётность"
