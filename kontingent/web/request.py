"""What views take from a request."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime

from kontingent.audit import actions as audit
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, RuleViolation
from kontingent.kernel.school_year import SchoolYear

#: School years beyond these are asked for by nobody who means it.
EARLIEST_YEAR, LATEST_YEAR = 1990, 2200


def actor_of(request: HttpRequest) -> Actor:
    """Return who is signed in; the middleware has seen to it that somebody is."""
    actor = getattr(request, "actor", None)
    if not isinstance(actor, Actor):
        raise NotAllowed("access.not_signed_in", "Войдите, чтобы продолжить.")
    return actor


def own_organisation(request: HttpRequest) -> UUID:
    """Return the organisation the actor works in; pages of an operator need one."""
    organisation_id = actor_of(request).organisation_id
    if organisation_id is None:
        raise NotAllowed(
            "access.no_organisation",
            "Эта страница – для сотрудников организаций. Откройте реестр и выберите школу.",
        )
    return organisation_id


def day(request: HttpRequest, name: str = "on") -> date:
    """Return the day asked for, today by default."""
    return optional_day(request.GET.get(name, ""), "Дата") or clock.today()


def school_year(request: HttpRequest, name: str = "year") -> int:
    """Return in which year the school year asked for begins, the present one by default; never one beyond reason."""
    asked = whole(request.GET.get(name)) or SchoolYear.of(clock.today()).begins_in
    return min(max(asked, EARLIEST_YEAR), LATEST_YEAR)


def optional_day(text: str, what: str) -> date | None:
    """Read a date of a form (2026-09-20 or 20.09.2026)."""
    text = text.strip()
    if not text:
        return None
    for order in ((0, 1, 2), (2, 1, 0)):
        parts = text.replace(".", "-").replace("/", "-").split("-")
        try:
            return date(*(int(parts[index]) for index in order))
        except (ValueError, IndexError):
            continue
    raise InvalidValue("form.date", f"{what} «{text}» – не дата. Напишите её как 20.09.2026.")


def moment(text: str) -> Any:
    """Read a moment of a form, in the region's time zone."""
    if not text.strip():
        return None
    found = parse_datetime(text)
    if found is None:
        raise InvalidValue("form.moment", f"«{text}» – не дата и время. Выберите их в поле.")
    return found if found.tzinfo else found.replace(tzinfo=clock.REGION_ZONE)


def whole(text: str | None) -> int | None:
    """Read a whole number, None where there is none."""
    return int(text) if text and text.strip().isdigit() else None


def uuid_of(text: str | None) -> UUID | None:
    """Read an id, None where there is none or no id at all."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    """Render a page. One that shows a refusal (``error``) says so by its status, and tells the journal."""
    if not isinstance(refusal := context.get("error"), KontingentError):
        return render(request, template, context)
    tell_refusal(request, refusal)
    return render(request, template, context, status=422)


def tell_refusal(request: HttpRequest, refusal: KontingentError) -> None:
    """Write to the journal that somebody was refused: every lack of right, and every act that a rule forbade."""
    actor = getattr(request, "actor", None)
    is_act = request.method not in {"GET", "HEAD", "OPTIONS"} and isinstance(refusal, RuleViolation)
    if isinstance(actor, Actor) and (is_act or isinstance(refusal, NotAllowed)):
        named = request.resolver_match.kwargs.get("person_id") if request.resolver_match else None
        audit.refused(refusal, actor=actor, path=request.path, subjects=[named] if named else [])
