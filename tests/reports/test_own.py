"""Own tables: counted over one's own scope, narrowed and cut by any fact, small numbers hidden from who may not see children."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kontingent.access.roles import ROLES
from kontingent.codelists import actions as codelists
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed, NotFound
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.persons import civil
from kontingent.reports import own
from kontingent.reports.models import SavedQuestion
from tests import builders as b

pytestmark = pytest.mark.django_db
ON = "2025-10-01"


@pytest.fixture
def schools() -> tuple[Organisation, Organisation]:
    """One school with six girls and one boy in 5А, another with two boys."""
    codelists.load_all()
    first, second = b.school(), b.school("Школа № 6")
    to, other = b.group(first, "5А"), b.group(second, "7А")
    for index in range(6):
        b.admitted(b.person(f"{'бвгджз'[index].upper()}аева Анна"), to, on=date(2025, 9, 1))
    boy = b.person("Бражкин Иван")
    b.admitted(boy, to, on=date(2025, 9, 1))
    civil.add_category(actor=b.ROOT, person_id=boy, category_code="orphan", basis="Решение суда")
    for name in ("Ощепков Пётр", "Ветлугин Олег"):
        b.admitted(b.person(name), other, on=date(2025, 9, 1))
    return first, second


def ask(**told: Any) -> own.Question:
    return own.read({"rows": "grade", "columns": "sex", "on": ON} | told)


def officer(*permissions: str, scope: Scope | None = None) -> Actor:
    return Actor("account:o", "Зырянов Олег", "Чиновник", frozenset(permissions), scope or Scope.region())


def test_a_table_is_cut_and_narrowed(schools: tuple[Organisation, Organisation]) -> None:
    found = own.count(b.ROOT, ask())
    assert (found.rows, found.columns) == (("5", "7"), ("Женский", "Мужской"))
    assert (found.numbers, found.row_totals, found.column_totals, found.total) == (
        ((6, 1), (0, 2)),
        (7, 2),
        (6, 3),
        9,
    )
    narrowed = own.count(b.ROOT, ask(where=[("grade", "5–6"), ("sex", "женский")], columns=""))
    assert (narrowed.numbers, narrowed.rule) == (((6,),), "класс (курс): от 5 до 6; пол: Женский")
    places = own.count(b.ROOT, ask(rows="organisation", columns=""))
    assert dict(zip(places.rows, places.row_totals, strict=True)) == {"Школа № 5": 7, "Школа № 6": 2}


def test_everybody_counts_the_own_scope(schools: tuple[Organisation, Organisation]) -> None:
    first, _ = schools
    actor = officer("report.view", "person.view", scope=Scope.of_organisation(first.id))
    assert own.count(actor, ask()).total == 7
    assert own.count(officer("report.view", "person.view", scope=Scope()), ask()).total == 0


def test_small_numbers_are_hidden_and_cannot_be_worked_out(
    schools: tuple[Organisation, Organisation],
) -> None:
    found = own.count(officer("report.view"), ask())
    assert found.numbers == ((6, None), (0, None))
    assert (found.row_totals, found.column_totals, found.total, found.hidden) == (
        (None, None),
        (6, None),
        None,
        2,
    )


def test_what_needs_a_right_is_refused(schools: tuple[Organisation, Organisation]) -> None:
    for question in (ask(columns="orphan"), ask(where=[("orphan", "да")])):
        with pytest.raises(NotAllowed, match="социальные категории"):
            own.count(officer("report.view", "person.view"), question)
        assert own.count(b.ROOT, question).total in {9, 1}
    with pytest.raises(NotAllowed):
        own.count(officer("person.view"), ask())


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"source": "cats"}, "кого считать"), ({"rows": "hair"}, "не режут"), ({"rows": "sex"}, "один и тот же"),
        ({"columns": "foreign_language"}, "не режут"), ({"rows": "exam_basic"}, "не режут"), ({"on": "вчера"}, "не дата"),
        ({"on": "2019-09-20"}, "ведётся с 01.09.2021"), ({"since": "2025-11-01"}, "Начало периода"),
        ({"where": [("grade", "пятый")]}, "не число"), ({"where": [("sex", "третий")]}, "нет в справочнике"),
        ({"where": [("boarding", "может быть")]}, "«да» или «нет»"), ({"where": [("reason", "T1")]}, "Условия «reason» здесь нет"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(
    schools: tuple[Organisation, Organisation], told: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidValue, match=said):
        ask(**told)


def test_a_question_is_saved_shared_and_removed(schools: tuple[Organisation, Organisation]) -> None:
    mine, other = (
        officer("report.view"),
        Actor("account:p", "Другой", "x", frozenset({"report.view"}), Scope.region()),
    )
    kept = own.save(actor=mine, name="  Пол по классам ", question=ask(), is_shared=False)
    assert own.read(kept.question) == ask()
    assert ([one.name for one in own.saved(mine)], list(own.saved(other))) == (["Пол по классам"], [])
    own.save(actor=mine, name="Пол по классам", question=ask(columns=""), is_shared=True)
    assert [one.owner_name for one in own.saved(other)] == ["Зырянов Олег"]
    before = list(SavedQuestion.objects.values())
    refusals: list[tuple[type[KontingentError], Any]] = [
        (NotFound, lambda: own.remove(actor=other, question_id=kept.id)),
        (InvalidValue, lambda: own.save(actor=mine, name=" ", question=ask(), is_shared=True)),
        (NotAllowed, lambda: own.save(actor=officer(), name="x", question=ask(), is_shared=True)),
    ]
    for kind, call in refusals:
        with pytest.raises(kind):
            call()
        assert list(SavedQuestion.objects.values()) == before
    own.remove(actor=mine, question_id=kept.id)
    assert not SavedQuestion.objects.exists()


def test_the_page_asks_answers_saves_and_gives_files(schools: tuple[Organisation, Organisation]) -> None:
    client = b.browser(b.appointed("ministry"))
    answer = client.get(f"/reports/own/?rows=grade&columns=sex&on={ON}")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Женский" in text
    assert (
        client.get(f"/reports/own/?rows=grade&on={ON}&file=csv").content.decode("utf-8-sig").splitlines()[1]
        == "5;7;7"
    )
    assert client.get(f"/reports/own/?rows=grade&on={ON}&file=xlsx").content[:2] == b"PK"
    wrong = client.get("/reports/own/?rows=hair")
    assert (wrong.status_code, "Выберите из списка" in wrong.content.decode()) == (422, True)
    kept = client.post(
        "/reports/own/", {"name": "Моя", "query": f"rows=grade&columns=sex&on={ON}", "shared": "on"}
    )
    assert kept.status_code == 302
    assert "Моя" in client.get(kept.headers["Location"]).content.decode()
    assert "report.view" in ROLES["ministry"].permissions
