"""From cells to staged rows: names, days, numbers and words of a line read once, what cannot be read said by its column.

A line is either *unread* – something in it is no value of its field – or ready to be judged beside the register.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from kontingent.achievements.attestation.codes import (
    ADMISSIONS,
    SUBJECT_OF_ADMISSION,
    DeliveryKind,
    DocumentForm,
    DocumentKind,
    DocumentState,
    ExamForm,
)
from kontingent.achievements.attestation.rules import numbers, results
from kontingent.achievements.attestation.rules.final import declared
from kontingent.codelists import queries as codelists
from kontingent.exchange.spreadsheets import cells
from kontingent.exchange.spreadsheets.lines import LineReader, WrongCell
from kontingent.kernel import names
from kontingent.kernel.errors import InvalidValue
from kontingent.persons.rules import document_key

UNREAD: Final = "unread"
_PASSPORT: Final = re.compile(r"\d{4}")
Problem = tuple[str, str, str, str]


@dataclass(slots=True)
class RowReader(LineReader):
    """Reads the lines of one table."""

    kind: DeliveryKind
    _facts: Callable[[Mapping[str, str]], tuple[date, str, dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        self._facts = self._result if self.kind is DeliveryKind.RESULTS else self._document

    def read(self, sheet: str, line: int, row: Sequence[Any]) -> tuple[Any, ...] | None:
        """Return the values of a staged row (``actions.deliveries.STAGED``), None for a line with nothing in it."""
        texts = [cells.plain(cell) for cell in row]
        told = self.told(texts)
        if not told:
            return None
        raw = "\t".join(text.replace("\t", " ") for text in texts)
        try:
            who = self._who(told)
            day, key, facts = self._facts(told)
        except WrongCell as wrong:
            problems = json.dumps([[wrong.field, wrong.value, "value", wrong.message]], ensure_ascii=False)
            return (sheet, line, raw, "", "", "", "", None, "", "", "", None, "{}", "", UNREAD, problems)
        return (
            sheet,
            line,
            raw,
            *who,
            told.get("ogrn", "")[:15],
            day,
            json.dumps(facts, ensure_ascii=False),
            key,
            "",
            "[]",
        )

    # -- whom

    def _who(self, told: Mapping[str, str]) -> tuple[Any, ...]:
        family, given, patronymic, key = self.name(told)
        number = self.snils(told)
        born = self.day(told, "birth_date") if "birth_date" in told else None
        paper = ""
        if self.kind is DeliveryKind.RESULTS and "document_number" in told:
            series = told.get("document_series", "")
            # Of an exam's participant the passport is asked, or where there is none yet the birth certificate.
            code = "12" if _PASSPORT.fullmatch(re.sub(r"\D", "", series)) else "11"
            paper = document_key(code, series, told["document_number"])[:120]
        if not (number or born or paper):
            raise WrongCell(
                "birth_date",
                "",
                "Нет ни СНИЛС, ни даты рождения, ни документа: человека не узнать. Впишите одно из них.",
            )
        return (family, given, patronymic, key, born, number, paper)

    # -- what of an exam

    def _result(self, told: Mapping[str, str]) -> tuple[date, str, dict[str, Any]]:
        form = self._form(told)
        day = self.day(told, "held_on")
        subject = (
            SUBJECT_OF_ADMISSION[ExamForm(form)]
            if form in ADMISSIONS
            else self.code(told, "subject", "exam_subject")
        )
        year = (
            self.whole(told, "year") if "year" in told else day.year + (form in ADMISSIONS and day.month >= 9)
        )
        one = results.Result(
            form=form, year=year or 0, stage_code=self.code(told, "stage", "exam_stage"), subject_code=subject, held_on=day,
            primary_score=self.whole(told, "primary_score"), score=self._score(told, form), mark=self._mark(told, form),
            passed=self.flag(told, "passed"), status_code=self.code(told, "status", "exam_status"),
            appeal_code=self.code(told, "appeal", "exam_appeal") if "appeal" in told else "",
        )  # fmt: skip
        if fault := results.fault_of(one, today=self.today):
            raise WrongCell(fault.field, fault.value, fault.message)
        passed = one.passed
        if passed is None and one.score is not None:
            passed = results.passed_by_score(subject, one.year, one.score, declared()[2])
        if passed is None and one.mark is not None:
            passed = one.mark >= 3
        facts = {
            "year": one.year, "form": form, "stage_code": one.stage_code, "subject_code": subject, "held_on": day.isoformat(),
            "primary_score": one.primary_score, "score": one.score, "mark": one.mark, "passed": passed,
            "status_code": one.status_code, "appeal_code": one.appeal_code,
        }  # fmt: skip
        return day, f"{form}:{subject}:{day.isoformat()}", facts

    def _form(self, told: Mapping[str, str]) -> str:
        text = told.get("form", "")
        if names.fold(text) == "гвэ":
            raise WrongCell("form", text, "Напишите «ГВЭ-9» или «ГВЭ-11»: у них разные шкалы и документы.")
        return self.code(told, "form", "exam_form")

    def _score(self, told: Mapping[str, str], form: str) -> int | None:
        """Base mathematics of ЕГЭ has a mark where the others have a score; some tables put both into one column."""
        number = self.whole(told, "score")
        if number is not None and number <= 5 and "mark" not in told and form != ExamForm.EGE:
            return None
        return number

    def _mark(self, told: Mapping[str, str], form: str) -> int | None:
        if "mark" in told:
            return self.whole(told, "mark")
        number = self.whole(told, "score")
        return number if number is not None and number <= 5 and form != ExamForm.EGE else None

    # -- what of a document

    def _document(self, told: Mapping[str, str]) -> tuple[date, str, dict[str, Any]]:
        kind = self.code(told, "kind", "education_document")
        day = self.day(told, "issued_on")
        if day > self.today:
            raise WrongCell("issued_on", f"{day:%d.%m.%Y}", "Дата выдачи ещё не наступила. Исправьте дату.")
        if "birth_date" not in told:
            raise WrongCell(
                "birth_date", "", "Дата рождения не указана: она печатается в реестре. Впишите её."
            )
        blank = self._blank(kind, told.get("series", "") + told.get("number", ""), day)
        if not told.get("registration_number"):
            raise WrongCell(
                "registration_number", "", "Регистрационный номер не указан. Впишите номер по книге выдачи."
            )
        form = self._duplicate(told)
        facts = {
            "kind_code": kind, "form": form, "state_code": self._state(told), "with_honours": bool(self.flag(told, "with_honours")),
            "medal": self._medal(told), "series": blank.series, "number": blank.number,
            "registration_number": told["registration_number"][:40], "issued_on": day.isoformat(),
            "programme_title": told.get("programme_title", "")[:300], "speciality_code": told.get("speciality_code", "")[:10],
            "enrolled_in": self.whole(told, "enrolled_in"), "graduated_in": self.whole(told, "graduated_in") or day.year,
            "sex": self._sex(told), "country_code": self._country(told),
            "replaces": self._replaced(told, form),
        }  # fmt: skip
        return day, f"{kind}:{blank.series}:{blank.number}", facts

    def _blank(self, kind: str, text: str, day: date) -> numbers.BlankNumber:
        try:
            return numbers.read(DocumentKind(kind), text, issued_on=day)
        except InvalidValue as refusal:
            raise WrongCell("number", text, refusal.message) from refusal

    def _duplicate(self, told: Mapping[str, str]) -> str:
        word = names.fold(told.get("form", self.profile.absent["form"]))
        if word.startswith(("ориг", "orig")):
            return DocumentForm.ORIGINAL.value
        if word.startswith("дубл"):
            return DocumentForm.DUPLICATE.value
        raise WrongCell("form", told["form"], "Статус документа – «Оригинал» или «Дубликат».")

    def _state(self, told: Mapping[str, str]) -> str:
        for name in ("destroyed", "lost", "exchanged"):
            if self.flag(told, name):
                return DocumentState(name).value
        return DocumentState.ACTIVE.value

    def _medal(self, told: Mapping[str, str]) -> str:
        word = names.fold(told.get("medal", ""))
        found = {
            "": "",
            "нет": "",
            "i степени": "1",
            "1": "1",
            "i": "1",
            "ii степени": "2",
            "2": "2",
            "ii": "2",
        }.get(word)
        if found is None:
            raise WrongCell("medal", told["medal"], "Медаль – «I степени», «II степени» или пусто.")
        return found

    def _sex(self, told: Mapping[str, str]) -> str:
        if "sex" not in told:
            return ""
        try:
            return cells.read_sex(told["sex"])
        except InvalidValue as refusal:
            raise WrongCell("sex", told["sex"], refusal.message) from refusal

    def _country(self, told: Mapping[str, str]) -> str:
        text = told.get("country", "643")
        code = codelists.find("country", text)
        if code is None:
            raise WrongCell("country", text, "Такой страны нет в ОКСМ. Укажите код, например 643.")
        return code

    def _replaced(self, told: Mapping[str, str], form: str) -> str:
        if form != DocumentForm.DUPLICATE:
            return ""
        return re.sub(r"\W", "", told.get("replaces_series", "") + told.get("replaces_number", "")).upper()
