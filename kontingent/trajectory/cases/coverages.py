"""The state of coverage of every minor as one statement; ``rules.coverage`` says the same of one child."""

from __future__ import annotations

from datetime import date
from typing import Any

from kontingent.trajectory.cases import codes, rules
from kontingent.trajectory.cases.codes import Coverage

_COVERAGE = f"""
SELECT {{what}} FROM (SELECT p.id AS person_id, coalesce(o.municipality_id, ol.municipality_id) AS municipality_id, p.birth_date AS born, CASE
    WHEN p.died_on <= %(day)s THEN '{Coverage.DEAD}'
    WHEN n.enrolment_id IS NOT NULL AND pl.study_form_code = ANY(%(outside)s) THEN '{Coverage.FAMILY}'
    WHEN n.level_code = ANY(%(vocational)s) THEN '{Coverage.VOCATIONAL}'
    WHEN n.enrolment_id IS NOT NULL THEN '{Coverage.STUDYING}'
    WHEN l.reason_code = '{codes.DEATH}' THEN '{Coverage.DEAD}'
    WHEN l.reason_code = '{codes.FAMILY}' THEN '{Coverage.FAMILY}'
    WHEN l.reason_code = '{codes.OTHER_REGION}' THEN '{Coverage.OTHER_REGION}'
    WHEN l.reason_code = '{codes.ABROAD}' THEN '{Coverage.ABROAD}'
    WHEN l.reason_code = '{codes.HEALTH}' THEN '{Coverage.HEALTH}'
    WHEN l.reason_code = ANY(%(finished)s) THEN '{Coverage.FINISHED}'
    WHEN p.birth_date > %(september)s - make_interval(years => {rules.COMPULSORY_FROM}) THEN '{Coverage.NOT_DUE}'
    WHEN l.enrolment_id IS NULL THEN '{Coverage.UNKNOWN}' ELSE '{Coverage.SOUGHT}' END AS state
FROM persons_person p
LEFT JOIN (SELECT DISTINCT ON (e.person_id) e.* FROM enrolment_enrolment e WHERE e.superseded_at IS NULL
    AND e.level_code = ANY(%(studies)s) AND e.starts_on <= %(day)s AND (e.ends_on IS NULL OR e.ends_on > %(day)s)
    ORDER BY e.person_id, e.is_main DESC, e.starts_on DESC, e.enrolment_id::text COLLATE "C" DESC) n ON n.person_id = p.id
LEFT JOIN (SELECT DISTINCT ON (e.person_id) e.* FROM enrolment_enrolment e WHERE e.superseded_at IS NULL
    AND e.level_code = ANY(%(studies)s) AND e.ends_on <= %(day)s AND e.reason_code <> '{codes.MISTAKE}'
    ORDER BY e.person_id, e.ends_on DESC, e.starts_on DESC, e.enrolment_id::text COLLATE "C" DESC) l ON l.person_id = p.id
LEFT JOIN enrolment_placement pl ON pl.enrolment_id = n.enrolment_id AND pl.superseded_at IS NULL AND pl.starts_on <= %(day)s
    AND (pl.ends_on IS NULL OR pl.ends_on > %(day)s)
LEFT JOIN organisations_organisation o ON o.id = n.organisation_id
LEFT JOIN organisations_organisation ol ON ol.id = l.organisation_id
WHERE p.merged_into_id IS NULL AND p.status_code = '1' AND p.birth_date <= %(day)s AND p.birth_date > %(adult)s) c {{rest}}
"""


def statement(what: str, rest: str = "") -> str:
    """Return the statement of coverage: columns ``person_id``, ``municipality_id``, ``born``, ``state`` of every minor."""
    return _COVERAGE.format(what=what, rest=rest)


def parameters(day: date) -> dict[str, Any]:
    """Return what that statement is given."""
    return {
        "day": day, "adult": rules.years_before(day, rules.ADULT), "september": rules.school_year_begins(day),
        "studies": list(codes.STUDIES), "vocational": list(codes.VOCATIONAL), "outside": list(codes.OUT_OF_SCHOOL_FORMS),
        "finished": list(codes.FINISHED),
    }  # fmt: skip
