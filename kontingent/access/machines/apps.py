"""Tells Django of the room."""

from django.apps import AppConfig


class MachinesConfig(AppConfig):
    """Внешние системы."""

    name = "kontingent.access.machines"
    label = "machines"
    verbose_name = "Внешние системы"
