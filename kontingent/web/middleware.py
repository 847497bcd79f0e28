"""Refusals become pages."""

from collections.abc import Callable

from django.contrib import messages
from django.db import ProgrammingError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from psycopg.errors import InsufficientPrivilege

from kontingent.kernel.errors import (
    Conflict,
    InvalidValue,
    KontingentError,
    Moved,
    NotAllowed,
    NotFound,
    RuleViolation,
)
from kontingent.web.errors import not_allowed
from kontingent.web.request import tell_refusal

_STATUS: tuple[tuple[type[KontingentError], int, str], ...] = (
    (NotFound, 404, "Не найдено"),
    (NotAllowed, 403, "Нет доступа"),
    (Conflict, 409, "Данные изменились"),
    (InvalidValue, 422, "Проверьте введённое"),
    (RuleViolation, 422, "Так сделать нельзя"),
)


def status_of(error: KontingentError) -> tuple[int, str]:
    """Return the status and the heading of a refusal."""
    return next(
        ((status, title) for kind, status, title in _STATUS if isinstance(error, kind)), (422, "Отказ")
    )


class ErrorsMiddleware:
    """Turns what rooms refuse into a page that says what to do next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render a refusal; anything else goes on to Django."""
        if isinstance(exception, ProgrammingError) and isinstance(exception.__cause__, InsufficientPrivilege):
            transaction.set_rollback(True)
            request.refused_by_policy = NotAllowed(  # type: ignore[attr-defined]
                "access.policy", "Эта запись вам недоступна. Вернитесь назад и обновите страницу."
            )
            return not_allowed(request)
        if not isinstance(exception, KontingentError):
            return None
        if isinstance(exception, Moved) and request.method == "GET" and request.resolver_match:
            asked = str(request.resolver_match.kwargs.get("person_id", ""))
            if asked and asked in request.path:
                messages.info(request, "Запись, которую вы открывали, объединена с этой.")
                return HttpResponseRedirect(request.path.replace(asked, str(exception.successor)))
        tell_refusal(request, exception)
        status, title = status_of(exception)
        template = "errors/alert.html" if request.headers.get("HX-Request") else "errors/refusal.html"
        return render(request, template, {"title": title, "error": exception}, status=status)


class PolicyRefusalMiddleware:
    """Writes to the journal what only PostgreSQL has refused; it lies outside the transaction, which has been rolled back.

    A form that asks for a stranger is refused by the rooms. Where one day a room forgets, a policy of the table does not.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on, then write."""
        response = self.get_response(request)
        refusal = getattr(request, "refused_by_policy", None)
        if isinstance(refusal, NotAllowed):
            tell_refusal(request, refusal)
        return response
