"""How much a request may bring. Looked at before a byte of it is read, so that nobody fills memory or disk.

Django reads exactly as much as ``Content-Length`` promises and nothing where it is missing, so the promise is the limit.
Addresses of the API have limits of their own, told in its language (``kontingent.api.serving``).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

V = TypeVar("V", bound=Callable[..., HttpResponseBase])
_MARK = "accepts_up_to"
#: Fields and boundaries around a file.
_AROUND_A_FILE = 1024 * 1024


def accepts_a_file(most: Callable[[], int]) -> Callable[[V], V]:
    """Let a view take a file of up to ``most()`` bytes."""

    def mark(view: V) -> V:
        setattr(view, _MARK, lambda: most() + _AROUND_A_FILE)
        return view

    return mark


class BodyLimitMiddleware:
    """Refuses a body that is larger than its view takes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], _args: Any, _kwargs: Any
    ) -> None:
        """Raise ``RequestDataTooBig`` above the view's limit; ``errors.bad_request`` makes a page of it."""
        if request.path.startswith(("/api/", "/ims/oneroster/")):
            return
        most = getattr(view, _MARK, lambda: settings.DATA_UPLOAD_MAX_MEMORY_SIZE)()
        promised = request.META.get("CONTENT_LENGTH") or "0"
        if promised.isdigit() and int(promised) > most:
            raise RequestDataTooBig(most)
