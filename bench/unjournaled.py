"""The product with the journal of reads off: the floor of the mixed load, and nothing else."""

from config.wsgi import application
from kontingent.audit import context, reads


def _forget(request: context.Request) -> int:
    del request
    return 0


reads.flush = _forget

__all__ = ["application"]
