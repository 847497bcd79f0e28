"""The states of a form on which the rules of the room branch."""

from datetime import date
from enum import StrEnum

#: The register holds nothing before: the pilot begins with the school year 2021/22.
BEGINNING = date(2021, 9, 1)


class State(StrEnum):
    """Life of a form: draft → checked → signed → accepted → frozen; returned and reopened ones are drafts again."""

    DRAFT = "draft"
    CHECKED = "checked"
    SIGNED = "signed"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    FROZEN = "frozen"


STATE_TITLES = {
    State.DRAFT: "черновик",
    State.CHECKED: "проверена",
    State.SIGNED: "подписана",
    State.ACCEPTED: "принята",
    State.RETURNED: "возвращена",
    State.FROZEN: "закреплена",
}
#: The school may still change the form.
OPEN = frozenset({State.DRAFT, State.CHECKED, State.RETURNED})
#: The form has left the school.
HANDED_IN = frozenset({State.SIGNED, State.ACCEPTED, State.FROZEN})
