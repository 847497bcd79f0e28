"""Tells Django of the room."""

from django.apps import AppConfig


class StagingConfig(AppConfig):
    """Загрузка данных."""

    name = "kontingent.exchange.staging"
    label = "staging"
    verbose_name = "Загрузка данных"
