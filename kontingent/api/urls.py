"""Addresses under /api/. Whatever else is asked for there is answered by a problem, never by a page."""

from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from kontingent.api import changes, declarations, epgu, journals, oauth, resources, serving

_VIEWS: dict[str, serving.View] = {
    declarations.ORGANISATIONS.operation: resources.list_organisations,
    declarations.LEARNERS.operation: resources.list_learners,
    declarations.LEARNER.operation: resources.get_learner,
    declarations.CONTINGENT.operation: resources.count_contingent,
    declarations.REPORTS.operation: resources.list_reports,
    declarations.CHANGES.operation: changes.list_changes,
    declarations.FOREIGN_MINORS.operation: changes.list_foreign_minors,
    declarations.DELIVER.operation: journals.deliver,
    declarations.BATCH.operation: journals.show_batch,
    declarations.RECEIPTS.operation: journals.list_receipts,
    declarations.REFUSED_ROWS.operation: journals.list_refused,
    declarations.ASK.operation: epgu.ask,
    declarations.ASKED.operation: epgu.tell_again,
    declarations.TRANSFERS.operation: epgu.transfer_state,
    declarations.SCHEDULE.operation: epgu.timetable,
}


def _route(address: str) -> str:
    route = address.removeprefix("/api/").replace("{id}", "<uuid:person_id>")
    route = route.replace("{journal}", "<slug:journal>").replace("{key}", "<str:key>")
    return route.replace("{message}", "<str:message>").replace("{request_id}", "<str:request_id>")


#: No cookie lets anybody in here, so there is nothing for a forged form to use.
urlpatterns: list[URLPattern] = [
    path(_route(declarations.TOKEN_PATH), csrf_exempt(oauth.token)),
    path(_route(declarations.REVOKE_PATH), csrf_exempt(oauth.revoke)),
    *(path(_route(one.path), csrf_exempt(_VIEWS[one.operation])) for one in declarations.ENDPOINTS),
    re_path(r"^.*$", csrf_exempt(serving.no_such_address)),
]
