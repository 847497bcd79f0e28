"""Tells Django of the room."""

from django.apps import AppConfig


class AttestationConfig(AppConfig):
    """Аттестация и документы об образовании."""

    name = "kontingent.achievements.attestation"
    label = "attestation"
    verbose_name = "Аттестация и документы об образовании"
