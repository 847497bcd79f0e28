"""Tells Django of the room."""

from django.apps import AppConfig


class EnrolmentConfig(AppConfig):
    """Контингент и его движение."""

    name = "kontingent.enrolment"
    label = "enrolment"
    verbose_name = "Контингент и его движение"
