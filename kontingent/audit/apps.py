"""Tells Django of the room."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Журнал действий."""

    name = "kontingent.audit"
    label = "audit"
    verbose_name = "Журнал действий"
