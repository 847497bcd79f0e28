"""Records of health against PostgreSQL: entered, ended, withdrawn, read within the scope, kept from everybody else."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import Error, connection, transaction

from kontingent.access.roles import ROLES
from kontingent.audit.models import Entry
from kontingent.enrolment.models import Enrolment
from kontingent.health import actions, cipher, cli, queries
from kontingent.health.codes import Kind
from kontingent.health.models import HealthRecord
from kontingent.health.rules import Details, Record
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError, NotAllowed
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.persons import merging
from kontingent.stages import actions as stages
from kontingent.storage import scope
from kontingent.storage.scope import scoped
from tests import builders as b

pytestmark = pytest.mark.django_db
MAY_LOOK = {"health", "operator_health", "head"}
NOTE = "канарейка-особые-условия"
START = date(2026, 9, 1)


def opened(where: Any = None, *, close: bool = False) -> None:
    (stages.close_stage if close else stages.open_stage)(
        actor=b.ROOT, stage="2", municipality_id=where.id if where else None, starts_on=clock.today(),
        number="1-э", dated=clock.today(),
    )  # fmt: skip


def worker(at: Organisation, *permissions: str) -> Actor:
    role = ROLES["health"]
    held = frozenset(permissions) if permissions else role.permissions
    return Actor(f"test:{at.id}", "Медсестра", role.title, held, Scope.of_organisation(at.id), at.id)


def group(code: str = "12", *, since: date = START, until: date | None = None, **details: str) -> Record:
    return Record(Kind.HEALTH_GROUP, code, since, until, details=Details(**details))


def disabled(code: str = "14", *, until: date | None = date(2028, 1, 1), **more: Any) -> Record:
    details = Details("МСЭ-2026 № 0001, 01.09.2026", "Бюро № 7", NOTE)
    return Record(Kind.DISABILITY, code, START, until, details=details, **more)


@pytest.fixture
def town() -> dict[str, Any]:
    five = b.school("Школа № 5")
    seven = b.school("Школа № 7", where=b.municipality("lysva", "Лысьвенский округ"))
    anna = b.person("Мальцева Анна Павловна", born=date(2014, 5, 20))
    oleg = b.person("Тиунов Олег Игоревич", born=date(2014, 2, 3))
    mine = b.group(five, "5А", year=2026)
    b.admitted(anna, mine, on=START)
    b.admitted(oleg, b.group(seven, "5Б", year=2026), on=START)
    return {"five": five, "seven": seven, "anna": anna, "oleg": oleg, "mine": mine}


def entered(town: dict[str, Any], one: Record, *, who: str = "anna", at: str = "five") -> UUID:
    actor = worker(town[at])
    with scoped(actor):
        return actions.record(actor=actor, organisation_id=town[at].id, person_id=town[who], entered=one)


def read(town: dict[str, Any], *, who: str = "anna", at: str = "five", actor: Actor | None = None) -> Any:
    actor = actor or worker(town[at])
    with scoped(actor):
        return queries.of_person(actor, town[who])


def rows() -> list[tuple[str, date, date | None, bool]]:
    return [
        (one.code, one.starts_on, one.ends_on, one.superseded_at is None)
        for one in HealthRecord.objects.order_by("recorded_at", "starts_on")
    ]


def test_a_record_is_entered_and_read_by_its_own_right(town: dict[str, Any]) -> None:
    opened()
    entered(town, disabled(category_code="21", reason_code="2"))
    (shown,) = read(town)
    assert (shown.record.code, shown.record.category_code) == ("14", "21")
    assert shown.details == Details("МСЭ-2026 № 0001, 01.09.2026", "Бюро № 7", NOTE)
    looked = Entry.objects.get(kind="read.health")
    assert (looked.subjects, looked.purpose) == ([town["anna"]], "health")
    written = Entry.objects.get(kind="health.recorded")
    assert set(written.data) == {"change", "records"}
    assert NOTE not in repr(written.data) + written.basis


def test_a_health_group_holds_for_a_year_and_gives_way_to_the_next(town: dict[str, Any]) -> None:
    opened()
    entered(town, group("12"))
    entered(town, group("13", since=date(2026, 10, 1)))
    assert rows() == [
        ("12", START, date(2027, 9, 1), False),
        ("12", START, date(2026, 10, 1), True),
        ("13", date(2026, 10, 1), date(2027, 10, 1), True),
    ]


def test_the_text_goes_along_when_a_record_is_cut_short(town: dict[str, Any]) -> None:
    opened()
    entered(town, group("12", document="Осмотр 7"))
    entered(town, group("13", since=date(2026, 10, 1)))
    assert [one.details.document for one in read(town)] == ["", "Осмотр 7"]


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (group("16"), "health.record"),  # a group of grown-ups
        (group("99"), "health.record"),
        (group(since=date(2030, 1, 1)), "health.record"),
        (group(until=START), "health.record"),
        (group(since=date(2010, 1, 1)), "health.record"),  # before birth
        (disabled("11"), "health.record"),  # a group of grown-ups
        (disabled(until=None), "health.record"),
        (disabled(until=date(2032, 6, 1)), "health.record"),  # after coming of age
        (disabled(reason_code="77"), "health.record"),
        (Record(Kind.DISABILITY, "14", START, date(2027, 1, 1)), "health.record"),  # no document
        (Record(Kind.ADAPTED_PROGRAMME, "1", START, details=Details("ПМПК 3")), "health.record"),  # not adapted
        (group(since=date(2026, 8, 1), note="x" * 1001), "health.record"),
        (group(since=date(2026, 8, 31)), "health.overlaps"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_changes_nothing(town: dict[str, Any], one: Record, code: str) -> None:
    opened()
    entered(town, group("12"))
    before = rows()
    with pytest.raises(KontingentError) as refused:
        entered(town, one)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")
    assert rows() == before


def test_an_earlier_record_is_said_to_overlap_not_cut(town: dict[str, Any]) -> None:
    opened()
    entered(town, disabled())
    with pytest.raises(KontingentError, match=r"уже есть запись с 01\.09\.2026"):
        entered(town, disabled())


def test_several_situations_hold_at_once(town: dict[str, Any]) -> None:
    opened()
    for code in ("11", "101"):
        entered(town, Record(Kind.HARD_SITUATION, code, START))
    assert {one.record.code for one in read(town)} == {"11", "101"}


def test_it_ends_and_it_is_withdrawn(town: dict[str, Any]) -> None:
    opened()
    made = entered(town, disabled())
    actor = worker(town["five"])
    with scoped(actor):
        with pytest.raises(KontingentError) as refused:
            actions.end(actor=actor, record_id=made, person_id=town["anna"], ends_on=START)
        assert refused.value.code == "health.ends_before"
        actions.end(actor=actor, record_id=made, person_id=town["anna"], ends_on=date(2027, 1, 1))
    (shown,) = read(town)
    assert (shown.record.ends_on, shown.details.note) == (date(2027, 1, 1), NOTE)
    with scoped(actor):
        with pytest.raises(KontingentError) as refused:
            actions.withdraw(actor=actor, record_id=made, person_id=town["anna"])
        assert refused.value.code == "health.no_such"
        actions.withdraw(actor=actor, record_id=shown.record.id, person_id=town["anna"])
    assert read(town) == []


# -- where the stage is open ---------------------------------------------------------------------


def test_nothing_is_entered_or_shown_where_the_stage_is_closed(town: dict[str, Any]) -> None:
    opened(town["seven"].municipality)
    entered(town, group(), who="oleg", at="seven")
    with pytest.raises(KontingentError) as refused:
        entered(town, group())
    assert refused.value.code == "stages.closed"
    assert "«Группа здоровья»" in refused.value.message
    with pytest.raises(KontingentError, match="Пермский городской округ"):
        read(town)
    assert len(read(town, who="oleg", at="seven")) == 1
    assert HealthRecord.objects.count() == 1


def test_closing_hides_at_once_and_opening_again_shows(town: dict[str, Any]) -> None:
    lysva = town["seven"].municipality
    opened(lysva)
    entered(town, group(), who="oleg", at="seven")
    opened(lysva, close=True)
    with pytest.raises(KontingentError, match="не открыт"):
        read(town, who="oleg", at="seven")
    actor = worker(town["seven"])
    with scoped(actor), scope.compartment("health.view"):
        assert not HealthRecord.objects.exists(), "the database says the same"
    opened(lysva)
    assert len(read(town, who="oleg", at="seven")) == 1


def test_what_was_entered_where_it_is_open_is_not_shown_where_it_is_closed(town: dict[str, Any]) -> None:
    """A child moves from a municipality of stage two to one without: the new school sees nothing."""
    opened(town["seven"].municipality)
    entered(town, group(), who="oleg", at="seven")
    stream = next(iter(Enrolment.objects.filter(person_id=town["oleg"], superseded_at=None)))
    b.left(town["oleg"], stream.enrolment_id, town["seven"], on=date(2026, 10, 1))
    b.admitted(town["oleg"], town["mine"], on=date(2026, 10, 2))
    with pytest.raises(KontingentError, match="не открыт"):
        read(town, who="oleg")
    opened(town["five"].municipality)
    assert len(read(town, who="oleg")) == 1


# -- who may know ----------------------------------------------------------------------------------


def test_only_the_roles_that_are_named_hold_the_permissions() -> None:
    assert {code for code, role in ROLES.items() if "health.view" in role.permissions} == MAY_LOOK
    assert {code for code, role in ROLES.items() if "health.edit" in role.permissions} == {
        "health",
        "operator_health",
    }


@pytest.mark.parametrize("role", sorted(set(ROLES) - MAY_LOOK))
def test_nobody_else_reads_whatever_the_scope(town: dict[str, Any], role: str) -> None:
    opened()
    entered(town, disabled())
    actor = Actor("x", "x", "x", ROLES[role].permissions, Scope.region(), town["five"].id)
    with scoped(actor):
        with pytest.raises(NotAllowed):
            queries.of_person(actor, town["anna"])
        with pytest.raises(NotAllowed):
            queries.ending(actor, town["five"].id)
        with pytest.raises(NotAllowed), scope.compartment("health.view"):
            pass


def test_a_stranger_s_child_is_out_of_reach_in_code_and_in_the_database(town: dict[str, Any]) -> None:
    opened()
    entered(town, disabled())
    stranger = worker(town["seven"])
    with scoped(stranger):
        with pytest.raises(NotAllowed):
            queries.of_person(stranger, town["anna"])
        with scope.compartment("health.view"):
            assert list(HealthRecord.objects.all()) == []
            with pytest.raises(Error), transaction.atomic():
                HealthRecord.objects.create(
                    person_id=town["anna"], organisation_id=town["five"].id, kind="prevention", code="school",
                    starts_on=START, recorded_at=clock.now(),
                )  # fmt: skip
            assert HealthRecord.objects.update(code="11") == 0
    assert HealthRecord.objects.get().code == "14"


def test_no_other_role_of_the_database_may_look_into_the_schema(town: dict[str, Any]) -> None:
    opened()
    entered(town, disabled())
    for role in (scope.APPLICATION, scope.REGION, scope.DOOR, scope.JOURNAL):
        for statement in ("SELECT count(*) FROM health.record", "UPDATE health.record SET code = ''"):
            with pytest.raises(Error, match="permission denied"):
                _as(role, statement)
    with pytest.raises(Error, match="permission denied"):  # nothing of a record is ever removed
        _as(scope.HEALTH, "DELETE FROM health.record")


def _as(role: str, statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {role}")
        cursor.execute(statement)


def test_the_compartment_is_left_as_it_was_entered(town: dict[str, Any]) -> None:
    opened()
    entered(town, disabled())
    actor = worker(town["five"])
    with scoped(actor):
        with scope.compartment("health.view"):
            assert HealthRecord.objects.count() == 1
        with pytest.raises(Error), transaction.atomic():
            HealthRecord.objects.count()
        assert Enrolment.objects.exists()


def test_merging_leaves_records_where_they_were_written_and_reading_finds_them(town: dict[str, Any]) -> None:
    opened()
    entered(town, disabled())
    again = b.person("Мальцева Анна Петровна", born=date(2014, 5, 20))
    merging.merge(actor=b.ROOT, survivor_id=again, merged_id=town["anna"], basis="Паспорт")
    actor = worker(town["five"])
    with scoped(actor):
        (shown,) = queries.of_person(actor, again)
    assert shown.details.note == NOTE


# -- terms -----------------------------------------------------------------------------------------


def test_terms_that_end_are_listed_until_they_are_renewed(town: dict[str, Any]) -> None:
    opened()
    soon = clock.today() + timedelta(days=20)
    entered(town, group("12", until=soon))
    entered(town, disabled())
    actor = worker(town["five"])
    with scoped(actor):
        (one,) = queries.ending(actor, town["five"].id)
    assert (one.full_name, one.record.kind, one.record.ends_on) == (
        "Мальцева Анна Павловна", "health_group", soon,
    )  # fmt: skip
    entered(town, group("12", since=clock.today()))
    with scoped(actor):
        assert queries.ending(actor, town["five"].id) == []


# -- keys ------------------------------------------------------------------------------------------


@pytest.fixture
def keys(settings: Any, tmp_path: Path) -> cipher.Keyring:
    settings.HEALTH_KEYS = tmp_path / "health.keys"
    used = cipher.cipher()
    assert isinstance(used, cipher.AesGcm)
    return used.ring


def stored() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM health.record r")
        row = cursor.fetchone()
    return str(row and row[0]).encode() + b"".join(
        bytes(one.sealed) for one in HealthRecord.objects.exclude(sealed=None) if one.sealed
    )


def test_no_text_of_health_lies_in_the_database(town: dict[str, Any], keys: cipher.Keyring) -> None:
    opened()
    entered(town, disabled())
    assert NOTE.encode() not in stored()
    assert "МСЭ".encode() not in stored()
    assert HealthRecord.objects.get().key_id == next(iter(keys.keys()))


def test_rotation_encrypts_anew_and_the_old_key_may_go(town: dict[str, Any], keys: cipher.Keyring) -> None:
    opened()
    entered(town, disabled())
    old = next(iter(keys.keys()))
    new = keys.add()
    assert read(town)[0].details.note == NOTE, "a text of the former key is read"
    assert actions.rotate(actor=b.ROOT) == (1, 0)
    assert actions.rotate(actor=b.ROOT) == (0, 0)
    assert actions.key_counts(actor=b.ROOT) == {new: 1}
    keys.forget(old)
    assert read(town)[0].details.note == NOTE
    assert Entry.objects.filter(kind="health.key_rotated").latest("id").data["key_id"] == new


def test_a_lost_key_says_so_and_loses_nothing_else(town: dict[str, Any], keys: cipher.Keyring) -> None:
    opened()
    entered(town, disabled(category_code="21"))
    old = next(iter(keys.keys()))
    keys.add()
    keys.forget(old)
    entered(town, Record(Kind.PREVENTION, "school", START, details=Details(note="новое")))
    fine, hurt = sorted(read(town), key=lambda one: bool(one.fault))
    assert fine.details.note == "новое"
    assert (hurt.record.code, hurt.record.category_code, hurt.record.ends_on) == (
        "14",
        "21",
        date(2028, 1, 1),
    )
    assert hurt.details.is_empty
    assert f"«{old}»" in hurt.fault
    assert "резервной копии" in hurt.fault
    before = HealthRecord.objects.get(kind="disability").sealed
    assert actions.rotate(actor=b.ROOT) == (0, 1)
    after = HealthRecord.objects.get(kind="disability")
    assert (after.key_id, bytes(after.sealed or b"")) == (old, bytes(before or b"")), (
        "kept for when the key is found"
    )
    actor = worker(town["five"])
    with scoped(actor):  # a record without its key can still be ended
        actions.end(actor=actor, record_id=after.id, person_id=town["anna"], ends_on=date(2027, 1, 1))


def test_the_command_line_tells_of_keys(town: dict[str, Any], keys: cipher.Keyring) -> None:
    opened()
    entered(town, disabled())
    old = next(iter(keys.keys()))
    told: list[str] = []
    assert cli.forget(old, out=told.append) == 2
    assert cli.rotate(out=told.append) == 0
    assert told[-1] == "Перешифровано текстов: 1."
    assert cli.forget(old, out=told.append) == 0
    assert cli.keys(out=told.append) == 0
    keys.add()
    keys.forget(list(keys.keys())[1])
    assert cli.keys(out=told.append) == 1
    assert told[-1].startswith("УТРАЧЕН")
    assert cli.rotate(out=told.append) == 1


def test_a_text_moved_to_another_child_does_not_open(town: dict[str, Any], keys: cipher.Keyring) -> None:
    opened()
    entered(town, disabled())
    entered(town, disabled(), who="oleg", at="seven")
    theirs = HealthRecord.objects.get(person_id=town["oleg"])
    HealthRecord.objects.filter(person_id=town["anna"]).update(sealed=theirs.sealed)
    (shown,) = read(town)
    assert shown.details.is_empty
    assert "подменён" in shown.fault


def test_a_file_of_keys_is_private_and_faults_in_it_are_told(tmp_path: Path) -> None:
    ring = cipher.Keyring(tmp_path / "health.keys")
    assert len(ring.keys()) == 1
    assert (tmp_path / "health.keys").stat().st_mode & 0o077 == 0
    (tmp_path / "health.keys").write_text("2026-01-01-aaaa c2hvcnQ=\n")
    with pytest.raises(ValueError, match="5 octets"):
        ring.keys()
    (tmp_path / "health.keys").write_text("# nothing\n")
    with pytest.raises(ValueError, match="no key"):
        ring.keys()


# -- pages -----------------------------------------------------------------------------------------


def test_the_pages_of_who_may(town: dict[str, Any]) -> None:
    opened()
    entered(town, disabled())
    browser = b.browser(b.appointed("health", at=town["five"]))
    anna, mine = town["anna"], town["mine"].id
    assert 'href="health/"' in browser.get(f"/learners/{anna}/").content.decode()
    page = browser.get(f"/learners/{anna}/health/?kind=adapted_programme").content.decode()
    assert NOTE in page
    assert "Ребёнок-инвалид" in page
    form = {
        "kind": "adapted_programme", "code": "208", "variant_code": "7.1", "starts_on": "2026-09-01",
        "ends_on": "2028-09-01", "document": "ПМПК № 7", "note": "тьютор",
    }  # fmt: skip
    assert browser.post(f"/learners/{anna}/health/", form | {"document": ""}).status_code == 422
    assert browser.post(f"/learners/{anna}/health/", form).status_code == 302
    (made,) = HealthRecord.objects.filter(kind="adapted_programme")
    assert "тьютор" in browser.get(f"/learners/{anna}/health/").content.decode()
    ended = browser.post(f"/learners/{anna}/health/{made.id}/end/", {"act": "withdraw"})
    assert ended.status_code == 302
    assert not HealthRecord.objects.filter(kind="adapted_programme", superseded_at=None).exists()
    assert browser.get("/health/terms/").status_code == 200
    assert browser.get(f"/groups/{mine}/health/").status_code == 200


def test_a_class_is_entered_in_a_grid(town: dict[str, Any]) -> None:
    opened()
    grown = b.person("Радостев Илья Петрович", born=date(2008, 1, 1))
    b.admitted(grown, town["mine"], on=START)
    browser = b.browser(b.appointed("health", at=town["five"]))
    address = f"/groups/{town['mine'].id}/health/"

    def sent(**typed: str) -> Any:
        form = {"since": "2026-11-01"}
        for name, text in typed.items():
            kind, who = name.rsplit("__", 1)
            form[f"{kind}-{town.get(who, grown)}"] = text
        return browser.post(address, form)

    answer = sent(health_group__anna="II", health_group__grown="2", physical_group__anna="подготовительная")
    assert answer.status_code == 302
    codes = set(HealthRecord.objects.values_list("person_id", "kind", "code"))
    assert codes == {
        (town["anna"], "health_group", "12"), (town["anna"], "physical_group", "22"), (grown, "health_group", "17"),
    }  # fmt: skip
    refused = sent(health_group__anna="девятая", physical_group__grown="21")
    assert refused.status_code == 422
    assert "такого значения нет в списке" in refused.content.decode()
    assert HealthRecord.objects.count() == 3, "all or none"
    form = {
        "since": "2026-11-01", f"health_group-{town['anna']}": "III группа", f"shown-health_group-{town['anna']}": "I группа",
    }  # fmt: skip
    conflict = browser.post(address, form)
    assert conflict.status_code == 422
    assert "изменил другой" in conflict.content.decode()
    again = sent(health_group__anna="III")
    assert again.status_code == 422, "the same day has a record already"
    assert "уже есть запись" in again.content.decode()


def test_conclusions_of_a_class_are_entered_in_a_grid(town: dict[str, Any]) -> None:
    """Kind, variant, document and term of a record in one row; the text of a document comes back to no page."""
    opened()
    browser = b.browser(b.appointed("health", at=town["five"]))
    address, anna = f"/groups/{town['mine'].id}/health/", town["anna"]

    def sent(since: str = "2026-10-01", **typed: str) -> Any:
        return browser.post(address, {"since": since, "sheet": "needs"} | {f"{name}-{anna}": text for name, text in typed.items()})  # fmt: skip

    without = sent(adapted_programme="ЗПР", adapted_programme_variant="7.2")
    assert without.status_code == 422
    assert "укажите документ: заключение ПМПК" in without.content.decode()
    nonsense = sent(adapted_programme="ЗПР", adapted_programme_variant="77", adapted_programme_document="№ 1")
    assert "Вариант: такого значения нет в списке" in nonsense.content.decode()
    too_long = sent(
        disability="ребёнок-инвалид", disability_document="МСЭ № 7", disability_until="01.01.2040"
    )
    assert "не позже 20.05.2032" in too_long.content.decode()
    assert not HealthRecord.objects.exists()

    told = {"adapted_programme": "ЗПР", "adapted_programme_variant": "7.2", "adapted_programme_document": NOTE, "adapted_programme_until": "01.09.2028"}  # fmt: skip
    assert sent(**told).status_code == 302
    (made,) = HealthRecord.objects.all()
    assert (made.code, made.variant_code, made.starts_on, made.ends_on) == ("208", "7.2", date(2026, 10, 1), date(2028, 9, 1))  # fmt: skip
    assert made.sealed is not None
    page = browser.get(address + "?sheet=needs&since=2026-10-02").content.decode()
    assert "задержкой психического развития" in page
    assert 'placeholder="записан"' in page
    assert NOTE not in page
    assert {one.purpose for one in Entry.objects.filter(kind="read.health")} == {"health"}
    # a later conclusion ends the former; what is shown and left alone is no change
    shown = {f"shown-adapted_programme-{anna}": "", "since": "2026-11-01", "sheet": "needs"}
    assert (
        "изменил другой"
        in browser.post(address, shown | {f"adapted_programme-{anna}": "ТНР"}).content.decode()
    )
    assert sent("2026-11-01").status_code == 302
    assert HealthRecord.objects.count() == 1
    assert sent("2026-11-01", adapted_programme="ТНР", adapted_programme_document="№ 2").status_code == 302
    standing = HealthRecord.objects.filter(superseded_at=None).order_by("starts_on")
    assert [(one.code, one.ends_on) for one in standing] == [
        ("208", date(2026, 11, 1)),
        ("207", date(2028, 9, 1)),
    ]


def test_the_head_sees_and_does_not_enter(town: dict[str, Any]) -> None:
    opened()
    entered(town, disabled())
    browser = b.browser(b.appointed("head", at=town["five"]))
    page = browser.get(f"/learners/{town['anna']}/health/").content.decode()
    assert NOTE in page
    assert "Внести запись" not in page
    form = {"kind": "health_group", "code": "12", "starts_on": "2026-09-01"}
    assert browser.post(f"/learners/{town['anna']}/health/", form).status_code == 403
    assert (
        browser.post(f"/groups/{town['mine'].id}/health/", {f"health_group-{town['anna']}": "I"}).status_code
        == 403
    )
    assert HealthRecord.objects.count() == 1


def test_where_the_stage_is_closed_there_is_no_button_and_the_page_says_why(town: dict[str, Any]) -> None:
    opened(town["seven"].municipality)
    browser = b.browser(b.appointed("health", at=town["five"]))
    assert 'href="health/"' not in browser.get(f"/groups/{town['mine'].id}/").content.decode()
    page = browser.get(f"/learners/{town['anna']}/health/")
    assert page.status_code == 422
    assert "Этап открывает министерство" in page.content.decode()
