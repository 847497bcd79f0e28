"""Writing the gradebook as a journal does: categories, works and scales are declared; a result is a mark and goes through the intake.

A client says by ``dateLastModified`` which state of an object it sends. An older one than stands is refused, and so is another content under the same
moment: so two writers do not undo each other. Without a moment, or with one that has not come yet, what is sent takes the place of what stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.enrolment.models import Placement
from kontingent.exchange.journals.single import SingleRefused, take_one
from kontingent.exchange.oneroster import bodies, books, gradebook, queries
from kontingent.exchange.oneroster.bodies import (
    Body,
    CategoryBody,
    LineItemBody,
    Reference,
    ResultBody,
    ScoreScaleBody,
)
from kontingent.exchange.oneroster.events import GradebookWritten
from kontingent.exchange.oneroster.gradebook import PERIOD, SUBJECT, NoMark, Work
from kontingent.exchange.oneroster.models import Category, Declared, LineItem, ScoreScale
from kontingent.kernel import clock, names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import (
    Conflict,
    InvalidValue,
    KontingentError,
    NotAllowed,
    NotFound,
    RuleViolation,
)
from kontingent.kernel.school_year import SchoolYear
from kontingent.performance import queries as performance
from kontingent.performance.codes import OUTCOME_NAMES, MarkSystem, Outcome, Refusal
from kontingent.performance.models import Journal, LateCorrection, Mark, PeriodMark
from kontingent.performance.permissions import PerformancePermission
from kontingent.performance.records import FINALS, MARKS, Records

D = TypeVar("D", bound=Declared)
B = TypeVar("B", LineItemBody, ResultBody)
TABLES: dict[str, type[Mark] | type[PeriodMark]] = {MARKS.code: Mark, FINALS.code: PeriodMark}


class _Said(NamedTuple):
    """Which state of an object is sent: the version, and whether the client said it."""

    version: int
    by_client: bool


def _said(body: Body) -> _Said:
    now = clock.now()
    moment = bodies.modified_at(body)
    by_client = moment is not None and moment <= now
    return _Said(int((moment if moment and by_client else now).timestamp() * 1000), by_client)


def _own_journal(actor: Actor) -> Journal:
    """Return the journal that the actor writes for; it is written by one at a time."""
    actor.require(PerformancePermission.DELIVER)
    found = performance.own_journal(actor)
    if found is None:
        raise NotAllowed(
            "oneroster.not_a_journal",
            "Ваша система не подключена как электронный журнал: отметки принимаются только от журналов. Обратитесь к оператору региона.",
        )
    return Journal.objects.select_for_update(no_key=True).get(pk=found.pk)


def _record(
    actor: Actor,
    journal: Journal,
    what: str,
    source_id: str,
    outcome: Outcome,
    *,
    organisation_id: UUID | None = None,
    person_id: UUID | None = None,
) -> Outcome:
    if outcome is not Outcome.UNCHANGED:
        audit.record(
            GradebookWritten(
                subjects=(person_id,) if person_id else (), organisation_id=organisation_id, basis=actor.purpose,
                journal=journal.code, what=what, source_id=source_id, outcome=OUTCOME_NAMES[outcome],
            ),
            actor=actor,
        )  # fmt: skip
    return outcome


# -- what is declared ----------------------------------------------------------------------------


def _declare(model: type[D], said: _Said, facts: dict[str, Any], **key: Any) -> Outcome:
    standing = model._default_manager.filter(**key).first()
    if standing is None:
        model._default_manager.create(**key, **facts, version=said.version, changed_at=clock.now())
        return Outcome.CREATED
    same = standing.deleted_at is None and all(
        getattr(standing, name) == value for name, value in facts.items()
    )
    _check_version(standing, said, same=same)
    if same and not said.by_client:
        return Outcome.UNCHANGED
    standing.version = said.version if said.by_client else max(said.version, standing.version + 1)
    if same:
        standing.save(update_fields=["version"])
        return Outcome.UNCHANGED
    for name, value in facts.items():
        setattr(standing, name, value)
    standing.changed_at, standing.deleted_at = clock.now(), None
    standing.save(update_fields=[*facts, "version", "changed_at", "deleted_at"])
    return Outcome.CHANGED


def _check_version(standing: Declared, said: _Said, *, same: bool) -> None:
    if said.by_client and said.version < standing.version:
        raise stale()
    if said.by_client and said.version == standing.version and not same:
        raise _reused()


def stale() -> Conflict:
    """An older state came after a newer one."""
    return Conflict(
        "oneroster.stale",
        "Уже принято более новое состояние этого объекта (dateLastModified), присланное не записано.",
        remedy="Прочитайте объект заново и повторите правку.",
    )


def _reused() -> Conflict:
    return Conflict(
        "oneroster.version_reused",
        "С этим dateLastModified объект уже принят с другим содержанием, присланное не записано.",
        remedy="Прочитайте объект заново; если правка верна, передайте её с новым dateLastModified.",
    )


def _retire(standing: Declared | None, said: _Said) -> Outcome:
    """Mark what is declared as deleted; what is so already stays."""
    if standing is None:
        raise queries.unknown_object()
    if standing.deleted_at is not None:
        return Outcome.UNCHANGED
    if said.by_client and said.version < standing.version:
        raise stale()
    standing.deleted_at = standing.changed_at = clock.now()
    standing.version = max(said.version, standing.version + 1)
    standing.save(update_fields=["deleted_at", "changed_at", "version"])
    return Outcome.WITHDRAWN


def _in_use(what: str, by: str) -> Conflict:
    return Conflict(
        "oneroster.in_use", f"{what}: {by}.", remedy="Сначала измените или удалите то, что на неё ссылается."
    )


@transaction.atomic
def put_category(*, actor: Actor, source_id: str, body: CategoryBody) -> Outcome:
    """Declare a category (объявить категорию работ) or say it anew."""
    journal = _own_journal(actor)
    if body.status == gradebook.DELETED:
        return delete_category(actor=actor, source_id=source_id, said=_said(body))
    final = codelists.find("final_kind", body.title) or ""
    standing = Category.objects.filter(journal=journal, source_id=source_id).first()
    if standing is not None and standing.final_kind != final and _items_of(journal, source_id).exists():
        raise _in_use(
            "Категорией названы работы, поэтому текущую нельзя сделать итоговой и наоборот", source_id
        )
    facts = {
        "title": body.title, "weight": None if final else _number(1 if body.weight is None else body.weight),
        "work_code": codelists.find("work_kind", body.title) or gradebook.OTHER_WORK, "final_kind": final,
    }  # fmt: skip
    outcome = _declare(Category, _said(body), facts, journal=journal, source_id=source_id)
    return _record(actor, journal, "category", source_id, outcome)


@transaction.atomic
def delete_category(*, actor: Actor, source_id: str, said: _Said | None = None) -> Outcome:
    """Delete a category that no work has (удалить категорию)."""
    journal = _own_journal(actor)
    if _items_of(journal, source_id).exists():
        raise _in_use("К категории относятся работы, удалить её нельзя", source_id)
    standing = Category.objects.filter(journal=journal, source_id=source_id).first()
    if standing is None:
        _refuse_gathered(actor, books.CATEGORIES, source_id)
    outcome = _retire(standing, said or _now())
    return _record(actor, journal, "category", source_id, outcome)


@transaction.atomic
def put_line_item(*, actor: Actor, source_id: str, body: LineItemBody) -> Outcome:
    """Declare a work of a class (объявить работу) or say it anew."""
    journal, on = _own_journal(actor), clock.today()
    if body.status == gradebook.DELETED:
        return delete_line_item(actor=actor, source_id=source_id, said=_said(body))
    year = SchoolYear.of(on).begins_in
    in_class = _class(actor, body.class_.sourcedId, on)
    if body.school and body.school.sourcedId != in_class["schoolSourcedId"]:
        raise RuleViolation(
            "oneroster.unknown_school",
            "Класс этой работы – другой школы. Укажите в school школу класса или не указывайте её.",
        )
    category = _category(journal, body.category.sourcedId)
    facts: dict[str, Any] = {
        "organisation_id": UUID(in_class["schoolSourcedId"]), "group_id": UUID(in_class["sourcedId"]), "title": body.title,
        "description": body.description or "", "category_key": category.source_id, "final_kind": category.final_kind,
        "subject_code": _subject(journal, body), "scale_key": _scale(journal, year, body),
        **_days(body), **_period(actor, body, category, on), **_bounds(body),
    }  # fmt: skip
    standing = LineItem.objects.filter(journal=journal, school_year=year, source_id=source_id).first()
    if standing is None and books.is_derived(source_id):
        _refuse_gathered(actor, books.LINE_ITEMS, source_id)
    if standing is not None and _means_other(standing, facts) and _has_results(standing):
        raise Conflict(
            "oneroster.has_results",
            "За эту работу уже стоят отметки: класс, предмет, шкалу и то, что она закрывает, менять нельзя.",
            remedy="Удалите её результаты или заведите новую работу.",
        )
    _check_closes_once(journal, source_id, facts)
    outcome = _declare(LineItem, _said(body), facts, journal=journal, school_year=year, source_id=source_id)
    return _record(actor, journal, "lineItem", source_id, outcome, organisation_id=facts["organisation_id"])


@transaction.atomic
def delete_line_item(*, actor: Actor, source_id: str, said: _Said | None = None) -> Outcome:
    """Delete a work that has no results (удалить работу)."""
    journal = _own_journal(actor)
    standing = _item(journal, source_id)
    if standing is None:
        _refuse_gathered(actor, books.LINE_ITEMS, source_id)
    elif standing.deleted_at is None and _has_results(standing):
        raise _in_use("За работу стоят отметки, удалить её нельзя", source_id)
    outcome = _retire(standing, said or _now())
    place = standing.organisation_id if standing else None
    return _record(actor, journal, "lineItem", source_id, outcome, organisation_id=place)


@transaction.atomic
def put_score_scale(*, actor: Actor, source_id: str, body: ScoreScaleBody) -> Outcome:
    """Declare a scale of a class (объявить шкалу) or say it anew."""
    journal, on = _own_journal(actor), clock.today()
    if body.status == gradebook.DELETED:
        return delete_score_scale(actor=actor, source_id=source_id, said=_said(body))
    in_class = _class(actor, body.class_.sourcedId, on)
    if body.course and body.course.sourcedId != in_class["courseSourcedId"]:
        raise RuleViolation(
            "oneroster.unknown_course", "У класса другой курс. Укажите курс класса или не указывайте его."
        )
    facts: dict[str, Any] = {
        "organisation_id": UUID(in_class["schoolSourcedId"]), "group_id": UUID(in_class["sourcedId"]), "title": body.title,
        "type": body.type, "course_key": in_class["courseSourcedId"],
        "values": [[one.itemValueLHS, one.itemValueRHS] for one in body.scoreScaleValue],
    }  # fmt: skip
    key = {"journal": journal, "school_year": SchoolYear.of(on).begins_in, "source_id": source_id}
    outcome = _declare(ScoreScale, _said(body), facts, **key)
    return _record(actor, journal, "scoreScale", source_id, outcome, organisation_id=facts["organisation_id"])


@transaction.atomic
def delete_score_scale(*, actor: Actor, source_id: str, said: _Said | None = None) -> Outcome:
    """Delete a scale that no work has (удалить шкалу)."""
    journal, year = _own_journal(actor), SchoolYear.of(clock.today()).begins_in
    if LineItem.objects.filter(
        journal=journal, school_year=year, scale_key=source_id, deleted_at__isnull=True
    ).exists():
        raise _in_use("По шкале оцениваются работы, удалить её нельзя", source_id)
    standing = ScoreScale.objects.filter(journal=journal, school_year=year, source_id=source_id).first()
    outcome = _retire(standing, said or _now())
    place = standing.organisation_id if standing else None
    return _record(actor, journal, "scoreScale", source_id, outcome, organisation_id=place)


def _now() -> _Said:
    return _Said(int(clock.now().timestamp() * 1000), by_client=False)


def _number(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(Decimal("0.01"))


def _refuse_gathered(actor: Actor, shelf: books.Shelf, source_id: str) -> None:
    """Refuse to touch what the register gathered from marks; an id that is not there at all is left to the caller."""
    try:
        books.one(books.book_of(actor, on=clock.today()), shelf, source_id)
    except NotFound:
        return
    raise Conflict(
        "oneroster.gathered", "Этот объект реестр сложил из отметок журнала, сам по себе он не хранится.",
        remedy="Измените или удалите отметки (results); для новых отметок объявите объект со своим sourcedId.",
    )  # fmt: skip


def _items_of(journal: Journal, category_key: str) -> Any:
    return LineItem.objects.filter(journal=journal, category_key=category_key, deleted_at__isnull=True)


def _item(journal: Journal, source_id: str) -> LineItem | None:
    year = SchoolYear.of(clock.today()).begins_in
    return LineItem.objects.filter(journal=journal, school_year=year, source_id=source_id).first()


def _class(actor: Actor, source_id: str, on: date) -> dict[str, Any]:
    try:
        return queries.one(actor, queries.CLASSES, source_id, on=on)
    except NotFound:
        raise RuleViolation(
            "oneroster.unknown_class",
            f"Класса «{source_id[:64]}» в этом учебном году нет, или он другой организации.",
            remedy="Возьмите sourcedId класса из rostering/v1p2/classes.",
        ) from None


def _category(journal: Journal, source_id: str) -> Category:
    """Return the category of a work; one that the register tells by itself is kept from now on."""
    found = Category.objects.filter(journal=journal, source_id=source_id, deleted_at__isnull=True).first()
    if found is not None:
        return found
    told = gradebook.read_category_id(source_id)
    if told is None or (told.weight and Decimal(told.weight) > 10):
        raise RuleViolation(
            "oneroster.unknown_category",
            f"Категории «{source_id[:64]}» у журнала нет.",
            remedy="Сначала передайте её (PUT categories), затем работу.",
        )
    facts = {
        "title": told.title, "weight": Decimal(told.weight) if told.weight else None,
        "work_code": told.work or gradebook.OTHER_WORK, "final_kind": told.final,
    }  # fmt: skip
    _declare(Category, _now(), facts, journal=journal, source_id=source_id)
    return Category.objects.get(journal=journal, source_id=source_id)


def _subject(journal: Journal, body: LineItemBody) -> str:
    text = (body.metadata or {}).get(SUBJECT.partition(".")[2], "")
    text = text if isinstance(text, str) else ""
    found = performance.subject_names(journal.pk).get(names.fold(text)) or codelists.find("subject", text)
    if not text or found is None:
        raise RuleViolation(
            "oneroster.unknown_subject",
            f"Предмета «{text[:80]}» реестр не знает." if text else "Не сказано, по какому предмету работа.",
            remedy="Укажите в metadata.subject код справочника subject, его название или имя, сопоставленное в реестре.",
        )
    return found


def _scale(journal: Journal, year: int, body: LineItemBody) -> str:
    if body.scoreScale is None:
        return ""
    key = body.scoreScale.sourcedId
    if not ScoreScale.objects.filter(
        journal=journal, school_year=year, source_id=key, deleted_at__isnull=True
    ).exists():
        raise RuleViolation(
            "oneroster.unknown_scale",
            f"Шкалы «{key[:64]}» у журнала нет.",
            remedy="Сначала передайте её (PUT scoreScales), затем работу.",
        )
    return key


def _days(body: LineItemBody) -> dict[str, date]:
    due = bodies.day_of(body.dueDate, "dueDate")
    assigned = bodies.day_of(body.assignDate, "assignDate") if body.assignDate else due
    if due < assigned:
        raise InvalidValue(
            "oneroster.invalid_data",
            "Срок работы (dueDate) раньше дня, когда она дана (assignDate). Исправьте дни.",
        )
    return {"assigned_on": assigned, "due_on": due}


def _period(actor: Actor, body: LineItemBody, category: Category, on: date) -> dict[str, str]:
    """Return the session of a work and, where it closes something, what it closes."""
    said = body.academicSession or body.gradingPeriod
    key = said.sourcedId if said else queries.year_key(SchoolYear.of(on).begins_in)
    try:
        session = queries.one(actor, queries.ACADEMIC_SESSIONS, key, on=on)
    except NotFound:
        raise RuleViolation(
            "oneroster.unknown_session",
            f"Периода «{key[:64]}» в этом учебном году нет.",
            remedy="Возьмите sourcedId из rostering/v1p2/academicSessions.",
        ) from None
    code = ""
    if category.final_kind:
        own = (body.metadata or {}).get(PERIOD.partition(".")[2], "")
        item = {"sourcedId": body.sourcedId, PERIOD: own if isinstance(own, str) else ""}
        try:
            code = gradebook.period_of(Work(item, {}, session, {}, {}))
        except NoMark as none:
            raise RuleViolation("oneroster.unknown_period", none.message) from none
    return {"session_key": key, "period_code": code}


def _bounds(body: LineItemBody) -> dict[str, Decimal | None]:
    lowest, highest = _number(body.resultValueMin), _number(body.resultValueMax)
    if highest is not None and not (0 < highest <= 5 or highest == 100):
        raise RuleViolation(
            "oneroster.bounds",
            f"resultValueMax {highest} не подходит: реестр хранит отметки пятибалльной (до 5) и стобалльной (100) систем.",
            remedy="Переведите отметку в одну из них или передайте её словом (textScore).",
        )
    if lowest is not None and not 0 <= lowest < (highest if highest is not None else 5):
        raise RuleViolation(
            "oneroster.bounds",
            f"resultValueMin {lowest} не меньше наибольшего или меньше нуля. Исправьте пределы.",
        )
    return {"lowest": lowest, "highest": highest}


def _means_other(standing: LineItem, facts: dict[str, Any]) -> bool:
    names_ = ("group_id", "subject_code", "final_kind", "period_code")
    other = any(getattr(standing, name) != facts[name] for name in names_)
    return other or _system(standing.highest) is not _system(facts["highest"])


def _system(highest: Decimal | None) -> MarkSystem:
    return MarkSystem.HUNDRED if highest is not None and highest > 5 else MarkSystem.FIVE


def _has_results(item: LineItem) -> bool:
    """Say whether marks stand for a work; they are looked for among those who were in the class."""
    in_class = Placement.objects.filter(group=item.group_id).values("person_id")
    common = Q(
        journal_id=item.journal_id,
        school_year=item.school_year,
        person_id__in=in_class,
        withdrawn_at__isnull=True,
    )
    if item.final_kind:
        return PeriodMark.objects.filter(
            common, group_id=item.group_id, subject_code=item.subject_code, kind=item.final_kind, period_code=item.period_code
        ).exists()  # fmt: skip
    return Mark.objects.filter(common, lesson_key=item.source_id).exists()


def _check_closes_once(journal: Journal, source_id: str, facts: dict[str, Any]) -> None:
    if not facts["final_kind"]:
        return
    closing = {name: facts[name] for name in ("group_id", "subject_code", "final_kind", "period_code")}
    other = (
        LineItem.objects.filter(journal=journal, deleted_at__isnull=True, **closing)
        .exclude(source_id=source_id)
        .first()
    )
    if other is not None:
        raise Conflict(
            "oneroster.closes_twice", f"То же самое уже закрывает работа «{other.source_id}»: класс, предмет, вид и период те же.",
            remedy="Передавайте отметки за неё или удалите её.",
        )  # fmt: skip


@transaction.atomic
def post_line_items(
    *, actor: Actor, sent: Sequence[LineItemBody], school: str = "", in_class: str = ""
) -> list[Outcome]:
    """Declare works of one class or school (объявить работы списком): all of them or none."""
    for place, body in enumerate(sent):
        with _placed(place, "lineItems"):
            if in_class and body.class_.sourcedId != in_class:
                raise RuleViolation(
                    "oneroster.unknown_class", "Работа другого класса, чем в адресе. Исправьте class."
                )
            if school and body.school and body.school.sourcedId != school:
                raise RuleViolation(
                    "oneroster.unknown_school", "Работа другой школы, чем в адресе. Исправьте school."
                )
            body.school = Reference(school) if school else body.school
    return _each(
        "lineItems", sent, lambda body: put_line_item(actor=actor, source_id=body.sourcedId, body=body)
    )


@transaction.atomic
def post_results(
    *,
    actor: Actor,
    sent: Sequence[ResultBody],
    line_item: str = "",
    in_class: str = "",
    session: str = "",
) -> list[Outcome]:
    """Give marks for one work, or for works of a class and a period (поставить отметки списком): all of them or none."""
    journal = _own_journal(actor)
    for place, body in enumerate(sent):
        with _placed(place, "results"):
            if line_item and body.lineItem.sourcedId != line_item:
                raise RuleViolation(
                    "oneroster.unknown_line_item",
                    "Результат другой работы, чем в адресе. Исправьте lineItem.",
                )
            if session:
                _check_place(_open_item(journal, body), in_class, session)
    return _each("results", sent, lambda body: put_result(actor=actor, source_id=body.sourcedId, body=body))


def _check_place(item: LineItem, in_class: str, session: str) -> None:
    if str(item.group_id) != in_class:
        raise RuleViolation(
            "oneroster.unknown_class", "Работа другого класса, чем в адресе. Исправьте lineItem или адрес."
        )
    if item.session_key != session:
        raise RuleViolation(
            "oneroster.unknown_session", "Работа другого периода, чем в адресе.",
            remedy=f"Период этой работы (academicSession) – «{item.session_key}»: исправьте адрес или lineItem.",
        )  # fmt: skip


def _each(what: str, sent: Sequence[B], act: Callable[[B], Outcome]) -> list[Outcome]:
    outcomes = []
    for place, body in enumerate(sent):
        with _placed(place, what):
            outcomes.append(act(body))
    return outcomes


@contextmanager
def _placed(place: int, what: str) -> Iterator[None]:
    """Say of a refusal which object of the list it is about."""
    try:
        yield
    except KontingentError as refusal:
        refusal.message = f"{what}[{place}]: {refusal.message}"
        raise


# -- results -------------------------------------------------------------------------------------


class _Standing(NamedTuple):
    """What stands under the id of a result: the kind of record, and the record."""

    records: Records
    record: Mark | PeriodMark


def _standing(journal: Journal, year: int, source_id: str) -> _Standing | None:
    key = source_id.removeprefix(books.FINAL)
    kinds = (FINALS,) if key != source_id else (MARKS, FINALS)
    for records in kinds:
        found = (
            TABLES[records.code]
            .objects.filter(journal_id=journal.pk, school_year=year, external_id=key)
            .first()
        )
        if found is not None:
            return _Standing(records, found)
    return None


@transaction.atomic
def put_result(*, actor: Actor, source_id: str, body: ResultBody) -> Outcome:
    """Give a mark for a declared work (поставить отметку), or change or take back one.

    ``LATE`` says that the period is closed and that a human decides.

    Raises:
        RuleViolation: unknown work, class or learner, no mark of the work's system; nothing was written.
        Conflict: a newer state stands, or the id belongs to a mark of another kind.
    """
    journal, year = _own_journal(actor), SchoolYear.of(clock.today()).begins_in
    if body.status == gradebook.DELETED:
        return delete_result(actor=actor, source_id=source_id, said=_said(body))
    item = _open_item(journal, body)
    records, standing = (FINALS if item.final_kind else MARKS), _standing(journal, year, source_id)
    if standing is None and source_id.startswith(books.FINAL):
        raise InvalidValue(
            "oneroster.invalid_data", f"sourcedId не начинается с «{books.FINAL}». Дайте результату другой."
        )
    if standing is not None and standing.records is not records:
        raise Conflict(
            "oneroster.other_kind", "Под этим sourcedId стоит отметка другого вида: текущая не становится итоговой и наоборот.",
            remedy="Удалите её и передайте новую под другим sourcedId.",
        )  # fmt: skip
    facts = _facts(item, body, source_id)
    said = _said(body)
    outcome = _taken(actor, journal, records, year, facts, said, standing)
    person_id = _whose(journal, records, year, facts["id"], outcome)
    if outcome is not Outcome.UNCHANGED:
        _check_in_class(item, person_id, date.fromisoformat(facts["date"]))
    return _record(
        actor,
        journal,
        "result",
        source_id,
        outcome,
        organisation_id=item.organisation_id,
        person_id=person_id,
    )


@transaction.atomic
def delete_result(*, actor: Actor, source_id: str, said: _Said | None = None) -> Outcome:
    """Take a mark back (отозвать отметку)."""
    journal, year = _own_journal(actor), SchoolYear.of(clock.today()).begins_in
    standing = _standing(journal, year, source_id)
    if standing is None:
        raise queries.unknown_object()
    record = standing.record
    if record.withdrawn_at is not None:
        return Outcome.UNCHANGED
    facts: dict[str, Any] = {
        "id": record.external_id, "learner": str(record.person_id), "date": record.given_on.isoformat(),
        "subject": record.subject_code, "system": str(record.system_code), "comment": record.comment, "deleted": True,
    }  # fmt: skip
    if isinstance(record, Mark):
        facts |= {
            "lesson": record.lesson_key, "number": record.lesson_number, "weight": float(record.weight), "work": record.work_code
        }  # fmt: skip
    else:
        facts |= {"kind": record.kind, "period": record.period_code}
    said = said or _now()
    if not said.by_client:
        said = _Said(max(said.version, record.version + 1), by_client=True)
    outcome = _taken(actor, journal, standing.records, year, facts, said, standing)
    return _record(
        actor,
        journal,
        "result",
        source_id,
        outcome,
        organisation_id=record.organisation_id,
        person_id=record.person_id,
    )


def _open_item(journal: Journal, body: ResultBody) -> LineItem:
    key = body.lineItem.sourcedId
    item = _item(journal, key)
    if item is None or item.deleted_at is not None:
        raise RuleViolation(
            "oneroster.unknown_line_item",
            f"Работы «{key[:64]}» у журнала нет или она удалена."
            + (
                " Работу, которую реестр сложил из отметок, дополнить нельзя."
                if books.is_derived(key)
                else ""
            ),
            remedy="Сначала передайте работу (PUT lineItems), затем результат.",
        )
    if body.class_ is not None and body.class_.sourcedId != str(item.group_id):
        raise RuleViolation(
            "oneroster.unknown_class",
            "Работа задана другому классу. Укажите в class класс работы или не указывайте его.",
        )
    return item


def _facts(item: LineItem, body: ResultBody, source_id: str) -> dict[str, Any]:
    """Return the fields of the mark that a result is."""
    bodies.check_score_status(body.scoreStatus)
    if body.score is not None and not body.textScore:
        highest = item.highest if item.highest is not None else Decimal(5)
        if not (item.lowest or 0) <= body.score <= highest:
            raise RuleViolation(
                "oneroster.score",
                f"Результат {body.score:g} вне пределов работы: от {item.lowest or 0} до {highest}. Исправьте score.",
            )
    category = Category.objects.get(journal=item.journal_id, source_id=item.category_key)
    row = {
        "sourcedId": source_id.removeprefix(books.FINAL), "studentSourcedId": body.student.sourcedId, "lineItemSourcedId": item.source_id,
        "scoreDate": bodies.day_of(body.scoreDate, "scoreDate").isoformat(), "scoreStatus": body.scoreStatus,
        "score": "" if body.score is None else f"{body.score:g}", "textScore": body.textScore or "", "comment": body.comment or "",
    }  # fmt: skip
    work = Work(
        {"sourcedId": item.source_id, SUBJECT: item.subject_code, PERIOD: item.period_code,
         "resultValueMax": "" if item.highest is None else str(item.highest)},
        {"title": category.title, "weight": "" if category.weight is None else str(category.weight)}, {}, {}, {},
    )  # fmt: skip
    return gradebook.result(row, work, version=0)


def _taken(
    actor: Actor,
    journal: Journal,
    records: Records,
    year: int,
    facts: dict[str, Any],
    said: _Said,
    standing: _Standing | None,
) -> Outcome:
    versions = [said.version]
    if not said.by_client and standing is not None:
        # The same again changes nothing; anything else takes the place of what stands.
        versions = [standing.record.version, max(said.version, standing.record.version + 1)]
    for version in versions:
        try:
            outcome = take_one(
                actor=actor,
                journal=journal,
                records=records,
                school_year=year,
                facts={**facts, "version": version},
            )
        except SingleRefused as refused:
            if refused.refusal is not Refusal.VERSION_REUSED:
                raise
            continue
        if outcome is Outcome.STALE:
            raise stale()
        return outcome
    raise _reused()


def _whose(journal: Journal, records: Records, year: int, external_id: str, outcome: Outcome) -> UUID:
    """Return whose mark was written, or waits for a human."""
    table: Any = LateCorrection if outcome is Outcome.LATE else TABLES[records.code]
    found = table.objects.filter(school_year=year, external_id=external_id)
    if outcome is Outcome.LATE:
        found = found.filter(journal=journal, records=records.code, state="waiting")
    else:
        found = found.filter(journal_id=journal.pk)
    person_id: UUID = found.values_list("person_id", flat=True).get()
    return person_id


def _check_in_class(item: LineItem, person_id: UUID, day: date) -> None:
    seated = Placement.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gt=day), person_id=person_id, group=item.group_id, starts_on__lte=day,
        superseded_at__isnull=True,
    )  # fmt: skip
    if item.final_kind:
        seated = seated.filter(is_main=True)
    if not seated.exists():
        raise RuleViolation(
            "oneroster.not_in_class", "В день отметки (scoreDate) ученик не числится в классе этой работы.",
            remedy="Проверьте ученика, день и класс работы; если ученик в классе, оформите приказ, затем повторите.",
        )  # fmt: skip
