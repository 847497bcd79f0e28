"""Files of rows as people see them: the latest, why rows were refused and how often, the rows; whom they matched is noted."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from kontingent.achievements.incoming.models import IncomingFile, IncomingRow
from kontingent.achievements.incoming.reach import is_reached
from kontingent.audit import reads
from kontingent.audit.reads import ReadKind
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.organisations.models import Organisation
from kontingent.stages import queries as stages

PAGE: Final = 100
#: Rows that entered nothing: what the sender wrote, with what is wrong.
_REFUSED: Final = ("refused", "unread")
F = TypeVar("F", bound=IncomingFile)
R = TypeVar("R", bound=IncomingRow)


class Cause(NamedTuple):
    """All rows refused for one reason: what, how many, an example, the first lines."""

    field: str
    message: str
    number: int
    value: str
    lines: str


@dataclass(frozen=True, slots=True)
class Files(Generic[F, R]):
    """The files of a room; ``what`` tells the journal of reads what was looked at, ``field`` by which stage its rows are shown."""

    room: str
    file: type[F]
    row: type[R]
    field: str
    what: str

    def latest(self, actor: Actor, kinds: Collection[str]) -> list[F]:
        """Return the latest files of these kinds, of the actor and of whom they work for."""
        asked = Q(sent_by=actor.code)
        if actor.organisation_id is not None:
            asked |= Q(organisation_id=actor.organisation_id)
        elif actor.scope.whole_region:
            asked |= Q(organisation__isnull=True)
        found = self.file._default_manager.filter(asked, kind__in=kinds)
        return list(found.order_by("-created_at")[:PAGE])

    def one(self, actor: Actor, file_id: UUID, kinds: Collection[str]) -> F:
        """Return a file of the scope.

        Raises:
            NotFound: there is none, or it is of another kind or another's.
        """
        one = self.file._default_manager.filter(pk=file_id).first()
        if one is None or one.kind not in kinds or not is_reached(actor, one):
            raise NotFound(f"{self.room}.no_such_file", "Такой загрузки нет.")
        return one

    def causes(self, one: F) -> list[Cause]:
        """Return why rows were refused, the most frequent first; what differs in the line it points to alone is one cause."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT p->>0, regexp_replace(p->>3, 'в строке [0-9]+', 'в другой строке'), count(*), min(p->>1), (array_agg(r.line ORDER BY r.id))[1:5] "
                f"FROM {self.row._meta.db_table} r CROSS JOIN jsonb_array_elements(r.problems) p WHERE r.delivery_id = %s "
                "GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT 200",
                [one.id],
            )
            return [
                Cause(field, message, number, value, ", ".join(map(str, lines)))
                for field, message, number, value, lines in cursor.fetchall()
            ]

    def rows(self, actor: Actor, one: F, *, outcome: str = "", after: int = 0) -> list[R]:
        """Return a page of rows in file order; of those that were taken, where the stage is open still."""
        shown = list(self._rows(one, outcome).filter(pk__gt=after).order_by("pk")[:PAGE])
        named = [row.person_id for row in shown if row.person_id]
        reads.note(actor, ReadKind.COMPARE, named, object_id=one.id, organisation_id=one.organisation_id, what=self.what)  # fmt: skip
        return shown

    def refused_rows(self, actor: Actor, one: F) -> Iterator[R]:
        """Yield the refused rows in file order."""
        found = self._rows(one, "refused")
        named = [each for each in found.values_list("person_id", flat=True) if each is not None]
        reads.note(actor, ReadKind.EXPORT, named, object_id=one.id, organisation_id=one.organisation_id, what=f"{self.what}: отклонённые строки")  # fmt: skip
        yield from found.order_by("pk").iterator(chunk_size=2000)

    def _rows(self, one: F, outcome: str) -> QuerySet[R]:
        opened = Organisation.objects.filter(stages.where_open(self.field, organisation=""))
        found = self.row.of(one).filter(Q(outcome__in=_REFUSED) | Q(organisation_id__in=opened.values("id")))
        if not outcome:
            return found
        return found.filter(outcome__in=_REFUSED if outcome == "refused" else [outcome])
