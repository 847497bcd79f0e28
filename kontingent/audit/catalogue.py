"""The catalogue of events: every kind the installed rooms can record."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps

from kontingent.audit.event import Event
from kontingent.audit.reads import TITLES


def kinds() -> list[type[Event]]:
    """Return every kind of event, sorted by its code. Rooms keep theirs in ``events.py``."""
    for config in apps.get_app_configs():
        name = f"{config.name}.events"
        if config.name.startswith("kontingent.") and find_spec(name) is not None:
            import_module(name)
    found = {kind.kind: kind for kind in _below(Event)}
    return [found[code] for code in sorted(found)]


def _below(parent: type[Event]) -> Iterator[type[Event]]:
    for child in parent.__subclasses__():
        if "kind" in vars(child):  # a slotted dataclass leaves its unslotted twin behind
            yield child
        yield from _below(child)


@lru_cache(maxsize=1)
def titles() -> dict[str, str]:
    """Return Russian titles by code, of acts and of reads."""
    return {kind.kind: kind.title for kind in kinds()} | {kind.value: title for kind, title in TITLES.items()}
