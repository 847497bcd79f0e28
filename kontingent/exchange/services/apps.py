"""Tells Django of the room."""

from django.apps import AppConfig


class ServicesConfig(AppConfig):
    """Справка об обучении и её проверка."""

    name = "kontingent.exchange.services"
    label = "services"
    verbose_name = "Справки об обучении"
