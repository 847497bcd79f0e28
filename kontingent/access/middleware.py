"""Opens the journal for a request, begins its transaction at the door, lets in whoever may, and runs the rest within their scope."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase

from kontingent.access import sessions
from kontingent.audit import context, reads
from kontingent.kernel.actor import Actor
from kontingent.storage import scope

SESSION_KEY = "sign_in"
#: The health check: one address, nothing below it.
HEALTH = "/health"
#: What may be asked for without signing in: health, the door itself, static files, what is public by law, and whether a paper that
#: somebody holds is valid.
OPEN = (HEALTH, "/sign-in/", "/esia/", "/static/", "/about/", "/check/")
#: Machines have a door of their own (OAuth2), which answers for itself.
MACHINES = ("/api/", "/ims/oneroster/")
#: What asks for no person and shows none, and whoever answers for itself.
UNSCOPED = (HEALTH, "/static/", *MACHINES)
#: What Django itself makes an answer of.
ANSWERED = (Http404, PermissionDenied, SuspiciousOperation, BadRequest)
#: Where one may be before having chosen in which quality to act.
UNDECIDED = ("/capacity/", "/sign-out/", "/sessions/")


def lies_in(path: str, places: tuple[str, ...]) -> bool:
    """Say whether a path is one of the places, or lies below one that ends in a slash."""
    return any(path == place or (place.endswith("/") and path.startswith(place)) for place in places)


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
        if lies_in(request.path, (HEALTH, "/static/")):
            return self.get_response(request)
        with context.within(context.Request(uuid4(), address_of(request))) as kept:
            response = self.get_response(request)
            reads.flush(kept)
        response.headers["X-Request-Id"] = str(kept.id)
        return response


class ScopeMiddleware:
    """Runs a request in one transaction, which begins at the door and sees no more than its actor once that one is known.

    A refusal is an answer like any other: what was written before it stays. A failure takes everything back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on within the transaction; what an answer still streams afterwards sees the same."""
        if lies_in(request.path, UNSCOPED):
            return self.get_response(request)
        with scope.at_the_door():
            response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _streamed(request, iter(response))
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Take everything back: nobody has made an answer of what went wrong."""
        if not isinstance(exception, ANSWERED) and not lies_in(request.path, UNSCOPED):
            transaction.set_rollback(True)


class ActorMiddleware:
    """Builds the actor of the session and lets them in; sends everybody else to the door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on with ``request.actor`` and ``request.sign_in``, or redirect to the door."""
        path = request.path
        if lies_in(path, UNSCOPED):
            return self.get_response(request)
        kept = request.session.get(SESSION_KEY)
        resumed = sessions.resume(UUID(kept)) if kept else None
        if kept and resumed is None:
            request.session.flush()
        if resumed is not None:
            request.sign_in, actor = resumed  # type: ignore[attr-defined]
            if actor is not None:
                request.actor = actor  # type: ignore[attr-defined]
                scope.let_in(actor)
            elif not lies_in(path, (*UNDECIDED, *OPEN)):
                return _go(request, "/capacity/")
            return self.get_response(request)
        return self.get_response(request) if lies_in(path, OPEN) else _go(request, "/sign-in/")


def _streamed(request: HttpRequest, content: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what an answer streams, within a transaction of its own: all of it is of one moment."""
    actor = getattr(request, "actor", None)
    with scope.scoped(actor, snapshot=True) if isinstance(actor, Actor) else scope.at_the_door():
        yield from content


def _go(request: HttpRequest, door: str) -> HttpResponse:
    target = f"{door}?{urlencode({'next': request.get_full_path()})}" if request.path != "/" else door
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)
