"""Who in the register is like the one asked about: candidates by index probes, judged by ``matching``.

One statement of index joins whatever the number of questions. A record that was merged into another still answers for
the other: what was once written about the person helps to find them again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from kontingent.kernel import names
from kontingent.kernel.names import FullName
from kontingent.persons.matching import Fingerprint, Level, Verdict, judge, settle
from kontingent.storage import bulk, scope


class Candidate(NamedTuple):
    """Somebody in the register who may be the person asked about."""

    person_id: UUID
    full_name: str
    birth_date: date | None
    verdict: Verdict


#: Up to so many questions travel as parameters; more are worth a table with statistics.
FEW = 50
_PROBE = {
    "key": "bigint", "family": 'text COLLATE "C"', "given": 'text COLLATE "C"', "full_name": 'text COLLATE "C"',
    "initial": 'text COLLATE "C"', "after_initial": 'text COLLATE "C"', "latin": "boolean", "birth_date": "date",
    "swapped": "date", "snils": "text", "documents": "text",
}  # fmt: skip
#: Each branch is one index probe per row; what none of them finds differs in too much to be the same person.
_PAIRS = """
SELECT q.key, p.id FROM match_probe q JOIN persons_person p ON p.snils = q.snils
UNION SELECT q.key, d.person_id FROM match_probe q, unnest(string_to_array(q.documents, chr(10))) k
    JOIN persons_identitydocument d ON d.key = k
UNION SELECT q.key, p.id FROM match_probe q
    JOIN persons_person p ON p.birth_date = q.birth_date AND p.family_key = q.family
UNION SELECT q.key, p.id FROM match_probe q
    JOIN persons_person p ON p.birth_date = q.birth_date AND p.given_key = q.given
-- a slip in the family and in the given name at once: the first letters agree
UNION SELECT q.key, p.id FROM match_probe q
    JOIN persons_person p ON p.birth_date = q.birth_date AND p.family_key >= q.initial AND p.family_key < q.after_initial
        AND left(p.given_key, 1) = left(q.given, 1)
-- family and given name in each other's place
UNION SELECT q.key, p.id FROM match_probe q
    JOIN persons_person p ON p.birth_date = q.birth_date AND p.family_key = q.given
-- the other alphabet, on either side: in collation "C" Latin sorts before Cyrillic
UNION SELECT q.key, p.id FROM match_probe q JOIN persons_person p ON p.birth_date = q.birth_date AND q.latin
UNION SELECT q.key, p.id FROM match_probe q
    JOIN persons_person p ON p.birth_date = q.birth_date AND p.family_key < 'а' AND NOT q.latin
-- day and month in each other's place
UNION SELECT q.key, p.id FROM match_probe q
    JOIN persons_person p ON p.birth_date = q.swapped AND p.family_key = q.family
UNION SELECT q.key, p.id FROM match_probe q
    JOIN persons_person p ON p.birth_date = q.swapped AND p.given_key = q.given
-- one digit of the birth date
UNION SELECT q.key, p.id FROM match_probe q
    JOIN persons_person p ON p.name_key = q.full_name AND p.birth_date <> q.birth_date
        AND (to_char(p.birth_date, 'MMDD') = to_char(q.birth_date, 'MMDD')
             OR to_char(p.birth_date, 'YYYYMM') = to_char(q.birth_date, 'YYYYMM')
             OR to_char(p.birth_date, 'YYYYDD') = to_char(q.birth_date, 'YYYYDD'))
UNION SELECT q.key, f.person_id FROM match_probe q JOIN persons_personname f ON f.name_key = q.full_name
"""
_COMPARED = """
    p.family_key, p.given_key, p.patronymic, p.birth_date, p.sex, p.snils,
    ARRAY(SELECT d.key FROM persons_identitydocument d WHERE d.person_id = p.id),
    ARRAY(SELECT concat_ws(chr(10), f.family_name, f.given_name, f.patronymic) FROM persons_personname f WHERE f.person_id = p.id)
"""
#: ``LIMIT 1`` keeps PostgreSQL to one index probe a pair; a plain join it may turn into a pass over the register.
_FACTS = f"""
SELECT pairs.key, coalesce(s.id, p.id),
    concat_ws(' ', coalesce(s.family_name, p.family_name), coalesce(s.given_name, p.given_name),
        nullif(coalesce(s.patronymic, p.patronymic), '')), coalesce(s.birth_date, p.birth_date), {_COMPARED}
FROM pairs CROSS JOIN LATERAL (SELECT * FROM persons_person o WHERE o.id = pairs.id LIMIT 1) p
    LEFT JOIN LATERAL (SELECT * FROM persons_person m WHERE m.id = p.merged_into_id LIMIT 1) s ON p.merged_into_id IS NOT NULL
WHERE p.status_code = '1' OR s.status_code = '1'
"""


def match_one(fingerprint: Fingerprint) -> list[Candidate]:
    """Return candidates for one person, the likeliest first; only indexed probes are made."""
    return match_many([(0, fingerprint)]).get(0, [])


def match_many(probes: Iterable[tuple[int, Fingerprint]]) -> dict[int, list[Candidate]]:
    """Return candidates by key, set-based: one statement of index joins, whatever the number."""
    prints = dict(probes)
    if not prints:
        return {}
    with scope.whole_register():
        found_pairs = _candidates(prints)
    alike: dict[int, dict[UUID, Candidate]] = defaultdict(dict)
    for key, candidate_of in found_pairs:
        person_id, full_name, born, facts = candidate_of
        verdict = judge(prints[key], facts)
        known = alike[key].get(person_id)
        if verdict.level is not Level.NONE and (known is None or verdict.score > known.verdict.score):
            alike[key][person_id] = Candidate(person_id, full_name, born, verdict)
    return {key: _ranked(list(found.values())) for key, found in alike.items() if found}


def fingerprints_of(person_ids: Iterable[UUID]) -> dict[UUID, Fingerprint]:
    """Return what persons of the register are compared by, those merged since left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id, {_COMPARED} FROM persons_person p WHERE p.id = ANY(%s) AND p.status_code = '1'",
            [list(person_ids)],
        )
        return {row[0]: _fingerprint(*row[1:]) for row in cursor.fetchall()}


def _ranked(candidates: Sequence[Candidate]) -> list[Candidate]:
    verdicts = settle([one.verdict for one in candidates])
    settled = [one._replace(verdict=verdict) for one, verdict in zip(candidates, verdicts, strict=True)]
    return sorted(settled, key=lambda c: (c.verdict.level is not Level.CERTAIN, -c.verdict.score))


def _candidates(
    prints: Mapping[int, Fingerprint],
) -> list[tuple[int, tuple[UUID, str, date | None, Fingerprint]]]:
    rows = [_probe(key, one) for key, one in prints.items()]
    statement = f"pairs AS ({_PAIRS}) {_FACTS}"
    if len(rows) <= FEW:
        columns = ", ".join(f"%s::{kind.split()[0]}[]" for kind in _PROBE.values())
        names_of = ", ".join(_PROBE)
        typed = ", ".join(
            f"{name}{kind.removeprefix('text')} AS {name}" if "COLLATE" in kind else name
            for name, kind in _PROBE.items()
        )
        asked = f"WITH match_probe AS MATERIALIZED (SELECT {typed} FROM unnest({columns}) q({names_of})), {statement}"
        return _fetched(asked, [list(column) for column in zip(*rows, strict=True)])
    with transaction.atomic():
        bulk.execute("DROP TABLE IF EXISTS match_probe")
        table = ", ".join(f"{name} {kind}" for name, kind in _PROBE.items())
        bulk.execute(f"CREATE TEMP TABLE match_probe ({table}) ON COMMIT DROP")
        bulk.copy_rows("match_probe", list(_PROBE), rows)
        bulk.execute("ANALYZE match_probe")
        found = _fetched(f"WITH {statement}", [])
        bulk.execute("DROP TABLE match_probe")
    return found


def _probe(key: int, one: Fingerprint) -> tuple[Any, ...]:
    swapped = None
    if one.birth_date is not None and one.birth_date.day <= 12 and one.birth_date.day != one.birth_date.month:
        swapped = one.birth_date.replace(day=one.birth_date.month, month=one.birth_date.day)
    initial = one.family[:1]
    return (
        key, one.family, one.given, " ".join(filter(None, one.name)), initial, chr(ord(initial) + 1) if initial else "",
        one.family.isascii(), one.birth_date, swapped, one.snils, "\n".join(sorted(one.documents)),
    )  # fmt: skip


def _fetched(
    statement: str, parameters: list[Any]
) -> list[tuple[int, tuple[UUID, str, date | None, Fingerprint]]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [(row[0], (row[1], row[2], row[3], _fingerprint(*row[4:]))) for row in cursor.fetchall()]


def _fingerprint(
    family: str,
    given: str,
    patronymic: str,
    born: date | None,
    sex: str,
    snils: str | None,
    documents: list[str],
    former: list[str],
) -> Fingerprint:
    return Fingerprint(
        family, given, names.fold(patronymic), born, sex, snils, frozenset(documents),
        frozenset(_former(one) for one in former),
    )  # fmt: skip


def _former(text: str) -> FullName:
    family, given, *rest = text.split("\n")
    return FullName(names.fold(family), names.fold(given), names.fold(rest[0]) if rest else "")
