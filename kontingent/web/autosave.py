"""A grid of a class that is kept cell by cell: which cells were sent, what became of them, told to the page and to its script.

A cell ``id`` stands in the form twice: ``v-id`` is what was typed, ``s-id`` what the page showed. ``entry.js`` sends a cell once it
is left and reads the answer as JSON; without it the form is sent as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from django.http import HttpRequest, JsonResponse

from kontingent.kernel.cells import Cell, Kept, S, differ
from kontingent.kernel.errors import KontingentError, NotAllowed


class Back(NamedTuple):
    """A cell the last change of which can be taken back."""

    id: str
    shown: str
    typed: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of what was sent, by the id of a cell; or the refusal of all of it."""

    error: KontingentError | None = None
    saved: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    #: What was typed and is not kept: the page shows it again.
    typed: Mapping[str, str] = field(default_factory=dict)
    back: Sequence[Back] = ()
    is_undo: bool = False

    @property
    def status(self) -> int:
        """How the answer is to be read."""
        return 422 if self.error or self.refused else 200

    def as_json(self) -> JsonResponse:
        """Tell the script of the grid."""
        returnable = {one.id for one in self.back}
        saved = {
            name: {"before": was, "now": now, "back": name in returnable}
            for name, (was, now) in self.saved.items()
        }
        told = {"saved": saved, "refused": self.refused, "error": self.error.message if self.error else ""}
        return JsonResponse(told, status=self.status)


def keep(
    request: HttpRequest, cells: Mapping[str, tuple[UUID, S]], by: Callable[[list[Cell[S]]], Kept[S]],
    can_be_undone: Callable[[S], bool] = lambda _: True,
) -> Sent:  # fmt: skip
    """Give an action those of the ``cells`` whose text is not what the page showed."""
    is_undo = request.POST.get("act") == "undo"
    changed = {
        name: Cell(*key, shown, typed)
        for name, key in cells.items()
        if (typed := request.POST.get(f"v-{name}")) is not None
        and differ(shown := request.POST.get(f"s-{name}", ""), typed)
    }
    try:
        kept = by(list(changed.values()))
    except NotAllowed:
        raise
    except KontingentError as refusal:
        typed_anew = {} if is_undo else {name: cell.typed for name, cell in changed.items()}
        return Sent(refusal, typed=typed_anew, is_undo=is_undo)
    names = {cell.key: name for name, cell in changed.items()}
    refused = {names[key]: why for key, why in kept.refused.items()}
    return Sent(
        saved={names[key]: values for key, values in kept.saved.items()},
        refused=refused,
        typed={name: changed[name].typed for name in refused},
        back=[Back(names[key], now, was) for key, (was, now) in kept.saved.items() if can_be_undone(key[1])],
        is_undo=is_undo,
    )


def is_script(request: HttpRequest) -> bool:
    """Say whether the script of the grid asks, and not the form itself."""
    return request.headers.get("Accept") == "application/json"
