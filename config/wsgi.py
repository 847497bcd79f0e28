"""The WSGI application."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

#: A thread that computes lets others in after so long. Those that talk to PostgreSQL need Python for some microseconds an answer
#: and would wait out the usual 5 ms each time; a batch of marks, parsed beside, was a fifth slower by that (``make bench ONLY=marks``).
SWITCH_INTERVAL = 0.0005


def _settle() -> None:
    """Load every page now, and take what stays as long as the process out of the sight of the garbage collector.

    A full collection goes through some 150,000 objects of code and addresses that never become garbage, for 80–200 ms; it fell on one page in
    twenty (``make bench ONLY=class_sheet``: the 95th of a hundred answers took thrice the median).
    """
    _load(get_resolver())
    gc.collect()
    gc.freeze()


def _load(addresses: object) -> None:
    for one in getattr(addresses, "url_patterns", ()):
        _load(one)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
sys.setswitchinterval(SWITCH_INTERVAL)
application = get_wsgi_application()
_settle()
