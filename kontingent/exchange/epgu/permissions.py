"""What may be allowed in this room."""

from enum import StrEnum


class EpguPermission(StrEnum):
    """``SERVE`` is a machine's that asks for citizens; ``WATCH`` shows people how the service works, without its answers."""

    SERVE = "epgu.serve"
    WATCH = "epgu.watch"
