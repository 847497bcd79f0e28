"""Addresses under /api/. Whatever else is asked for there is answered by a problem, never by a page."""

from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from kontingent.api import declarations, oauth, resources, serving

_VIEWS: dict[str, serving.View] = {
    declarations.ORGANISATIONS.operation: resources.list_organisations,
    declarations.LEARNERS.operation: resources.list_learners,
    declarations.LEARNER.operation: resources.get_learner,
    declarations.CONTINGENT.operation: resources.count_contingent,
}


def _route(address: str) -> str:
    return address.removeprefix("/api/").replace("{id}", "<uuid:person_id>")


#: No cookie lets anybody in here, so there is nothing for a forged form to use.
urlpatterns: list[URLPattern] = [
    path(_route(declarations.TOKEN_PATH), csrf_exempt(oauth.token)),
    path(_route(declarations.REVOKE_PATH), csrf_exempt(oauth.revoke)),
    *(path(_route(one.path), csrf_exempt(_VIEWS[one.operation])) for one in declarations.ENDPOINTS),
    re_path(r"^.*$", csrf_exempt(serving.no_such_address)),
]
