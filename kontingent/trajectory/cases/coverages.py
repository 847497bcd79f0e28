"""The state of coverage of every minor as one statement; ``rules.coverage`` says the same of one child.

This is the one definition of coverage: the case pages count it by state, the pages of flows by age, and both open it down to children.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from kontingent.trajectory.cases import codes, rules
from kontingent.trajectory.cases.codes import Coverage

#: One enrolment tells of a child: that of the day, the main one first; without one that which ended last, mistakes left out.
#: Of where and how it studies only the few outside a school are looked for, by an index of theirs (``placement_out_of_school``).
_COVERAGE = f"""
SELECT {{what}} FROM (SELECT p.id AS person_id, n.organisation_id, o.municipality_id, p.birth_date AS born,
    extract(year FROM age(%(day)s::date, p.birth_date))::int AS age, CASE WHEN n.is_open THEN n.level_code END AS level, n.ends_on, CASE
    WHEN p.died_on <= %(day)s THEN '{Coverage.DEAD}'
    WHEN pl.id IS NOT NULL THEN '{Coverage.FAMILY}'
    WHEN n.is_open AND n.level_code = ANY(%(vocational)s) THEN '{Coverage.VOCATIONAL}'
    WHEN n.is_open THEN '{Coverage.STUDYING}'
    WHEN n.reason_code = '{codes.DEATH}' THEN '{Coverage.DEAD}'
    WHEN n.reason_code = '{codes.FAMILY}' THEN '{Coverage.FAMILY}'
    WHEN n.reason_code = '{codes.OTHER_REGION}' THEN '{Coverage.OTHER_REGION}'
    WHEN n.reason_code = '{codes.ABROAD}' THEN '{Coverage.ABROAD}'
    WHEN n.reason_code = '{codes.HEALTH}' THEN '{Coverage.HEALTH}'
    WHEN n.reason_code = ANY(%(finished)s) THEN '{Coverage.FINISHED}'
    WHEN p.birth_date > %(september)s - make_interval(years => {rules.COMPULSORY_FROM}) THEN '{Coverage.NOT_DUE}'
    WHEN n.enrolment_id IS NULL THEN '{Coverage.UNKNOWN}' ELSE '{Coverage.SOUGHT}' END AS state
FROM persons_person p
LEFT JOIN (SELECT DISTINCT ON (e.person_id) e.person_id, e.enrolment_id, e.organisation_id, e.level_code, e.reason_code, e.ends_on, w.is_open
    FROM enrolment_enrolment e CROSS JOIN LATERAL (SELECT e.ends_on IS NULL OR e.ends_on > %(day)s AS is_open) w
    WHERE e.superseded_at IS NULL AND e.level_code = ANY(%(studies)s) AND e.starts_on <= %(day)s
    AND (w.is_open OR e.reason_code <> '{codes.MISTAKE}')
    ORDER BY e.person_id, w.is_open DESC, (w.is_open AND e.is_main) DESC, CASE WHEN w.is_open THEN e.starts_on ELSE e.ends_on END DESC,
        e.starts_on DESC, e.enrolment_id::text COLLATE "C" DESC) n ON n.person_id = p.id
LEFT JOIN enrolment_placement pl ON n.is_open AND pl.enrolment_id = n.enrolment_id AND pl.superseded_at IS NULL AND pl.starts_on <= %(day)s
    AND (pl.ends_on IS NULL OR pl.ends_on > %(day)s) AND pl.study_form_code = ANY(%(outside)s)
LEFT JOIN organisations_organisation o ON o.id = n.organisation_id
WHERE p.merged_into_id IS NULL AND p.status_code = '1' AND p.birth_date <= %(day)s AND p.birth_date > %(adult)s) c {{rest}}
"""


def statement(what: str, rest: str = "") -> str:
    """Return the statement of coverage.

    Columns: ``person_id``, ``organisation_id``, ``municipality_id`` (where it studies or studied last), ``born``, ``age``, ``level`` (of the
    day), ``ends_on``, ``state``, of every minor.
    """
    return _COVERAGE.format(what=what, rest=rest)


def parameters(day: date) -> dict[str, Any]:
    """Return what that statement is given."""
    return {
        "day": day, "adult": rules.years_before(day, rules.ADULT), "september": rules.school_year_begins(day),
        "studies": list(codes.STUDIES), "vocational": list(codes.VOCATIONAL), "outside": list(codes.OUT_OF_SCHOOL_FORMS),
        "finished": list(codes.FINISHED),
    }  # fmt: skip
