"""Pages for refusals."""

from django.http import HttpRequest, HttpResponse


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return HttpResponse("Страница не найдена", status=404)


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return HttpResponse("Доступа нет", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return HttpResponse("Ошибка сервера", status=500)
