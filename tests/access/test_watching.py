"""Alerts: each rule is raised at its threshold and not before; repeating changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from kontingent.access import watching
from kontingent.access.models import Account, Alert
from kontingent.audit import reads
from kontingent.audit.actions import refused
from kontingent.audit.reads import ReadKind
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, NotAllowed, RuleViolation
from kontingent.kernel.scope import Scope
from kontingent.persons.models import Representation
from tests import builders as b

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 7, 10, tzinfo=UTC)  # 12:10 in Perm
NIGHT = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)  # 00:30 in Perm


def worker(account: UUID | None = None, *, purpose: str = "contingent") -> Actor:
    return Actor(f"account:{account or uuid4()}", "Тиунова Вера", "Оператор", frozenset(), purpose=purpose)


def look(actor: Actor, times: int, *people: UUID, kind: ReadKind = ReadKind.CARD) -> None:
    for _ in range(times):
        reads.note(actor, kind, people or [uuid4()])


def raised(at: datetime) -> dict[str, int]:
    with time_machine.travel(at + timedelta(minutes=20), tick=False):
        watching.watch()
    return dict(Alert.objects.values_list("rule", "number"))


@pytest.mark.parametrize(
    ("times", "found"), [(119, {}), (120, {"mass_reading": 120}), (121, {"mass_reading": 121})]
)
def test_many_cards_in_an_hour(times: int, found: dict[str, int]) -> None:
    with time_machine.travel(NOON, tick=False):
        look(worker(), times)
    assert raised(NOON) == found


def test_many_people_in_a_day() -> None:
    actor = worker()
    with time_machine.travel(NOON, tick=False):
        people = [uuid4() for _ in range(6000)]
        look(actor, 3, *people[:5999], kind=ReadKind.LIST)
        assert raised(NOON) == {}
        look(actor, 1, people[5999], kind=ReadKind.LIST)
    assert raised(NOON) == {"mass_people": 6000}


def test_reading_at_night_but_not_by_day_and_not_by_the_family() -> None:
    with time_machine.travel(NIGHT, tick=False):
        look(worker(), 9)
        look(worker(), 12, kind=ReadKind.FAMILY)
    with time_machine.travel(NOON, tick=False):
        look(worker(), 12)
    assert raised(NIGHT) == {}
    with time_machine.travel(NIGHT, tick=False):
        look(worker(), 10)
    assert raised(NIGHT) == {"night_reading": 10}


def test_the_card_of_one_s_own_child_opened_on_duty() -> None:
    child, adult = (
        b.person("Мальцева Анна Павловна", born=date(2012, 1, 1)),
        b.person("Мальцева Ольга", snils=b.snils_of(8101)),
    )
    Representation.objects.create(child_id=child, adult_id=adult)
    account = Account.objects.create(
        snils=b.snils_of(8101), esia_oid="1", full_name="Мальцева Ольга", created_at=NOON
    )
    with time_machine.travel(NOON, tick=False):
        look(worker(account.id), 1, uuid4())
        look(worker(account.id, purpose="family"), 1, child, kind=ReadKind.CARD)
        assert raised(NOON) == {}
        look(worker(account.id), 1, child)
    assert raised(NOON) == {"own_relatives": 1}


def test_many_refusals_in_an_hour() -> None:
    actor = worker()
    with time_machine.travel(NOON, tick=False):
        for _ in range(15):
            refused(NotAllowed("access.out_of_scope", "нет"), actor=actor, path="/learners/")
    assert raised(NOON) == {"many_refusals": 15}


def test_an_alert_counts_on_and_comes_back_when_it_goes_on() -> None:
    actor, officer = worker(), b.actor_of(b.school("Школа"), "access.journal")
    with time_machine.travel(NOON, tick=False):
        look(actor, 120)
    raised(NOON)
    assert raised(NOON) == {"mass_reading": 120}
    alert = Alert.objects.get()
    with pytest.raises(InvalidValue):
        watching.resolve(actor=officer, alert_id=alert.id, note=" ")
    watching.resolve(actor=officer, alert_id=alert.id, note="Сверка личных дел по приказу")
    with pytest.raises(RuleViolation):
        watching.resolve(actor=officer, alert_id=alert.id, note="ещё раз")
    raised(NOON)
    assert Alert.objects.get().state == "resolved"
    with time_machine.travel(NOON, tick=False):
        look(actor, 5)
    raised(NOON)
    alert.refresh_from_db()
    assert (alert.state, alert.number) == ("new", 125)


def test_only_the_security_officer_sees_alerts() -> None:
    with pytest.raises(NotAllowed):
        watching.alerts(Actor("account:x", "X", "Оператор", frozenset(), Scope.region()))


def test_a_broken_rule_is_refused_with_its_place(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text('[odd]\ntitle = "x"\nexplanation = "y"\nmeasure = "no such"\nthreshold = 1\n')
    monkeypatch.setattr(watching, "RULES_FILE", file)
    with pytest.raises(InvalidValue, match=r"\[odd\]"):
        watching.rules()
