"""Tells Django of the room."""

from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    """Портфолио."""

    name = "kontingent.achievements.portfolio"
    label = "portfolio"
    verbose_name = "Портфолио"
