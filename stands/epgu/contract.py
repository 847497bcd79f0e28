"""What an answer must look like: the stand's own copy of the contract. Nothing that it does not name may come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import xmlschema

_HERE = Path(__file__).parent
_SCHEMAS = json.loads((_HERE / "answers.json").read_text(encoding="utf-8"))
NAMESPACE = "urn://kontingent.example/performance/1.0"


class Broken(Exception):
    """The register did not keep the contract; the words say how."""


def require_json(told: Any, name: str) -> None:
    """Raise ``Broken`` unless an answer is of a schema."""
    schema = {"$ref": f"#/components/schemas/{name}", **_SCHEMAS}
    try:
        jsonschema.validate(told, schema, format_checker=jsonschema.FormatChecker())
    except jsonschema.ValidationError as wrong:
        where = "/".join(map(str, wrong.absolute_path)) or "корень"
        raise Broken(f"ответ не по схеме {name}, место: {where}: нарушено «{wrong.validator}»") from None


def require_xml(text: bytes, namespace: str) -> Any:
    """Raise ``Broken`` unless a file is of the schema; return it as data."""
    schema = (_HERE / "performance.xsd").read_text(encoding="utf-8").replace(NAMESPACE, namespace)
    try:
        return xmlschema.XMLSchema(schema).to_dict(text.decode())
    except (xmlschema.XMLSchemaException, UnicodeDecodeError) as wrong:
        raise Broken(f"файл ответа не по схеме: {type(wrong).__name__}") from None
