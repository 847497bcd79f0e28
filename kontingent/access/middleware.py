"""Puts the actor on the request, and lets nobody past the door without one."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from kontingent.access import personas

#: What may be asked for without signing in.
OPEN = ("/health", "/sign-in/", "/static/")


class ActorMiddleware:
    """Builds the actor of the signed-in persona; sends everybody else to the door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on with ``request.actor``, or redirect to the sign-in page."""
        data = None if request.path == "/health" else request.session.get(personas.SESSION_KEY)
        if data is not None:
            request.actor = personas.actor_of(data)  # type: ignore[attr-defined]
            return self.get_response(request)
        if request.path.startswith(OPEN):
            return self.get_response(request)
        target = (
            f"/sign-in/?{urlencode({'next': request.get_full_path()})}"
            if request.path != "/"
            else "/sign-in/"
        )
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401, headers={"HX-Redirect": target})
        return HttpResponseRedirect(target)
