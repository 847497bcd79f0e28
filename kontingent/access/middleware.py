"""Opens the journal for a request, puts the actor on it, and lets nobody past the door without one."""

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from kontingent.access import sessions
from kontingent.audit import context, reads

SESSION_KEY = "sign_in"
#: What may be asked for without signing in: health, the door itself, static files, and what is public by law.
OPEN = ("/health", "/sign-in/", "/esia/", "/static/", "/about/")
#: Machines have a door of their own (OAuth2), which answers for itself.
MACHINES = "/api/"
#: Where one may be before having chosen in which quality to act.
UNDECIDED = ("/capacity/", "/sign-out/", "/sessions/")


def address_of(request: HttpRequest) -> str | None:
    """Return where a request comes from; a reverse proxy is believed only where TLS is said to end there."""
    address = request.META.get("REMOTE_ADDR") or None
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        address = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or address
    return address


class JournalMiddleware:
    """Gives every request an id and writes what was read of people before the answer leaves.

    It lies outside every transaction of the request: what was shown stays written, whatever is rolled back. An answer whose
    reads cannot be written is not given.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, then write the reads."""
        if request.path.startswith(("/static/", "/health")):
            return self.get_response(request)
        with context.within(context.Request(uuid4(), address_of(request))) as kept:
            response = self.get_response(request)
            reads.flush(kept)
        response.headers["X-Request-Id"] = str(kept.id)
        return response


class ActorMiddleware:
    """Builds the actor of the session; sends everybody else to the door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on with ``request.actor`` and ``request.sign_in``, or redirect to the door."""
        path = request.path
        if path.startswith(("/static/", "/health", MACHINES)):
            return self.get_response(request)
        kept = request.session.get(SESSION_KEY)
        resumed = sessions.resume(UUID(kept)) if kept else None
        if kept and resumed is None:
            request.session.flush()
        if resumed is not None:
            request.sign_in, actor = resumed  # type: ignore[attr-defined]
            if actor is not None:
                request.actor = actor  # type: ignore[attr-defined]
            elif not path.startswith((*UNDECIDED, *OPEN)):
                return _go(request, "/capacity/")
            return self.get_response(request)
        return self.get_response(request) if path.startswith(OPEN) else _go(request, "/sign-in/")


def _go(request: HttpRequest, door: str) -> HttpResponse:
    target = f"{door}?{urlencode({'next': request.get_full_path()})}" if request.path != "/" else door
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
