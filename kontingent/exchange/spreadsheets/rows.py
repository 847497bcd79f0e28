"""One line of a list → one learner, with everything found wrong on the way. Never raises for a bad row.

``RowReader`` is made once per table: it binds columns to setters, so that a row costs only its cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from kontingent.codelists import queries as codelists
from kontingent.enrolment.rules import conditions
from kontingent.exchange.spreadsheets import cells, health, representatives
from kontingent.exchange.spreadsheets.fields import CONDITIONS, STAGED
from kontingent.exchange.spreadsheets.health import HIDDEN
from kontingent.exchange.spreadsheets.problems import Problem, Severity
from kontingent.exchange.spreadsheets.tables import letter_of
from kontingent.health.codes import Kind
from kontingent.health.rules import Record
from kontingent.kernel import names, snils
from kontingent.kernel.errors import InvalidValue
from kontingent.persons import rules

OLDEST_PUPIL = 22
YOUNGEST_REPRESENTATIVE = 14
_SAME = frozenset(
    {"та же", "тот же", "то же", "там же", "совпадает", "по месту регистрации", "//", "-//-", '"'}
)
#: Values that may be left out to save the row: the cause can be decided as "load without this value".
DROPPABLE = frozenset(
    {
        "snils",
        "document",
        "citizenship",
        "order",
        "birth_place",
        "representative_snils",
        "representative_birth",
        *CONDITIONS,
        *STAGED,
    }
)


@dataclass(slots=True)
class AdultRow:
    """A representative of the row's learner."""

    family_name: str
    given_name: str
    patronymic: str = ""
    sex: str = ""
    birth_date: date | None = None
    snils: str | None = None
    kind_code: str = "1"
    kinship_code: str = ""
    phone: str = ""
    document: str = ""


@dataclass(slots=True)
class DocumentRow:
    """An identity document of the row's learner."""

    kind_code: str
    series: str
    number: str
    issued_on: date | None = None
    issuer: str = ""


@dataclass(slots=True)
class LearnerRow:
    """What a line says of a learner."""

    family_name: str = ""
    given_name: str = ""
    patronymic: str = ""
    birth_date: date | None = None
    birth_place: str = ""
    sex: str = ""
    snils: str | None = None
    citizenship_code: str = "0"
    country_code: str = "643"
    documents: list[DocumentRow] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)
    phone: str = ""
    adults: list[AdultRow] = field(default_factory=list)
    grade: int | None = None
    letter: str = ""
    admission_date: date | None = None
    order_number: str = ""
    order_date: date | None = None
    left_on: date | None = None
    left_to: str = ""
    left_order: str = ""
    external_id: str = ""
    #: How the learner studies: typed values by fact, readable by ``enrolment.rules.conditions``.
    conditions: dict[str, str] = field(default_factory=dict)
    #: Of health. Encrypted wherever the row is kept (``staging.wire``).
    health: list[Record] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """ФИО одной строкой."""
        return " ".join(part for part in (self.family_name, self.given_name, self.patronymic) if part)


@dataclass(slots=True)
class _Draft:
    """The row while it is being read."""

    row: LearnerRow = field(default_factory=LearnerRow)
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


Setter = Callable[[_Draft, Any], None]


class RowReader:
    """Reads the rows of one table."""

    def __init__(
        self,
        mapping: Mapping[int, str],
        *,
        defaults: Mapping[str, str],
        today: date,
        since: date | None = None,
        of_known: bool = False,
    ) -> None:
        """Bind columns to setters; ``defaults`` are values that the title of the table tells.

        ``since`` is the day from which holds what names no day of its own, today by default; of somebody whom the register
        knows (``of_known``) a row need not tell who they are beyond name and birth.
        """
        self.today, self.since, self.of_known = today, since or today, of_known
        self.defaults = defaults
        self.letters = {code: letter_of(index) for index, code in mapping.items()}
        self._plan: list[tuple[int, str]] = sorted(mapping.items())
        self._condition_codes = sorted(CONDITIONS & set(mapping.values()))
        self._health_kinds = [
            kind for kind in Kind if kind in {STAGED.get(code) for code in mapping.values()}
        ]

    def read(self, row: Sequence[Any]) -> tuple[LearnerRow, list[Problem]]:
        """Return the learner and the problems of a row."""
        draft = _Draft()
        texts, width = draft.texts, len(row)
        for index, code in self._plan:
            if index < width and (value := row[index]) not in (None, ""):
                if text := (value if type(value) is str and code in _RAW else cells.plain(value)):
                    texts[code] = text
        for code, default in self.defaults.items():
            texts.setdefault(code, default)
        self._name(draft)
        self._birth(draft)
        self._snils(draft)
        if self.of_known:
            draft.row.sex = rules.sex_by_patronymic(draft.row.patronymic) or ""
            self._health(draft)
            return draft.row, draft.problems
        self._sex(draft)
        self._citizenship(draft)
        self._document(draft)
        self._addresses(draft)
        self._class(draft)
        self._admission(draft)
        self._adults(draft)
        self._conditions(draft)
        self._health(draft)
        self._note(draft)
        draft.row.birth_place = texts.get("birth_place", "")[:300]
        draft.row.external_id = texts.get("external_id", "")[:80]
        return draft.row, draft.problems

    # -- finding -------------------------------------------------------------------------------

    def _add(
        self,
        draft: _Draft,
        severity: Severity,
        code: str,
        where: str,
        value: str,
        message: str,
        remedy: str = "",
    ) -> None:
        draft.problems.append(
            Problem(severity.value, code, f"{code}@{where}", where, value[:200], message, remedy)
        )

    def _refuse(self, draft: _Draft, where: str, error: InvalidValue, value: str) -> None:
        remedy = (
            "Можно загрузить без этого значения."
            if where in DROPPABLE
            else "Исправьте в файле и загрузите снова."
        )
        self._add(draft, Severity.ERROR, error.code, where, value, error.message, remedy)

    def _warn(self, draft: _Draft, code: str, where: str, value: str, message: str) -> None:
        self._add(draft, Severity.WARNING, code, where, value, message)

    # -- fields --------------------------------------------------------------------------------

    def _name(self, draft: _Draft) -> None:
        texts, row = draft.texts, draft.row
        whole = texts.get("full_name", "")
        written = whole or " ".join(
            texts.get(code, "") for code in ("family_name", "given_name", "patronymic")
        )
        if not written.strip():
            self._add(
                draft,
                Severity.ERROR,
                "name.missing",
                "full_name",
                "",
                "В строке нет фамилии и имени.",
                "Впишите ФИО или удалите строку.",
            )
            return
        try:
            if whole:
                row.family_name, row.given_name, row.patronymic = names.split_full_name(whole)
            else:
                row.family_name = names.tidy(texts.get("family_name", ""))
                row.given_name = names.tidy(texts.get("given_name", ""))
                row.patronymic = names.tidy(texts.get("patronymic", ""))
                if not row.family_name or not row.given_name:
                    raise InvalidValue(
                        "name.incomplete", f"В «{written.strip()}» нужны хотя бы фамилия и имя."
                    )
        except InvalidValue as error:
            self._refuse(draft, "full_name", error, written)
            return
        if names.has_lookalikes(written):
            self._add(
                draft,
                Severity.INFO,
                "name.latin",
                "full_name",
                written,
                f"Латинские буквы в имени заменены русскими: {row.full_name}.",
            )

    def _birth(self, draft: _Draft) -> None:
        text = draft.texts.get("birth_date", "")
        if not text:
            self._add(
                draft,
                Severity.ERROR,
                "birth_date.missing",
                "birth_date",
                "",
                "Нет даты рождения.",
                "Впишите её: без даты рождения ученика не отличить от тёзки.",
            )
            return
        try:
            read = cells.read_day(text, self.today)
            rules.check_birth_date(read.value, today=self.today)
        except InvalidValue as error:
            self._refuse(draft, "birth_date", error, text)
            return
        draft.row.birth_date = read.value
        if read.assumed:
            self._warn(
                draft,
                "date.two_digit_year",
                "birth_date",
                text,
                f"Год двумя цифрами: «{text}» прочитано как {read.value:%d.%m.%Y}.",
            )
        if rules.age(read.value, self.today) > OLDEST_PUPIL:
            self._warn(
                draft,
                "birth_date.adult",
                "birth_date",
                text,
                f"Ученику больше {OLDEST_PUPIL} лет ({read.value:%d.%m.%Y}). Проверьте год.",
            )

    def _snils(self, draft: _Draft) -> None:
        if text := draft.texts.get("snils", ""):
            try:
                draft.row.snils = snils.normalise(text)
            except InvalidValue as error:
                self._refuse(draft, "snils", error, text)

    def _sex(self, draft: _Draft) -> None:
        text = draft.texts.get("sex", "")
        told = rules.sex_by_patronymic(draft.row.patronymic)
        if not text:
            if told is None:
                self._add(
                    draft, Severity.ERROR, "sex.missing", "sex", "", "Не указан пол.", "Впишите «м» или «ж»."
                )
                return
            draft.row.sex = told
            self._warn(draft, "sex.by_patronymic", "sex", "", "Пол не указан и определён по отчеству.")
            return
        try:
            draft.row.sex = cells.read_sex(text)
        except InvalidValue as error:
            self._refuse(draft, "sex", error, text)
            return
        if told is not None and told != draft.row.sex:
            self._warn(
                draft,
                "sex.contradicts",
                "sex",
                text,
                f"Пол «{text}» не вяжется с отчеством «{draft.row.patronymic}». Проверьте.",
            )

    def _citizenship(self, draft: _Draft) -> None:
        text = draft.texts.get("citizenship", "")
        if not text:
            return
        if code := codelists.find("citizenship", text):
            draft.row.citizenship_code = code
            if code in {"1", "2"}:
                draft.row.country_code = ""
        elif country := codelists.find("country", text):
            draft.row.citizenship_code, draft.row.country_code = ("0" if country == "643" else "1"), country
        else:
            error = InvalidValue(
                "citizenship.unknown", f"Гражданство «{text}» не найдено в справочнике стран."
            )
            self._refuse(draft, "citizenship", error, text)

    def _conditions(self, draft: _Draft) -> None:
        read = {}
        for code in self._condition_codes:
            text = draft.texts.get(code, "")
            if not text:
                continue
            try:
                read[code] = conditions.read(code, text, find=codelists.find)
            except InvalidValue as error:
                self._refuse(draft, code, error, text)
        for finding in conditions.examine(conditions.BLANK._replace(**read)):
            self._add(
                draft, Severity.ERROR, finding.code, next(iter(read)), "", finding.message, "Исправьте в файле и загрузите снова."
            )  # fmt: skip
        draft.row.conditions = {code: conditions.write(value) for code, value in read.items()}

    def _health(self, draft: _Draft) -> None:
        for kind in self._health_kinds:
            records, problems = health.read(
                kind, draft.texts, since=self.since, born=draft.row.birth_date, today=self.today
            )
            draft.row.health += records
            draft.problems += problems

    def _document(self, draft: _Draft) -> None:
        texts = draft.texts
        try:
            if number := texts.get("document_number", ""):
                document = self._document_in_columns(texts, number)
            elif text := texts.get("document", ""):
                document = rules.parse_document(text)
            else:
                return
        except InvalidValue as error:
            value = (
                texts.get("document")
                or f"{texts.get('document_series', '')} {texts.get('document_number', '')}"
            )
            self._refuse(draft, "document", error, value.strip())
            return
        for text in document.warnings:
            self._warn(draft, "document.repaired", "document", texts.get("document", document.series), text)
        issued = self._day(draft, "document_date", texts.get("document_date") or document.issued_on)
        issuer = texts.get("document_issuer", document.issuer)[:300]
        if issued is not None and draft.row.birth_date is not None and issued < draft.row.birth_date:
            self._warn(
                draft,
                "document.before_birth",
                "document",
                f"{issued:%d.%m.%Y}",
                f"Документ выдан {issued:%d.%m.%Y}, раньше рождения: дата выдачи не загружена.",
            )
            issued = None
        draft.row.documents.append(
            DocumentRow(document.kind_code, document.series, document.number, issued, issuer)
        )

    def _document_in_columns(self, texts: Mapping[str, str], number: str) -> rules.Document:
        kind_text = texts.get("document_kind", "")
        series = texts.get("document_series", "")
        kind = codelists.find("identity_document", kind_text) if kind_text else None
        if kind_text and kind is None:
            raise InvalidValue("document.kind", f"Вид документа «{kind_text}» не найден в справочнике.")
        return rules.normalise_document(
            kind or ("12" if series.replace(" ", "").isdigit() else "11"), series, number
        )

    def _day(self, draft: _Draft, where: str, text: str | None) -> date | None:
        """Read a secondary date: what cannot be read is left out with a warning."""
        if not text:
            return None
        try:
            return cells.read_day(text, self.today).value
        except InvalidValue as error:
            self._warn(draft, f"{where}.unreadable", where, text, f"{error.message} Значение не загружено.")
            return None

    def _addresses(self, draft: _Draft) -> None:
        texts, addresses = draft.texts, draft.row.addresses
        registration, residence = texts.get("address_registration", ""), texts.get("address_residence", "")
        if registration and registration.lower().strip(" .") not in _SAME:
            addresses["registration"] = registration[:500]
        if not residence:
            return
        if residence.lower().strip(" .") in _SAME:
            if registration:
                addresses["residence"] = registration[:500]
            else:
                self._warn(
                    draft,
                    "address.same_as_what",
                    "address_residence",
                    residence,
                    f"«{residence}»: неясно, с каким адресом совпадает. Адрес не загружен.",
                )
        else:
            addresses["residence"] = residence[:500]

    def _class(self, draft: _Draft) -> None:
        if text := draft.texts.get("grade", ""):
            try:
                name = cells.read_class(text, draft.texts.get("letter", ""))
            except InvalidValue as error:
                self._refuse(draft, "grade", error, text)
                return
            draft.row.grade, draft.row.letter = name.grade, name.letter

    def _admission(self, draft: _Draft) -> None:
        draft.row.admission_date = self._day(draft, "admission_date", draft.texts.get("admission_date"))
        if text := draft.texts.get("order", ""):
            try:
                order = cells.read_order(text, self.today)
            except InvalidValue as error:
                self._refuse(draft, "order", error, text)
                return
            draft.row.order_number, draft.row.order_date = (
                order.number,
                order.dated or draft.row.admission_date,
            )

    def _adults(self, draft: _Draft) -> None:
        texts = draft.texts
        for where, kinship in (("mother", "1"), ("father", "2"), ("representative", "")):
            if text := texts.get(where, ""):
                try:
                    adult = representatives.read_adult(text, kinship)
                except InvalidValue as error:
                    self._warn(
                        draft,
                        f"{where}.unreadable",
                        where,
                        text,
                        f"{error.message} Представитель не загружен.",
                    )
                    continue
                draft.row.adults.append(
                    AdultRow(
                        *adult.name, sex=adult.sex, kind_code=adult.kind_code, kinship_code=adult.kinship_code,
                        phone=adult.phone, document=adult.document,
                    )
                )  # fmt: skip
        if texts.get("representative_family"):
            self._adult_in_columns(draft)
        if phone := texts.get("phone", ""):
            draft.row.phone = self._phone(draft, "phone", phone)

    def _adult_in_columns(self, draft: _Draft) -> None:
        texts = draft.texts
        try:
            parts = [
                names.tidy(texts.get(f"representative_{part}", ""))
                for part in ("family", "given", "patronymic")
            ]
        except InvalidValue as error:
            self._warn(
                draft,
                "representative.unreadable",
                "representative_family",
                texts["representative_family"],
                f"{error.message} Представитель не загружен.",
            )
            return
        if not parts[1]:
            self._warn(
                draft,
                "representative.incomplete",
                "representative_family",
                parts[0],
                "У представителя нет имени: он не загружен.",
            )
            return
        kinship = codelists.find("kinship", texts.get("kinship", "")) or ""
        adult = AdultRow(
            parts[0], parts[1], parts[2], kinship_code=kinship, kind_code="2" if kinship == "3" else "1"
        )
        adult.sex = rules.sex_by_patronymic(adult.patronymic) or {"2": "1", "7": "1", "9": "1"}.get(
            kinship, "2"
        )
        if number := texts.get("representative_snils", ""):
            try:
                adult.snils = snils.normalise(number)
            except InvalidValue as error:
                self._refuse(draft, "representative_snils", error, number)
        adult.birth_date = self._adult_birth(draft, texts.get("representative_birth", ""))
        if phone := texts.get("representative_phone", ""):
            adult.phone = self._phone(draft, "representative_phone", phone)
        draft.row.adults.append(adult)

    def _adult_birth(self, draft: _Draft, text: str) -> date | None:
        if not text:
            return None
        try:
            born = cells.read_day(text, self.today).value
            rules.check_birth_date(born, today=self.today)
        except InvalidValue as error:
            self._refuse(draft, "representative_birth", error, text)
            return None
        child = draft.row.birth_date
        if child is not None and rules.age(born, child) < YOUNGEST_REPRESENTATIVE:
            self._warn(
                draft,
                "representative.too_young",
                "representative_birth",
                text,
                "Представитель старше ребёнка меньше чем на 14 лет: дата рождения не загружена.",
            )
            return None
        return born

    def _phone(self, draft: _Draft, where: str, text: str) -> str:
        try:
            return rules.normalise_phone(text)
        except InvalidValue as error:
            self._warn(draft, "phone.unreadable", where, text, f"{error.message} Телефон не загружен.")
            return ""

    def _note(self, draft: _Draft) -> None:
        text = draft.texts.get("note", "")
        if not text:
            return
        note = representatives.read_note(text, self.today)
        row = draft.row
        if note.left_on is not None:
            row.left_on, row.left_to, row.left_order = note.left_on, note.left_to, note.left_order
            self._warn(
                draft,
                "note.left",
                "note",
                text,
                f"«{text}»: будет создан черновик приказа о выбытии, его подпишете вы.",
            )
        if note.country_code:
            row.citizenship_code, row.country_code = (
                ("0" if note.country_code == "643" else "1"),
                note.country_code,
            )
            self._add(
                draft,
                Severity.INFO,
                "note.citizenship",
                "note",
                text,
                f"Гражданство взято из примечания: {codelists.title('country', note.country_code)}.",
            )
        elif note.unknown_country:
            self._warn(
                draft,
                "citizenship.unknown",
                "note",
                text,
                f"Страна «{note.unknown_country}» не найдена: гражданство не загружено.",
            )
        if note.speaks_of_health:
            self._warn(
                draft,
                "note.health",
                "note",
                "(не показывается)",
                "В примечании сведения о здоровье. Второй этап не открыт: они не загружены и не сохранены.",
            )


#: Fields whose text is taken as it stands, since their own reader tidies it.
_RAW = frozenset({"full_name", "family_name", "given_name", "patronymic"})


def without_health(cells_of_row: Sequence[Any], mapping: Mapping[int, str]) -> list[str]:
    """Return the raw cells for keeping beside the row, a note that speaks of health blanked."""
    raw = [
        cell
        if type(cell) is str
        else f"{cell:%d.%m.%Y}"
        if isinstance(cell, (date, datetime))
        else cells.plain(cell)
        for cell in cells_of_row
    ]
    for index, code in mapping.items():
        if code in STAGED and index < len(raw) and raw[index]:
            raw[index] = HIDDEN
    if "note" not in mapping.values():
        return raw
    for index, code in mapping.items():
        if (
            code == "note"
            and index < len(raw)
            and representatives.read_note(raw[index], date(2100, 1, 1)).speaks_of_health
        ):
            raw[index] = "(сведения о здоровье не сохранены)"
    return raw
