"""What an actor may do with machine clients, and what only machines are told by field groups."""

from enum import StrEnum


class MachinePermission(StrEnum):
    """Permissions of the room. СНИЛС and contacts are permissions here: a machine gets each field group apart."""

    MANAGE = "machines.manage"
    ISSUE = "machines.issue"
    READ_SNILS = "machines.snils"
    READ_CONTACTS = "machines.contacts"
