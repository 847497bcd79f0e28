"""Connecting journals, binding their names of subjects and classes, letting one deliver closed periods."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction

from kontingent.audit import actions as audit
from kontingent.codelists import queries as codelists
from kontingent.enrolment.actions.groups import title_key
from kontingent.enrolment.models import Group
from kontingent.kernel import clock, names
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import Conflict, InvalidValue, NotFound
from kontingent.performance import queries
from kontingent.performance.events import ClassNamed, HistoryOpened, JournalConnected, SubjectMapped
from kontingent.performance.models import ClassName, Journal, SubjectName
from kontingent.performance.permissions import PerformancePermission


def connect_journal(*, actor: Actor, code: str, title: str, client_code: str) -> Journal:
    """Let a registered client deliver as a journal (подключить журнал)."""
    actor.require(PerformancePermission.MANAGE_JOURNALS)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", code):
        raise InvalidValue(
            "performance.journal_code",
            f"Код журнала «{code[:40]}» не подходит. Возьмите латинские буквы, цифры и дефис, например epos.",
        )
    if not title.strip():
        raise InvalidValue("performance.journal_title", "Назовите журнал так, как его знают школы.")
    try:
        with transaction.atomic():
            made = Journal.objects.create(
                code=code,
                title=" ".join(title.split())[:200],
                client_code=client_code,
                created_at=clock.now(),
            )
            audit.record(JournalConnected(journal=code, name=made.title, client=client_code), actor=actor)
    except IntegrityError as error:
        raise Conflict(
            "performance.journal_taken",
            f"Журнал с кодом «{code}» уже есть, или эта система уже подключена как журнал. Выберите другой код или систему.",
        ) from error
    return made


@transaction.atomic
def map_subject(*, actor: Actor, journal_code: str, text: str, subject_code: str) -> SubjectName:
    """Bind a journal's name of a subject to the register's (сопоставить предмет)."""
    actor.require(PerformancePermission.MANAGE_JOURNALS)
    journal = queries.journal(journal_code)
    if not codelists.has("subject", subject_code):
        raise InvalidValue(
            "performance.subject",
            f"Предмета «{subject_code[:20]}» в справочнике нет. Выберите код из списка.",
        )
    if not (key := names.fold(text)):
        raise InvalidValue("performance.subject_text", "Укажите, как предмет называется в журнале.")
    bound, _ = SubjectName.objects.update_or_create(
        journal=journal,
        text_key=key[:200],
        defaults={"text": text.strip()[:200], "subject_code": subject_code},
    )
    audit.record(SubjectMapped(journal=journal.code, text=bound.text, subject=subject_code), actor=actor)
    return bound


@transaction.atomic
def name_class(*, actor: Actor, journal_code: str, group_id: UUID, text: str) -> ClassName:
    """Say how a journal calls a class of the register (сопоставить класс); what was said of that name before is replaced.

    Raises:
        NotFound: no such class, no such journal.
        NotAllowed: the class is another organisation's.
        Conflict: a class with that very title exists; rows with that name are its own.
    """
    group = Group.objects.filter(pk=group_id).first()
    if group is None:
        raise NotFound(
            "performance.no_such_class", "Такого класса нет. Обновите страницу и выберите класс снова."
        )
    actor.require(PerformancePermission.NAME_CLASSES, organisation_id=group.organisation_id)
    journal = queries.journal(journal_code)
    if not (key := title_key(text)[:100]):
        raise InvalidValue("performance.class_text", "Укажите, как класс называется в журнале.")
    namesake = Group.objects.filter(
        organisation_id=group.organisation_id, school_year=group.school_year, title_key=key
    ).first()
    if namesake is not None:
        raise Conflict(
            "performance.class_has_that_title",
            f"Класс «{namesake.title}» в реестре есть: записи с этим названием относятся к нему. "
            "Если журнал имеет в виду другой класс, исправьте название в журнале.",
        )
    named, _ = ClassName.objects.update_or_create(
        journal=journal, organisation_id=group.organisation_id, school_year=group.school_year, text_key=key,
        defaults={"group": group},
    )  # fmt: skip
    audit.record(
        ClassNamed(
            organisation_id=group.organisation_id,
            journal=journal.code,
            text=text.strip()[:100],
            group=group.title,
        ),
        actor=actor,
    )
    return named


@transaction.atomic
def open_history(*, actor: Actor, journal_code: str, until: date | None) -> Journal:
    """Let a journal deliver closed periods up to a day and on it (its first load), or no longer.

    Raises:
        InvalidValue: the day is over.
    """
    actor.require(PerformancePermission.MANAGE_JOURNALS)
    if until is not None and until < clock.today():
        raise InvalidValue(
            "performance.history_over", f"{until:%d.%m.%Y} уже прошло. Укажите день, по который загружать."
        )
    day_after = None if until is None else until + timedelta(days=1)
    journal = Journal.objects.select_for_update().get(pk=queries.journal(journal_code).pk)
    journal.history_until = day_after
    journal.save(update_fields=["history_until"])
    audit.record(HistoryOpened(journal=journal.code, until=day_after), actor=actor)
    return journal
