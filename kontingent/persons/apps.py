"""Tells Django of the room."""

from django.apps import AppConfig


class PersonsConfig(AppConfig):
    """Физические лица."""

    name = "kontingent.persons"
    label = "persons"
    verbose_name = "Физические лица"
