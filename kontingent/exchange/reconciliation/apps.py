"""Tells Django of the room."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """Сверка с электронными журналами."""

    name = "kontingent.exchange.reconciliation"
    label = "reconciliation"
    verbose_name = "Сверка с электронными журналами"
