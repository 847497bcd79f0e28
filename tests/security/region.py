"""A random region with everything that could leak, and a plain reading of who may know of whom."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from kontingent.access.models import Account, Alert, Appointment
from kontingent.achievements.attestation.models import (
    BroughtMark,
    DeliveredRow,
    Delivery,
    EducationDocument,
    ExamResult,
    SupplementLine,
)
from kontingent.achievements.portfolio.models import (
    Achievement,
    ContestFile,
    ContestRow,
    FormerAchievement,
    Scan,
)
from kontingent.enrolment.models import (
    Enrolment,
    Group,
    Movement,
    Order,
    OrderLine,
    Placement,
    StudyCondition,
)
from kontingent.exchange.epgu.models import ServiceRequest
from kontingent.exchange.journals.models import JournalBatch, JournalSource, RefusedRow, RunFinding, SourceRun
from kontingent.exchange.oneroster.models import Category, LineItem, ScoreScale
from kontingent.exchange.reconciliation.models import Discrepancy
from kontingent.exchange.services.models import Certificate
from kontingent.exchange.staging.models import Batch, CauseDecision, Row
from kontingent.health import texts
from kontingent.health.models import HealthRecord
from kontingent.health.rules import Details
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.scope import Scope
from kontingent.organisations.models import Organisation
from kontingent.performance.actions import years
from kontingent.performance.models import (
    Attendance,
    FormerRecord,
    Journal,
    LateCorrection,
    Mark,
    PeriodMark,
)
from kontingent.persons.models import (
    Address,
    CitizenshipPeriod,
    Contact,
    DuplicatePair,
    IdentityDocument,
    Introduction,
    Merge,
    Person,
    PersonCategory,
    PersonName,
    Representation,
    SourceKey,
)
from kontingent.privacy.models import Question
from kontingent.reports.models import EnteredCell, Explanation, Report, Step, Version
from kontingent.rollout.models import CompletenessCount
from kontingent.stages.fields import Stage
from kontingent.stages.models import StageOrder
from kontingent.trajectory.cases.models import Case, CaseDocument, CaseStep
from kontingent.trajectory.feed.models import Change
from kontingent.trajectory.transfers.models import ConfirmedDeparture, Transfer, TransferStep
from tests import builders as b

PEOPLE, ADULTS = 26, 12
#: Permissions that open some rows within a scope and are held by half of the actors.
SOMETIMES = (
    "report.view", "health.view", "person.documents", "person.addresses", "person.categories", "performance.view", "performance.decide",
    "exam.view", "education_document.view",
    "certificate.view", "transfers.view", "transfers.register", "reconciliation.view", "achievement.view",
    "sources.view",
    "case.view",
)  # fmt: skip
JOURNALS = ("client:one", "client:other")
_LETTERS = "бвгджзклмнпрст"


@dataclass
class Region:
    """Who is where."""

    schools: list[Organisation]
    groups: list[Group]
    children: list[UUID] = field(default_factory=list)
    adults: list[UUID] = field(default_factory=list)
    #: A word that stands in the name of one person and nowhere else.
    canaries: dict[UUID, str] = field(default_factory=dict)


def _word(rng: random.Random) -> str:
    return "".join(rng.choice(_LETTERS) + rng.choice("аеиоу") for _ in range(5)).capitalize()


def build(rng: random.Random) -> Region:
    """Four schools of two municipalities; children move, families spread over schools."""
    far = b.municipality("lysva", "Лысьвенский округ")
    schools = [b.school(f"Школа № {n}", where=far if n > 2 else None) for n in range(1, 5)]
    region = Region(schools, [b.group(school, title) for school in schools for title in ("5А", "5Б")])
    for number in range(PEOPLE + ADULTS):
        is_child = number < PEOPLE
        born = (
            date(2014, 1, 1) + timedelta(days=number)
            if is_child
            else date(1980, 1, 1) + timedelta(days=number)
        )
        word = _word(rng)
        who = b.person(
            f"{word} Иван Ильич",
            born=born,
            sex="1",
            snils=b.snils_of(500_000 + rng.randrange(10**6) * 100 + number),
        )
        region.canaries[who] = word
        (region.children if is_child else region.adults).append(who)
        _belongings(rng, who, number)
    for child in region.children:
        _history(rng, region, child)
        for adult in rng.sample(region.adults, rng.choice([0, 1, 1, 2])):
            Representation.objects.get_or_create(child_id=child, adult_id=adult)
    _strays(rng, region)
    _performance(rng, region)
    _transfers(rng, region)
    _health(rng, region)
    _attestation(rng, region)
    _portfolio(rng, region)
    _cases(rng, region)
    for school in region.schools:
        CompletenessCount.objects.create(
            on=date(2026, 9, 1),
            organisation=school,
            stage=Stage.PERSONAL.value,
            field="snils",
            required=20,
            filled=19,
        )
    return region


def _belongings(rng: random.Random, who: UUID, number: int) -> None:
    IdentityDocument.objects.create(
        person_id=who, kind_code="11", series="5900", number=f"{number:06d}", key=f"11:{number}:{who}"
    )
    Address.objects.create(person_id=who, kind_code="residence", text=f"г. Пермь, дом {number}")
    Contact.objects.create(person_id=who, kind_code="1", value=f"+7902{rng.randrange(10**7):07d}")
    SourceKey.objects.create(person_id=who, source="проверка", external_id=f"{number}-{who}")
    if rng.random() < 0.3:
        CitizenshipPeriod.objects.create(
            person_id=who,
            citizenship_code="2",
            country_code="860",
            starts_on=date(2015, 1, 1),
            recorded_at=clock.now(),
        )
    if rng.random() < 0.3:
        PersonCategory.objects.create(
            person_id=who,
            category_code="1",
            basis="проверка",
            starts_on=date(2015, 1, 1),
            recorded_at=clock.now(),
        )
    if rng.random() < 0.3:
        PersonName.objects.create(
            person_id=who, family_name="Прежняя", given_name="Анна", family_key="прежняя", name_key=f"прежняя анна {number}",
            valid_to=date(2020, 1, 1), basis="проверка", recorded_at=clock.now(),
        )  # fmt: skip


def _history(rng: random.Random, region: Region, child: UUID) -> None:
    fate = rng.random()
    if fate < 0.15:
        return  # in the register, nowhere enrolled
    first = rng.choice(region.groups)
    stream = b.admitted(child, first)
    if fate < 0.45:
        b.left(child, stream, first.organisation, on=date(2025, 11, 1))
        if fate < 0.35:
            b.admitted(child, rng.choice(region.groups), on=date(2025, 11, 2))
    elif fate < 0.55:
        from kontingent.enrolment import actions

        order = Order.objects.get(
            pk=Enrolment.objects.get(enrolment_id=stream, superseded_at=None).opened_by_id
        )
        actions.cancel_order(actor=b.ROOT, order_id=order.id, reason="проверка")


def _performance(rng: random.Random, region: Region) -> None:
    """What two journals delivered, of learners present and former, and what they were refused."""
    now = clock.now()
    years.make_years(2025)
    journals = [
        Journal.objects.create(code=code[7:], title="Проверка", client_code=code, created_at=now)
        for code in JOURNALS
    ]
    for journal in journals:
        declared: dict[str, Any] = {"journal": journal, "version": 1, "changed_at": now, "title": "Проверка"}
        Category.objects.create(source_id="c", work_code="control", **declared)
        for number, group in enumerate(region.groups):
            of_class = {
                **declared,
                "source_id": f"{number}",
                "school_year": 2025,
                "group": group,
                "organisation": group.organisation,
            }
            LineItem.objects.create(
                **of_class, assigned_on=date(2025, 10, 1), due_on=date(2025, 10, 1), category_key="c", session_key="year-2025", subject_code="1",
            )  # fmt: skip
            ScoreScale.objects.create(**of_class, type="проверка", values=[["5", "отлично"]])
    for number, stream in enumerate(Enrolment.objects.all()):
        journal = rng.choice(journals)
        if stream.superseded_at is None:
            StudyCondition.objects.create(
                enrolment_id=stream.enrolment_id, person_id=stream.person_id, organisation_id=stream.organisation_id,
                starts_on=stream.starts_on, ends_on=stream.ends_on, recorded_at=now,
            )  # fmt: skip
        sat = (
            Placement.objects.filter(enrolment_id=stream.enrolment_id, group__isnull=False)
            .order_by("id")
            .first()
        )
        record: dict[str, Any] = {
            "group_id": sat.group_id if sat else None, "journal_id": journal.id, "external_id": f"{number}", "school_year": 2025, "version": 1, "batch_id": 1,
            "organisation_id": stream.organisation_id, "person_id": stream.person_id, "subject_code": "1", "recorded_at": now,
        }  # fmt: skip
        day = date(2025, 10, 1)
        mark: dict[str, Any] = {"given_on": day, "system_code": 1, "value": "5"}
        Mark.objects.create(**record, **mark, weight=1, work_code="1")
        PeriodMark.objects.create(**record, **mark, kind="period", period_code="1")
        Attendance.objects.create(**record, held_on=day, code="н")
        FormerRecord.objects.create(
            id=number, school_year=2025, records="marks", journal_id=journal.id, external_id=f"{number}", version=1,
            row={}, replaced_at=now, replaced_by=journal.client_code, person_id=stream.person_id,
        )  # fmt: skip
        LateCorrection.objects.create(
            journal=journal, records="marks", school_year=2025, external_id=f"{number}", person_id=stream.person_id,
            organisation_id=stream.organisation_id, day=day, staged={}, batch_id=1, received_at=now,
        )  # fmt: skip
        Discrepancy.objects.create(
            kind="learner_silent", school_year=2025, key=f"{number}", organisation_id=stream.organisation_id,
            person_id=stream.person_id, found_at=now, seen_at=now,
        )  # fmt: skip
    for number, journal in enumerate(journals):
        place = region.schools[number % len(region.schools)]
        source = JournalSource.objects.create(
            journal=journal, adapter="folder", made_at=now, made_by_name="Проверка",
            **({"municipality_id": place.municipality_id} if number % 2 else {"organisation": place}),
        )  # fmt: skip
        run = SourceRun.objects.create(source=source, started_at=now)
        RunFinding.objects.create(run=run, place="ячейка A1", value="проверка", code="x", message="x")
        batch = JournalBatch.objects.create(
            journal=journal, key="проверка", records="marks", school_year=2025, started_at=now, touched_at=now
        )
        for number in range(3):
            RefusedRow.objects.create(
                batch=batch,
                journal=journal,
                records="marks",
                school_year=2025,
                number=number,
                code="x",
                refused_at=now,
            )


def _transfers(rng: random.Random, region: Region) -> None:
    """Who goes where, and who left the region, of some learners."""
    now, today = clock.now(), clock.today()
    for stream in Enrolment.objects.filter(superseded_at__isnull=True, is_main=True).order_by("enrolment_id"):
        if rng.random() < 0.3:
            ConfirmedDeparture.objects.create(
                enrolment_id=stream.enrolment_id, person_id=stream.person_id, organisation_id=stream.organisation_id,
                arrived_on=today, evidence="письмо", confirmed_at=now,
            )  # fmt: skip
        goal = rng.choice([one for one in region.groups if one.organisation_id != stream.organisation_id])
        if rng.random() < 0.5 and not Transfer.objects.filter(person_id=stream.person_id).exists():
            asked = Transfer.objects.create(
                person_id=stream.person_id, learner_name="Ребёнок", former_id=stream.organisation_id,
                receiver_id=goal.organisation_id, group=goal, applicant="Родитель", applied_on=today, arrives_on=today,
                state=rng.choice(["registered", "approved"]), registered_at=now, due_on=today,
                approved_at=rng.choice([None, now]),
            )  # fmt: skip
            TransferStep.objects.create(transfer=asked, at=now, by_name="Проверка", told="принято")


def _health(rng: random.Random, region: Region) -> None:
    """Stage two is open in one of the two municipalities; records of learners present and former lie in both."""
    today = clock.today()
    StageOrder.objects.create(
        stage="2", opens=True, municipality=region.schools[0].municipality, starts_on=today, number="1", dated=today,
        recorded_at=clock.now(), recorded_by="Проверка",
    )  # fmt: skip
    for stream in Enrolment.objects.filter(superseded_at__isnull=True):
        sealed = texts.seal(
            Details(note=region.canaries[stream.person_id]), person_id=stream.person_id, kind="prevention"
        )
        assert sealed is not None
        HealthRecord.objects.create(
            person_id=stream.person_id, organisation_id=stream.organisation_id, kind="prevention", code=rng.choice(["school", "police"]),
            starts_on=stream.starts_on, ends_on=stream.ends_on, key_id=sealed.key_id, sealed=sealed.blob, recorded_at=clock.now(), recorded_by="Проверка",
        )  # fmt: skip


def _attestation(rng: random.Random, region: Region) -> None:
    """Stage three is open in the other municipality; results and documents of learners present and former lie in both."""
    today = clock.today()
    StageOrder.objects.create(
        stage="3", opens=True, municipality=region.schools[-1].municipality, starts_on=today, number="1", dated=today,
        recorded_at=clock.now(), recorded_by="Проверка",
    )  # fmt: skip
    known: dict[str, Any] = {"recorded_at": clock.now(), "recorded_by": "Проверка"}
    for number, stream in enumerate(Enrolment.objects.filter(superseded_at__isnull=True)):
        of: dict[str, Any] = {"person_id": stream.person_id, "organisation_id": stream.organisation_id}
        ExamResult.objects.create(
            **of, **known, year=2025, form="oge", stage_code="main", subject_code=str(number), held_on=date(2025, 6, 1), mark=4,
            status_code="valid",
        )  # fmt: skip
        paper = EducationDocument.objects.create(
            **of, **known, document_id=uuid4(), kind_code="12", number=f"{number:014d}", registration_number=str(number), issued_on=date(2025, 6, 20),
            graduated_in=2025, family_name=region.canaries[stream.person_id], given_name="Иван", birth_date=date(2009, 1, 1), sex="1",
        )  # fmt: skip
        SupplementLine.objects.create(
            **of, document_id=paper.document_id, position=1, subject_title="Проверка", value="5"
        )
        BroughtMark.objects.create(
            **of, grade=9, subject_code=f"s{number}", period_code="20", value="5", source_code="former", document=region.canaries[stream.person_id],
            recorded_at=clock.now(), recorded_by="test", recorded_by_name="Проверка",
        )  # fmt: skip
    for school in region.schools:
        sent = Delivery.objects.create(
            kind="results", organisation=school, sent_by=f"test:{rng.randrange(28)}", sent_by_name="Проверка", filename="x.csv", size=1,
            digest="0" * 64, state="checked", created_at=clock.now(),
        )  # fmt: skip
        DeliveredRow.objects.create(delivery=sent, sheet="1", line=1, raw="", outcome="refused")


def _portfolio(rng: random.Random, region: Region) -> None:
    """What learners present and former have attained, in both municipalities: stage three is open in one."""
    for stream in Enrolment.objects.filter(superseded_at__isnull=True):
        one = Achievement.objects.create(
            person_id=stream.person_id, organisation_id=stream.organisation_id, kind_code="200", title=region.canaries[stream.person_id],
            title_key=stream.enrolment_id.hex, happened_on=date(2025, 10, 1), level_code="100", result_code="winner",
            state=rng.choice(["proposed", "accepted"]), by_family=True, entered_at=clock.now(), entered_by_name="Проверка",
        )  # fmt: skip
        Scan.objects.create(
            achievement=one,
            digest="0" * 64,
            media_type="image/png",
            ending="png",
            size=1,
            uploaded_at=clock.now(),
            uploaded_by_name="П",
        )
        FormerAchievement.objects.create(
            achievement=one, facts={}, replaced_at=clock.now(), replaced_by_name="П"
        )
    for school in region.schools:
        sent = ContestFile.objects.create(
            kind="contest", organisation=school, verified=False, sent_by=f"test:{rng.randrange(28)}", sent_by_name="Проверка",
            filename="x.csv", size=1, digest="0" * 64, state="checked", created_at=clock.now(),
        )  # fmt: skip
        ContestRow.objects.create(delivery=sent, sheet="1", line=1, raw="", outcome="refused")


def allowed_of_attestation(actor: Actor) -> dict[str, set[Any]]:
    """Results and documents a scope shows: where stage three is open, the family's own, or by permission of whom it knows and where it works."""
    here, who = places(actor), known(actor)
    opened = {
        one.id
        for one in Organisation.objects.all()
        if StageOrder.objects.filter(stage="3", municipality_id=one.municipality_id).exists()
    }
    family = actor.scope.persons if actor.scope.is_family else frozenset()

    def of(model: Any, *permissions: str) -> set[Any]:
        may = bool(actor.permissions & set(permissions))
        return {
            row.pk
            for row in model.objects.all()
            if row.organisation_id in opened
            and (row.person_id in family or (may and (row.organisation_id in here or row.person_id in who)))
        }

    sent = {
        one.pk for one in Delivery.objects.all() if one.sent_by == actor.code or one.organisation_id in here
    }
    return {
        "attestation_examresult": of(ExamResult, "exam.view", "exam.import"),
        "attestation_educationdocument": of(
            EducationDocument, "education_document.view", "education_document.issue"
        ),
        "attestation_supplementline": of(
            SupplementLine, "education_document.view", "education_document.issue"
        ),
        "attestation_broughtmark": of(BroughtMark, "education_document.view", "education_document.issue"),
        "attestation_delivery": sent,
        "attestation_deliveredrow": {row.pk for row in DeliveredRow.objects.all() if row.delivery_id in sent},
    }


def _cases(rng: random.Random, region: Region) -> None:
    """Cases of learners present and former, and of whom no school knows: owned by a school, a municipality or nobody."""
    streams = {
        one.person_id: one.organisation_id for one in Enrolment.objects.filter(superseded_at__isnull=True)
    }
    for number, child in enumerate(region.children):
        at, owner = streams.get(child), rng.choice([None, *region.schools])
        by_municipality = owner is not None and rng.random() < 0.5
        case = Case.objects.create(
            rule="left_nowhere", person_id=child, key=str(number), organisation_id=at,
            municipality_id=next((one.municipality_id for one in region.schools if one.id == at), None), severity=1,
            owner_organisation=None if by_municipality else owner,
            owner_municipality_id=owner.municipality_id if owner and by_municipality else None,
            since=date(2025, 10, 1), opened_on=date(2025, 10, 1), due_on=date(2025, 10, 11),
        )  # fmt: skip
        CaseStep.objects.create(
            case=case, kind="note", at=clock.now(), by_name="Проверка", text=region.canaries[child]
        )
        CaseDocument.objects.create(
            case=case, digest=f"{number:064x}", media_type="image/png", ending="png", size=1, uploaded_at=clock.now(),
            uploaded_by_name=region.canaries[child],
        )  # fmt: skip


def allowed_of_cases(actor: Actor) -> dict[str, set[Any]]:
    """With the permission: where the cause lies or who owns it is an organisation or a municipality of the scope."""
    here = places(actor)
    cases = {
        one.pk
        for one in Case.objects.all()
        if "case.view" in actor.permissions
        and (
            {one.organisation_id, one.owner_organisation_id} & here
            or {one.municipality_id, one.owner_municipality_id} & set(actor.scope.municipalities)
        )
    }
    return {
        "cases_case": cases,
        "cases_casestep": {one.pk for one in CaseStep.objects.all() if one.case_id in cases},
        "cases_casedocument": {one.pk for one in CaseDocument.objects.all() if one.case_id in cases},
    }


def named_to(actor: Actor) -> set[UUID]:
    """Whose names an actor may read: of whom the scope knows, and of whom a case has been given to it."""
    cases = allowed_of_cases(actor)["cases_case"]
    return known(actor) | {one.person_id for one in Case.objects.all() if one.pk in cases}


def allowed_in_compartment(actor: Actor, region: Region) -> set[UUID]:
    """Which records of health a scope shows: of whom it knows, made where stage two is open, with the permission or to the family."""
    opened = {one.id for one in region.schools if one.municipality_id == region.schools[0].municipality_id}
    who = known(actor) if "health.view" in actor.permissions else set()
    who |= set(actor.scope.persons) if actor.scope.is_family else set()
    return {
        one.id for one in HealthRecord.objects.all() if one.person_id in who and one.organisation_id in opened
    }


def _strays(rng: random.Random, region: Region) -> None:
    """Rows that hang on no enrolment: entered persons, drafts, pairs, a merge, imports."""
    for who in rng.sample(region.children, 4):
        Introduction.objects.get_or_create(person_id=who, organisation_id=rng.choice(region.schools).id)
    for _ in range(4):
        one, other = sorted(rng.sample([*region.children, *region.adults], 2))
        DuplicatePair.objects.get_or_create(
            one_id=one,
            other_id=other,
            defaults={"level": "possible", "score": 50, "found_by": "entry", "found_at": clock.now()},
        )
    survivor, merged = rng.sample(region.adults, 2)
    Merge.objects.create(
        survivor_id=survivor,
        merged_id=merged,
        fields={},
        basis="проверка",
        made_at=clock.now(),
        made_by_name="Проверка",
    )
    Question.objects.create(
        person_id=region.children[0], entry_id=1, entry_moment=clock.now(), about="проверка", asked_by="account:x",
        asked_by_name="Проверка", asked_at=clock.now(), text="проверка", due_on=date(2026, 1, 1),
    )  # fmt: skip
    for number, child in enumerate(region.children):
        ServiceRequest.objects.create(
            client_code=JOURNALS[number % 2], message_id=f"{number}", digest="0" * 64, child_id=child, right="representative",
            content=["marks"], starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 8), received_at=clock.now(),
            answered_at=clock.now(), took_ms=1,
        )  # fmt: skip
    for number, stream in enumerate(Enrolment.objects.filter(superseded_at=None)):
        Certificate.objects.create(
            organisation_id=stream.organisation_id, person_id=stream.person_id, year=2026, number=number + 1, code=f"{number:012d}",
            order_key=uuid4(), content={
                "name": region.canaries[stream.person_id], "code": f"{number:012d}", "check_at": "http://x/", "check_page": "http://x/",
                **dict.fromkeys(("number", "issued_on", "organisation", "organisation_short", "ogrn", "head", "born", "class", "since"), ""),
                "is_demo": False,
            }, digest="0" * 64,
            masked_name="П***** И. И.", issued_on=date(2026, 3, 1), issued_at=clock.now(), issued_by="x", issued_by_name="Проверка",
            by_family=bool(number % 2),
        )  # fmt: skip
    Account.objects.create(
        snils=b.snils_of(400_000), esia_oid="1", full_name="Проверка", created_at=clock.now()
    )
    Alert.objects.create(
        rule="x",
        actor_code="account:x",
        actor_name="Проверка",
        since=clock.now(),
        number=1,
        raised_at=clock.now(),
    )
    for school in region.schools:
        batch = Batch.objects.create(
            organisation=school, filename=f"{_word(rng)}.xlsx", size=1, digest="0" * 64, created_at=clock.now(),
            created_by_name="Проверка", state="checked",
            options={"effective_on": "2025-09-01", "school_year": 2025, "order_number": "", "order_date": ""},
        )  # fmt: skip
        _form(school)
        for line in range(3):
            Row.objects.create(batch=batch, sheet="1", line=line, raw=[], parsed={}, status="create")
        CauseDecision.objects.create(batch=batch, cause="x", decision="accept")


def _form(school: Organisation) -> None:
    """A form with everything that hangs on it."""
    now = clock.now()
    report = Report.objects.create(
        organisation=school, form="oo-1", year=2025, edition="oo-1.2024", created_at=now, moved_at=now
    )
    Version.objects.create(
        report=report, number=1, known_at=now, made_by_name="Проверка", cells={}, digest="0" * 64
    )
    EnteredCell.objects.create(
        report=report, key="1.1/01/3", value=1, entered_at=now, entered_by_name="Проверка"
    )
    Explanation.objects.create(
        report=report, control="x", text="проверка", entered_at=now, entered_by_name="Проверка"
    )
    Step.objects.create(report=report, state="checked", at=now, by_name="Проверка", by_role="Проверка")


# -- actors --------------------------------------------------------------------------------------


def actors(rng: random.Random, region: Region, how_many: int) -> list[Actor]:
    """Return actors of every kind of scope, with and without the permissions of documents and addresses."""
    kinds = (
        "organisation",
        "organisations",
        "municipality",
        "groups",
        "family",
        "emergency",
        "nothing",
        "journal",
    )
    return [_actor(rng, region, kinds[n % len(kinds)], n) for n in range(how_many)]


def _actor(rng: random.Random, region: Region, kind: str, number: int) -> Actor:
    permissions = {"person.view", "enrolment.view", "enrolment.count", "organisation.view"}
    permissions |= {one for one in SOMETIMES if rng.random() < 0.5}
    somebody = frozenset(rng.sample(region.children, 2))
    scope = {
        "organisation": Scope.of_organisation(rng.choice(region.schools).id),
        "organisations": Scope(organisations=frozenset(one.id for one in rng.sample(region.schools, 2))),
        "municipality": Scope.of_municipality(rng.choice(region.schools).municipality_id),
        "groups": Scope(groups=frozenset({rng.choice(region.groups).id})),
        "family": Scope(persons=somebody),
        "emergency": Scope.of_organisation(rng.choice(region.schools).id).with_persons(somebody),
        "nothing": Scope(),
        "journal": Scope(organisations=frozenset(one.id for one in rng.sample(region.schools, 2))),
    }[kind]
    if kind == "family":
        permissions = {"access.family"}
    if kind == "journal":
        permissions = {"performance.deliver"}
    return Actor(
        rng.choice(JOURNALS) if kind == "journal" else f"test:{number}",
        "Проверка",
        "Проверка",
        frozenset(permissions),
        scope,
        next(iter(scope.organisations), None),
    )


# -- who may know of whom ------------------------------------------------------------------------


def places(actor: Actor) -> set[UUID]:
    """The organisations of a scope."""
    inside = Organisation.objects.filter(municipality_id__in=actor.scope.municipalities).values_list(
        "id", flat=True
    )
    return set(actor.scope.organisations) | set(inside)


def known(actor: Actor) -> set[UUID]:
    """Whom a scope shows, read row by row and apart from the code under test."""
    here, classes = places(actor), actor.scope.groups
    learners = {
        e.person_id for e in Enrolment.objects.all() if e.superseded_at is None and e.organisation_id in here
    }
    learners |= {
        p.person_id for p in Placement.objects.all() if p.superseded_at is None and p.group_id in classes
    }
    learners |= actor.scope.persons
    adults = {r.adult_id for r in Representation.objects.all() if r.child_id in learners}
    entered = {i.person_id for i in Introduction.objects.all() if i.organisation_id in here}
    ordered = {
        line.person_id
        for line in OrderLine.objects.select_related("order")
        if line.order.organisation_id in here
    }
    found = learners | adults | entered | ordered
    return found | {p.id for p in Person.objects.all() if p.merged_into_id in found}


def _declared(model: Any, actor: Actor) -> set[Any]:
    """What journals declared of their gradebooks: all of it for whoever sees marks, its own for a journal."""
    found = model.objects.all()
    if "performance.view" not in actor.permissions:
        own = "performance.deliver" in actor.permissions
        found = found.filter(journal__client_code=actor.code) if own else found.none()
    return set(found.values_list("pk", flat=True))


def allowed(actor: Actor) -> dict[str, set[Any]]:
    """Which rows of each table a scope shows, by primary key."""
    here, who = places(actor), known(actor)
    family = actor.scope.persons if actor.scope.is_family else frozenset()

    def of(model: Any, column: str = "person_id", permission: str = "") -> set[Any]:
        may = not permission or permission in actor.permissions
        return {
            row.pk
            for row in model.objects.all()
            if (may and getattr(row, column) in who) or getattr(row, column) in family
        }

    def there(model: Any) -> set[Any]:
        return {row.pk for row in model.objects.all() if row.organisation_id in here or row.person_id in who}

    attained = {
        one.pk
        for one in Achievement.objects.select_related("organisation")
        if StageOrder.objects.filter(stage="3", municipality_id=one.organisation.municipality_id).exists()
        and (
            one.person_id in family
            or (
                actor.permissions & {"achievement.view", "achievement.edit"}
                and (one.organisation_id in here or one.person_id in who)
            )
        )
    }
    ours = {
        one.pk
        for one in Transfer.objects.all()
        if "transfers.view" in actor.permissions
        and (one.receiver_id in here or (one.former_id in here and one.approved_at is not None))
    }
    may_read = bool(actor.permissions & {"performance.view", "performance.deliver"})
    may_decide = bool(actor.permissions & {"performance.decide", "performance.deliver"})

    def records(model: Any) -> set[Any]:
        return {
            row.pk
            for row in model.objects.all()
            if (
                may_read
                and (
                    row.organisation_id in here or row.person_id in who or row.group_id in actor.scope.groups
                )
            )
            or row.person_id in family
        }

    moved = {m.order_id for m in Movement.objects.all() if m.person_id in who}
    forms = {
        one.pk
        for one in Report.objects.all()
        if "report.view" in actor.permissions and one.organisation_id in here
    }

    def of_forms(model: Any) -> set[Any]:
        return {row.pk for row in model.objects.all() if row.report_id in forms}

    contest_files = {
        one.pk
        for one in ContestFile.objects.all()
        if one.sent_by == actor.code or one.organisation_id in here
    }
    batches = {one.pk for one in Batch.objects.all() if one.organisation_id in here}
    return {
        "persons_person": who,
        "persons_introduction": {i.pk for i in Introduction.objects.all() if i.organisation_id in here},
        "persons_personname": of(PersonName),
        "persons_identitydocument": of(IdentityDocument, permission="person.documents"),
        "persons_address": of(Address, permission="person.addresses"),
        "persons_contact": of(Contact),
        "persons_citizenshipperiod": of(CitizenshipPeriod),
        "persons_personcategory": of(PersonCategory, permission="person.categories"),
        "persons_representation": of(Representation, "child_id"),
        "persons_sourcekey": of(SourceKey),
        "persons_merge": of(Merge, "survivor_id") | of(Merge, "merged_id"),
        "persons_duplicatepair": of(DuplicatePair, "one_id") | of(DuplicatePair, "other_id"),
        "enrolment_order": {o.pk for o in Order.objects.all() if o.organisation_id in here or o.pk in moved},
        "enrolment_orderline": {
            line.pk
            for line in OrderLine.objects.select_related("order")
            if line.order.organisation_id in here
        },
        "enrolment_movement": there(Movement),
        "enrolment_enrolment": there(Enrolment),
        "enrolment_placement": there(Placement),
        "enrolment_studycondition": there(StudyCondition),
        "feed_change": {
            row.pk
            for row in Change.objects.all()
            if actor.permissions & {"feed.follow", "feed.foreign_minors"}
            and (row.organisation_id or who & {row.person_id, row.other_person_id})
            and (row.organisation_id in here or row.organisation_id is None)
        },
        "portfolio_achievement": attained,
        "portfolio_scan": {one.pk for one in Scan.objects.all() if one.achievement_id in attained},
        "portfolio_formerachievement": {
            one.pk for one in FormerAchievement.objects.all() if one.achievement_id in attained
        },
        "portfolio_contestfile": contest_files,
        "portfolio_contestrow": {
            row.pk for row in ContestRow.objects.all() if row.delivery_id in contest_files
        },
        "transfers_transfer": ours | {one.pk for one in Transfer.objects.all() if one.person_id in family},
        "transfers_transferstep": {one.pk for one in TransferStep.objects.all() if one.transfer_id in ours},
        "transfers_confirmeddeparture": {
            one.pk for one in ConfirmedDeparture.objects.all() if one.organisation_id in here
        },
        "performance_mark": records(Mark),
        "performance_attendance": records(Attendance),
        "performance_periodmark": records(PeriodMark),
        "performance_formerrecord": {
            row.pk for row in FormerRecord.objects.all() if may_read and row.person_id in who
        },
        "performance_latecorrection": {
            row.pk
            for row in LateCorrection.objects.all()
            if (may_read or may_decide) and row.organisation_id in here
        },
        "reconciliation_discrepancy": {
            row.pk
            for row in Discrepancy.objects.all()
            if "reconciliation.view" in actor.permissions and row.organisation_id in here
        },
        "rollout_completenesscount": {
            row.pk
            for row in CompletenessCount.objects.all()
            if "enrolment.count" in actor.permissions and row.organisation_id in here
        },
        "oneroster_category": _declared(Category, actor),
        "oneroster_lineitem": {
            one.pk
            for one in LineItem.objects.filter(pk__in=_declared(LineItem, actor), organisation__in=here)
        },
        "oneroster_scorescale": {
            one.pk
            for one in ScoreScale.objects.filter(pk__in=_declared(ScoreScale, actor), organisation__in=here)
        },
        "journals_refusedrow": {
            row.pk
            for row in RefusedRow.objects.select_related("journal")
            if row.journal.client_code == actor.code or row.journal_id in _read_by_sources(actor)
        },
        "journals_runfinding": {
            row.pk
            for row in RunFinding.objects.select_related("run__source")
            if row.run.source.journal_id in _read_by_sources(actor)
        },
        "epgu_servicerequest": {
            one.pk
            for one in ServiceRequest.objects.all()
            if one.client_code == actor.code or one.child_id in family
        },
        "services_certificate": {
            one.pk
            for one in Certificate.objects.all()
            if one.person_id in family
            or ("certificate.view" in actor.permissions and one.organisation_id in here)
        },
        "staging_batch": batches,
        "staging_row": {r.pk for r in Row.objects.all() if r.batch_id in batches},
        "staging_causedecision": {r.pk for r in CauseDecision.objects.all() if r.batch_id in batches},
        "reports_report": forms,
        "reports_version": of_forms(Version),
        "reports_enteredcell": of_forms(EnteredCell),
        "reports_explanation": of_forms(Explanation),
        "reports_step": of_forms(Step),
        "access_appointment": set(),
        "access_account": set(),
        "access_signin": set(),
        "access_emergencyaccess": set(),
        "enrolment_contingentcell": set(),
        "persons_movedrows": set(),
        "privacy_question": set(),
        "access_alert": set(),
        **allowed_of_attestation(actor),
        **allowed_of_cases(actor),
    }


def _read_by_sources(actor: Actor) -> set[int]:
    """The journals of the sources that somebody looks after: of one's schools, of one's municipality."""
    if "sources.view" not in actor.permissions:
        return set()
    here = places(actor)
    return {
        one.journal_id
        for one in JournalSource.objects.all()
        if one.organisation_id in here or one.municipality_id in actor.scope.municipalities
    }


def appointments_exist() -> bool:
    """Say whether there is somebody to hide among the staff."""
    return Appointment.objects.exists()
