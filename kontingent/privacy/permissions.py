"""What an actor may do about rights over personal data."""

from enum import StrEnum


class PrivacyPermission(StrEnum):
    """Permissions of the room."""

    ASK = "privacy.ask"
    ANSWER = "privacy.answer"
