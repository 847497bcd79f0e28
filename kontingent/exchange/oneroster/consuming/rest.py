"""The kind of source that asks a journal by OneRoster REST (чтение журнала по REST).

Small lists come whole each time, results only where they have changed since the last success, in windows of bounded size: a window
is a piece, known by what it holds, so that one that comes again is taken once. Clocks differ, so a little more than what is new is
asked for; what has not changed changes nothing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from django.conf import settings
from msgspec import Meta, Struct

from kontingent.exchange.journals.adapters.boundary import Asked, Finding
from kontingent.exchange.journals.messages import MarkMessage
from kontingent.exchange.journals.sources.registry import Kind, Opening, Receipt, Setting
from kontingent.exchange.journals.taking import YEARS_BACK, may_be_delivered
from kontingent.exchange.oneroster import model, payloads
from kontingent.exchange.oneroster.adapter import OneRosterSet
from kontingent.exchange.oneroster.consuming import rules
from kontingent.exchange.oneroster.consuming.client import Client, Credentials
from kontingent.exchange.oneroster.consuming.objects import NoRow, row_of
from kontingent.exchange.oneroster.gradebook import Row
from kontingent.exchange.oneroster.model import Edition, Mode
from kontingent.exchange.oneroster.writing import RosterSet
from kontingent.kernel import clock
from kontingent.kernel.errors import InvalidValue, KontingentError
from kontingent.kernel.school_year import SchoolYear

#: Results of one piece; and so many works are asked for one by one before all of them are.
WINDOW: Final = 20_000
MOST_SINGLE: Final = 50
#: A journal of more than this is read in parts: by schools, each a source.
MOST_WORKS: Final = 1_000_000
SCOPE: Final = " ".join(
    f"https://purl.imsglobal.org/spec/or/v1p2/scope/{one}"
    for one in ("roster-core.readonly", "gradebook.readonly")
)
SERVICES: Final = {
    Edition.V12: ("/ims/oneroster/rostering/v1p2", "/ims/oneroster/gradebook/v1p2"),
    Edition.V11: ("/ims/oneroster/v1p1", "/ims/oneroster/v1p1"),
}
SMALL: Final = ("academicSessions", "orgs", "courses", "classes")
#: What of a user is read: nothing but what they are called.
NAMES: Final = ("sourcedId", "status", "dateLastModified", "givenName", "familyName", "middleName")
#: What nothing can be done without.
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "results": ("lineItemSourcedId", "studentSourcedId", "scoreDate"),
    "enrollments": ("classSourcedId", "userSourcedId", "role"),
    "classes": ("title", "classType"),
}


class RestSettings(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What it takes to ask a journal."""

    address: Annotated[str, Meta(max_length=300)] = ""
    token_address: Annotated[str, Meta(max_length=300)] = ""
    client_id: Annotated[str, Meta(max_length=200)] = ""
    secret: Annotated[str, Meta(max_length=60)] = ""
    edition: Literal["1.2", "1.1"] = "1.2"
    scope: Annotated[str, Meta(max_length=500)] = ""
    learners: Literal["register", "own"] = "register"
    page: Annotated[int, Meta(ge=1, le=5000)] = 500
    overlap_minutes: Annotated[int, Meta(ge=0, le=44_640)] = 60
    whole: bool = False


def client_of(opening: Opening, **how: Any) -> Client:
    """Return a conversation with the journal of a source.

    Raises:
        InvalidValue: a setting is missing or wrong, or the secret is for somebody else.
    """
    said: RestSettings = opening.settings
    own_hosts = settings.JOURNAL_HOSTS
    missing = [one.title for one in KIND.fields if one.name in ("address", "client_id", "secret") and not getattr(said, one.name)]  # fmt: skip
    if missing:
        raise InvalidValue(
            "oneroster.not_set", f"В настройках источника не заполнено: {'; '.join(missing)}. Заполните и прочитайте снова."
        )  # fmt: skip
    base = rules.read_base(said.address, own_hosts)
    token_address = rules.read_base(said.token_address or f"{base}/token", own_hosts)
    origins = [rules.origin_of(base), rules.origin_of(token_address)]
    secret = rules.read_secret(opening.secret(said.secret), origins)
    who = Credentials(token_address=token_address, client_id=said.client_id, secret=secret, scope=said.scope or SCOPE)  # fmt: skip
    return Client(base, who, own_hosts=own_hosts, **how)


@dataclass(slots=True)
class Book:
    """What has been read of a journal in this run: rows by file and id."""

    client: Client
    edition: Edition
    limit: int
    since: datetime | None
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    has_all_works: bool = False

    def load(self, file: str, *, since: datetime | None = None, columns: tuple[str, ...] = ()) -> list[Row]:
        """Read a collection; return its rows, which are kept, too."""
        found = [row for page in self.pages(file, since=since, columns=columns) for row in page]
        self.rows.setdefault(file, {}).update({row["sourcedId"]: row for row in found})
        return found

    def pages(
        self, file: str, *, since: datetime | None = None, columns: tuple[str, ...] = ()
    ) -> Iterator[list[Row]]:
        """Yield a collection page by page; what is no row is a finding."""
        query = {"filter": f"dateLastModified>='{payloads.moment(since)}'"} if since else {}
        for page in self.client.pages(self._service(file), file, limit=self.limit, query=query):
            yield [row for told in page if (row := self._row(file, told, columns)) is not None]

    def fetch(self, file: str, single: str, key: str, columns: tuple[str, ...] = ()) -> None:
        """Read one object by its id, if it is there."""
        told = self.client.one(self._service(file), file, single, key)
        row = None if told is None else self._row(file, told, columns)
        if row is not None:
            self.rows.setdefault(file, {})[key] = row

    def works_of(self, results: list[Row]) -> None:
        """See to it that the works of these results are known: one by one where few are not, else all there are."""
        known = self.rows.setdefault("lineItems", {})
        missing = sorted({one["lineItemSourcedId"] for one in results} - set(known))
        if self.has_all_works or not missing:
            return
        if len(missing) <= MOST_SINGLE:
            for key in missing:
                self.fetch("lineItems", "lineItem", key)
            return
        for page in self.pages("lineItems"):
            known.update({row["sourcedId"]: row for row in page})
            if len(known) > MOST_WORKS:
                raise InvalidValue(
                    "oneroster.too_many_works",
                    f"У журнала больше {MOST_WORKS} работ. Читайте его по школам: отдельный клиент и источник для каждой.",
                )
        self.has_all_works = True

    def _service(self, file: str) -> str:
        rostering, gradebook = SERVICES[self.edition]
        return gradebook if file in ("categories", "lineItems", "results") else rostering

    def _row(self, file: str, told: Any, columns: tuple[str, ...]) -> Row | None:
        try:
            return row_of(told, model.FILES[self.edition][file], columns=columns, needed=NEEDED.get(file, ()))
        except NoRow as problem:
            key = told.get("sourcedId") if isinstance(told, Mapping) else None
            where = f"{file}, {str(key)[:64]}" if key else file
            self.findings.append(Finding(f"{where}, {problem.field}".rstrip(", "), problem.value, "oneroster.no_row", problem.message))  # fmt: skip
            return None


@dataclass(slots=True)
class Window(OneRosterSet):
    """Some results with what they refer to, and what could not be read so far."""

    unread: list[Finding] = field(default_factory=list)

    def fetch_marks(self, asked: Asked) -> Iterator[MarkMessage | Finding]:
        """Yield marks, what could not be read before them."""
        yield from self.unread
        yield from OneRosterSet.fetch_marks(self, asked)


@dataclass(frozen=True, slots=True)
class RestPiece:
    """A window as a piece of the run. It can always be asked for again: a refusal of it is one of the run."""

    name: str
    key: str
    adapter: Window
    asked: Asked

    def taken(self, receipt: Receipt) -> None:
        """Nothing to settle: the journal keeps what it has."""

    def refused(self, refusal: KontingentError) -> None:
        """The next run asks again."""
        raise refusal


def pieces(opening: Opening, /, **how: Any) -> Iterator[RestPiece]:
    """Yield what the journal has to say since the last success."""
    said: RestSettings = opening.settings
    since = None
    if opening.last_success_at is not None and not said.whole:
        since = opening.last_success_at - timedelta(minutes=said.overlap_minutes)
    with client_of(opening, **how) as client:
        book = Book(client, Edition(said.edition), said.page, since)
        for file in (*SMALL, "categories"):
            book.load(file)
        _load_people(book)
        said_something = False
        for piece in _windows(book, opening):
            said_something = True
            yield piece
        if not said_something and (book.rows["enrollments"] or book.findings):
            yield _piece(book, opening, [], SchoolYear.of(opening.today), 0)


def _load_people(book: Book) -> None:
    """Read who is in which class, and what those are called who are in one of them newly: whom the register may recognise."""
    enrolments = book.load("enrollments", since=book.since)
    if book.since is None:
        book.load("users", columns=NAMES)
        return
    book.load("users", since=book.since, columns=NAMES)
    missing = {row["userSourcedId"] for row in enrolments if row["role"] == "student"} - set(
        book.rows["users"]
    )
    if len(missing) > MOST_SINGLE:
        book.load("users", columns=NAMES)
        return
    for key in sorted(missing):
        book.fetch("users", "user", key, NAMES)


def _windows(book: Book, opening: Opening) -> Iterator[RestPiece]:
    """Gather results page by page; of a result that came twice the newer one stands. A piece is of one school year."""
    held: dict[str, Row] = {}
    number = 0
    pages = book.pages("results", since=book.since)
    while True:
        page = next(pages, None)
        for row in page or ():
            before = held.get(row["sourcedId"])
            if before is None or before["dateLastModified"] <= row["dateLastModified"]:
                held[row["sourcedId"]] = row
        if held and (page is None or len(held) >= WINDOW):
            by_year: defaultdict[SchoolYear, list[Row]] = defaultdict(list)
            for row in held.values():
                by_year[SchoolYear.of(date.fromisoformat(row["scoreDate"]))].append(row)
            for year in sorted(by_year, key=lambda one: one.begins_in):
                if not may_be_delivered(year.begins_in):
                    book.findings += [_too_far(row) for row in by_year[year]]
                    continue
                yield _piece(book, opening, by_year[year], year, number)
                number += 1
            held = {}
        if page is None:
            return


def _piece(book: Book, opening: Opening, results: list[Row], year: SchoolYear, number: int) -> RestPiece:
    said: RestSettings = opening.settings
    book.works_of(results)
    # Who is in which class goes with the first window alone.
    enrolments = list(book.rows["enrollments"].values()) if number == 0 else []
    content = RosterSet(
        book.edition, dict.fromkeys(("enrollments", "results"), Mode.DELTA), {"enrollments": enrolments, "results": results}
    )  # fmt: skip
    adapter = Window(
        content, clock.now(), book.rows, own_ids=said.learners == "own", place=_place, unread=book.findings
    )
    book.findings = []
    of_results = sorted({one["lineItemSourcedId"] for one in results})
    works = [book.rows["lineItems"].get(key) for key in of_results]
    told = msgspec.json.encode([results, works, said.learners, str(year)])
    key = f"rest:{hashlib.sha256(told).hexdigest()[:40]}"
    name = f"Ответ журнала, часть {number + 1}: результатов {len(results)}"
    return RestPiece(name, key, adapter, Asked(school_year=year, since=year.starts_on, until=year.ends_on))


def _too_far(row: Row) -> Finding:
    return Finding(
        _place("results", 0, row), row["scoreDate"], "oneroster.school_year",
        f"Отметки этого учебного года не принимаются: только за текущий и {YEARS_BACK} прежних. Проверьте дату в журнале.",
    )  # fmt: skip


def _place(name: str, _line: int, row: Row) -> str:
    return f"{name}, {row['sourcedId']}"


KIND = Kind(
    code="oneroster-rest",
    title="OneRoster по REST",
    about="Реестр сам спрашивает журнал по стандарту OneRoster 1.1 или 1.2: итоговые и текущие отметки, изменившиеся с прошлого успеха.",
    struct=RestSettings,
    fields=(
        Setting("address", "Адрес журнала", "Например https://журнал.example – без /ims/oneroster."),
        Setting("token_address", "Адрес выдачи токенов", "Пусто – тот же узел, /token."),
        Setting("client_id", "Имя клиента", "Выдаёт оператор журнала."),
        Setting("secret", "Секрет клиента", "В файле секрета перед ним стоит адрес, которому его можно передать: «https://журнал.example секрет».", is_secret=True),
        Setting("edition", "Редакция", "1.2 или 1.1."),
        Setting("scope", "Области доступа", "Пусто – roster-core.readonly и gradebook.readonly."),
        Setting("learners", "Чьи идентификаторы учеников", "register – реестра (журнал получил списки из АИС), own – журнала: учеников узнают по классу и ФИО."),
        Setting("page", "Записей на странице", "Целое число от 1 до 5000."),
        Setting("overlap_minutes", "Перечитывать последние минуты до прошлого успеха", "Целое число от 0 до 44640: на случай расхождения часов."),
        Setting("whole", "Каждый раз читать всё", "true – всё, false – только изменения."),
    ),
    pieces=pieces,
)  # fmt: skip
