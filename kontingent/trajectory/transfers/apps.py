"""Tells Django of the room."""

from django.apps import AppConfig


class TransfersConfig(AppConfig):
    """Переводы между организациями."""

    name = "kontingent.trajectory.transfers"
    label = "transfers"
    verbose_name = "Переводы между организациями"
