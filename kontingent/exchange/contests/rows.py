"""From cells to staged rows: what a line says of an achievement, held to the rules of one (``portfolio.rules``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from kontingent.achievements.portfolio import rules
from kontingent.achievements.portfolio.rules import CODE_LISTS, Facts
from kontingent.codelists import queries as codelists
from kontingent.exchange.spreadsheets import cells
from kontingent.exchange.spreadsheets.lines import LineReader, WrongCell
from kontingent.kernel.errors import InvalidValue

UNREAD: Final = "unread"
#: Words of a place that are results at once, where the table has no other result.
_OF_PLACE: Final = {1: "winner", 2: "prize", 3: "prize"}


@dataclass(slots=True)
class RowReader(LineReader):
    """Reads the lines of one table; ``document`` is the organiser's protocol, for lines without a document of their own."""

    document: str

    def read(self, sheet: str, line: int, row: Sequence[Any]) -> tuple[Any, ...] | None:
        """Return the values of a staged row (``contests.STAGED``), None for a line with nothing in it."""
        texts = [cells.plain(cell) for cell in row]
        told = self.told(texts)
        if not told:
            return None
        raw = "\t".join(text.replace("\t", " ") for text in texts)
        try:
            family, given, patronymic, name_key = self.name(told)
            number = self.snils(told)
            born = self.day(told, "birth_date") if "birth_date" in told else None
            if not (number or born):
                raise WrongCell(
                    "birth_date",
                    "",
                    "Нет ни СНИЛС, ни даты рождения: человека не узнать. Впишите одно из них.",
                )
            facts = self._facts(told, born)
        except WrongCell as wrong:
            problems = json.dumps([[wrong.field, wrong.value, "value", wrong.message]], ensure_ascii=False)
            return (sheet, line, raw, "", "", "", "", None, "", "", "", None, "{}", "", UNREAD, problems)
        said = {name: value for name, value in facts._asdict().items() if value not in ("", None)}
        said["happened_on"] = facts.happened_on.isoformat()
        if facts.team:
            said["team_key"] = rules.title_key(
                facts.team
            )  # a team is told by its name, however it is written
        return (
            sheet, line, raw, family, given, patronymic, name_key, born, number, "", told.get("ogrn", "")[:15], facts.happened_on,
            json.dumps(said, ensure_ascii=False), rules.event_key(facts), "", "[]",
        )  # fmt: skip

    def _facts(self, told: Mapping[str, str], born: date | None) -> Facts:
        stage = self.code(told, "stage_code", CODE_LISTS["stage_code"]) if "stage_code" in told else ""
        place = self.whole(told, "place")
        absent = self.profile.absent
        words = {name: told.get(name) or absent.get(name, "") for name in Facts._fields}
        facts = Facts(
            kind_code=self.code(told, "kind_code", CODE_LISTS["kind_code"]),
            title=words["title"],
            happened_on=self.day(told, "happened_on"),
            level_code=self._level(told, stage),
            result_code=self._result(told, place),
            organiser=words["organiser"],
            stage_code=stage,
            subject_code=self.code(told, "subject_code", CODE_LISTS["subject_code"]) if "subject_code" in told else "",
            place=place,
            team=words["team"],
            supervisor=words["supervisor"],
            document=words["document"] or self.document,
            uin=words["uin"],
        )  # fmt: skip
        try:
            return rules.check(facts, born=born, today=self.today, known=codelists.has)
        except InvalidValue as refusal:
            field = refusal.code.partition(".")[2]
            raise WrongCell(field, told.get(field, ""), refusal.message) from refusal

    def _level(self, told: Mapping[str, str], stage: str) -> str:
        if "level_code" not in told and (level := self.profile.absent.get(f"level_code.{stage}")):
            return level
        return self.code(told, "level_code", CODE_LISTS["level_code"])

    def _result(self, told: Mapping[str, str], place: int | None) -> str:
        """A result that is not said follows from the place; a number instead of a word is a place, too."""
        text = told.get("result_code", "")
        if not text and place in _OF_PLACE:
            return _OF_PLACE[place]
        return self.code(told, "result_code", CODE_LISTS["result_code"])
