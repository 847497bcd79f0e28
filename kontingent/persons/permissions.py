"""What an actor may do with persons."""

from enum import StrEnum


class PersonPermission(StrEnum):
    """Permissions of the room; documents and addresses are asked for apart."""

    VIEW = "person.view"
    VIEW_DOCUMENTS = "person.documents"
    VIEW_ADDRESSES = "person.addresses"
    EDIT = "person.edit"
    PROPOSE_MERGE = "person.propose_merge"
    MERGE = "person.merge"
    SEARCH_DUPLICATES = "person.search_duplicates"
