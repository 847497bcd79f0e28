"""A citizen's question as it comes in: JSON over HTTP, XML by file drop (protocols §4.2). Both become one ``Asked``; pure.

The XML is checked against the shape below, which says the same as ``performance.xsd`` (a test holds them together): what a schema
does not name is refused. A document type, and with it every entity, is refused before anything of it is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NamedTuple
from xml.parsers import expat

import msgspec
from msgspec import Meta, Struct

from kontingent.exchange.epgu import rules
from kontingent.exchange.epgu.actions import Asked
from kontingent.exchange.epgu.codes import Content
from kontingent.exchange.epgu.transfers import AskedState
from kontingent.kernel import snils
from kontingent.kernel.errors import InvalidValue

MOST_BYTES = 20_000
MESSAGE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LIKE_SNILS = re.compile(r"\d{3}[.:-]?\d{3}[.:-]?\d{3}[.:-]?\d{2}")
_SPACE = " \t\r\n"

_Name = Annotated[str, Meta(max_length=100)]


class _Person(Struct, forbid_unknown_fields=True, rename="camel"):
    snils: Annotated[str, Meta(max_length=20)]
    last_name: _Name = ""
    first_name: _Name = ""
    middle_name: _Name = ""
    birth_date: date | None = None


class _Days(Struct, forbid_unknown_fields=True, rename={"from_": "from"}):
    from_: date
    to: date


class _Question(Struct, forbid_unknown_fields=True, rename="camel"):
    message_id: Annotated[str, Meta(max_length=64)]
    applicant: _Person
    child: _Person
    org_ogrn: Annotated[str, Meta(pattern=r"^\d{13}$")] | None = None
    period: _Days | None = None
    content: list[Content] = []


class _AboutTransfers(Struct, forbid_unknown_fields=True, rename="camel"):
    applicant: _Person
    child: _Person


class TransferQuestion(NamedTuple):
    """A question about transfers as a file asks it: the message is how its answer is known."""

    message_id: str
    asked: AskedState


def about_transfers(text: bytes) -> AskedState:
    """Read a question about the transfers of a child, as JSON.

    Raises:
        InvalidValue: it is too long or not of the schema; the words say where.
    """
    _require_size(text)
    try:
        found = msgspec.json.decode(text, type=_AboutTransfers)
    except msgspec.MsgspecError as wrong:
        raise _not_by_schema(wrong, "TransferStateRequest") from None
    except UnicodeDecodeError:
        raise InvalidValue("epgu.structure", "Запрос не в UTF-8. Передайте его в этой кодировке.") from None
    return _asked_state(found)


def _asked_state(found: _AboutTransfers) -> AskedState:
    return AskedState(
        _snils(found.applicant.snils, "applicant.snils"), _snils(found.child.snils, "child.snils"), found.child.birth_date
    )  # fmt: skip


def from_json(text: bytes) -> Asked:
    """Read a question as JSON.

    Raises:
        InvalidValue: it is too long or not of the schema; the words say where.
    """
    _require_size(text)
    try:
        return _asked(msgspec.json.decode(text, type=_Question))
    except msgspec.MsgspecError as wrong:
        raise _not_by_schema(wrong) from None
    except UnicodeDecodeError:
        raise InvalidValue("epgu.structure", "Запрос не в UTF-8. Передайте его в этой кодировке.") from None


def from_xml(text: bytes, namespace: str) -> Asked | TransferQuestion:
    """Read a question as XML of a namespace: about performance, or about transfers.

    Raises:
        InvalidValue: it is too long, no XML, or not of the schema; the words say where.
    """
    _require_size(text)
    root = _tree_of(text)
    about_transfers = root.name == f"{namespace} {_TRANSFERS_ROOT}"
    schema, shape = (_TRANSFERS_ROOT, _PEOPLE_SHAPE) if about_transfers else (_ROOT, _SHAPE)
    try:
        said = _read(root, namespace, schema, shape)
        if not about_transfers:
            return _asked(msgspec.convert(said, _Question))
        message = message_id(said.pop("messageId"))
        return TransferQuestion(message, _asked_state(msgspec.convert(said, _AboutTransfers)))
    except msgspec.MsgspecError as wrong:
        raise _not_by_schema(wrong, schema) from None


def _require_size(text: bytes) -> None:
    if len(text) > MOST_BYTES:
        raise InvalidValue(
            "epgu.too_long", f"Запрос длиннее {MOST_BYTES // 1000} КБ. Передавайте по одному запросу."
        )


def _not_by_schema(wrong: msgspec.MsgspecError, schema: str = "PerformanceRequest") -> InvalidValue:
    said = str(wrong)
    place = said.rpartition("`$")[2].rstrip("`").lstrip(".") if "`$" in said else ""
    return _structure(place, schema)


def _structure(place: str, schema: str = "PerformanceRequest") -> InvalidValue:
    return InvalidValue(
        "epgu.structure",
        f"Запрос составлен не по схеме {schema}{f', место: {place[:60]}' if place else ''}. Сверьте его с описанием.",
    )


def _asked(question: _Question) -> Asked:
    return Asked(
        message_id=message_id(question.message_id),
        applicant=_snils(question.applicant.snils, "applicant.snils"),
        child=_snils(question.child.snils, "child.snils"),
        child_born=question.child.birth_date,
        ogrn=question.org_ogrn,
        start=question.period.from_ if question.period else None,
        end=question.period.to if question.period else None,
        content=rules.asked_for(question.content),
    )


def message_id(text: str) -> str:
    """Return a message id; it stands in addresses, names of files and logs, so it must not be a СНИЛС."""
    if not MESSAGE_ID.fullmatch(text) or _LIKE_SNILS.fullmatch(text):
        raise InvalidValue(
            "epgu.message_id",
            "messageId – до 64 латинских букв, цифр и знаков . _ : -, и не СНИЛС: он виден в адресах. Присвойте другой.",
        )
    return text


def _snils(text: str, place: str) -> str:
    try:
        return snils.normalise(text)
    except InvalidValue:
        raise InvalidValue(
            "epgu.snils", f"{place}: это не СНИЛС, нужны 11 цифр с верным контрольным числом. Сверьте номер."
        ) from None


# -- XML -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Element:
    """An element with its children and its text; names are written «namespace name»."""

    name: str
    attributes: dict[str, str]
    children: list[_Element]
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Child:
    """What may stand at a place of a sequence: text, or a sequence of its own."""

    name: str
    shape: tuple[_Child, ...] = ()
    is_needed: bool = False
    is_many: bool = False


_PERSON_SHAPE = (_Child("snils", is_needed=True), _Child("lastName"), _Child("firstName"), _Child("middleName"), _Child("birthDate"))  # fmt: skip
_PEOPLE_SHAPE = (
    _Child("applicant", _PERSON_SHAPE, is_needed=True),
    _Child("child", _PERSON_SHAPE, is_needed=True),
)
_SHAPE = (
    *_PEOPLE_SHAPE,
    _Child("orgOgrn"),
    _Child("period", (_Child("from", is_needed=True), _Child("to", is_needed=True))),
    _Child("content", is_many=True),
)
_ROOT, _TRANSFERS_ROOT = "PerformanceRequest", "TransferStateRequest"
#: Any XML may say where its schema lies; nobody goes there.
_SCHEMA_LOCATION = "http://www.w3.org/2001/XMLSchema-instance schemaLocation"


def _tree_of(text: bytes) -> _Element:
    """Read XML; depth and number of elements are bounded by the length of the text."""
    top = _Element("", {}, [])
    stack = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        attributes.pop(_SCHEMA_LOCATION, None)
        made = _Element(name, attributes, [])
        stack[-1].children.append(made)
        stack.append(made)

    def end(_: str) -> None:
        stack.pop()

    def data(said: str) -> None:
        stack[-1].text += said

    def doctype(*_: Any) -> None:
        raise InvalidValue(
            "epgu.doctype", "В запросе объявлен DOCTYPE. Уберите его: сущности здесь не читаются."
        )

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text, True)  # noqa: FBT003 - expat's own: this is all
    except expat.ExpatError as wrong:
        raise InvalidValue(
            "epgu.not_xml",
            f"Файл – не правильный XML: строка {wrong.lineno}, знак {wrong.offset + 1}. Сформируйте его заново.",
        ) from None
    except LookupError:
        raise InvalidValue(
            "epgu.not_xml", "Кодировка XML не поддерживается. Передайте файл в UTF-8."
        ) from None
    return top.children[0]


def _read(root: _Element, namespace: str, schema: str, shape: tuple[_Child, ...]) -> dict[str, Any]:
    if root.name != f"{namespace} {schema}":
        raise InvalidValue(
            "epgu.structure",
            f"Корень файла должен быть {_ROOT} или {_TRANSFERS_ROOT} пространства имён {namespace}. Сверьте версию схемы.",
        )
    if set(root.attributes) != {"messageId"}:
        raise _structure("messageId")
    return {"messageId": root.attributes["messageId"].strip(_SPACE), **_sequence(root, shape, namespace, "")}


def _sequence(element: _Element, shape: tuple[_Child, ...], namespace: str, place: str) -> dict[str, Any]:
    """Read the children of an element in their order; anything left over is refused by its place."""
    if element.text.strip(_SPACE):
        raise _structure(place or element.name.rpartition(" ")[2])
    told: dict[str, Any] = {}
    rest = list(element.children)
    for child in shape:
        found: list[Any] = []
        while rest and rest[0].name == f"{namespace} {child.name}" and (child.is_many or not found):
            found.append(_value(rest.pop(0), child, namespace, f"{place}{child.name}"))
        if child.is_needed and not found:
            raise _structure(f"{place}{child.name}")
        if found:
            told[child.name] = found if child.is_many else found[0]
    if rest:
        raise _structure(f"{place}{rest[0].name.rpartition(' ')[2]}")
    return told


def _value(element: _Element, child: _Child, namespace: str, place: str) -> Any:
    if element.attributes:
        raise _structure(place)
    if child.shape:
        return _sequence(element, child.shape, namespace, f"{place}.")
    if element.children:
        raise _structure(place)
    return element.text.strip(_SPACE)
