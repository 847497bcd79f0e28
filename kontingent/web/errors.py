"""Pages for what is not there, not allowed, or broken. They tell what to do, and nothing of our insides."""

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or 413 of a body that is too large."""
    match exception:
        case RequestDataTooBig(args=(int(most), *_)):
            title, status = "Слишком большой файл или форма", 413
            text = f"Здесь принимается до {_size(most)}. Разделите файл на части и отправьте их по одной."
        case RequestDataTooBig():
            title, status = "Слишком большая форма", 413
            text = "Отправьте меньше за один раз: разделите данные на части."
        case TooManyFieldsSent() | TooManyFilesSent():
            title, status = "Слишком много полей или файлов", 400
            text = "Отправьте форму частями: меньше строк или один файл за раз."
        case _:
            title, status = "Запрос составлен неверно", 400
            text = "Вернитесь назад, обновите страницу и повторите. Если адрес набран вручную, проверьте его."
    return render(request, "errors/plain.html", {"title": title, "text": text}, status=status)


def _size(octets: int) -> str:
    return f"{octets // 1024**2} МБ" if octets >= 1024**2 else f"{octets // 1024} КБ"


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
