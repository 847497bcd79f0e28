"""What an actor may do with persons."""

from enum import StrEnum


class PersonPermission(StrEnum):
    """Permissions of the room; documents, addresses and social categories are asked for apart."""

    VIEW = "person.view"
    VIEW_DOCUMENTS = "person.documents"
    VIEW_ADDRESSES = "person.addresses"
    VIEW_CATEGORIES = "person.categories"
    EDIT_CATEGORIES = "person.edit_categories"
    EDIT = "person.edit"
    PROPOSE_MERGE = "person.propose_merge"
    MERGE = "person.merge"
    SEARCH_DUPLICATES = "person.search_duplicates"
