"""The bill of materials is whole and valid, the audit tells the truth, and the tables of measures cite what exists."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools import audit, sbom

ROOT = Path(__file__).resolve().parents[2]
SECURITY = ROOT / "docs" / "security"
#: How many requirements of ASVS 5.0 each chapter has at levels 1 and 2.
REQUIREMENTS = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13, 16: 16, 17: 7,
}  # fmt: skip


def test_the_bill_of_materials_is_valid_and_holds_every_package_of_service() -> None:
    made = sbom.document()
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(made)) is None
    named = {one["name"] for one in made["components"]}
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {re.split(r"[\[><=~]", one)[0] for one in wanted} <= named
    assert "@tabler/core" in named
    assert named & {"pytest", "mypy", "schemathesis"} == set()
    refs = [one["bom-ref"] for one in made["components"]]
    assert len(refs) == len(set(refs))
    assert {one["ref"] for one in made["dependencies"]} >= set(refs)


def test_a_known_vulnerability_fails_the_audit() -> None:
    told = [{"name": "django", "version": "5.2.0", "vulns": [{"id": "CVE-1", "fix_versions": ["5.2.1"]}]}]
    code, lines = audit.verdict(told, 1)
    assert code == 1
    assert "CVE-1" in lines[0]
    assert "5.2.1" in lines[0]


def test_not_knowing_is_said_plainly() -> None:
    code, lines = audit.verdict([{"name": "django", "skip_reason": "not found"}], 40)
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith("NOT AUDITED")
    assert "40 of 40" in lines[0]
    assert audit.verdict([{"name": "a", "version": "1", "vulns": []}], 1) == (
        0,
        ["1 Python packages audited"],
    )


@pytest.mark.parametrize(
    ("output", "code", "said"),
    [
        ('{"error": {}}', 0, "NOT AUDITED"), ("", 0, "NOT AUDITED"),
        ('{"metadata": {"vulnerabilities": {"total": 2}}}', 1, "KNOWN VULNERABILITIES"),
        ('{"metadata": {"vulnerabilities": {"total": 0}}}', 0, "assets audited"),
    ],
)  # fmt: skip
def test_what_npm_says(output: str, code: int, said: str) -> None:
    found, line = audit.npm_verdict(output)
    assert found == code
    assert line.startswith(said)


def test_the_table_of_asvs_has_every_requirement_once_and_an_honest_status() -> None:
    rows = re.findall(
        r"^\| (\d+)\.(\d+)\.(\d+) \| [12] \| (.+?) \| (.+?) \| (.+) \|$",
        (SECURITY / "asvs-5.0-level-2.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len({row[:3] for row in rows}) == len(rows)
    by_chapter = {chapter: sum(int(row[0]) == chapter for row in rows) for chapter in REQUIREMENTS}
    assert by_chapter == REQUIREMENTS
    assert sum(REQUIREMENTS.values()) == len(rows) == 253
    assert {row[4] for row in rows} == {"met", "partly", "not", "n/a", "operator"}
    for row in rows:
        assert len(row[5]) > 3, row


@pytest.mark.parametrize("page", ["asvs-5.0-level-2.md", "fstec-measures.md", "threat-model.md"])
def test_what_is_cited_exists(page: str) -> None:
    text = (SECURITY / page).read_text(encoding="utf-8")
    cited = set(re.findall(r"`([\w.\-]+(?:/[\w.\-]+)+\.\w+|\w+\.toml)`", text))
    assert len(cited) > 15
    assert {one for one in cited if not (ROOT / one).is_file()} == set()


def test_the_table_of_measures_has_all_fifteen_groups() -> None:
    text = (SECURITY / "fstec-measures.md").read_text(encoding="utf-8")
    groups = re.findall(r"^\| ([А-Я]{3}) – ", text, re.MULTILINE)
    assert groups == [
        "ИАФ",
        "УПД",
        "ОПС",
        "ЗНИ",
        "РСБ",
        "АВЗ",
        "СОВ",
        "АНЗ",
        "ОЦЛ",
        "ОДТ",
        "ЗСВ",
        "ЗТС",
        "ЗИС",
        "ИНЦ",
        "УКФ",
    ]
