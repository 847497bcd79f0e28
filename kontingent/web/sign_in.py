"""The door of the demo: sign in as a persona, sign out."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from kontingent.access import personas
from kontingent.web.request import page


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show the list; on POST enter as the chosen one."""
    if request.method == "POST":
        data = personas.actor_data(request.POST.get("persona", ""))
        request.session.cycle_key()
        request.session[personas.SESSION_KEY] = data
        target = request.POST.get("next", "/")
        safe = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
        return HttpResponseRedirect(target if safe else "/")
    return page(
        request, "access/sign_in.html", personas=personas.personas(), next=request.GET.get("next", "/")
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave."""
    request.session.flush()
    return HttpResponseRedirect("/sign-in/")
