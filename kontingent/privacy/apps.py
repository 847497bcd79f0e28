"""Tells Django of the room."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Права субъектов персональных данных."""

    name = "kontingent.privacy"
    label = "privacy"
    verbose_name = "Права субъектов персональных данных"
