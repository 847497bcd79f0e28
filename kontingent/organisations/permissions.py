"""What an actor may do with the registry of organisations."""

from enum import StrEnum


class OrganisationPermission(StrEnum):
    """Permissions of the room."""

    VIEW = "organisation.view"
    PROPOSE = "organisation.propose"
    CONFIRM = "organisation.confirm"
    REGISTER = "organisation.register"
