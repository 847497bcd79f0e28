"""Pages for what is not there, not allowed, or broken."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return render(
        request,
        "errors/plain.html",
        {"title": "Страница не найдена", "text": "Проверьте адрес или вернитесь на главную."},
        status=404,
    )


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return render(
        request,
        "errors/plain.html",
        {"title": "Нет доступа", "text": "У вашей роли нет прав на эту страницу."},
        status=403,
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of a form whose token has gone."""
    return render(
        request,
        "errors/plain.html",
        {
            "title": "Форма устарела",
            "text": "Вернитесь назад, обновите страницу и отправьте форму ещё раз. Введённое не сохранено.",
        },
        status=403,
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500, without touching the database."""
    return HttpResponse(
        "<!doctype html><html lang=ru><meta charset=utf-8><title>Ошибка сервера</title><h1>Ошибка сервера</h1>"
        "<p>Сбой записан в журнал. Повторите через минуту; введённое не сохранено.</p>",
        status=500,
    )
