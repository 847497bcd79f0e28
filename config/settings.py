"""Settings, one file. Every variable is listed with its meaning in ``config/example.env``."""

from pathlib import Path
from typing import Any

from config import environment, esia

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(environment.text("KONTINGENT_VAR", str(BASE_DIR / "var")))

#: The demo says on every page that it is one, and signs in through the ЕСИА stand (stands/esia).
DEMO = environment.flag("KONTINGENT_DEMO", default=False)
DEBUG = environment.flag("KONTINGENT_DEBUG", default=False)
SECRET_KEY = environment.secret(
    "KONTINGENT_SECRET_KEY", "demo-only-not-a-secret-at-all-whatsoever" if DEMO or DEBUG else None
)
ALLOWED_HOSTS = environment.host_names("KONTINGENT_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.listing("KONTINGENT_TRUSTED_ORIGINS")

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **environment.database(environment.text("DATABASE_URL", "postgresql:///kontingent")),
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
    }
}
if environment.flag("KONTINGENT_POOL", default=True):
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": environment.whole("KONTINGENT_POOL_SIZE", 10, least=1),
        "timeout": 10,
    }

INSTALLED_APPS = [
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "kontingent.codelists",
    "kontingent.audit",
    "kontingent.organisations",
    "kontingent.stages",
    "kontingent.programmes",
    "kontingent.persons",
    "kontingent.enrolment",
    "kontingent.performance",
    "kontingent.health",
    "kontingent.achievements.attestation",
    "kontingent.achievements.portfolio",
    "kontingent.reports",
    "kontingent.rollout",
    "kontingent.trajectory.transfers",
    "kontingent.trajectory.cases",
    "kontingent.trajectory.flows",
    "kontingent.trajectory.feed",
    "kontingent.exchange.staging",
    "kontingent.exchange.journals",
    "kontingent.exchange.attestation",
    "kontingent.exchange.contests",
    "kontingent.exchange.epgu",
    "kontingent.exchange.services",
    "kontingent.exchange.reconciliation",
    "kontingent.exchange.oneroster",
    "kontingent.access",
    "kontingent.access.machines",
    "kontingent.privacy",
    "kontingent.web",
]

MIDDLEWARE = [
    "kontingent.web.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "kontingent.web.uploads.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kontingent.access.middleware.JournalMiddleware",
    "kontingent.web.middleware.PolicyRefusalMiddleware",
    "kontingent.access.middleware.ScopeMiddleware",
    "kontingent.access.middleware.ActorMiddleware",
    "kontingent.web.middleware.ErrorsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "kontingent.web.context.shell",
            ],
            "builtins": ["kontingent.web.templatetags.kontingent"],
        },
    }
]

LANGUAGE_CODE = "ru"
TIME_ZONE = "Asia/Yekaterinburg"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(environment.text("KONTINGENT_STATIC", str(BASE_DIR / "static-root")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
#: Nobody else's pages read our static files.
WHITENOISE_ALLOW_ALL_ORIGINS = False
MEDIA_ROOT = VAR_DIR / "files"
#: The key of the journal's seals and the copies of its anchors: outside the database.
JOURNAL_DIR = Path(environment.text("KONTINGENT_JOURNAL_DIR", str(VAR_DIR / "journal")))

#: The keys that texts about health are encrypted by, and what encrypts: outside the database, copied apart from it.
HEALTH_KEYS = Path(environment.text("KONTINGENT_HEALTH_KEYS", str(VAR_DIR / "health" / "health.keys")))
HEALTH_CIPHER = environment.text("KONTINGENT_HEALTH_CIPHER", "kontingent.health.cipher.AesGcm")

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
#: A sign-in ends after so many seconds, and after so many without a request; the browser's own session outlives it, so that
#: the end is seen and written down.
SESSION_ABSOLUTE_SECONDS = environment.whole("KONTINGENT_SESSION_SECONDS", 8 * 3600, least=60)
SESSION_IDLE_SECONDS = environment.whole("KONTINGENT_SESSION_IDLE_SECONDS", 30 * 60, least=60)
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS + 24 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "kontingent.web.errors.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
#: Messages name people: they stay in the session, never in a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
#: TLS ends in a reverse proxy that sets X-Forwarded-Proto and X-Forwarded-For itself (docs/operations.md).
HTTPS = environment.flag("KONTINGENT_HTTPS", default=False)
if HTTPS:
    SESSION_COOKIE_NAME, SESSION_COOKIE_SECURE = "__Host-session", True
    CSRF_COOKIE_NAME, CSRF_COOKIE_SECURE = "__Host-csrf", True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # Preloading binds the whole domain for good: its owner decides, not we.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
    SECURE_SSL_REDIRECT = True
    # A machine that speaks plainly must be told so, not helped: its secret has gone over the wire already.
    SECURE_REDIRECT_EXEMPT = [r"^health$", r"^api/"]

#: How this installation is registered in ЕСИА; None where it is not, and then nobody can sign in.
ESIA = esia.from_environment()

#: The address that outside systems know us by: their signed assertions must be made for it.
ADDRESS = environment.text("KONTINGENT_ADDRESS", "").rstrip("/")

#: The largest file that an import accepts, in bytes.
IMPORT_MAX_BYTES = environment.whole("KONTINGENT_IMPORT_MAX_BYTES", 200 * 1024 * 1024, least=1024)
#: Any other form, in bytes, fields and files; only views that take a file say otherwise (kontingent.web.uploads).
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
#: Where uploaded documents lie, outside the web root, and who looks for viruses: a function of bytes, by its dotted name.
FILES_DIR = Path(environment.text("KONTINGENT_FILES", str(VAR_DIR / "files")))
FILES_ANTIVIRUS = environment.text("KONTINGENT_ANTIVIRUS", "")
#: Who finds the client that delivers for a journal: the rooms of journals and of clients do not know each other.
JOURNALS_DELIVERER = "kontingent.access.machines.queries.deliverer"
#: Where ЕПГУ leaves requests as files and finds its answers: a folder for each outside system; empty: no file drop.
EPGU_DROP = environment.text("KONTINGENT_EPGU_DROP", "")
#: The namespace of that XML: ours, since no public one is known; the region's integrator may give another.
EPGU_NAMESPACE = environment.text("KONTINGENT_EPGU_NAMESPACE", "urn://kontingent.example/performance/1.0")
#: Who finds the client that a folder stands for: the rooms of ЕПГУ and of clients do not know each other.
EPGU_CLIENT = "kontingent.access.machines.queries.citizens_service"
#: Kinds of adapters that sources of journals may be read by: each names an object ``registry.Kind``.
JOURNAL_ADAPTERS = (
    "kontingent.exchange.journals.sources.folders.KIND",
    "kontingent.exchange.oneroster.consuming.rest.KIND",
    "kontingent.exchange.oneroster.consuming.folder.KIND",
)
#: Where exports of journals are left as files: a folder for each source; and where the secrets of sources lie, a file each.
JOURNAL_FOLDERS = environment.text("KONTINGENT_JOURNAL_FOLDERS", str(VAR_DIR / "sources"))
JOURNAL_SECRETS = environment.text("KONTINGENT_JOURNAL_SECRETS", str(VAR_DIR / "secrets"))
#: Hosts of one's own network that sources may ask, though their address is not public or not encrypted: host or host:port.
JOURNAL_HOSTS = tuple(environment.text("KONTINGENT_JOURNAL_HOSTS", "").replace(",", " ").split())
#: What seals the names of learners whom files call by name (ADR 0027). Changed, they have to be recognised anew.
JOURNAL_NAMES_KEY = environment.text("KONTINGENT_JOURNAL_NAMES_KEY", "") or SECRET_KEY
#: How many batches of electronic journals are taken at once; others are asked to wait.
JOURNALS_AT_ONCE = environment.whole("KONTINGENT_JOURNALS_AT_ONCE", 2, least=1)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.logs.ScrubbedFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": environment.text("KONTINGENT_LOG_LEVEL", "INFO")},
    "loggers": {"procrastinate": {"level": "WARNING"}, "httpx": {"level": "WARNING"}},
}

#: Where the worker looks for tasks in each room.
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
