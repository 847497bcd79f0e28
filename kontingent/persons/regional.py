"""The search of the whole region for duplicates: Splink (the model of Fellegi and Sunter) on DuckDB.

Splink finds and weighs the pairs; ``matching`` then judges each of them, so that a human reads the same words as at any
other door. How often a field agrees by chance is estimated from the region itself; how often it agrees within one person
is data below. Everything happens in one process within ``MEMORY``; what is extracted lies in a private folder until it is
read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import duckdb
import pyarrow
from django.db import connection
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator
from splink.internals.comparison_creator import ComparisonCreator

from kontingent.kernel import names
from kontingent.persons.matching import Fingerprint, Level, Verdict, judge

#: Of DuckDB; the process itself takes some 0.4 GB more.
MEMORY = "1200MB"
THREADS = 2
#: From this weight (bits) on a pair is looked at by ``matching``; from the second on it is possible whatever matching says.
WEIGHT_FROM, LIKELY_FROM = -5.0, 8.0
CERTAIN_WEIGHT = 10.0
SAMPLED_PAIRS = 2e6

Report = Callable[[str, int], None]


class Pair(NamedTuple):
    """Two records (of two persons) that may be one, with the weight of the model and the words for people."""

    record: str
    other_record: str
    person: str
    other_person: str
    weight: float
    verdict: Verdict


# -- the model ---------------------------------------------------------------------------------


def _level(condition: str, m: float, u: float | None = None, **more: Any) -> dict[str, Any]:
    """One level of agreement: its share within one person, and by chance where that is too rare to be sampled."""
    chance = {} if u is None else {"u_probability": u, "fix_u_probability": True}
    return {
        "sql_condition": condition,
        "label_for_charts": condition,
        "m_probability": m,
        "fix_m_probability": True,
        **chance,
        **more,
    }


def _unknown(column: str) -> dict[str, Any]:
    condition = " OR ".join(f'"{column}_{side}" IS NULL' for side in "lr")
    return {"sql_condition": condition, "label_for_charts": "unknown", "is_null_level": True}


def _same(column: str) -> str:
    return f'"{column}_l" = "{column}_r"'


def _slip(column: str) -> str:
    """One slip in a short word, two in a long one, as ``matching`` has it."""
    shorter = f'least(length("{column}_l"), length("{column}_r"))'
    return f'damerau_levenshtein("{column}_l", "{column}_r") <= CASE WHEN {shorter} < 8 THEN 1 ELSE 2 END'


_SWAPPED = '"family_l" = "given_r" AND "given_l" = "family_r"'
_COMPARISONS: list[ComparisonCreator | dict[str, Any]] = [
    {
        "output_column_name": "family",
        "comparison_levels": [
            _unknown("family"), _level(_same("family"), 0.85, tf_adjustment_column="family"), _level(_SWAPPED, 0.01, 1e-6),
            _level(_slip("family"), 0.08), _level("ELSE", 0.06),
        ],
    },
    {
        "output_column_name": "given",
        "comparison_levels": [
            _unknown("given"), _level(_same("given"), 0.92, tf_adjustment_column="given"), _level(_SWAPPED, 0.01, 0.02),
            _level(_slip("given"), 0.06), _level("ELSE", 0.01),
        ],
    },
    {
        "output_column_name": "patronymic",
        "comparison_levels": [
            _unknown("patronymic"), _level(_same("patronymic"), 0.93, tf_adjustment_column="patronymic"),
            _level(_slip("patronymic"), 0.05), _level("ELSE", 0.02),
        ],
    },
    {
        "output_column_name": "born",
        "comparison_levels": [
            _unknown("born"), _level(_same("born"), 0.95), _level(_same("born_set"), 0.02),
            _level('hamming("born_l"::varchar, "born_r"::varchar) = 1', 0.02), _level("ELSE", 0.01),
        ],
    },
    *(
        {
            "output_column_name": column,
            "comparison_levels": [_unknown(column), _level(_same(column), m, 1e-6), _level("ELSE", 1 - m, 1 - 1e-6)],
        }
        for column, m in (("snils", 0.97), ("certificate", 0.95), ("passport", 0.7))
    ),
]  # fmt: skip
_BLOCKS: list[BlockingRuleCreator | dict[str, Any]] = [
    block_on("snils"), block_on("certificate"), block_on("passport"), block_on("born", "family"), block_on("born", "given"),
    block_on("born", "initials"), block_on("born", "sound"), block_on("family", "given", "born_set"),
    block_on("family", "given", "patronymic", "year", "month"), block_on("family", "given", "patronymic", "year", "day"),
    block_on("family", "given", "patronymic", "month", "day"),
    {"blocking_rule": 'l."born" = r."born" AND l."family" = r."given"'},
    {"blocking_rule": 'l."born" = r."born" AND l."given" = r."family"'},
]  # fmt: skip


def _settings() -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only", comparisons=_COMPARISONS, blocking_rules_to_generate_predictions=_BLOCKS,
        unique_id_column_name="number", probability_two_random_records_match=1e-7, retain_matching_columns=False,
    )  # fmt: skip


# -- the search --------------------------------------------------------------------------------

_COLUMNS = ("record", "person", "family", "given", "patronymic", "born", "sex", "snils", "documents")
_EXTRACT = """
COPY (
    SELECT p.id, coalesce(p.merged_into_id, p.id), p.family_key, p.given_key, p.patronymic, p.birth_date, p.sex, p.snils, d.keys
    FROM persons_person p LEFT JOIN (
        SELECT person_id, string_agg(key, '|') AS keys FROM persons_identitydocument GROUP BY person_id
    ) d ON d.person_id = p.id
    WHERE p.status_code = '1' OR p.merged_into_id IS NOT NULL
    UNION ALL
    SELECT p.id, coalesce(p.merged_into_id, p.id), f.family_key, lower(f.given_name), f.patronymic, p.birth_date, p.sex, p.snils, NULL
    FROM persons_personname f JOIN persons_person p ON p.id = f.person_id WHERE p.status_code = '1'
) TO STDOUT (FORMAT csv)
"""
_TIDY = "replace(lower({}), 'ё', 'е')"
_FOR_LIFE = "starts_with(k, '11:') OR starts_with(k, '31:')"


def extract(path: Path) -> None:
    """Write everybody's names, days and numbers to a file; merged records and former names speak for who bears them."""
    with connection.cursor() as cursor, cursor.copy(_EXTRACT) as copy, path.open("wb") as file:
        path.chmod(0o600)
        for block in copy:
            file.write(block)


def find(path: Path, folder: Path, *, report: Report) -> Iterator[Pair]:
    """Yield the pairs of a file written by ``extract`` that may be one person, in one pass."""
    report("Подготовка", 10)
    with duckdb.connect(
        ":memory:",
        config={"threads": THREADS, "memory_limit": MEMORY, "temp_directory": str(folder / "spill")},
    ) as base:
        _load(base, path)
        path.unlink()
        api = DuckDBAPI(base)
        linker = Linker(api.register("people"), _settings(), log_level="ERROR")
        report("Оценка случайных совпадений", 25)
        linker.training.estimate_u_using_random_sampling(max_pairs=SAMPLED_PAIRS, seed=1)
        report("Сравнение", 45)
        found = linker.inference.predict(threshold_match_weight=WEIGHT_FROM, warning_mode="never")
        report("Объяснение", 85)
        yield from _explained(base, found.physical_name)
    report("Запись", 95)


def _load(base: duckdb.DuckDBPyConnection, path: Path) -> None:
    types = dict.fromkeys(_COLUMNS, "VARCHAR") | {"born": "DATE"}
    base.execute(
        f"CREATE TABLE raw AS SELECT * FROM read_csv($path, header = false, columns = {types}, delim = ',', quote = '\"', escape = '\"')",
        {"path": str(path)},
    )
    families = [
        row[0] for row in base.execute("SELECT DISTINCT family FROM raw WHERE family <> ''").fetchall()
    ]
    base.register("sounding", pyarrow.table({"family": families, "sound": list(map(names.sounds, families))}))
    base.execute(
        "CREATE TABLE people AS SELECT row_number() OVER () AS number, record, person, nullif(r.family, '') AS family, "
        f"nullif({_TIDY.format('given')}, '') AS given, nullif({_TIDY.format('patronymic')}, '') AS patronymic, born, sex, snils, "
        f"documents, list_filter(string_split(documents, '|'), lambda k: {_FOR_LIFE})[1] AS certificate, "
        f"list_filter(string_split(documents, '|'), lambda k: NOT ({_FOR_LIFE}))[1] AS passport, "
        "year(born) AS year, month(born) AS month, day(born) AS day, left(r.family, 1) || left(given, 1) AS initials, sound, "
        "year(born) || '-' || least(month(born), day(born)) || '-' || greatest(month(born), day(born)) AS born_set "
        "FROM raw r LEFT JOIN sounding s ON s.family = r.family"
    )
    base.execute("DROP TABLE raw")
    base.unregister("sounding")


_SIDE = ", ".join(f"{{0}}.{name}" for name in _COLUMNS)


def _explained(base: duckdb.DuckDBPyConnection, pairs: str) -> Iterator[Pair]:
    """Judge each pair of different persons; the best of several records of the same two speaks."""
    cursor = base.execute(
        f"SELECT p.match_weight, {_SIDE.format('a')}, {_SIDE.format('b')} FROM {pairs} p JOIN people a ON a.number = p.number_l "
        "JOIN people b ON b.number = p.number_r WHERE a.person <> b.person ORDER BY p.match_weight DESC"
    )
    width = len(_COLUMNS)
    while rows := cursor.fetchmany(10_000):
        for weight, *facts in rows:
            one, other = (dict(zip(_COLUMNS, side, strict=True)) for side in (facts[:width], facts[width:]))
            verdict = _verdict(weight, judge(_fingerprint(one), _fingerprint(other)))
            if verdict is not None:
                yield Pair(one["record"], other["record"], one["person"], other["person"], weight, verdict)


def _verdict(weight: float, verdict: Verdict) -> Verdict | None:
    """Both must be sure for "certain"; either is enough for "possible"."""
    if verdict.level is Level.CERTAIN and weight < CERTAIN_WEIGHT:
        return verdict._replace(level=Level.POSSIBLE)
    if verdict.level is Level.NONE:
        return verdict._replace(level=Level.POSSIBLE) if weight >= LIKELY_FROM else None
    return verdict


def _fingerprint(facts: Mapping[str, Any]) -> Fingerprint:
    born: date | None = facts["born"]
    documents = frozenset(facts["documents"].split("|")) if facts["documents"] else frozenset()
    return Fingerprint(
        names.fold(facts["family"] or ""), names.fold(facts["given"] or ""), names.fold(facts["patronymic"] or ""), born,
        facts["sex"] or "", facts["snils"], documents,
    )  # fmt: skip


def private_folder(under: Path) -> tempfile.TemporaryDirectory[str]:
    """Return a folder that only this process's user may look into, gone when left."""
    under.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="duplicates-", dir=under)


def as_ids(pair: Pair) -> tuple[UUID, UUID]:
    """The two persons of a pair."""
    return UUID(pair.person), UUID(pair.other_person)
