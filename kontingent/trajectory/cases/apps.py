"""Tells Django of the room."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Дети вне поля зрения."""

    name = "kontingent.trajectory.cases"
    label = "cases"
    verbose_name = "Дети вне поля зрения"
