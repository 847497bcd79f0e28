"""Tells Django of the room."""

from django.apps import AppConfig


class RolloutConfig(AppConfig):
    """Ход внедрения."""

    name = "kontingent.rollout"
    label = "rollout"
    verbose_name = "Ход внедрения"
