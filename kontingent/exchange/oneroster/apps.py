"""Tells Django of the room."""

from django.apps import AppConfig


class OneRosterConfig(AppConfig):
    """Обмен по OneRoster."""

    name = "kontingent.exchange.oneroster"
    label = "oneroster"
    verbose_name = "Обмен по OneRoster"
