"""The pages of files of rows: progress while something runs, then what would change and what is wrong, by place.

A room hands in what is its own: where its pages lie, how its kinds of file and its outcomes are called, what a line says in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from kontingent.achievements.incoming.models import IncomingFile, IncomingRow
from kontingent.achievements.incoming.queries import PAGE, Files
from kontingent.exchange.incoming.receiving import Receiving
from kontingent.exchange.incoming.tasks import Jobs
from kontingent.exchange.spreadsheets.profiles import Profile
from kontingent.exchange.spreadsheets.refused import RefusedRow, workbook
from kontingent.exchange.staging import wire
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import KontingentError, NotAllowed
from kontingent.web.files import saved_as
from kontingent.web.request import actor_of, page, whole

F = TypeVar("F", bound=IncomingFile)
R = TypeVar("R", bound=IncomingRow)
Correction = tuple[str, str, str]

WORKING: Final = frozenset({"uploaded", "reading", "applying"})
STATES: Final = {
    "uploaded": "ждёт проверки", "reading": "проверяется", "checked": "проверен", "applying": "применяется", "applied": "применён",
    "undone": "отменён", "refused": "не принят",
}  # fmt: skip
_WORDS: Final = {"create": "новая", "change": "исправление"}


class ShownRow(NamedTuple):
    """A line as the page shows it: what would become of it, where its person is shown, what it says, what it changes, what is wrong."""

    row: IncomingRow
    word: str
    address: str
    said: str
    corrections: Sequence[Correction]
    problems: Sequence[Correction]


@dataclass(frozen=True, slots=True)
class Section(Generic[F, R]):
    """The pages of a room's files.

    ``find``     returns a file that the actor may see
    ``same``     how a line is called that changes nothing
    ``learner``  where a person of a line is shown
    """

    address: str
    title: str
    template: str
    receiving: Receiving[F]
    jobs: Jobs
    files: Files[F, R]
    find: Callable[[Actor, UUID], F]
    profile_of: Callable[[F], Profile]
    told: Callable[[F], str]
    same: str
    learner: str
    said: Callable[[R], str]
    corrections: Callable[[R], Sequence[Correction]] = lambda _: ()

    def latest(self, files: Iterable[F]) -> list[tuple[F, str, str]]:
        """Return files with their state and kind in words."""
        return [(one, STATES[one.state], self.told(one)) for one in files]

    def show(self, request: HttpRequest, one: F, rows: Callable[..., list[R]], **more: Any) -> HttpResponse:
        """Show a file; ``rows`` reads a page of its rows."""
        told = {**more, "one": one, "section": self, "state": STATES[one.state], "what": self.told(one)}
        if one.state in WORKING:
            return page(request, "row_files/file_waits.html", **told)
        outcome, after = request.GET.get("outcome", ""), whole(request.GET.get("after")) or 0
        shown = rows(actor_of(request), one, outcome=outcome, after=after)
        titles = self._titles(one)
        outcomes = {"create": "новые", "change": "исправления", "same": self.same, "refused": "отклонены"}
        return page(
            request, self.template, **told, causes=[(cause, titles.get(cause.field, "Строка")) for cause in self.files.causes(one)],
            rows=[self._shown(row, titles) for row in shown], outcome=outcome, after=shown[-1].pk if len(shown) == PAGE else None,
            outcomes=[(code, title, one.totals.get(code, 0)) for code, title in outcomes.items()],
        )  # fmt: skip

    def _shown(self, row: R, titles: Mapping[str, str]) -> ShownRow:
        is_known = row.person_id and row.outcome != "refused"
        return ShownRow(
            row,
            {**_WORDS, "same": self.same}.get(row.outcome, ""),
            self.learner.format(row.person_id) if is_known else "",
            self.said(row) if row.facts else row.raw.replace("\t", " · ")[:160],
            self.corrections(row),
            problems(row, titles),
        )

    def progress(self, request: HttpRequest, file_id: UUID) -> HttpResponse:
        """How far the work has come: the part of the page that is asked for again and again; reloads the page when the work is done."""
        one = self.find(actor_of(request), file_id)
        if one.state not in WORKING:
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return page(request, "row_files/file_bar.html", one=one, section=self, state=STATES[one.state])

    def apply(self, request: HttpRequest, file_id: UUID) -> HttpResponse:
        """Have a checked file applied."""
        actor = actor_of(request)
        one = self.find(actor, file_id)
        try:
            self.receiving.intake.claim(actor=actor, file_id=one.id, asked_by=wire.actor_to_json(actor))
            self.jobs.apply.defer(file_id=str(one.id))
        except NotAllowed:
            raise
        except KontingentError as refusal:
            messages.error(request, refusal.message)
        return HttpResponseRedirect(f"{self.address}{one.id}/")

    def refused(self, request: HttpRequest, file_id: UUID) -> HttpResponse:
        """The refused lines as they were, with column, value and remedy beside; once they are gone, say so."""
        one = self.find(actor_of(request), file_id)
        if one.purged_at is not None:
            messages.error(
                request,
                f"Строки файла удалены {one.purged_at:%d.%m.%Y} по сроку хранения: их нет и в выгрузке.",
            )
            return HttpResponseRedirect(f"{self.address}{one.id}/")
        titles, named = self._titles(one), [heading for heading, _ in one.columns]
        sheets: dict[str, list[str]] = {}
        found = []
        for row in self.files.refused_rows(actor_of(request), one):
            sheets.setdefault(row.sheet, named)
            reasons = [
                f"{title}{f' «{value}»' if value else ''}: {remedy}"
                for title, value, remedy in problems(row, titles)
            ]
            found.append(RefusedRow(row.sheet, row.line, row.raw.split("\t"), reasons, []))
        return saved_as(workbook(sheets or {"Лист": named}, found), "refused.xlsx")

    def _titles(self, one: F) -> dict[str, str]:
        """Field → how the file itself calls its column, with the column's number."""
        profile = self.profile_of(one)
        found = {field: profile.title_of(field) for field in profile.columns}
        found |= {
            field: f"{heading} (столбец {index})"
            for index, (heading, field) in enumerate(one.columns, start=1)
            if field
        }
        name = "full_name" if any(field == "full_name" for _, field in one.columns) else "family_name"
        day = next(
            (found[field] for field in ("held_on", "issued_on", "happened_on") if field in found), "Дата"
        )
        return found | {"name": found[name], "day": day}


def columns(profile: Profile) -> list[tuple[str, str, bool]]:
    """Return the columns that a profile knows: its name, its other names, whether it must be there."""
    return [
        (texts[0], ", ".join(texts[1:]), field in profile.required)
        for field, texts in profile.columns.items()
    ]


def problems(row: IncomingRow, titles: Mapping[str, str]) -> list[Correction]:
    """Return what is wrong with a row: column, value, what to do."""
    return [(titles.get(field, "Строка"), value, remedy) for field, value, _, remedy in row.problems]
