"""Tells Django of the room, so that the worker finds its tasks."""

from django.apps import AppConfig


class ContestsExchangeConfig(AppConfig):
    """Загрузка итогов олимпиад и конкурсов."""

    name = "kontingent.exchange.contests"
    label = "contests_exchange"
    verbose_name = "Загрузка итогов олимпиад и конкурсов"
