"""Tells Django of the room."""

from django.apps import AppConfig


class EpguConfig(AppConfig):
    """Услуга «Информация о текущей успеваемости»."""

    name = "kontingent.exchange.epgu"
    label = "epgu"
    verbose_name = "Услуги ЕПГУ"
