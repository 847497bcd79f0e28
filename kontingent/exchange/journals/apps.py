"""Tells Django of the room."""

from django.apps import AppConfig


class JournalsConfig(AppConfig):
    """Приём из электронных журналов."""

    name = "kontingent.exchange.journals"
    label = "journals"
    verbose_name = "Приём из электронных журналов"
