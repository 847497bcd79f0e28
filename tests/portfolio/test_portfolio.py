"""A family proposes, a school decides field by field; nobody else sees or changes anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kontingent.achievements.portfolio import actions, queries, rules
from kontingent.achievements.portfolio.codes import Verdict
from kontingent.achievements.portfolio.models import Achievement, FormerAchievement, Scan
from kontingent.achievements.portfolio.rules import Facts, FieldDecision
from kontingent.audit.models import Entry
from kontingent.codelists import actions as codelists
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import (
    Conflict,
    InvalidValue,
    KontingentError,
    NotAllowed,
    NotFound,
    RuleViolation,
)
from kontingent.kernel.scope import Scope
from kontingent.stages.models import StageOrder
from kontingent.storage.scope import scoped
from tests import builders as b
from tests.portfolio.papers import EXE, png

pytestmark = pytest.mark.django_db
FACTS = Facts(
    kind_code="100", title="Олимпиада по математике «Эврика»", happened_on=date(2025, 11, 10), level_code="400", result_code="prize",
    stage_code="regional", subject_code="s09", place=2, organiser="Минобр", document="диплом № 7",
)  # fmt: skip


class Town:
    """A school where stage three is open, one where it is not, a family, a stranger."""

    def __init__(self) -> None:
        codelists.load_all()
        here, there = b.municipality(), b.municipality("lysva", "Лысьвенский округ")
        self.school, self.closed = b.school("Школа № 5", where=here), b.school("Школа № 7", where=there)
        self.anna, self.boris = b.person("Мальцева Анна Павловна"), b.person("Орлов Борис Ильич")
        self.place = b.admitted(self.anna, b.group(self.school, "5А"))
        b.admitted(self.boris, b.group(self.closed, "5А"))
        StageOrder.objects.create(
            stage="3", opens=True, municipality=here, starts_on=date(2025, 9, 1), number="1", dated=date(2025, 9, 1),
            recorded_at=clock.now(), recorded_by="Проверка",
        )  # fmt: skip
        rights = ("achievement.view", "achievement.edit", "person.view", "enrolment.view")
        self.secretary, self.foreign = b.actor_of(self.school, *rights), b.actor_of(self.closed, *rights)
        self.family = Actor(
            "account:f",
            "Мальцева Ольга",
            "Родитель",
            frozenset({"access.family"}),
            Scope(persons=frozenset({self.anna})),
        )

    def proposed(self, **facts: Any) -> Achievement:
        return actions.propose(actor=self.family, person_id=self.anna, facts=FACTS._replace(**facts))

    def entered(self, *who: UUID, **facts: Any) -> list[Achievement]:
        return actions.enter(
            actor=self.secretary,
            organisation_id=self.school.id,
            person_ids=who or (self.anna,),
            facts=FACTS._replace(**facts),
            verified=True,
        )


@pytest.fixture
def town(tmp_path: Path, settings: Any) -> Town:
    settings.FILES_DIR = tmp_path
    return Town()


def unchanged(act: Callable[[], object], error: type[KontingentError]) -> KontingentError:
    def everything() -> list[Any]:
        return [
            list(table.objects.order_by("pk").values()) for table in (Achievement, FormerAchievement, Scan)
        ]

    before = everything()
    with pytest.raises(error) as refused:
        act()
    assert everything() == before
    return refused.value


def test_proposed_corrected_in_one_field_and_accepted(town: Town) -> None:
    one = town.proposed(level_code="500")
    assert one.state == "proposed"
    assert [each.pk for each in queries.inbox(town.secretary)] == [one.pk]
    decisions = {"level_code": FieldDecision(Verdict.CORRECTED, "400", "в дипломе – Регион")}
    actions.accept(actor=town.secretary, achievement_id=one.pk, decisions=decisions, verified=True, version=1)
    mine = queries.portfolio(town.family, town.anna)
    assert [each.level_code for each in mine.accepted] == ["400"]
    assert mine.accepted[0].verified_at is not None
    assert one.former.get().facts["level_code"] == "500"
    entry = Entry.objects.filter(kind="portfolio.decided").latest("id")
    assert entry.data["corrected"] == ["level_code"]


def test_refused_with_a_reason_that_the_family_reads_and_may_be_proposed_again(town: Town) -> None:
    one = town.proposed()
    actions.refuse(actor=town.secretary, achievement_id=one.pk, reason="нет диплома")
    assert [each.reason for each in queries.portfolio(town.family, town.anna).refused] == ["нет диплома"]
    assert town.proposed().state == "proposed"


def test_a_team_is_entered_at_once_or_not_at_all(town: Town) -> None:
    vera = b.person("Попова Вера Ильинична")
    b.admitted(vera, b.group(town.school, "5Б"))
    assert len(town.entered(town.anna, vera, team="Эврика", stage_code="", kind_code="200")) == 2
    third = b.person("Носков Иван Ильич")
    b.admitted(third, b.group(town.school, "5В"))
    unchanged(lambda: town.entered(third, vera, team="Эврика", stage_code="", kind_code="200"), Conflict)
    found = queries.attained(town.secretary, 2025)
    assert [(line.kind, line.level, line.achievements, line.learners, line.won) for line in found.lines] == [
        ("Конкурс", "Регион", 2, 2, 2)
    ]


def test_corrected_it_is_verified_anew_and_revoked_it_is_gone_from_the_portfolio(town: Town) -> None:
    [one] = town.entered()
    actions.correct(
        actor=town.secretary, achievement_id=one.pk, facts=FACTS._replace(place=1, result_code="winner")
    )
    one.refresh_from_db()
    assert (one.place, one.verified_at) == (1, None)
    actions.verify(actor=town.secretary, achievement_id=one.pk)
    actions.revoke(actor=town.secretary, achievement_id=one.pk, reason="апелляция")
    assert queries.portfolio(town.secretary, town.anna).accepted == []
    assert len(queries.one(town.secretary, one.pk)[1]) == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"title": " "}, "title"), ({"title": "я" * 301}, "title"), ({"kind_code": "999"}, "kind_code"), ({"level_code": ""}, "level_code"),
        ({"result_code": "best"}, "result_code"), ({"happened_on": date(2099, 1, 1)}, "happened_on"),
        ({"happened_on": date(2000, 1, 1)}, "happened_on"), ({"place": 0}, "place"), ({"kind_code": "400"}, "stage_code"),
        ({"subject_code": ""}, "subject_code"), ({"subject_code": "s99"}, "subject_code"), ({"uin": "26-59-0001234"}, "uin"),
        ({"kind_code": "410", "stage_code": "", "uin": "12"}, "uin"), ({"organiser": "я" * 201}, "organiser"),
    ],
)  # fmt: skip
def test_what_an_achievement_may_not_say(town: Town, wrong: dict[str, Any], code: str) -> None:
    assert unchanged(lambda: town.proposed(**wrong), InvalidValue).code == f"portfolio.{code}"
    assert unchanged(lambda: town.entered(**wrong), InvalidValue).code == f"portfolio.{code}"


def test_gto_has_its_number(town: Town) -> None:
    assert (
        town.proposed(kind_code="410", stage_code="", result_code="gold", uin="26-59-0001234").uin
        == "26-59-0001234"
    )


def test_the_same_twice(town: Town) -> None:
    town.proposed()
    unchanged(lambda: town.proposed(title="олимпиада по математике эврика"), Conflict)
    unchanged(town.entered, Conflict)


def test_where_the_stage_is_closed_nothing_is_entered_or_shown(town: Town) -> None:
    refused = unchanged(
        lambda: actions.enter(
            actor=town.foreign,
            organisation_id=town.closed.id,
            person_ids=[town.boris],
            facts=FACTS,
            verified=False,
        ),
        KontingentError,
    )
    assert "Лысьвенский" in refused.message
    with pytest.raises(KontingentError):
        queries.portfolio(town.foreign, town.boris)
    with pytest.raises(KontingentError):
        queries.inbox(town.foreign)
    StageOrder.objects.update(opens=False)
    unchanged(town.proposed, KontingentError)


def test_everybody_keeps_to_his_own(town: Town) -> None:
    one = town.proposed()
    accepted = town.entered(title="Другая")[0]
    viewer = b.actor_of(town.school, "achievement.view", "person.view", "enrolment.view")
    with pytest.raises(NotAllowed):
        queries.portfolio(town.family, town.boris)
    for act in (
        lambda: actions.accept(actor=town.foreign, achievement_id=one.pk, decisions={}, verified=False),
        lambda: actions.refuse(actor=town.foreign, achievement_id=one.pk, reason="так"),
        lambda: actions.revoke(actor=town.foreign, achievement_id=accepted.pk, reason="так"),
        lambda: actions.refuse(actor=town.secretary, achievement_id=uuid4(), reason="так"),
        lambda: actions.attach(
            actor=town.foreign, achievement_id=one.pk, upload=SimpleUploadedFile("a.png", png())
        ),
        lambda: actions.enter(
            actor=town.secretary,
            organisation_id=town.school.id,
            person_ids=[town.boris],
            facts=FACTS,
            verified=False,
        ),
    ):
        unchanged(act, NotFound)
    unchanged(
        lambda: actions.accept(actor=viewer, achievement_id=one.pk, decisions={}, verified=False), NotAllowed
    )
    unchanged(lambda: actions.propose(actor=town.family, person_id=town.boris, facts=FACTS), NotAllowed)
    unchanged(lambda: actions.propose(actor=town.secretary, person_id=town.anna, facts=FACTS), NotAllowed)
    unchanged(lambda: actions.refuse(actor=town.secretary, achievement_id=one.pk, reason=" "), InvalidValue)
    unchanged(
        lambda: actions.accept(
            actor=town.secretary, achievement_id=one.pk, decisions={}, verified=False, version=9
        ),
        Conflict,
    )
    for act in (
        lambda: actions.refuse(actor=town.secretary, achievement_id=accepted.pk, reason="так"),
        lambda: actions.revoke(actor=town.secretary, achievement_id=one.pk, reason="так"),
        lambda: actions.verify(actor=town.secretary, achievement_id=one.pk),
    ):
        unchanged(act, RuleViolation)


def test_scans_are_attached_read_and_taken_away(town: Town, tmp_path: Path) -> None:
    one = town.proposed()
    scan = actions.attach(
        actor=town.family, achievement_id=one.pk, upload=SimpleUploadedFile("../../диплом.exe", png())
    )
    assert queries.scan(town.family, scan.pk)[1] == png()
    assert queries.scan(town.secretary, scan.pk)[0].media_type == "image/png"
    with pytest.raises(KontingentError):
        queries.scan(town.foreign, scan.pk)
    unchanged(
        lambda: actions.attach(
            actor=town.family, achievement_id=one.pk, upload=SimpleUploadedFile("диплом.pdf", EXE)
        ),
        InvalidValue,
    )
    for size in range(2, 6):
        actions.attach(
            actor=town.family, achievement_id=one.pk, upload=SimpleUploadedFile("a.png", png(size, size))
        )
    unchanged(
        lambda: actions.attach(
            actor=town.family, achievement_id=one.pk, upload=SimpleUploadedFile("a.png", png(9, 9))
        ),
        InvalidValue,
    )
    actions.accept(actor=town.secretary, achievement_id=one.pk, decisions={}, verified=True)
    unchanged(
        lambda: actions.attach(
            actor=town.family, achievement_id=one.pk, upload=SimpleUploadedFile("a.png", png(9, 9))
        ),
        RuleViolation,
    )
    unchanged(lambda: actions.detach(actor=town.foreign, scan_id=scan.pk), NotFound)
    actions.detach(actor=town.secretary, scan_id=scan.pk)
    assert Scan.objects.count() == 4
    assert all(path.parent.parent == tmp_path for path in tmp_path.glob("**/*") if path.is_file())


def test_changes_are_named() -> None:
    assert rules.changes(FACTS, FACTS._replace(place=1, title="Иная")) == ["title", "place"]


def test_each_field_is_decided_for_a_reason_that_the_family_reads(town: Town) -> None:
    one = town.proposed(supervisor="Иванова")
    decisions = {
        "place": FieldDecision(Verdict.CORRECTED, 3, "в дипломе третье"),
        "supervisor": FieldDecision(Verdict.REFUSED, reason="в дипломе нет"),
        "team": FieldDecision(Verdict.CORRECTED, "Эврика", "выступал в команде"),
        "happened_on": FieldDecision(Verdict.CORRECTED, date(2025, 11, 11), "второй день"),
    }
    actions.accept(actor=town.secretary, achievement_id=one.pk, decisions=decisions, verified=False)
    [mine] = queries.portfolio(town.family, town.anna).accepted
    assert (mine.place, mine.supervisor, mine.team) == (3, "", "Эврика")
    assert mine.happened_on == date(2025, 11, 11)
    told = {name: (each["verdict"], each["said"], each["reason"]) for name, each in mine.decisions.items()}
    assert told["supervisor"] == ("refused", "Иванова", "в дипломе нет")
    assert told["place"] == ("corrected", 2, "в дипломе третье")
    assert told["team"] == ("corrected", "", "выступал в команде")
    assert told["happened_on"] == ("corrected", "2025-11-10", "второй день")
    assert told["title"] == ("accepted", FACTS.title, "")
    assert "uin" not in told


@pytest.mark.parametrize(
    ("name", "decision", "code"),
    [
        ("place", FieldDecision(Verdict.CORRECTED, 3, " "), "field_reason"),
        ("place", FieldDecision(Verdict.REFUSED), "field_reason"),
        ("place", FieldDecision(Verdict.CORRECTED, 2, "так"), "not_corrected"),
        ("title", FieldDecision(Verdict.REFUSED, reason="нет"), "essential"),
        ("team", FieldDecision(Verdict.REFUSED, reason="нет"), "nothing_said"),
        ("subject_code", FieldDecision(Verdict.REFUSED, reason="нет"), "subject_code"),
        ("place", FieldDecision(Verdict.CORRECTED, 2000, "так"), "place"),
        ("place", FieldDecision(Verdict.CORRECTED, 3, "я" * 301), "field_reason"),
    ],
)
def test_a_field_is_not_decided_so(town: Town, name: str, decision: FieldDecision, code: str) -> None:
    one = town.proposed()
    assert (
        unchanged(
            lambda: actions.accept(
                actor=town.secretary, achievement_id=one.pk, decisions={name: decision}, verified=False
            ),
            InvalidValue,
        ).code
        == f"portfolio.{code}"
    )


def test_a_family_takes_back_what_waits_and_only_that(town: Town) -> None:
    one = town.proposed()
    with scoped(town.family):
        actions.attach(actor=town.family, achievement_id=one.pk, upload=SimpleUploadedFile("a.png", png()))
    unchanged(lambda: actions.withdraw(actor=town.secretary, achievement_id=one.pk), NotFound)
    unchanged(lambda: actions.withdraw(actor=town.family, achievement_id=one.pk, version=7), Conflict)
    with scoped(town.family):
        actions.withdraw(actor=town.family, achievement_id=one.pk, version=1)
    assert queries.inbox(town.secretary) == []
    unchanged(lambda: actions.withdraw(actor=town.family, achievement_id=one.pk), RuleViolation)
    unchanged(
        lambda: actions.accept(actor=town.secretary, achievement_id=one.pk, decisions={}, verified=False),
        RuleViolation,
    )
    again = town.proposed()
    actions.accept(actor=town.secretary, achievement_id=again.pk, decisions={}, verified=False)
    unchanged(lambda: actions.withdraw(actor=town.family, achievement_id=again.pk), RuleViolation)


def test_so_many_proposals_may_wait(town: Town) -> None:
    for number in range(actions.MOST_PROPOSALS):
        town.proposed(title=f"Олимпиада {number}")
    assert unchanged(town.proposed, RuleViolation).code == "portfolio.proposals"
    actions.withdraw(actor=town.family, achievement_id=Achievement.objects.earliest("entered_at").pk)
    assert town.proposed().state == "proposed"


def test_after_a_transfer_the_new_school_decides(town: Town) -> None:
    here = town.school.municipality
    other = b.school("Школа № 9", where=here)
    rights = ("achievement.view", "achievement.edit", "person.view", "enrolment.view")
    new, one = b.actor_of(other, *rights), town.proposed()
    with scoped(new):
        assert queries.inbox(new) == []
    unchanged(lambda: actions.refuse(actor=new, achievement_id=one.pk, reason="так"), NotFound)
    b.left(town.anna, town.place, town.school, on=date(2026, 1, 12))
    b.admitted(town.anna, b.group(other, "5А"), on=date(2026, 1, 12))
    with scoped(town.secretary):
        assert queries.inbox(town.secretary) == []
        with pytest.raises(NotFound):
            actions.refuse(actor=town.secretary, achievement_id=one.pk, reason="так")
    with scoped(new):
        assert [each.pk for each in queries.inbox(new)] == [one.pk]
        actions.accept(actor=new, achievement_id=one.pk, decisions={}, verified=True)
    one.refresh_from_db()
    assert (one.state, one.organisation_id) == ("accepted", other.id)
    unchanged(lambda: actions.revoke(actor=town.secretary, achievement_id=one.pk, reason="так"), NotFound)


def test_the_list_is_filtered(town: Town) -> None:
    town.entered()
    town.entered(title="Робофест", kind_code="200", stage_code="", subject_code="", team="Шестерёнки")

    def titles(**filters: str) -> list[str]:
        return [each.title for each in queries.attained(town.secretary, 2025, filters=filters).rows]

    assert titles(text="робо") == ["Робофест"]
    assert titles(team="yes") == ["Робофест"]
    assert titles(kind_code="100") == [FACTS.title]
    assert titles(verified="no") == []
    assert len(titles(verified="yes")) == 2
    found = queries.portfolio(town.family, town.anna, filters={"kind_code": "200"})
    assert [each.title for each in found.accepted] == ["Робофест"]
