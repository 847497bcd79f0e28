"""What an actor may do with machine clients, and what only machines are told by field groups."""

from enum import StrEnum


class MachinePermission(StrEnum):
    """Permissions of the room. СНИЛС and contacts are permissions here: a machine gets each field group apart."""

    MANAGE = "machines.manage"
    #: Of any reach: for who watches over access and sees no data himself.
    MANAGE_ANYWHERE = "machines.manage_anywhere"
    ISSUE = "machines.issue"
    READ_SNILS = "machines.snils"
    READ_CONTACTS = "machines.contacts"
