"""What a client of the gradebook sends, as JSON of the standard; checked for shape alone. Pure.

Fields of the standard that the register has no place for are taken and left aside; a field that the standard does not have is refused, since it may be
a slip in the name of one that matters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from kontingent.exchange.oneroster import model
from kontingent.exchange.oneroster.gradebook import NOT_SUBMITTED
from kontingent.kernel.errors import InvalidValue

Key: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64)]
Title: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Number: TypeAlias = Annotated[float, Meta(ge=-9999, le=9999)]
_ID = re.compile(r"[^\s\x00-\x1f/?#%]{1,64}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Reference(Struct):
    """A reference to an object; its address and type say nothing new."""

    sourcedId: Annotated[str, Meta(min_length=1, max_length=150)]  # noqa: N815 - the standard's


class Body(Struct, kw_only=True, forbid_unknown_fields=True):
    """What every object has."""

    sourcedId: Key = ""  # noqa: N815
    status: Literal["active", "tobedeleted"] = "active"
    dateLastModified: str | None = None  # noqa: N815
    metadata: dict[str, Any] | None = None

    def as_v12(self) -> Body:
        """Return the same as 1.2 says it."""
        return self

    def _own(self, name: str) -> dict[str, Any]:
        """Return what 1.1 has no field for from ``metadata``, if it is there."""
        said = (self.metadata or {}).get(name)
        return {} if said is None else {name: said}

    def _common(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("sourcedId", "status", "dateLastModified", "metadata")}


class CategoryBody(Body, kw_only=True, forbid_unknown_fields=True):
    """A category."""

    title: Title
    weight: Annotated[float, Meta(ge=0, le=10)] | None = None


class LineItemBodyV11(Body, kw_only=True, forbid_unknown_fields=True, rename={"class_": "class"}):
    """A work of a class in 1.1, which names a grading period and no school."""

    title: Title
    class_: Reference
    category: Reference
    dueDate: str  # noqa: N815
    assignDate: str | None = None  # noqa: N815
    description: Annotated[str, Meta(max_length=2000)] | None = None
    gradingPeriod: Reference | None = None  # noqa: N815
    resultValueMin: Number | None = None  # noqa: N815
    resultValueMax: Number | None = None  # noqa: N815

    def as_v12(self) -> LineItemBody:
        """Return the same as 1.2 says it."""
        return LineItemBody(**msgspec.structs.asdict(self))


class LineItemBody(LineItemBodyV11, kw_only=True, forbid_unknown_fields=True):
    """The same in 1.2, which says more."""

    school: Reference | None = None
    academicSession: Reference | None = None  # noqa: N815
    scoreScale: Reference | None = None  # noqa: N815
    learningObjectiveSet: Any = None  # noqa: N815

    def as_v12(self) -> LineItemBody:
        """Return itself."""
        return self


class ResultBody(Body, kw_only=True, forbid_unknown_fields=True, rename={"class_": "class"}):
    """A result of a work."""

    lineItem: Reference  # noqa: N815
    student: Reference
    scoreDate: str  # noqa: N815
    scoreStatus: Annotated[str, Meta(max_length=60)] = "fully graded"  # noqa: N815
    score: Number | None = None
    textScore: Annotated[str, Meta(max_length=64)] | None = None  # noqa: N815
    comment: Annotated[str, Meta(max_length=500)] | None = None
    class_: Reference | None = None
    scoreScale: Any = None  # noqa: N815
    learningObjectiveSet: Any = None  # noqa: N815
    inProgress: Any = None  # noqa: N815
    incomplete: Any = None
    late: Any = None
    missing: Any = None


class ScaleValue(Struct):
    """What is written, and what it is worth."""

    itemValueLHS: Annotated[str, Meta(min_length=1, max_length=60)]  # noqa: N815
    itemValueRHS: Annotated[str, Meta(min_length=1, max_length=60)]  # noqa: N815


class ScoreScaleBody(Body, kw_only=True, forbid_unknown_fields=True, rename={"class_": "class"}):
    """A scale of a class."""

    title: Title
    type: Title
    class_: Reference
    scoreScaleValue: Annotated[list[ScaleValue], Meta(min_length=1, max_length=100)]  # noqa: N815
    course: Reference | None = None


class CategoryBodyV11(Body, kw_only=True, forbid_unknown_fields=True):
    """A category of 1.1, which has no weight: ours is ``metadata.weight``."""

    title: Title

    def as_v12(self) -> CategoryBody:
        """Return the same as 1.2 says it."""
        return _converted({**self._common(), "title": self.title, **self._own("weight")}, CategoryBody)


class ResultBodyV11(Body, kw_only=True, forbid_unknown_fields=True):
    """A result of 1.1, which must have a number: a word goes in ``metadata.textScore``."""

    lineItem: Reference  # noqa: N815
    student: Reference
    score: Number
    scoreDate: str  # noqa: N815
    scoreStatus: Annotated[str, Meta(max_length=60)] = "fully graded"  # noqa: N815
    comment: Annotated[str, Meta(max_length=500)] | None = None

    def as_v12(self) -> ResultBody:
        """Return the same as 1.2 says it."""
        facts: dict[str, Any] = {
            **self._common(), "lineItem": {"sourcedId": self.lineItem.sourcedId}, "student": {"sourcedId": self.student.sourcedId},
            "scoreDate": self.scoreDate, "scoreStatus": self.scoreStatus, "comment": self.comment, **self._own("textScore"),
        }  # fmt: skip
        if not facts.get("textScore") and self.scoreStatus != NOT_SUBMITTED:
            facts["score"] = self.score
        return _converted(facts, ResultBody)


B = TypeVar("B", bound=Body)


def _converted(facts: dict[str, Any], kind: type[B]) -> B:
    try:
        return msgspec.convert(facts, kind)
    except msgspec.ValidationError as error:
        raise _unfit(
            f"metadata не подходит: {str(error)[:200]}. Сверьте поле с описанием интерфейса."
        ) from None


def read_one(content: bytes, name: str, kind: type[B], source_id: str) -> B:
    """Return the object of a body, which must be the one that the address names.

    Raises:
        InvalidValue: no JSON, another name, a field missing, unknown or of another kind.
    """
    body = _shaped(_inside(content, name), kind, name)
    if body.sourcedId not in ("", source_id):
        raise _unfit(f"В теле sourcedId «{body.sourcedId[:64]}», а в адресе другой. Укажите один и тот же.")
    body.sourcedId = source_id
    return body


def read_many(content: bytes, name: str, kind: type[B], *, most: int) -> Sequence[B]:
    """Return the objects of a body with a list, each with an id of its own."""
    try:
        found = msgspec.json.decode(_inside(content, name), type=list[msgspec.Raw])
    except msgspec.DecodeError:
        found = []
    if not 1 <= len(found) <= most:
        raise _unfit(f"В «{name}» нужен список от 1 до {most} объектов.")
    made = [_shaped(bytes(one), kind, f"{name}[{place}]") for place, one in enumerate(found)]
    keys = [check_id(one.sourcedId) for one in made]
    if len(set(keys)) < len(keys):
        raise _unfit("Один sourcedId у двух объектов списка. У каждого должен быть свой.")
    return made


def check_id(source_id: str) -> str:
    """Return an id that an address can hold."""
    if not _ID.fullmatch(source_id):
        raise _unfit("sourcedId – до 64 знаков без пробелов и знаков / ? # %. Дайте объекту другой.")
    return source_id


def _inside(content: bytes, name: str) -> bytes:
    try:
        wrapped = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _unfit(f"Тело запроса – не JSON вида {{«{name}»: …}} в UTF-8. Исправьте его.") from None
    if set(wrapped) != {name}:
        raise _unfit(f"В теле должен быть один объект «{name}» и ничего больше.")
    return bytes(wrapped[name])


def _shaped(content: bytes, kind: type[B], where: str) -> B:
    try:
        body = msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unfit(
            f"Объект «{where}» не подходит: {str(error)[:200]}. Сверьте поле с описанием интерфейса."
        ) from None
    if "\0" in content.decode(errors="replace") or rb"\u0000" in content:
        raise _unfit(f"В объекте «{where}» нулевой символ. Уберите его.")
    return body


def day_of(text: str, name: str) -> date:
    """Return a day; of a moment, which the standard allows, its day as it is written."""
    try:
        if _DAY.match(text):
            return datetime.fromisoformat(text).date() if len(text) > 10 else date.fromisoformat(text)
    except ValueError:
        pass
    raise _unfit(f"«{text[:40]}» в «{name}» не читается. Запишите день как 2026-09-01.")


def modified_at(body: Body) -> datetime | None:
    """Return when the client says that it changed the object."""
    if body.dateLastModified is None:
        return None
    try:
        moment = datetime.fromisoformat(body.dateLastModified)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year < 2000:
        raise _unfit(
            f"dateLastModified «{body.dateLastModified[:40]}» не читается. Запишите момент как 2026-09-01T08:00:00Z."
        )
    return moment


def check_score_status(text: str) -> str:
    """Return a status of the standard, or somebody's own."""
    if text not in model.SCORE_STATUSES and not text.startswith(model.OWN_VALUE):
        raise _unfit(f"scoreStatus «{text}» нет. Есть: {', '.join(sorted(model.SCORE_STATUSES))}.")
    return text


def _unfit(message: str) -> InvalidValue:
    return InvalidValue("oneroster.invalid_data", message)
