"""Tells Django of the room."""

from django.apps import AppConfig


class FeedConfig(AppConfig):
    """Лента изменений."""

    name = "kontingent.trajectory.feed"
    label = "feed"
    verbose_name = "Лента изменений"
