"""Who has come from ЕСИА, and whether the account is good enough to let them in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from kontingent.access.esia.refusals import not_believed
from kontingent.access.esia.tokens import CHILD, CONFIRMED, Identity
from kontingent.kernel import snils
from kontingent.kernel.errors import InvalidValue, NotAllowed


@dataclass(frozen=True, slots=True)
class Employer:
    """An organisation in which ЕСИА knows the person as an employee."""

    oid: str
    ogrn: str
    kpp: str
    name: str


@dataclass(frozen=True, slots=True)
class Citizen:
    """A verified person: what the product takes from ЕСИА, and nothing more."""

    oid: str
    snils: str
    full_name: str
    birth_date: date | None
    session: str
    method: str
    is_child_account: bool
    employers: tuple[Employer, ...] = ()
    kids_snils: tuple[str, ...] = ()


def citizen_of(
    identity: Identity,
    person: dict[str, Any],
    *,
    roles: Iterable[dict[str, Any]] = (),
    kids: Iterable[dict[str, Any]] = (),
) -> Citizen:
    """Return the citizen if the account suffices (protocols §1.9), else say what to do.

    Raises:
        NotAllowed: the account is simplified or standard, or has no СНИЛС.
    """
    is_child = identity.level == CHILD
    confirmed = person.get("trusted") is True and (identity.is_confirmed or identity.level == CONFIRMED)
    if not confirmed and not is_child:
        raise NotAllowed(
            "access.account_not_confirmed",
            "Ваша учётная запись на Госуслугах не подтверждена. Подтвердите её – через приложение банка, в МФЦ или "
            "электронной подписью – и войдите ещё раз.",
        )
    number = _snils(person.get("snils"))
    if number is None:
        raise NotAllowed(
            "access.no_snils",
            "Госуслуги не передали ваш СНИЛС: по нему система узнаёт людей. Добавьте СНИЛС в личном кабинете "
            "Госуслуг и войдите ещё раз.",
        )
    name = " ".join(_text(person, part) for part in ("lastName", "firstName", "middleName")).split()
    if not name:
        raise not_believed("person_without_name", "no name came")
    return Citizen(
        oid=identity.oid,
        snils=number,
        full_name=" ".join(name),
        birth_date=_day(person.get("birthDate")),
        session=identity.session,
        method=identity.method,
        is_child_account=is_child,
        employers=tuple(_employers(roles)),
        kids_snils=tuple(sorted({found for kid in kids if (found := _snils(kid.get("snils")))})),
    )


def _employers(roles: Iterable[dict[str, Any]]) -> Iterable[Employer]:
    for role in roles:
        if role.get("active", True) is True and not role.get("isLiquidated"):
            name = _text(role, "shortName") or _text(role, "fullName")
            yield Employer(str(role.get("oid", ""))[:40], _text(role, "ogrn"), _text(role, "kpp"), name)


def _text(source: dict[str, Any], name: str) -> str:
    value = source.get(name)
    return value.strip()[:300] if isinstance(value, str) else ""


def _snils(value: Any) -> str | None:
    try:
        return snils.normalise(value) if isinstance(value, str) else None
    except InvalidValue:
        return None


def _day(value: Any) -> date | None:
    try:
        day, month, year = (int(part) for part in str(value).split("."))
        return date(year, month, day)
    except ValueError:
        return None
