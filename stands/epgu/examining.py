"""The examination: what ЕПГУ needs of the register, step by step, and a report that names no person."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from stands.epgu import contract
from stands.epgu.contract import Broken
from stands.epgu.portal import Answer, Folder, Portal

HEAD = "Стенд ЕПГУ: имитация портала для проверки реестра. Это не ЕПГУ; люди и запросы вымышлены."


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried: what, whether it came out, in words."""

    title: str
    passed: bool
    said: str = ""


@dataclass(frozen=True, slots=True)
class People:
    """Whom the examination is about: one with the right, the child, one without. Numbers are kept out of the report."""

    applicant: dict[str, str]
    child: dict[str, str]
    stranger: dict[str, str]

    @property
    def numbers(self) -> list[str]:
        """Every СНИЛС, as digits."""
        people = (self.applicant, self.child, self.stranger)
        return ["".join(sign for sign in one["snils"] if sign.isdigit()) for one in people]


class Examination:
    """Runs the steps one after another; a step that cannot be done fails, and the others go on."""

    def __init__(self, portal: Portal, people: People, folder: Folder | None = None) -> None:
        """Keep whom to ask, about whom, and where files are exchanged, if they are."""
        self.portal, self.people, self.folder = portal, people, folder
        self.run_id = uuid.uuid4().hex[:12]
        self.first: Any = None
        self.told: list[bytes] = []

    def steps(self) -> Iterator[Step]:
        """Do everything; yield each step as it is done."""
        plan: list[tuple[str, Callable[[], str]]] = [
            ("вход внешней системы", self._sign_in),
            ("представитель получает сведения", self._answered),
            ("тот же запрос – тот же ответ", self._again),
            ("под тем же номером другой вопрос – отказ", self._reused),
            ("посторонний получает отказ без сведений", self._stranger),
            ("расписание по ответу", self._timetable),
            ("расписание за полпериода – отказ по форме", self._half),
        ]
        if self.folder is not None:
            plan += [
                ("представитель получает файл", self._by_file),
                ("тот же файл – тот же ответ", self._file_again),
                ("не запрос возвращается с причиной", self._bad_file),
            ]
        plan.append(("СНИЛС нет ни в адресах, ни в ответах", self._numbers))
        for title, step in plan:
            try:
                yield Step(title, passed=True, said=step())
            except Broken as wrong:
                yield Step(title, passed=False, said=str(wrong))
            except (OSError, KeyError, TypeError, ValueError) as wrong:
                yield Step(title, passed=False, said=f"ответ не разобран: {type(wrong).__name__}")

    # -- over HTTP ---------------------------------------------------------------------------------

    def _sign_in(self) -> str:
        return _ms(_status(self.portal.sign_in(), 200))

    def _question(self, name: str, **more: Any) -> dict[str, Any]:
        people = {"applicant": self.people.applicant, "child": self.people.child}
        return {"messageId": f"stand-{self.run_id}-{name}", **people, **more}

    def _ask(self, question: dict[str, Any]) -> Answer:
        answer = _status(self.portal.ask(question), 200)
        self.told.append(answer.text)
        contract.require_json(answer.data, "PerformanceAnswer")
        return answer

    def _answered(self) -> str:
        answer = self._ask(self._question("http"))
        self.first = answer.data
        _require(self.first["state"] == "answered", f"отказ {self.first['refusal']}")
        return f"уроков {len(self.first['answer']['lessons'])}, {_ms(answer)}"

    def _again(self) -> str:
        same = self._ask(self._question("http"))
        told = _status(self.portal.ask_again(f"stand-{self.run_id}-http"), 200)
        _require(same.data == told.data == self.first, "ответы разные")
        return _ms(same)

    def _reused(self) -> str:
        answer = _status(self.portal.ask(self._question("http", content=["marks"])), 409)
        return str(answer.data["code"])

    def _stranger(self) -> str:
        told = self._ask(self._question("stranger", applicant=self.people.stranger)).data
        refused = (told["state"], told["refusal"], told["reason"], told["answer"])
        _require(refused == ("refused", "NOT_REPRESENTATIVE", "ACCESS_DENIED", None), "ответ не тот")
        return str(told["refusal"])

    def _timetable(self) -> str:
        answer = _status(self.portal.timetable(self.first["id"]), 200)
        self.told.append(answer.text)
        contract.require_json(answer.data, "Schedule")
        return _ms(answer)

    def _half(self) -> str:
        answer = _status(self.portal.timetable(self.first["id"], start="2026-01-12"), 400)
        contract.require_json(answer.data, "OperationOutcome")
        return str(answer.data["issue"][0]["code"])

    # -- by files ----------------------------------------------------------------------------------

    def _exchange(self, name: str) -> bytes:
        assert self.folder is not None
        question = self._question(name)
        self.folder.put(f"{question['messageId']}.xml", self.folder.question(question))
        text = self.folder.fetch("out", f"{question['messageId']}.xml")
        if text is None:
            raise Broken(f"ответа нет за {self.folder.patience:.0f} с")
        self.told.append(text)
        return text

    def _by_file(self) -> str:
        assert self.folder is not None
        self.file = self._exchange("file")
        told = contract.require_xml(self.file, self.folder.namespace)
        _require("Answer" in told, "отказ")
        lessons = told["Answer"].get("lesson") or []
        _require(len(lessons) == len(self.first["answer"]["lessons"]), "уроков не столько, сколько по HTTP")
        return f"уроков {len(lessons)}"

    def _file_again(self) -> str:
        _require(self._exchange("file") == self.file, "файлы разные")
        return "байт в байт"

    def _bad_file(self) -> str:
        assert self.folder is not None
        name = f"stand-{self.run_id}-bad.xml"
        self.folder.put(name, b"<PerformanceRequest/>")
        reason = self.folder.fetch("refused", f"{name}.reason.json")
        if reason is None:
            raise Broken("причины отказа нет")
        _require(self.folder.fetch("refused", name) == b"<PerformanceRequest/>", "сам файл не возвращён")
        return str(json.loads(reason)["code"])

    # -- and of all of it --------------------------------------------------------------------------

    def _numbers(self) -> str:
        said = b"\n".join(self.told).decode() + "\n".join(self.portal.addresses)
        _require(not any(number in said for number in self.people.numbers), "СНИЛС найден")
        return f"ответов {len(self.told)}, адресов {len(self.portal.addresses)}"


def _status(answer: Answer, expected: int) -> Answer:
    if answer.status != expected:
        raise Broken(f"статус {answer.status} вместо {expected}")
    return answer


def _require(holds: bool, said: str) -> None:  # noqa: FBT001 - a condition and its words
    if not holds:
        raise Broken(said)


def _ms(answer: Answer) -> str:
    return f"{answer.took_ms:.0f} мс"
