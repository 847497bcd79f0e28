"""Template filters of the product."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kontingent.audit import catalogue as audit_catalogue
from kontingent.audit import purposes
from kontingent.codelists import queries as codelists
from kontingent.kernel import clock
from kontingent.kernel.school_year import SchoolYear
from kontingent.kernel.snils import format_snils

register = template.Library()


@register.filter
def title_of(code: object, list_code: str) -> str:
    """Return the title of a code: ``{{ code|title_of:"sex" }}``."""
    return codelists.title(list_code, None if code in (None, "") else str(code))


@register.filter
def day(value: date | str | None) -> str:
    """Return ДД.ММ.ГГГГ, a dash for none."""
    if isinstance(value, str):
        value = date.fromisoformat(value) if value else None
    return f"{value:%d.%m.%Y}" if value else "–"


@register.filter
def moment(value: datetime | None) -> str:
    """Return ДД.ММ.ГГГГ ЧЧ:ММ in the region's time."""
    return f"{value.astimezone(clock.REGION_ZONE):%d.%m.%Y %H:%M}" if value else "–"


@register.filter
def snils(value: str | None) -> str:
    """Return СНИЛС with its separators, a dash for none."""
    return format_snils(value) if value else "–"


@register.filter
def school_year(value: int) -> str:
    """Return 2026/27."""
    return str(SchoolYear(int(value)))


@register.filter
def number(value: object) -> str:
    """Return a whole number with thin spaces."""
    return f"{int(str(value or 0)):,}".replace(",", "\u202f")


_KINDS_OF_TERRITORY = re.compile(r"\b(муниципальный|городской) округ\b|\bгород\b|\bЗАТО\b", re.IGNORECASE)


@register.filter
def territory(name: str) -> str:
    """Return the name of a municipality as short as a square of the map wants it: «Гайнский», «Пермь»."""
    if town := re.search(r"\(г\. ([^)]+)\)", name):
        return town.group(1)
    return " ".join(_KINDS_OF_TERRITORY.sub("", name).split()) or name


@register.filter
def get(mapping: Any, key: object) -> Any:
    """Return ``mapping[key]``, None where there is none."""
    try:
        return mapping[key]
    except (KeyError, IndexError, TypeError):
        return None


@register.filter
def age(born: date | None) -> str:
    """Return full years today."""
    if born is None:
        return ""
    today = clock.today()
    return str(today.year - born.year - ((today.month, today.day) < (born.month, born.day)))


@register.simple_tag
def field(name: str, label: str, value: object = "", kind: str = "text", **attributes: str) -> SafeString:
    """Write a labelled input: ``{% field "number" "Номер" value required="required" %}``."""
    given = ((key.replace("_", "-"), text) for key, text in attributes.items() if text)
    return format_html(
        '<div class="mb-3"><label class="form-label" for="f-{0}">{1}</label>'
        '<input class="form-control" id="f-{0}" name="{0}" type="{2}" value="{3}"{4}></div>',
        name, label, kind, "" if value is None else value, format_html_join("", ' {}="{}"', given),
    )  # fmt: skip


@register.simple_tag
def choice(name: str, label: str, options: Any, selected: object = "", empty: str = "") -> SafeString:
    """Write a labelled select of (code, title) pairs; ``empty`` is the text of "not chosen"."""
    pairs = [*([("", empty)] if empty else []), *options]
    chosen = SafeString(" selected")
    rows = ((code, chosen if str(code) == str(selected or "") else "", title) for code, title in pairs)
    return format_html(
        '<div class="mb-3"><label class="form-label" for="f-{0}">{1}</label>'
        '<select class="form-select" id="f-{0}" name="{0}">{2}</select></div>',
        name, label, format_html_join("", '<option value="{}"{}>{}</option>', rows),
    )  # fmt: skip


@register.filter
def purpose_title(code: str) -> str:
    """Return what data were looked at for, a dash where the row says nothing."""
    return purposes.of(code).title if code else "–"


@register.filter
def event_title(kind: str) -> str:
    """Return the Russian title of an audit event."""
    return audit_catalogue.titles().get(kind, kind)
