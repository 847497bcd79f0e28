"""Tells Django of the room."""

from django.apps import AppConfig


class FlowsConfig(AppConfig):
    """Пути и потоки."""

    name = "kontingent.trajectory.flows"
    label = "flows"
    verbose_name = "Пути и потоки"
