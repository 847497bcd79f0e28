"""What the journal of the invented region and its register do not agree on, delivered as a journal delivers.

In the first school the journal knows one learner of a class by a number of its own that the register has not heard of, writes another
class in Latin letters, and has a name of its own for a subject: all for the secretary and the ministry to settle.
"""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import UUID

from django.db.models import Count

from kontingent.enrolment.models import Group
from kontingent.exchange.journals.deliverers import deliverer_of
from kontingent.exchange.journals.messages import Format
from kontingent.exchange.journals.streams import Encoding
from kontingent.exchange.journals.taking import Consignment, deliver
from kontingent.exchange.reconciliation import jobs
from kontingent.organisations.models import Organisation
from kontingent.performance.models import Attendance, Journal, Lesson, Mark
from kontingent.performance.records import KINDS

UNHEARD_OF, ITS_OWN_WORD = "У-2041", "Матем. (углубл.)"
#: Letters of classes that look the same in both alphabets.
_LATIN = str.maketrans("АВСЕ", "ABCE")


def write(school_id: UUID, journal: Journal, school_year: int) -> None:
    """Deliver what does not agree, then look for it, as the worker does at night."""
    school = Organisation.objects.get(pk=school_id)
    groups = list(
        Group.objects.filter(organisation=school, school_year=school_year, grade__gte=5).order_by("title_key")
    )
    _send(
        journal,
        school_year,
        "marks",
        [*_of_nobody(groups[0], school_year), *_unmapped(groups[1], school_year)],
    )
    latin = next((one for one in groups if one.title != one.title.translate(_LATIN)), groups[0])
    _send(journal, school_year, "lessons", _of_no_class(latin, school, school_year))
    jobs.find()


def _of_nobody(group: Group, year: int) -> list[dict[str, Any]]:
    """The marks of one learner of a class, under a number that nobody knows."""
    theirs = Mark.objects.filter(school_year=year, group_id=group.pk)
    who = (
        theirs.values("person_id")
        .annotate(n=Count("external_id"))
        .order_by("-n", "person_id")[0]["person_id"]
    )
    own = list(theirs.filter(person_id=who).order_by("given_on", "external_id"))
    rows = [
        _mark(f"u{number}", UNHEARD_OF, one, one.subject_code) | {"lesson": one.lesson_key}
        for number, one in enumerate(own)
    ]
    for table in (Mark, Attendance):
        table.objects.filter(school_year=year, person_id=who).delete()
    return rows


def _unmapped(group: Group, year: int) -> list[dict[str, Any]]:
    """Some marks of a subject as only this journal calls it."""
    some = Mark.objects.filter(school_year=year, group_id=group.pk).order_by("given_on", "external_id")[:12]
    return [_mark(f"w{n}", str(one.person_id), one, ITS_OWN_WORD) for n, one in enumerate(some)]


def _of_no_class(group: Group, school: Organisation, year: int) -> list[dict[str, Any]]:
    """Lessons of a class as if it were written in Latin letters and with a dash."""
    title = group.title.translate(_LATIN)
    some = Lesson.objects.filter(school_year=year, group_id=group.pk).order_by("held_on", "external_id")[:6]
    return [
        {
            "id": f"v{n}", "version": 1, "class": f"{title[:-1]}-{title[-1:]}", "organisation": school.ogrn,
            "date": f"{one.held_on}", "subject": "s25", "topic": "Классный час",
        }
        for n, one in enumerate(some)
    ]  # fmt: skip


def _mark(key: str, learner: str, one: Mark, subject: str) -> dict[str, Any]:
    return {
        "id": key, "version": 1, "learner": learner, "date": f"{one.given_on}", "subject": subject, "value": one.value,
        "weight": float(one.weight), "work": one.work_code,
    }  # fmt: skip


def _send(journal: Journal, year: int, records: str, rows: list[dict[str, Any]]) -> None:
    body = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
    consignment = Consignment(
        key=f"demo-{records}",
        records=KINDS[records],
        school_year=year,
        written_as=Format.NDJSON,
        encoding=Encoding.IDENTITY,
    )
    deliver(
        actor=deliverer_of(journal), journal_code=journal.code, consignment=consignment, body=io.BytesIO(body)
    )
