"""Tells Django of the room, so that the worker finds its tasks."""

from django.apps import AppConfig


class AttestationExchangeConfig(AppConfig):
    """Загрузка результатов и документов об образовании."""

    name = "kontingent.exchange.attestation"
    label = "attestation_exchange"
    verbose_name = "Загрузка результатов и документов об образовании"
