"""Applying a checked batch in one transaction, and taking it back."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from kontingent.audit import actions as audit
from kontingent.enrolment import actions as enrolment
from kontingent.enrolment import queries as enrolment_queries
from kontingent.enrolment.codes import MovementKind, OrderKind
from kontingent.enrolment.rules import conditions
from kontingent.exchange.spreadsheets.fields import CONDITIONS, STAGED
from kontingent.exchange.spreadsheets.rows import LearnerRow
from kontingent.exchange.staging import purposes, wire
from kontingent.exchange.staging.comparing import COMPARED, fingerprint
from kontingent.exchange.staging.events import BatchApplied, BatchUndone
from kontingent.exchange.staging.families import Families
from kontingent.exchange.staging.models import Batch, Progress, Row
from kontingent.exchange.staging.papers import path_of
from kontingent.exchange.staging.permissions import StagingPermission
from kontingent.exchange.staging.reading import Report
from kontingent.health import actions as health
from kontingent.health.rules import Record, RowsRefused
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound, RuleViolation
from kontingent.kernel.school_year import SchoolYear
from kontingent.persons import actions as persons
from kontingent.persons import duplicates, likeness
from kontingent.persons import queries as person_queries
from kontingent.persons.actions import PersonDraft
from kontingent.persons.matching import Level
from kontingent.persons.rules import Document
from kontingent.programmes import actions as programmes
from kontingent.programmes import rules as programme_rules

CHUNK = 4000
LONGEST_ORDER_LIST = 3


@dataclass(slots=True)
class _Work:
    """What is gathered while the rows go by."""

    batch: Batch
    actor: Actor
    effective_on: date
    result: Counter[str] = field(default_factory=Counter)
    groups: dict[str, UUID] = field(default_factory=dict)
    admissions: dict[tuple[str, date], list[enrolment.LineDraft]] = field(
        default_factory=lambda: defaultdict(list)
    )
    leavers: list[tuple[UUID, LearnerRow]] = field(default_factory=list)
    conditions: dict[UUID, dict[str, str]] = field(default_factory=dict)
    health: list[tuple[UUID, Record]] = field(default_factory=list)
    made: set[UUID] = field(default_factory=set)


def report_beside(batch_id: UUID) -> Report:
    """Return what tells the progress page how far the applying is, on a connection of its own.

    The applying itself is one transaction, whose writes nobody sees before its end.
    """
    beside = connection.copy()

    def report(stage: str, done: int, total: int) -> None:
        with beside.cursor() as cursor:
            cursor.execute(
                "UPDATE staging_progress SET stage = %s, done = %s, total = %s WHERE batch_id = %s",
                [stage, done, total, batch_id],
            )
        if done == total:
            beside.close()

    return report


def silent(_stage: str, _done: int, _total: int) -> None:
    """Report to nobody."""


def claim(*, actor: Actor, batch_id: UUID) -> Batch:
    """Mark a checked batch as being applied; of two who try, the second is told."""
    with transaction.atomic():
        batch = _locked(batch_id)
        _allowed(actor, batch, StagingPermission.APPLY)
        if batch.state != "checked":
            raise Conflict("staging.not_checked", _why_not(batch))
        batch.state, batch.actor = "applying", wire.actor_to_json(actor)
        batch.save(update_fields=["state", "actor"])
        Progress.objects.update_or_create(
            batch=batch, defaults={"stage": "Применение", "done": 0, "total": 0}
        )
    return batch


def _why_not(batch: Batch) -> str:
    return {
        "uploaded": "Файл ещё не проверен. Дождитесь конца проверки.",
        "reading": "Файл ещё проверяется. Дождитесь конца проверки.",
        "applying": "Загрузка уже применяется. Дождитесь её окончания.",
        "applied": "Загрузка уже применена. Если она ошибочна, отмените её.",
        "undone": "Загрузка отменена. Загрузите файл заново.",
        "refused": "Файл не принят. Исправьте его и загрузите заново.",
    }.get(batch.state, "Загрузку сейчас применить нельзя.")


def apply(*, actor: Actor, batch_id: UUID, report: Report = silent) -> Batch:
    """Apply a checked batch (применить): all rows that are not refused or undecided, in one transaction.

    Persons are created and updated, families linked, missing classes opened, and those not yet enrolled are admitted by
    signed orders: those named in the file, else the one named in the options, else one made for the batch.
    """
    claim(actor=actor, batch_id=batch_id)
    try:
        return finish(actor=actor, batch_id=batch_id, report=report)
    except BaseException:
        release(batch_id)
        raise


def release(batch_id: UUID) -> None:
    """Give a batch back whose applying did not come to its end: nothing of it is written."""
    Batch.objects.filter(pk=batch_id, state="applying").update(state="checked")


@transaction.atomic
def finish(*, actor: Actor, batch_id: UUID, report: Report = silent) -> Batch:
    """Do the work of a claimed batch."""
    batch = _locked(batch_id)
    if batch.state != "applying":
        raise Conflict("staging.not_checked", _why_not(batch))
    work = _Work(batch, actor, date.fromisoformat(batch.options["effective_on"]))
    total = Row.objects.filter(batch=batch).count()
    if purposes.of(batch).of_known:
        _gather_health(work)
    else:
        _take_in(work, report, total)
    _record_health(work)
    _draft_leavings(work)
    report("Готово", total + 1, total + 1)
    batch.state, batch.finished_at = "applied", clock.now()
    batch.result = dict(work.result)
    batch.save(update_fields=["state", "finished_at", "result"])
    if any(code in STAGED for table in batch.tables for *_, code, _ in table["columns"]):
        # The file says of health in the clear what the register keeps encrypted.
        transaction.on_commit(lambda: path_of(batch).unlink(missing_ok=True))
    audit.record(
        BatchApplied(object_id=batch.id, organisation_id=batch.organisation_id, result=batch.result),
        actor=actor,
    )
    return batch


def _take_in(work: _Work, report: Report, total: int) -> None:
    """People, families, classes, orders, how they study."""
    _open_groups(work)
    families = Families()
    done = 0
    for chunk in _chunks(Row.objects.filter(batch=work.batch, status__in=["create", "update", "unchanged"])):
        _apply_chunk(work, families, chunk)
        done += len(chunk)
        report("Люди и семьи", done, total + 1)
    report("Приказы", done, total + 1)
    _sign_admissions(work)
    _record_conditions(work)


def _gather_health(work: _Work) -> None:
    """What a list of health says of the learners it has found; of nobody else and nothing else."""
    for chunk in _chunks(Row.objects.filter(batch=work.batch, status__in=["update", "unchanged"])):
        for row in chunk:
            if row.person_id is not None:
                work.health += [(row.person_id, one) for one in wire.from_json(row.parsed).health]
        work.result.update(row.status for row in chunk)


def _locked(batch_id: UUID) -> Batch:
    try:
        return Batch.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=batch_id)
    except Batch.DoesNotExist:
        raise NotFound("staging.no_such_batch", "Такой загрузки нет.") from None


def _allowed(actor: Actor, batch: Batch, permission: StagingPermission) -> None:
    if not purposes.of(batch).may(actor):
        raise NotFound("staging.no_such_batch", "Такой загрузки нет.")
    actor.require(
        permission, organisation_id=batch.organisation_id, municipality_id=batch.organisation.municipality_id
    )


def _chunks(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    """Walk rows by id, a chunk at a time, so that memory stays flat."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        last = chunk[-1].pk
        yield chunk


# -- classes -----------------------------------------------------------------------------------


def _open_groups(work: _Work) -> None:
    """Open the classes that the list names and the register lacks, with the usual programmes."""
    batch, year = work.batch, SchoolYear.of(work.effective_on)
    there = {
        row.title: row.id
        for row in enrolment_queries.groups(
            work.actor, batch.organisation_id, year.begins_in, work.effective_on
        )
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT (parsed->>'grade')::int, coalesce(parsed->>'letter', '') FROM staging_row WHERE batch_id = %s "
            "AND enrols AND status IN ('create', 'update', 'unchanged') AND parsed ? 'grade' ORDER BY 1, 2",
            [batch.id],
        )
        wanted = [(int(grade), letter) for grade, letter in cursor.fetchall()]
    drafts = []
    for grade, letter in wanted:
        if f"{grade}{letter}" in there:
            continue
        programme = programmes.ensure_programme(
            actor=work.actor,
            organisation_id=batch.organisation_id,
            kind_code=programme_rules.kind_for_grade(grade),
            valid_from=year.starts_on,
        )
        drafts.append(
            enrolment.GroupDraft(
                school_year=year.begins_in, programme_id=programme.id, grade=grade, letter=letter
            )
        )
    if drafts:
        made = enrolment.open_groups(actor=work.actor, organisation_id=batch.organisation_id, drafts=drafts)
        there |= {group.title: group.id for group in made}
        work.result["groups"] = len(made)
    work.groups = there


# -- people ------------------------------------------------------------------------------------


def _apply_chunk(work: _Work, families: Families, chunk: Sequence[Row]) -> None:
    rows = [(row, wire.from_json(row.parsed)) for row in chunk]
    fresh = [(row, learner) for row, learner in rows if row.status == "create"]
    _still_unknown(work, fresh)
    ids = persons.create_many(
        actor=work.actor, drafts=[_draft(learner) for _, learner in fresh], moment_note=f"Загрузка {work.batch.filename}"
    ) if fresh else []  # fmt: skip
    for (row, _), person_id in zip(fresh, ids, strict=True):
        row.person_id, row.made = person_id, {"created": True}
        work.made.add(person_id)
    # Whom somebody in the register resembled and a human called another person: seen once more by who may decide.
    duplicates.recheck(
        [row.person_id for row, _ in fresh if row.candidates and row.person_id], found_by="entry"
    )
    # Who studies here is known here.
    strangers = [row.person_id for row, _ in rows if row.status != "create" and row.enrols and row.person_id]
    if strangers:
        persons.introduce(actor=work.actor, basis=f"Загрузка {work.batch.filename}", person_ids=strangers)
    for row, learner in rows:
        if row.status == "update":
            _update(work, row, learner)
    work.result.update(row.status for row in chunk)
    families.link(
        work.actor, [(row, learner) for row, learner in rows if row.status != "unchanged"], work.result
    )
    for row, learner in rows:
        _enrol(work, row, learner)
    _remember(work, rows)


def _still_unknown(work: _Work, fresh: Sequence[tuple[Row, LearnerRow]]) -> None:
    """Match once more: somebody may have entered one of these people since the file was checked."""
    found = likeness.match_many((index, fingerprint(learner)) for index, (_, learner) in enumerate(fresh))
    for index, candidates in found.items():
        row, learner = fresh[index]
        candidates = [one for one in candidates if one.person_id not in work.made]
        if row.made.get("choice") == "new":
            continue
        if any(c.verdict.level is Level.CERTAIN for c in candidates) or (candidates and not row.candidates):
            raise Conflict(
                "staging.register_changed",
                f"За время проверки в реестре появился похожий человек: {learner.full_name} (строка {row.line}). "
                "Проверьте файл заново.",
            )


def _draft(row: LearnerRow) -> PersonDraft:
    return PersonDraft(
        family_name=row.family_name,
        given_name=row.given_name,
        patronymic=row.patronymic,
        sex=row.sex,
        birth_date=row.birth_date,
        birth_place=row.birth_place,
        snils=row.snils,
        citizenship_code=row.citizenship_code,
        country_code=row.country_code,
        documents=tuple(Document(d.kind_code, d.series, d.number, issuer=d.issuer) for d in row.documents),
        issued_on=tuple(d.issued_on for d in row.documents),
        addresses=row.addresses,
        contacts=(("1", row.phone),) if row.phone else (),
    )


def _update(work: _Work, row: Row, learner: LearnerRow) -> None:
    """Bring a known person to what the file says; remember what stood before."""
    assert row.person_id is not None  # noqa: S101 - a row to update is matched
    person_id = row.person_id
    facts = person_queries.snapshot([person_id])[person_id]
    changes = {name: getattr(learner, name) for name in COMPARED if name in row.diff}
    before = {name: getattr(facts.person, name) for name in changes}
    basis = f"Загрузка «{work.batch.filename}»"
    if changes:
        enrolment.correct_learner(actor=work.actor, person_id=person_id, changes=changes, basis=basis)
    undo: dict[str, Any] = {
        "conditions": {name: pair for name, pair in row.diff.items() if name in CONDITIONS},
        "fields": {n: [_text(before[n]), _text(changes[n])] for n in changes},
        "documents": [],
        "addresses": [],
    }
    known = {document.key for document in facts.documents}
    for d in learner.documents:
        document = Document(d.kind_code, d.series, d.number, issuer=d.issuer)
        if document.key not in known:
            persons.add_documents([(person_id, document, d.issued_on)])
            undo["documents"].append(document.key)
    for kind, text in learner.addresses.items():
        if f"address_{kind}" in row.diff:
            persons.set_address(actor=work.actor, person_id=person_id, kind_code=kind, text=text)
            undo["addresses"].append(kind)
    row.made = {**row.made, "updated": undo}


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _remember(work: _Work, rows: Sequence[tuple[Row, LearnerRow]]) -> None:
    keys = {
        learner.external_id: row.person_id for row, learner in rows if learner.external_id and row.person_id
    }
    if keys:
        persons.remember_source_keys(f"organisation:{work.batch.organisation_id}", keys)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE staging_row SET person_id = %s, made = %s::jsonb WHERE id = %s",
            [(row.person_id, _json(row.made), row.pk) for row, _ in rows if row.made],
        )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# -- orders ------------------------------------------------------------------------------------


def _enrol(work: _Work, row: Row, learner: LearnerRow) -> None:
    if learner.left_on is not None and row.person_id is not None:
        work.leavers.append((row.person_id, learner))
    if learner.conditions and row.person_id is not None and row.status != "unchanged":
        work.conditions[row.person_id] = learner.conditions
    if row.person_id is not None:
        work.health += [(row.person_id, one) for one in learner.health]
    if not row.enrols or row.person_id is None:
        return
    group_id = work.groups.get(f"{learner.grade}{learner.letter}") if learner.grade else None
    if group_id is None:
        raise InvalidValue(
            "staging.class_missing",
            f"Строка {row.line} ({learner.full_name}): не указан класс. Добавьте в файл столбец «Класс» и загрузите снова.",
        )
    effective = learner.admission_date or work.effective_on
    year = SchoolYear.of(work.effective_on)
    if not year.period.holds(effective):
        effective = max(effective, year.starts_on) if effective < year.starts_on else work.effective_on
    dated = learner.order_date or _option_day(work) or effective
    number = (
        learner.order_number
        or work.batch.options.get("order_number")
        or f"ЗГ-{str(work.batch.id)[-6:].upper()}"
    )
    work.admissions[number, min(dated, clock.today())].append(
        enrolment.LineDraft(
            person_id=row.person_id, kind=MovementKind.ADMISSION, effective_on=effective, group_id=group_id
        )
    )


def _option_day(work: _Work) -> date | None:
    text = work.batch.options.get("order_date")
    return date.fromisoformat(text) if text else None


def _sign_admissions(work: _Work) -> None:
    for (number, dated), lines in work.admissions.items():
        order = enrolment.draft_order(
            actor=work.actor,
            organisation_id=work.batch.organisation_id,
            kind=OrderKind.ADMISSION,
            number=number,
            dated=dated,
            basis=f"Загрузка списка «{work.batch.filename}»",
            import_batch=work.batch.id,
        )
        enrolment.add_lines(actor=work.actor, order_id=order.id, lines=lines)
        if work.batch.options.get("drafts"):  # what a journal believes is not an order
            work.result["drafts"] += 1
            continue
        enrolment.sign_order(actor=work.actor, order_id=order.id)
        work.result["orders"] += 1
        work.result["admitted"] += len(lines)


def _record_conditions(work: _Work) -> None:
    """Record how the learners study whom the list speaks of, once all of them are enrolled.

    Of whom nothing was known it holds since the school year began; for the others from the day of the list on.
    """
    everybody = list(work.conditions)
    for start in range(0, len(everybody), CHUNK):
        part = everybody[start : start + CHUNK]
        here = {
            person_id: place.enrolment_id
            for person_id, places in enrolment_queries.standing_of(part, work.effective_on).items()
            for place in places
            if place.organisation_id == work.batch.organisation_id
        }
        known = enrolment_queries.conditions_of(here.values(), work.effective_on)
        for since, told_before in (
            (SchoolYear.of(work.effective_on).starts_on, False),
            (work.effective_on, True),
        ):
            work.result["conditions"] += enrolment.record_conditions(
                actor=work.actor,
                organisation_id=work.batch.organisation_id,
                since=since,
                changes=[
                    enrolment.ConditionChange(enrolment_id, work.conditions[person_id])
                    for person_id, enrolment_id in here.items()
                    if (enrolment_id in known) is told_before
                ],
            )


def _record_health(work: _Work) -> None:
    """Record what the list says of health once everybody is enrolled; what is known already stays as it is."""
    if not work.health:
        return
    try:
        made = health.record_many(
            actor=work.actor, organisation_id=work.batch.organisation_id, entered=work.health, batch_id=work.batch.id,
            skip_known=True,
        )  # fmt: skip
    except RowsRefused as refusal:
        lines = Row.objects.filter(batch=work.batch, person_id__in=list(refusal.problems)).order_by("pk")
        places = "; ".join(f"«{one.sheet}», строка {one.line}" for one in lines[:LONGEST_ORDER_LIST])
        raise RuleViolation(
            "staging.health_changed",
            f"С проверки файла реестр изменился: сведения о здоровье этих строк записать нельзя – {places}. Проверьте файл ещё раз.",
        ) from refusal
    work.result["health"] = len(made)


def _draft_leavings(work: _Work) -> None:
    """«выбыл 14.10.2026 в шк. № 37»: a draft for the operator to look at and sign, one for each day and order."""
    if not work.leavers:
        return
    standing = enrolment_queries.standing_of({person_id for person_id, _ in work.leavers}, work.effective_on)
    drafts: dict[tuple[str, date], list[enrolment.LineDraft]] = defaultdict(list)
    for person_id, learner in work.leavers:
        here = [p for p in standing.get(person_id, ()) if p.organisation_id == work.batch.organisation_id]
        if not here or learner.left_on is None:
            continue
        drafts[learner.left_order, learner.left_on].append(
            enrolment.LineDraft(
                person_id=person_id, kind=MovementKind.TRANSFER_OUT, effective_on=learner.left_on,
                enrolment_id=here[0].enrolment_id, reason_code="T1", destination_text=learner.left_to,
            )
        )  # fmt: skip
    for (number, day), lines in drafts.items():
        order = enrolment.draft_order(
            actor=work.actor, organisation_id=work.batch.organisation_id, kind=OrderKind.TRANSFER_OUT, number=number,
            dated=min(day, clock.today()), basis=f"Примечания списка «{work.batch.filename}»", import_batch=work.batch.id,
        )  # fmt: skip
        enrolment.add_lines(actor=work.actor, order_id=order.id, lines=lines)
        work.result["drafts"] += 1


# -- undo --------------------------------------------------------------------------------------


@transaction.atomic
def undo(*, actor: Actor, batch_id: UUID) -> Batch:
    """Take an applied batch back (отменить загрузку), unless something later depends on it; the refusal says what.

    Its orders are cancelled, its drafts thrown away, persons it made are marked as entered by mistake, and what it
    changed is put back where it still stands as the batch left it. Classes it opened stay, empty.
    """
    batch = _locked(batch_id)
    _allowed(actor, batch, StagingPermission.UNDO)
    if batch.state != "applied":
        raise Conflict(
            "staging.not_applied", "Отменить можно только применённую загрузку. Обновите страницу."
        )
    result: Counter[str] = Counter()
    _take_orders_back(actor, batch, result)
    made: list[UUID] = []
    for chunk in _chunks(Row.objects.filter(batch=batch).exclude(made={})):
        for row in chunk:
            if row.made.get("created") and row.person_id:
                made.append(row.person_id)
            made += [UUID(one) for one in row.made.get("adults", ())]
            if "updated" in row.made and row.person_id:
                _put_back(actor, batch, row, result)
            _unlink(row)
    _refuse_if_needed_elsewhere(made)
    if batch.result.get("health"):
        result["health"] = health.withdraw_batch(actor=actor, batch_id=batch.id)
    if made:
        result["mistaken"] = persons.mark_mistaken(
            actor=actor, person_ids=list(dict.fromkeys(made)), basis=f"Отмена загрузки «{batch.filename}»"
        )
    batch.state, batch.finished_at, batch.result = (
        "undone",
        clock.now(),
        {**batch.result, "undone": dict(result)},
    )
    batch.save(update_fields=["state", "finished_at", "result"])
    audit.record(
        BatchUndone(object_id=batch.id, organisation_id=batch.organisation_id, result=dict(result)),
        actor=actor,
    )
    return batch


def _take_orders_back(actor: Actor, batch: Batch, result: Counter[str]) -> None:
    for order in enrolment_queries.orders_of_batch(batch.id):
        if order.status == "draft":
            enrolment.discard_draft(actor=actor, order_id=order.id)
            result["drafts"] += 1
    for order in enrolment_queries.orders_of_batch(batch.id):
        if order.status == "signed":
            try:
                enrolment.cancel_order(
                    actor=actor, order_id=order.id, reason=f"Отмена загрузки «{batch.filename}»"
                )
            except RuleViolation as violation:
                raise RuleViolation(
                    "staging.later_depends",
                    f"Загрузку отменить нельзя: на неё опираются более поздние действия. {violation.message}",
                ) from violation
            result["orders"] += 1


def _put_back(actor: Actor, batch: Batch, row: Row, result: Counter[str]) -> None:
    """Restore the fields of a person that still hold what the batch wrote."""
    assert row.person_id is not None  # noqa: S101 - asked by the caller
    undo_of = row.made["updated"]
    person = person_queries.get(row.person_id)
    values = {
        name: _value(name, old)
        for name, (old, new) in undo_of["fields"].items()
        if _text(getattr(person, name)) == new
    }
    basis = f"Отмена загрузки «{batch.filename}»"
    if values:
        enrolment.correct_learner(actor=actor, person_id=person.id, changes=values, basis=basis)
        result["restored"] += 1
    _put_conditions_back(actor, batch, person.id, undo_of.get("conditions", {}))
    persons.withdraw_documents(person.id, undo_of["documents"])
    for kind in undo_of["addresses"]:
        persons.reopen_address(person.id, kind)


def _put_conditions_back(
    actor: Actor, batch: Batch, person_id: UUID, changes: Mapping[str, Sequence[str]]
) -> None:
    """Restore how a learner studied, where it still stands as the batch left it."""
    effective_on = date.fromisoformat(batch.options["effective_on"])
    places = enrolment_queries.standing_of([person_id], effective_on).get(person_id, ())
    here = next((p.enrolment_id for p in places if p.organisation_id == batch.organisation_id), None)
    if here is None or not changes:
        return
    known = enrolment_queries.conditions_of([here], effective_on).get(here)
    values = {
        name: old
        for name, (old, new) in changes.items()
        if known is not None and conditions.write(getattr(known.facts, name)) == new
    }
    enrolment.record_conditions(
        actor=actor,
        organisation_id=batch.organisation_id,
        since=effective_on,
        changes=[enrolment.ConditionChange(here, values)],
    )


def _value(name: str, text: str | None) -> Any:
    if text is None:
        return None
    return date.fromisoformat(text) if name == "birth_date" else text


def _unlink(row: Row) -> None:
    if links := row.made.get("links"):
        persons.remove_representations([UUID(one) for one in links])


def _refuse_if_needed_elsewhere(person_ids: Sequence[UUID]) -> None:
    """A person made by the batch who has been enrolled elsewhere since stays, and so does the batch."""
    for person_id in person_queries.merged_among(person_ids):
        name = person_queries.names_of([person_id])[person_id]
        raise RuleViolation(
            "staging.later_depends",
            f"Загрузку отменить нельзя: внесённая ею запись «{name}» с тех пор объединена с другой. Сначала отмените объединение.",
        )
    busy = enrolment_queries.standing_of(set(person_ids), date(1900, 1, 1))
    if busy:
        places = [place for found in busy.values() for place in found][:LONGEST_ORDER_LIST]
        names = "; ".join(f"«{place.organisation}» с {place.starts_on:%d.%m.%Y}" for place in places)
        raise RuleViolation(
            "staging.later_depends", f"Загрузку отменить нельзя: её ученики с тех пор зачислены: {names}."
        )
