"""Machine clients on the command line: the same actions, the secret printed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from django.db import transaction

from kontingent.access.machines import actions, queries, rules
from kontingent.access.machines.actions import ClientDraft, NewSecret
from kontingent.access.machines.rules import Reach
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor, system_actor
from kontingent.kernel.errors import InvalidValue
from kontingent.organisations import queries as organisations

Out = Callable[[str], None]


def register(
    *,
    name: str,
    scopes: Sequence[str],
    out: Out,
    ogrn: str | None = None,
    municipality: str | None = None,
    region: bool = False,
    contact: str = "",
    rate_per_minute: int = rules.DEFAULT_RATE,
) -> int:
    """Register a client with its first secret; ``municipality`` is a code. Exactly one reach must be given."""
    if sum([bool(ogrn), bool(municipality), region]) != 1:
        raise InvalidValue(
            "machines.reach", "Укажите ровно одно: --organisation, --municipality или --region."
        )
    reach = Reach(
        organisation_id=organisations.by_ogrn(ogrn).id if ogrn else None,
        municipality_id=organisations.municipality(municipality).id if municipality else None,
        whole_region=region,
    )
    draft = ClientDraft(
        name=name, reach=reach, scopes=scopes, contact=contact, rate_per_minute=rate_per_minute
    )
    with transaction.atomic():
        client = actions.register_client(actor=_operator(), draft=draft)
        secret = actions.issue_secret(actor=_operator(), client_id=client.client_id)
    out(f"Система «{client.name}» зарегистрирована.")
    out(f"  области доступа   {', '.join(client.scopes)}")
    _show(client.client_id, secret, out)
    return 0


def rotate(client_id: str, *, out: Out) -> int:
    """Give a client a new secret; the former one works on for a week."""
    secret = actions.rotate(actor=_operator(), client_id=client_id)
    _show(client_id, secret, out)
    out(f"Прежний секрет действует ещё {rules.OVERLAP.days} дней: успейте заменить его в системе.")
    return 0


def revoke(client_id: str, reason: str, *, out: Out) -> int:
    """Take a client's access back at once."""
    client = actions.revoke_client(actor=_operator(), client_id=client_id, reason=reason)
    out(f"Доступ системы «{client.name}» отозван. Её секреты, ключи и токены больше не действуют.")
    return 0


def suspend(client_id: str, reason: str, *, out: Out) -> int:
    """Stop a client for a while."""
    client = actions.suspend_client(actor=_operator(), client_id=client_id, reason=reason)
    out(f"Доступ системы «{client.name}» приостановлен. Возобновить: kontingent machine resume {client_id}")
    return 0


def resume(client_id: str, *, out: Out) -> int:
    """Let a suspended client go on."""
    client = actions.resume_client(actor=_operator(), client_id=client_id)
    out(f"Доступ системы «{client.name}» возобновлён. Прежние токены не действуют, она получит новые сама.")
    return 0


def add_key(client_id: str, path: Path, *, out: Out) -> int:
    """Add a public key from a file."""
    key = actions.add_key(actor=_operator(), client_id=client_id, public_key=path.read_text(encoding="utf-8"))
    out(f"Ключ добавлен: kid {key.kid}, алгоритм {key.algorithm}.")
    return 0


def listing(*, out: Out) -> int:
    """Print every client with its state and last use."""
    found = list(queries.clients(_operator()))
    uses = queries.last_uses(found)
    for one in found:
        used = uses.get(one.id)
        state = "отозвана" if one.revoked_at else "приостановлена" if one.suspended_at else "действует"
        last = f"{used.astimezone(clock.REGION_ZONE):%d.%m.%Y %H:%M}" if used else "не обращалась"
        out(f"{one.client_id}  {state:14}  {last:16}  {one.name}: {queries.reach_in_words(one)}")
    if not found:
        out("Внешних систем нет. Зарегистрируйте: kontingent machine register …")
    return 0


def _operator() -> Actor:
    return system_actor("cli", "Командная строка")


def _show(client_id: str, secret: NewSecret, out: Out) -> None:
    until = secret.expires_at.astimezone(clock.REGION_ZONE)
    out(f"  client_id         {client_id}")
    out(f"  client_secret     {secret.value}")
    out(f"  действует до      {until:%d.%m.%Y}")
    out("Секрет показан один раз и нигде не хранится: передайте его системе по защищённому каналу.")
