"""Tells Django of the room."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Доступ."""

    name = "kontingent.access"
    label = "access"
    verbose_name = "Доступ"
