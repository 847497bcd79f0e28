"""Asking about a view, answering."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from kontingent.audit import actions as audit
from kontingent.audit import purposes
from kontingent.audit import queries as journal
from kontingent.kernel import clock
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound, RuleViolation
from kontingent.persons import queries as persons
from kontingent.privacy import queries, rules
from kontingent.privacy.events import QuestionAnswered, QuestionAsked
from kontingent.privacy.models import Question


@transaction.atomic
def ask(*, actor: Actor, person_id: UUID, entry_id: int, text: str) -> Question:
    """Ask why somebody looked at a child's data (задать вопрос). One question about one view.

    Raises:
        NotAllowed: the child is not one's own.
        NotFound: there is no such view among those that may be told.
        RuleViolation: the question has been asked already.
        InvalidValue: the text is too short or too long.
    """
    queries.require_own(actor, person_id)
    tidy = rules.check_text(text, "Вопрос")
    shown = journal.viewings(
        persons.records_of(person_id), hidden=purposes.hidden(), limit=queries.MOST_VIEWS
    )
    entry = next((one for one in shown if one.id == entry_id), None)
    if entry is None:
        raise NotFound(
            "privacy.no_such_view", "Такого просмотра нет. Обновите страницу и выберите его из списка."
        )
    if Question.objects.filter(asked_by=actor.code, entry_id=entry_id).exists():
        raise RuleViolation(
            "privacy.asked_already", "Об этом просмотре вы уже спросили. Ответ появится здесь же."
        )
    (view,) = queries.told([entry])
    now, today = clock.now(), clock.today()
    made = Question.objects.create(
        person_id=person_id, entry_id=entry.id, entry_moment=entry.moment, organisation_id=entry.organisation_id,
        about=f"{view.moment:%d.%m.%Y %H:%M}, {view.post}, {view.place}: {view.purpose}"[:300], asked_by=actor.code,
        asked_by_name=actor.name, asked_at=now, text=tidy, due_on=rules.due_on(today),
    )  # fmt: skip
    audit.record(
        QuestionAsked(
            object_id=made.id,
            subjects=(person_id,),
            organisation_id=entry.organisation_id,
            due_on=made.due_on,
        ),
        actor=actor,
    )
    return made


@transaction.atomic
def answer(*, actor: Actor, question_id: UUID, text: str) -> Question:
    """Answer a question (ответить); an answer is given once and stays."""
    found = queries.to_answer(actor).select_for_update().filter(pk=question_id).first()
    if found is None:
        raise NotFound(
            "privacy.no_such_question", "Такого вопроса к вашей организации нет. Обновите страницу."
        )
    if found.answered_at is not None:
        raise RuleViolation("privacy.answered_already", f"На вопрос уже ответил(а) {found.answered_by}.")
    found.answer = rules.check_text(text, "Ответ")
    found.answered_at, found.answered_by = clock.now(), actor.post or actor.role
    found.save(update_fields=["answer", "answered_at", "answered_by"])
    audit.record(
        QuestionAnswered(
            object_id=found.id, subjects=(found.person_id,), organisation_id=found.organisation_id,
            in_time=clock.today() <= found.due_on,
        ),
        actor=actor,
    )  # fmt: skip
    return found
