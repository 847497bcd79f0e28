"""Tells Django of the room."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Страницы."""

    name = "kontingent.web"
    label = "web"
    verbose_name = "Страницы"
