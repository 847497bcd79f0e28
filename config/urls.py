"""Addresses: the pages, and whatever other doors come later."""

from django.urls import include, path

from config.health import health

urlpatterns = [
    path("health", health, name="health"),
    path("api/", include("kontingent.api.urls")),
    path("ims/oneroster/", include("kontingent.api.gradebook")),
    path("ims/oneroster/", include("kontingent.api.oneroster")),
    path("", include("kontingent.web.urls")),
]
handler400 = "kontingent.web.errors.bad_request"
handler404 = "kontingent.web.errors.not_found"
handler403 = "kontingent.web.errors.not_allowed"
handler500 = "kontingent.web.errors.server_error"
