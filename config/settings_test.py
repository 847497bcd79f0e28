"""What the tests change, and nothing else. The server is started by ``tests/conftest.py``."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("KONTINGENT_DEMO", "yes")
os.environ.setdefault("KONTINGENT_POOL", "no")
os.environ.setdefault("KONTINGENT_LOG_LEVEL", "WARNING")

from config.settings import *  # noqa: F403

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True

_journal = tempfile.TemporaryDirectory(prefix="kontingent-journal-")
JOURNAL_DIR = Path(_journal.name)
_health = tempfile.TemporaryDirectory(prefix="kontingent-health-")
HEALTH_KEYS = Path(_health.name) / "health.keys"
_sources = tempfile.TemporaryDirectory(prefix="kontingent-sources-")
JOURNAL_FOLDERS = _sources.name
