"""Working on a case: notes and calls, handing over, postponing, closing with evidence; editions of the rules."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from kontingent.achievements.portfolio import files
from kontingent.audit import actions as audit
from kontingent.audit.event import Event
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound
from kontingent.organisations.models import Municipality, Organisation
from kontingent.storage import scope
from kontingent.trajectory.cases import rules
from kontingent.trajectory.cases.codes import Outcome, RuleCode, State, StepKind
from kontingent.trajectory.cases.events import (
    CaseClosed,
    CaseDocumentAttached,
    CaseHanded,
    CaseNoted,
    CasePostponed,
    CaseResumed,
    CaseRuleAmended,
)
from kontingent.trajectory.cases.models import Case, CaseDocument, CaseStep, RuleEdition
from kontingent.trajectory.cases.permissions import CasePermission
from kontingent.trajectory.cases.queries import SHELF, within

MOST_DOCUMENTS = 10
#: So many cases at most are handed over by one click.
MOST_AT_ONCE = 1000


@transaction.atomic
def note(*, actor: Actor, case_id: UUID, text: str, is_call: bool = False) -> Case:
    """Write a note or a call into the history."""
    case = _locked(actor, case_id)
    said = rules.said(text, "Звонок" if is_call else "Запись")
    kind = StepKind.CALL if is_call else StepKind.NOTE
    audit.record(CaseNoted(**_about(case), rule=case.rule, step=kind.value), actor=actor)
    return _moved(case, actor, kind, said)


@transaction.atomic
def postpone(*, actor: Actor, case_id: UUID, until: date | None, reason: str) -> Case:
    """Let a case wait until a day, for a reason."""
    case = _locked(actor, case_id)
    rules.check_open(case.state)
    day = rules.check_postponed(until, clock.today())
    said = rules.said(reason, "Причина отсрочки", longest=500)
    case.state, case.postponed_until = State.POSTPONED, day
    audit.record(
        CasePostponed(**_about(case), basis=said, rule=case.rule, until=day.isoformat()), actor=actor
    )
    return _moved(case, actor, StepKind.POSTPONED, said, until=day)


@transaction.atomic
def resume(*, actor: Actor, case_id: UUID, reason: str) -> Case:
    """Take up a case that waits, or one that was closed by hand while its cause still stands.

    Raises:
        Conflict: it is open, or its cause is gone.
    """
    case = _locked(actor, case_id)
    if case.state == State.OPEN or not case.stands:
        raise Conflict(
            "cases.nothing_to_resume", "Возобновлять нечего: дело открыто или его причины больше нет."
        )
    said = rules.said(reason, "Почему возобновлено", longest=500)
    case.state, case.postponed_until, case.outcome = State.OPEN, None, ""
    case.closed_on, case.closed_by_name, case.evidence_until = None, "", None
    audit.record(CaseResumed(**_about(case), basis=said, rule=case.rule), actor=actor)
    return _moved(case, actor, StepKind.RESUMED, said)


@transaction.atomic
def close(
    *, actor: Actor, case_id: UUID, evidence: str, comment: str = "", evidence_until: date | None = None
) -> Case:
    """Close a case with evidence: requisites of the document, and until when it holds.

    While the same cause stands the case stays closed, unless the evidence expires.
    """
    case = _locked(actor, case_id)
    rules.check_open(case.state)
    said = rules.said(evidence, "Реквизиты документа", longest=500)
    more = rules.said(comment, "Пояснение", required=False)
    until = rules.check_evidence(evidence_until, clock.today())
    case.state, case.postponed_until, case.outcome = State.CLOSED, None, Outcome.SOLVED
    case.evidence, case.evidence_until = said, until
    case.closed_on, case.closed_by_name = clock.today(), actor.name
    audit.record(CaseClosed(**_about(case), basis=said, rule=case.rule), actor=actor)
    return _moved(case, actor, StepKind.SOLVED, f"{said}. {more}".rstrip(". ") if more else said, until=until)


@transaction.atomic
def attach(*, actor: Actor, case_id: UUID, upload: files.Upload) -> CaseDocument:
    """Keep a scan of a document with a case, open or closed; the same scan is kept once.

    Raises:
        InvalidValue: the file may not be taken, or there are enough of them.
        Unavailable: the antivirus that is set does not answer.
    """
    case = _locked(actor, case_id)
    if case.documents.count() >= MOST_DOCUMENTS:
        raise InvalidValue(
            "cases.documents", f"К делу приложено уже {MOST_DOCUMENTS} файлов. Этого достаточно: закройте дело или откажитесь от лишнего."
        )  # fmt: skip
    data = files.read(upload)
    digest, checked = files.keep(data, shelf=SHELF)
    document, is_new = CaseDocument.objects.get_or_create(
        case=case, digest=digest,
        defaults={
            "media_type": checked.media_type, "ending": checked.ending, "size": len(data), "uploaded_at": clock.now(),
            "uploaded_by_name": actor.name,
        },
    )  # fmt: skip
    if is_new:
        audit.record(CaseDocumentAttached(**_about(case), rule=case.rule, digest=digest), actor=actor)
        _moved(case, actor, StepKind.DOCUMENT, f"{checked.ending.upper()}, {max(1, len(data) // 1024)} КБ")
    return document


def sweep() -> int:
    """Remove contents that no document of a case names; return how many. Run by the worker, who sees all."""
    return files.sweep(set(CaseDocument.objects.values_list("digest", flat=True)), shelf=SHELF)


@transaction.atomic
def assign(*, actor: Actor, case_ids: Collection[UUID], worker: str) -> int:
    """Name who works on these cases, or nobody."""
    said = rules.said(worker, "Исполнитель", required=False, longest=200)
    cases = _locked_many(actor, case_ids)
    events: list[Event] = []
    for case in cases:
        case.worker_name = said
        events.append(CaseHanded(**_about(case), rule=case.rule, to=said))
    return _moved_many(cases, events, actor, StepKind.ASSIGNED, said or "без исполнителя")


@transaction.atomic
def hand_over(*, actor: Actor, case_ids: Collection[UUID], to: UUID, reason: str) -> int:
    """Hand cases to another owner, an organisation or a municipality; one that may not be handed stops all.

    Whoever hands a case on still sees it where its cause lies.

    Raises:
        NotFound: a case is beyond the scope, or there is no such owner.
        RuleViolation: a case is closed.
    """
    said = rules.said(reason, "Причина передачи", longest=500)
    cases = _locked_many(actor, case_ids)
    organisation = Organisation.objects.filter(pk=to).first()
    municipality = None if organisation else Municipality.objects.filter(pk=to).first()
    if organisation is None and municipality is None:
        raise NotFound("cases.no_owner", "Такой организации и такого муниципалитета нет. Выберите из списка.")
    name = organisation.short_name if organisation else municipality.name if municipality else ""
    events: list[Event] = []
    for case in cases:
        rules.check_open(case.state)
        case.owner_organisation, case.owner_municipality = organisation, municipality
        case.worker_name = ""
        events.append(CaseHanded(**_about(case), basis=said, rule=case.rule, to=name))
    return _moved_many(cases, events, actor, StepKind.HANDED, f"{name}. {said}")


@transaction.atomic
def amend_rule(
    *, actor: Actor, rule: str, on: bool, wait: int, term: int, share: int, severity: int, owner: str, basis: str,
    starts_on: date | None = None,
) -> RuleEdition:  # fmt: skip
    """Make an edition of a rule, in force from a day on (today by default)."""
    actor.require(CasePermission.RULES)
    if rule not in set(RuleCode):
        raise NotFound("cases.no_rule", "Такого правила нет. Откройте список правил заново.")
    said = rules.said(basis, "Основание", longest=500)
    day = starts_on or clock.today()
    if day < clock.today():
        raise InvalidValue(
            "cases.edition_day",
            "Действует с: день уже прошёл. Укажите сегодняшний или более поздний.",
            value=day,
        )
    rules.amended(
        rules.DEFAULTS[RuleCode(rule)],
        on=on,
        wait=wait,
        term=term,
        share=share,
        severity=severity,
        owner=owner,
        edition=said,
    )
    made = RuleEdition.objects.create(
        rule=rule, starts_on=day, on=on, wait=wait, term=term, share=share, severity=severity, owner=owner, basis=said,
        recorded_at=clock.now(), recorded_by_name=actor.name,
    )  # fmt: skip
    told = f"{'включено' if on else 'выключено'}, ждать {wait}, срок {term}, порог {share}, важность {severity}, {owner}, с {day}"
    audit.record(CaseRuleAmended(basis=said, rule=rule, told=told), actor=actor)
    return made


def _about(case: Case) -> dict[str, Any]:
    return {
        "subjects": (case.person_id,), "object_id": case.pk,
        "organisation_id": case.organisation_id or case.owner_organisation_id,
    }  # fmt: skip


def _locked(actor: Actor, case_id: UUID) -> Case:
    return _locked_many(actor, [case_id])[0]


def _locked_many(actor: Actor, case_ids: Collection[UUID]) -> list[Case]:
    """Load and lock; what is beyond the scope is not there."""
    actor.require(CasePermission.WORK)
    wanted = set(case_ids)
    if not wanted:
        raise InvalidValue("cases.none_chosen", "Не выбрано ни одного дела. Отметьте строки и повторите.")
    if len(wanted) > MOST_AT_ONCE:
        raise InvalidValue(
            "cases.too_many",
            f"Выбрано больше {MOST_AT_ONCE} дел. Сузьте отбор и повторите.",
            value=len(wanted),
        )
    found = list(
        within(actor, Case.objects.filter(pk__in=wanted)).order_by("pk").select_for_update(of=("self",))
    )
    if len(found) != len(wanted):
        raise NotFound(
            "cases.not_found", "Такого дела нет среди ваших. Вернитесь к списку дел и обновите его."
        )
    return found


def _moved(case: Case, actor: Actor, kind: StepKind, text: str, *, until: date | None = None) -> Case:
    case.version += 1
    case.save()
    CaseStep.objects.create(case=case, kind=kind, at=clock.now(), by_name=actor.name, text=text, until=until)
    return case


def _moved_many(
    cases: Collection[Case], events: Collection[Event], actor: Actor, kind: StepKind, text: str
) -> int:
    """Write the history first: what is handed beyond the scope can no longer be written to."""
    now = clock.now()
    CaseStep.objects.bulk_create(
        [CaseStep(case=case, kind=kind, at=now, by_name=actor.name, text=text) for case in cases]
    )
    for case in cases:
        case.version += 1
    with scope.whole_register():
        Case.objects.bulk_update(
            cases, ["owner_organisation", "owner_municipality", "worker_name", "version"]
        )
    audit.record_all(list(events), actor=actor)
    return len(cases)
