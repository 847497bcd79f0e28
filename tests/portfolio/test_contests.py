"""Files of results against PostgreSQL: matched by set, refused with place, idempotent, corrected, undone, kept within scope and stage."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO
from typing import Any

import pytest

from kontingent.achievements.portfolio import actions
from kontingent.achievements.portfolio.actions import contests
from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.models import Achievement, ContestFile, ContestRow, FormerAchievement
from kontingent.achievements.portfolio.rules import Facts, event_key
from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.exchange.contests import receiving
from kontingent.exchange.staging import wire
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, KontingentError, NotAllowed, RuleViolation
from kontingent.kernel.scope import Scope
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.attestation import town as t

pytestmark = pytest.mark.django_db
DAY = date(2025, 11, 20)
HEAD = ("ФИО", "Дата рождения", "Этап", "Предмет", "Дата проведения", "Статус", "Место")
OF_CONTESTS = ("ФИО", "Дата рождения", "Мероприятие", "Дата", "Уровень", "Результат", "Место", "Команда", "Организатор")  # fmt: skip
ANNA, OLEG = ("Мальцева Анна Павловна", "20.05.2009"), ("Тиунов Олег Игоревич", "03.02.2009")


@pytest.fixture
def town() -> t.Town:
    codelists.load_all()
    made = t.built()
    b.admitted(b.person("Попова Вера Ильинична", born=date(2009, 7, 7)), b.group(made.five, "9Б", year=2024), on=date(2024, 9, 1))  # fmt: skip
    return made


def line(who: tuple[str, str] = ANNA, **other: Any) -> tuple[Any, ...]:
    told = {
        "stage": "муниципальный",
        "subject": "Математика",
        "day": "20.11.2025",
        "result": "призер",
        "place": 3,
    } | other
    return (*who, told["stage"], told["subject"], told["day"], told["result"], told["place"])


def of_contest(who: tuple[str, str] = ANNA, **other: Any) -> tuple[Any, ...]:
    told = {
        "title": "Робофест",
        "day": "20.11.2025",
        "level": "краевой",
        "result": "",
        "place": 1,
        "team": "",
        "by": "",
    } | other
    return (*who, told["title"], told["day"], told["level"], told["result"], told["place"], told["team"], told["by"])  # fmt: skip


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    output = io.StringIO(newline="")
    csv.writer(output, delimiter=";").writerows([head, *rows])
    return output.getvalue().encode("utf-8-sig")


def sent(actor: Actor, rows: Iterable[Sequence[Any]], *, kind: FileKind = FileKind.OLYMPIAD, **how: Any) -> ContestFile:  # fmt: skip
    head = HEAD if kind is FileKind.OLYMPIAD else OF_CONTESTS
    with scoped(actor):
        one = receiving.receive(
            actor=actor, kind=kind, organisation_id=actor.organisation_id, file=BytesIO(table(head, rows)), filename="итоги.csv", **how
        )  # fmt: skip
    return receiving.read(one.id)


def applied(actor: Actor, one: ContestFile) -> ContestFile:
    with scoped(actor):
        contests.INTAKE.claim(actor=actor, file_id=one.id, asked_by=wire.actor_to_json(actor))
    return receiving.apply(one.id)


def undone(actor: Actor, one: ContestFile) -> ContestFile:
    with scoped(actor):
        return contests.undo(actor=actor, file_id=one.id)


def problems(one: ContestFile) -> dict[int, tuple[str, str]]:
    """Line → (code, field)."""
    rows = ContestRow.objects.filter(delivery=one).exclude(problems=[])
    return {row.line: (row.problems[0][2], row.problems[0][0]) for row in rows}


def standing() -> list[dict[str, Any]]:
    names = ("person_id", "organisation_id", "state", "title_key", *Facts._fields)
    return list(Achievement.objects.order_by("person_id", "subject_code", "title").values(*names))


def test_a_protocol_is_checked_shown_and_only_then_written(town: t.Town) -> None:
    head = t.worker("head", town.five)
    one = sent(head, [line(), line(OLEG, result="", place="", stage="школьный")], document="Протокол № 4 от 21.11.2025", verified=True)  # fmt: skip
    assert one.totals == {"rows": 2, "create": 2}
    assert not Achievement.objects.exists(), "nothing is written before a human has seen it"
    assert applied(head, one).totals["create"] == 2
    anna = Achievement.objects.get(person_id=town.anna)
    assert actions.facts_of(anna) == Facts(
        "100", "Всероссийская олимпиада школьников", DAY, "200", "prize", stage_code="municipal", subject_code="s09", place=3,
        document="Протокол № 4 от 21.11.2025",
    )  # fmt: skip
    assert (anna.state, anna.organisation_id, anna.by_family) == ("accepted", town.five.id, False)
    assert anna.verified_at is not None
    oleg = Achievement.objects.get(person_id=town.oleg)
    assert (oleg.level_code, oleg.result_code, oleg.place) == ("100", "participant", None)
    assert Entry.objects.get(kind="portfolio.file_applied").data["created"] == 2


def test_the_same_file_again_is_told_and_a_correction_keeps_what_stood(town: t.Town) -> None:
    head = t.worker("head", town.five)
    applied(head, sent(head, [line(), line(OLEG)]))
    again = sent(head, [line(), line(OLEG)])
    assert again.totals == {"rows": 2, "same": 2}
    with pytest.raises(Conflict, match="нечего"):
        applied(head, again)
    # the day of a stage is corrected, too: the same stage of a subject is once a school year
    corrected = [line(), line(OLEG, result="победитель", place=1, day="21.11.2025")]
    one = applied(head, sent(head, corrected))
    assert (one.totals["change"], one.totals["same"], one.totals["create"]) == (1, 1, 0)
    oleg = Achievement.objects.get(person_id=town.oleg)
    assert (oleg.result_code, oleg.happened_on, oleg.version) == ("winner", date(2025, 11, 21), 2)
    assert FormerAchievement.objects.get().facts["result_code"] == "prize"
    assert sent(head, corrected).totals == {"rows": 2, "same": 2}


def test_a_correction_says_only_what_the_file_says(town: t.Town) -> None:
    head = t.worker("head", town.five)
    applied(head, sent(head, [of_contest(by="Кванториум")], kind=FileKind.CONTEST))
    applied(head, sent(head, [of_contest(place=2)], kind=FileKind.CONTEST))
    one = Achievement.objects.get()
    assert (one.organiser, one.place, one.result_code) == ("Кванториум", 2, "prize")


def test_what_cannot_be_taken_is_refused_with_its_place(town: t.Town) -> None:
    family = Actor(
        "account:f", "Мать", "Родитель", frozenset({"access.family"}), Scope(persons=frozenset({town.oleg}))
    )
    facts = Facts("200", "Робофест", DAY, "400", "winner")
    actions.propose(actor=family, person_id=town.oleg, facts=facts._replace(title="«Робофест»"))
    head = t.worker("head", town.five)
    rows = [
        line(),
        line(),  # 3: said twice
        line(("Неизвестный Иван Ильич", "20.05.2009")),  # 4: nobody
        line(("Чужова Мария Ильинична", "04.03.2009")),  # 5: a learner of another school
        line(OLEG, subject="Магия"),  # 6
        line(OLEG, stage="двадцатый"),  # 7
        line(OLEG, day="20.11.2099"),  # 8
        line(OLEG, result="лучший"),  # 9
        line(("Тиунов Олег Игоревич", "")),  # 10: whom?
        line(OLEG, day="20.11.2008"),  # 11: before birth
        line(OLEG, day="20.11.2020"),  # 12: studied nowhere then
        line(OLEG, place="первое"),  # 13
    ]
    one = sent(head, rows)
    assert problems(one) == {
        3: ("twice", "name"), 4: ("stranger", "name"), 5: ("stranger", "name"), 6: ("value", "subject_code"), 7: ("value", "stage_code"),
        8: ("value", "happened_on"), 9: ("value", "result_code"), 10: ("value", "birth_date"), 11: ("value", "happened_on"),
        12: ("not_learner", "day"), 13: ("value", "place"),
    }  # fmt: skip
    assert one.totals == {"rows": 12, "create": 1, "refused": 11}
    told = ContestRow.objects.get(delivery=one, line=3).problems[0][3]
    assert told == "Это уже сказано в строке 2. Оставьте одну из строк."
    before = standing()
    waits = sent(head, [of_contest(OLEG), of_contest()], kind=FileKind.CONTEST)
    assert problems(waits) == {2: ("proposed", "name")}
    assert standing() == before
    applied(head, one)
    assert [row["person_id"] for row in standing() if row["state"] == "accepted"] == [town.anna]


def test_a_team_over_two_classes_comes_together_and_must_agree(town: t.Town) -> None:
    head, vera = t.worker("head", town.five), ("Попова Вера Ильинична", "07.07.2009")
    rows = [of_contest(who, team="Шестерёнки", place=2) for who in (ANNA, vera)]
    applied(head, sent(head, rows, kind=FileKind.CONTEST))
    found = Achievement.objects.all()
    assert {one.team for one in found} == {"Шестерёнки"}
    assert {one.result_code for one in found} == {"prize"}
    assert len(found) == 2
    differs = sent(head, [rows[0], of_contest(vera, team="«ШЕСТЕРЕНКИ»", place=1)], kind=FileKind.CONTEST)
    assert problems(differs) == {3: ("team", "team")}


def test_undoing_takes_back_what_nobody_has_touched_since(town: t.Town) -> None:
    head = t.worker("head", town.five)
    applied(head, sent(head, [line(), line(OLEG)], verified=True))
    before = standing()
    verified = Achievement.objects.get(person_id=town.oleg).verified_at
    one = applied(
        head,
        sent(
            head,
            [
                line(place=1, result="победитель"),
                line(OLEG, place=2),
                line(OLEG, subject="Физика"),
                line(subject="Физика"),
            ],
        ),
    )
    assert Achievement.objects.get(person_id=town.oleg, subject_code="s09").verified_at is None
    touched = Achievement.objects.get(person_id=town.anna, subject_code="s09")
    with scoped(head):
        actions.verify(actor=head, achievement_id=touched.pk)
    one = undone(head, one)
    assert (one.totals["removed"], one.totals["restored"], one.totals["left"]) == (2, 1, 1)
    after = standing()
    assert [row for row in after if row["person_id"] == town.oleg] == [
        row for row in before if row["person_id"] == town.oleg
    ]
    assert Achievement.objects.get(person_id=town.oleg).verified_at == verified
    assert Achievement.objects.get(person_id=town.anna).result_code == "winner", (
        "somebody has seen the original since"
    )
    with pytest.raises(Conflict, match="применённую"):
        undone(head, one)
    assert standing() == after


def test_a_school_may_not_change_what_another_has_entered(town: t.Town) -> None:
    t.opened()
    region, head = t.region(), t.worker("head", town.five)
    applied(region, sent(region, [line(), line(("Чужова Мария Ильинична", "04.03.2009"))]))
    assert {row["organisation_id"] for row in standing()} == {town.five.id, town.seven.id}
    moved = Achievement.objects.get(person_id=town.anna)
    Achievement.objects.filter(pk=moved.pk).update(organisation_id=town.seven.id)
    before = standing()
    assert problems(sent(head, [line(place=1)])) == {2: ("kept_elsewhere", "name")}
    assert sent(head, [line()]).totals == {"rows": 1, "same": 1}
    assert standing() == before


def test_where_the_stage_is_closed_or_the_right_is_missing_nothing_is_taken(town: t.Town) -> None:
    for actor, error in (
        (t.worker("head", town.seven), RuleViolation),
        (t.worker("teacher", town.five), NotAllowed),
    ):
        with pytest.raises(error):
            sent(actor, [line()])
    assert not ContestFile.objects.exists()
    assert problems(sent(t.region(), [line(), line(("Чужова Мария Ильинична", "04.03.2009"))])) == {
        3: ("closed", "name")
    }
    one = sent(t.worker("head", town.five), [line()])
    t.opened(town.five, close=True)
    with pytest.raises(KontingentError):
        applied(t.worker("head", town.five), one)
    assert not Achievement.objects.exists()


def test_a_table_of_something_else_is_refused_whole(town: t.Town) -> None:
    one = sent(t.worker("head", town.five), [], kind=FileKind.CONTEST)
    assert one.state == "refused"
    with scoped(t.worker("head", town.five)):
        other = receiving.receive(
            actor=t.worker("head", town.five), kind=FileKind.OLYMPIAD, organisation_id=town.five.id, file=BytesIO(table(("А", "Б"), [(1, 2)])), filename="x.csv"
        )  # fmt: skip
    assert "«Этап»" in receiving.read(other.id).refusal


def test_the_key_of_an_event() -> None:
    olympiad = Facts("100", "Эврика", DAY, "400", "winner", stage_code="municipal", subject_code="s09")
    assert event_key(olympiad) == event_key(
        olympiad._replace(happened_on=date(2026, 8, 31), title="«ЭВРИКА»")
    )
    assert event_key(olympiad) != event_key(olympiad._replace(happened_on=date(2026, 9, 1)))
    contest = Facts("200", "Эврика", DAY, "400", "winner")
    assert event_key(contest) != event_key(contest._replace(happened_on=date(2025, 11, 21)))
