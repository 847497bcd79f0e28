"""What every answer tells the browser, whoever made it: a page, a refusal, a redirect, a static file, the API."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from kontingent.web.sign_in import esia_origin

#: Features of the browser that no page of ours uses.
_UNUSED = (
    "accelerometer", "autoplay", "bluetooth", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope", "hid",
    "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "screen-wake-lock", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip


def content_policy() -> str:
    """Return the content policy: nothing inline, nothing from elsewhere; a form may end in ЕСИА (sign-out)."""
    directives = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
        "connect-src 'self'", "manifest-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
        f"form-action 'self' {esia_origin()}".rstrip(),
    ]  # fmt: skip
    if settings.HTTPS:
        directives.append("upgrade-insecure-requests")
    return "; ".join(directives)


class HeadersMiddleware:
    """The outermost layer, so that no answer leaves without the headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response
        self.headers = {
            "Content-Security-Policy": content_policy(),
            "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            # Whoever may be kept says so itself: static files by their digest.
            "Cache-Control": "no-store",
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, add what is not there yet."""
        response = self.get_response(request)
        for name, value in self.headers.items():
            response.headers.setdefault(name, value)
        return response
