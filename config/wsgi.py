"""The WSGI application."""

import os
import sys

from django.core.wsgi import get_wsgi_application

#: A thread that computes lets others in after so long. Those that talk to PostgreSQL need Python for some microseconds an answer
#: and would wait out the usual 5 ms each time; a batch of marks, parsed beside, was a fifth slower by that (``make bench ONLY=marks``).
SWITCH_INTERVAL = 0.0005

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
sys.setswitchinterval(SWITCH_INTERVAL)
application = get_wsgi_application()
