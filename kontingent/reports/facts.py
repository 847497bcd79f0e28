"""The facts of the vocabulary as columns: one pass over the register for all organisations at once.

``built`` lays the facts of each source into a table of the transaction; every table of a form is then one GROUP BY over it.
All facts are of the form's date (of the day before a movement) and of a moment's knowledge, so that a past form comes out the
same again. Numbers are counted beyond what the viewer may see of persons; who they are, only ``queries.listed`` shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from kontingent.programmes.rules import TERMS
from kontingent.reports.rules.vocabulary import Source
from kontingent.storage import scope

#: Classes smaller than this are named apart (ОО-1 2.4, строка 05).
SMALL_CLASS_TOWN, SMALL_CLASS_VILLAGE = 25, 14


@dataclass(frozen=True, slots=True)
class Asked:
    """Of which day, period and moment, and of which organisations; all when none are named."""

    on: date
    since: date
    until: date
    known_at: datetime | None = None
    organisations: tuple[UUID, ...] | None = None

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the statements below."""
        return {
            "on": self.on, "since": self.since, "until": self.until, "known_at": self.known_at,
            "organisations": None if self.organisations is None else list(self.organisations),
            "january": date(self.on.year + 1, 1, 1), "town": SMALL_CLASS_TOWN, "village": SMALL_CLASS_VILLAGE,
        }  # fmt: skip


def table_of(source: Source) -> str:
    """Return the table that holds the facts of a source while ``built`` goes on."""
    return f"report_{source.value}"


@contextmanager
def built(asked: Asked, sources: Collection[Source]) -> Iterator[None]:
    """Lay out the facts of the sources asked for; they are gone when the block ends."""
    statements = {
        Source.LEARNERS: _LEARNERS,
        Source.BEFORE: _LEARNERS_BEFORE,
        Source.DIRECTIONS: _DIRECTIONS,
        Source.CLASSES: _CLASSES,
        Source.SETS: _SETS,
        Source.DAY_GROUPS: _DAY_GROUPS,
        Source.PLACES: _PLACES_IN_GROUPS,
        Source.FINISHED: _FINISHED,
        Source.LEFT: _LEFT,
        Source.ARRIVED: _ARRIVED,
    }
    wanted = [one for one in statements if one in _with_what_they_need(sources)]
    parameters = asked.parameters()
    try:
        with scope.whole_register(), connection.cursor() as cursor:
            for source in wanted:
                name = table_of(source)
                statement = _known(statements[source], asked.known_at)
                cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
                cursor.execute(f"CREATE TEMPORARY TABLE {name} AS {statement}", parameters)
                # the lists behind numbers are read by whoever looks, within their own scope
                cursor.execute(f"GRANT SELECT ON {name} TO PUBLIC")
        yield
    finally:
        if not connection.needs_rollback:
            with scope.whole_register(), connection.cursor() as cursor:
                for source in wanted:
                    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{table_of(source)}")


def _with_what_they_need(sources: Collection[Source]) -> set[Source]:
    """Directions, classes, their sets and after-school groups are counted from the learners in them, places from classes."""
    wanted = set(sources)
    if Source.PLACES in wanted:
        wanted.add(Source.CLASSES)
    if wanted & {Source.DIRECTIONS, Source.CLASSES, Source.SETS, Source.DAY_GROUPS}:
        wanted.add(Source.LEARNERS)
    return wanted


def _known(statement: str, known_at: datetime | None) -> str:
    """Write ``KNOWN(x)`` out: rows as we know them now, or knew them at a moment."""
    parts = statement.split("KNOWN(")
    written = parts[0]
    for part in parts[1:]:
        alias, rest = part.split(")", 1)
        written += (
            f"{alias}.superseded_at IS NULL"
            if known_at is None
            else f"{alias}.recorded_at <= %(known_at)s AND ({alias}.superseded_at IS NULL OR {alias}.superseded_at > %(known_at)s)"
        ) + rest
    return written


# -- the statements ------------------------------------------------------------------------------


def _level(grade: str) -> str:
    return (
        f"CASE WHEN {grade} BETWEEN 1 AND 4 THEN 'primary' WHEN {grade} BETWEEN 5 AND 9 THEN 'basic' "
        f"WHEN {grade} BETWEEN 10 AND 12 THEN 'secondary' ELSE '' END"
    )


_USUAL_YEARS = " ".join(f"WHEN '{kind}' THEN {years[0]}" for kind, years in TERMS.items())


def _years(duration: str, kind: str) -> str:
    return f"coalesce({duration} / 12, CASE {kind} {_USUAL_YEARS} END)"


def _final_grade(grade: str, duration: str, kind: str) -> str:
    """The grade after which a programme of a level is done: 4 for НОО of four years, 9 for ООО, 11 or 12 for СОО."""
    before = f"CASE {kind} WHEN '13' THEN 4 WHEN '14' THEN 9 ELSE 0 END"
    return f"coalesce({grade} >= {before} + {_years(duration, kind)}, false)"


_OWN_TERM = ("pr.duration_months", "p.programme_kind_code")
_CLASS_TERM = ("gp.duration_months", "gp.kind_code")

#: What the register says of an organisation on the form's date.
_PLACES = """
    SELECT o.id, o.municipality_id,
        coalesce((v.data->>'is_rural')::boolean, o.is_rural) AS rural,
        coalesce(v.data->>'type_code', o.type_code) AS organisation_type,
        scope.stage_is_open('2', o.municipality_id) AS health_open,
        scope.stage_is_open('3', o.municipality_id) AS attestation_open
    FROM organisations_organisation o
    LEFT JOIN LATERAL (
        SELECT v.data FROM organisations_organisationversion v
        WHERE v.organisation_id = o.id AND v.valid_from <= %(on)s
            AND (%(known_at)s::timestamptz IS NULL OR v.recorded_at <= %(known_at)s)
        ORDER BY v.valid_from DESC, v.recorded_at DESC LIMIT 1
    ) v ON true
    WHERE %(organisations)s::uuid[] IS NULL OR o.id = ANY(%(organisations)s)
"""

#: By what somebody has limited abilities (ОВЗ): the conclusion of ПМПК in force, else the adapted programme, which only such a
#: conclusion lets choose; where stage two is closed, the programme alone.
_NEEDS = "CASE WHEN place.health_open THEN coalesce(hc.special_needs, p.adaptation_code) ELSE p.adaptation_code END"

#: The columns of a learner in a placement ``p`` on a day DAY; the joins of ``_JOINS`` give the rest.
_COLUMNS = f"""
    p.organisation_id, place.municipality_id, place.rural, place.organisation_type, p.person_id, p.enrolment_id, p.group_id,
    p.programme_kind_code AS programme, p.adaptation_code AS adaptation, pr.variant_code AS variant,
    {_years(*_OWN_TERM)}::int AS years, coalesce({_years(*_CLASS_TERM)}, {_years(*_OWN_TERM)})::int AS class_years,
    pr.direction_code AS direction, pr.base_code AS base, p.study_form_code AS study_form,
    coalesce(g.study_form_code, NO_CLASS) AS class_study_form, p.grade::int AS grade,
    CASE WHEN p.programme_kind_code IN ('12', '13', '14', '15') THEN {_level("p.grade")} ELSE '' END AS level,
    {_final_grade("p.grade", *_OWN_TERM)} AS final_grade,
    coalesce(v.year_of_grade_code, '') AS year_of_grade, coalesce(v.kind_code, 'ordinary') AS class_kind,
    coalesce(gp.adaptation_code, p.adaptation_code) AS class_adaptation, coalesce(v.shift_code, '1') AS shift,
    coalesce(v.language_code, pr.language_code) AS language, coalesce(v.regime_code, '') AS regime,
    coalesce(v.orientation_code, '') AS orientation, coalesce(v.age_band_code, '') AS age_band,
    coalesce(nullif(c.profile_code, ''), v.profile_code, '') AS profile,
    coalesce(v.advanced_profile_code, '') AS advanced_profile, coalesce(v.combined_key, '') AS combined_key,
    p.is_main AS main, p.sex, (extract(year FROM age(%(january)s::date, p.birth_date)))::int AS age_january,
    coalesce(nullif(p.funding_code, ''), v.funding_code, '') AS funding, p.state, p.group_id IS NOT NULL AS in_class,
    coalesce(c.foreign_languages::text[], '{{}}') AS foreign_language,
    coalesce(cardinality(c.foreign_languages), 0) AS foreign_languages,
    coalesce(c.foreign_language_gap_code, '') AS foreign_language_gap,
    coalesce(c.native_language_code, '') AS native_language, coalesce(c.native_language_mode_code, '') AS native_language_mode,
    coalesce(c.extended_day, '') <> '' AS extended_day, coalesce(c.extended_day, '') AS day_group,
    coalesce(c.meals_code, '') AS meals, coalesce(c.meals_benefit, false) AS meals_benefit,
    coalesce(c.transport_code, '') AS transport, coalesce(c.boarding, false) AS boarding,
    coalesce(c.education_place_code, '') AS education_place, coalesce(c.individual_plan_code, '') AS individual_plan,
    coalesce(c.network_code, '') AS network, coalesce(c.e_learning_code, '') AS e_learning,
    coalesce(c.distance_code, '') AS distance, coalesce(c.concurrent_secondary, false) AS concurrent_secondary,
    coalesce(cat.orphan, false) AS orphan, coalesce(cat.refugee, false) AS refugee,
    CASE WHEN place.health_open THEN coalesce(hc.disability, '') ELSE '' END AS disability, {_NEEDS} AS special_needs,
    coalesce(cit.citizenship_code, '0') AS citizenship, coalesce(cit.country_code, '643') AS country
"""
_HOLDS = "(x.starts_on IS NULL OR x.starts_on <= DAY) AND (x.ends_on IS NULL OR x.ends_on > DAY)"
_JOINS = f"""
    JOIN place ON place.id = p.organisation_id
    JOIN programmes_programme pr ON pr.id = p.programme_id
    LEFT JOIN enrolment_group g ON g.id = p.group_id
    LEFT JOIN programmes_programme gp ON gp.id = g.programme_id
    LEFT JOIN enrolment_groupversion v ON v.group_id = p.group_id AND {_HOLDS.replace("x.", "v.")} AND KNOWN(v)
    LEFT JOIN enrolment_studycondition c ON c.enrolment_id = p.enrolment_id AND {_HOLDS.replace("x.", "c.")} AND KNOWN(c)
    LEFT JOIN (
        SELECT x.person_id, x.starts_on, x.ends_on, x.citizenship_code, x.country_code FROM persons_citizenshipperiod x
        WHERE KNOWN(x)
    ) cit ON cit.person_id = p.person_id AND {_HOLDS.replace("x.", "cit.")}
    LEFT JOIN CATEGORIES cat ON cat.person_id = p.person_id
    LEFT JOIN scope.health_counted(%(on)s::date, %(known_at)s::timestamptz) hc ON hc.person_id = p.person_id
"""
#: Few persons have a category. It is asked for on the form's date, of those who moved before it, too.
_CATEGORIES_ON = f"""(
        SELECT x.person_id, bool_or(x.category_code = 'orphan') AS orphan, bool_or(x.category_code = 'refugee') AS refugee
        FROM persons_personcategory x WHERE KNOWN(x) AND {_HOLDS} GROUP BY x.person_id
    )"""


def _about(day: str, no_class: str = "p.study_form_code") -> tuple[str, str]:
    """``no_class`` is the class's form of study for who is in no class: who leaves between two classes leaves one like them."""
    joins = _JOINS.replace("CATEGORIES", _CATEGORIES_ON.replace("DAY", "%(on)s::date")).replace("DAY", day)
    return _COLUMNS.replace("NO_CLASS", no_class), joins


#: The tables of the form's date are filled by the lists of classes: who is on none is in no table by the form of classes.
_ON_DATE = _about("%(on)s::date", no_class="''")
_LEARNERS = f"""
    WITH place AS MATERIALIZED ({_PLACES})
    SELECT {_ON_DATE[0]}, (extract(year FROM age(%(on)s::date, p.birth_date)))::int AS age,
        p.group_id IS NOT NULL AND bool_or({_NEEDS} <> '1') OVER (PARTITION BY p.group_id) AS inclusive,
        p.group_id IS NOT NULL AND bool_or(p.adaptation_code <> '1') OVER (PARTITION BY p.group_id) AS inclusive_by_programme
    FROM enrolment_placement p {_ON_DATE[1]}
    WHERE KNOWN(p) AND p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s)
        AND (%(organisations)s::uuid[] IS NULL OR p.organisation_id = ANY(%(organisations)s))
"""
#: The same memberships on the eve of the period: what a balance of arrivals and departures starts from.
_LEARNERS_BEFORE = _LEARNERS.replace("%(on)s::date", "%(on)s").replace("%(on)s", "(%(since)s::date - 1)")
#: A child is counted once at each direction, whatever the number of circles; rows of 1-ДОД part sport training and
#: pre-professional programmes in arts from the rest.
_DIRECTIONS = """
    SELECT d.*, row_number() OVER (PARTITION BY d.organisation_id, d.person_id ORDER BY d.direction, d.programme) = 1 AS once,
        CASE WHEN d.paid AND d.free <> '' THEN 'both' WHEN d.paid THEN 'contract' ELSE d.free END AS payment
    FROM (
        SELECT l.organisation_id, l.municipality_id, l.rural, l.organisation_type, l.person_id, l.main, l.direction, kind.programme,
            min(l.enrolment_id::text)::uuid AS enrolment_id, min(l.group_id::text)::uuid AS group_id, max(l.grade) AS grade,
            max(l.sex) AS sex, max(l.age) AS age, max(l.age_january) AS age_january, max(l.adaptation) AS adaptation, max(l.special_needs) AS special_needs, max(l.disability) AS disability,
            bool_or(l.network <> '') AS any_network, bool_or(l.e_learning <> '' OR l.distance <> '') AS any_remote,
            bool_or(left(l.funding, 1) IN ('2', '4')) AS paid,
            CASE WHEN bool_or(l.funding = '11') THEN 'federal' WHEN bool_or(l.funding = '12') THEN 'regional'
                WHEN bool_or(l.funding IN ('1', '13', '3', '4')) THEN 'local' ELSE '' END AS free
        FROM report_learners l, LATERAL (
            SELECT CASE WHEN l.programme IN ('412', '413') THEN l.programme ELSE '411' END AS programme
        ) kind
        WHERE l.programme IN ('41', '411', '412', '413')
        GROUP BY l.organisation_id, l.municipality_id, l.rural, l.organisation_type, l.person_id, l.main, l.direction, kind.programme
    ) d
"""
_CLASSES = f"""
    SELECT l.organisation_id, l.municipality_id, l.rural, l.organisation_type, l.group_id, l.class_study_form,
        g.grade::int AS grade, {_level("g.grade")} AS level, gp.kind_code AS programme, gp.variant_code AS variant, gp.adaptation_code AS class_adaptation,
        gp.direction_code AS direction, gp.base_code AS base, {_years(*_CLASS_TERM)}::int AS years,
        {_years(*_CLASS_TERM)}::int AS class_years, {_final_grade("g.grade", *_CLASS_TERM)} AS final_grade,
        l.year_of_grade, l.class_kind, l.shift, l.language, l.regime, l.orientation, l.age_band,
        max(v.profile_code) AS profile, l.advanced_profile, l.combined_key <> '' AS combined,
        count(*)::int AS size, count(*) < CASE WHEN l.rural THEN %(village)s ELSE %(town)s END AS is_small,
        l.inclusive, l.inclusive_by_programme
    FROM report_learners l JOIN enrolment_group g ON g.id = l.group_id JOIN programmes_programme gp ON gp.id = g.programme_id
    LEFT JOIN enrolment_groupversion v ON v.group_id = g.id AND KNOWN(v) AND v.starts_on <= %(on)s
        AND (v.ends_on IS NULL OR v.ends_on > %(on)s)
    GROUP BY l.organisation_id, l.municipality_id, l.rural, l.organisation_type, l.group_id, l.class_study_form, g.grade,
        gp.kind_code, gp.variant_code, gp.adaptation_code, gp.duration_months, gp.direction_code, gp.base_code, l.year_of_grade, l.class_kind,
        l.shift, l.language, l.regime, l.orientation, l.age_band, l.advanced_profile, l.combined_key, l.inclusive, l.inclusive_by_programme
"""
_SETS = f"""
    SELECT l.organisation_id, l.municipality_id, l.rural, l.organisation_type, l.combined_key, l.class_study_form,
        {_level("min(l.grade)")} AS level, count(*)::int AS size,
        count(*) < CASE WHEN l.rural THEN %(village)s ELSE %(town)s END AS is_small
    FROM report_learners l JOIN enrolment_group g ON g.id = l.group_id
    WHERE l.combined_key <> '' AND l.class_kind <> 'correctional' AND l.level <> ''
    GROUP BY l.organisation_id, l.municipality_id, l.rural, l.organisation_type, l.combined_key, l.class_study_form, g.school_year
"""
_DAY_GROUPS = """
    SELECT l.organisation_id, l.municipality_id, l.rural, l.organisation_type, l.day_group, l.level, count(*)::int AS size
    FROM report_learners l WHERE l.extended_day AND l.class_kind <> 'correctional' AND l.class_study_form = '11'
    GROUP BY l.organisation_id, l.municipality_id, l.rural, l.organisation_type, l.day_group, l.level
"""
#: A place a row; a group that names no capacity has none. ``day_group`` is the title it is listed by.
_PLACES_IN_GROUPS = """
    SELECT c.organisation_id, c.municipality_id, c.rural, c.organisation_type, c.group_id, c.programme, c.regime,
        c.orientation, c.age_band, g.title AS day_group
    FROM report_classes c JOIN enrolment_group g ON g.id = c.group_id
    JOIN enrolment_groupversion v ON v.group_id = g.id AND KNOWN(v) AND v.starts_on <= %(on)s
        AND (v.ends_on IS NULL OR v.ends_on > %(on)s)
    CROSS JOIN generate_series(1, v.capacity)
"""

#: A movement is asked about as the learner was on the day before it took effect.
_EVE = "(m.effective_on - 1)"
_BEFORE_IT = _about(_EVE)
_MOVED_KNOWN = (
    "(%(known_at)s::timestamptz IS NULL AND m.cancelled_at IS NULL OR m.recorded_at <= %(known_at)s "
    "AND (m.cancelled_at IS NULL OR m.cancelled_at > %(known_at)s))"
)
_IN_PERIOD = (
    f"{_MOVED_KNOWN} AND m.effective_on >= %(since)s AND m.effective_on < %(until)s "
    "AND (%(organisations)s::uuid[] IS NULL OR m.organisation_id = ANY(%(organisations)s))"
)
_EVE_PLACEMENT = (
    f"JOIN enrolment_placement p ON p.enrolment_id = m.enrolment_id AND KNOWN(p) AND p.starts_on <= {_EVE} "
    f"AND (p.ends_on IS NULL OR p.ends_on > {_EVE})"
)
#: What the period brought to whoever sat the exams of a level or got a document: by one human being, as it was known.
_ATTESTED = """(
        SELECT coalesce(e.person_id, d.person_id) AS person_id, coalesce(d.honours, false) AS honours, coalesce(d.studies, false) AS studies_certificate,
            coalesce(e.ege, false) AS ege, coalesce(e.ege_russian, '') AS ege_russian, coalesce(e.ege_mathematics, '') AS ege_mathematics,
            CASE WHEN d.basic THEN 'passed' WHEN e.admitted_basic AND e.failed_basic THEN 'failed'
                WHEN e.admitted_basic AND NOT e.sat_basic THEN 'absent' ELSE '' END AS exam_basic,
            CASE WHEN d.secondary THEN 'passed' WHEN e.admitted_secondary AND e.failed_secondary THEN 'failed'
                WHEN e.admitted_secondary AND NOT e.sat_secondary THEN 'absent' ELSE '' END AS exam_secondary,
            CASE WHEN d.issued_on < make_date(extract(year FROM %(since)s::date)::int + 1, 1, 1)
                    AND d.issued_on >= make_date(extract(year FROM %(since)s::date)::int, 10, 1) THEN 'autumn'
                WHEN d.issued_on > make_date(extract(year FROM %(until)s::date)::int, 9, 1) THEN 'september' ELSE '' END AS certified_late
        FROM (
            SELECT coalesce(q.merged_into_id, q.id) AS person_id, bool_or(x.form = 'interview' AND x.passed) AS admitted_basic,
                bool_or(x.form IN ('oge', 'gve9')) AS sat_basic, bool_or(x.form IN ('oge', 'gve9') AND x.passed IS FALSE) AS failed_basic,
                bool_or(x.form IN ('essay', 'exposition') AND x.passed) AS admitted_secondary,
                bool_or(x.form IN ('ege', 'gve11')) AS sat_secondary, bool_or(x.form IN ('ege', 'gve11') AND x.passed IS FALSE) AS failed_secondary,
                bool_or(x.form = 'ege') AS ege,
                CASE WHEN bool_or(x.form = 'ege' AND x.subject_code = '1' AND x.passed) THEN 'passed'
                    WHEN bool_or(x.form = 'ege' AND x.subject_code = '1') THEN 'failed' ELSE '' END AS ege_russian,
                CASE WHEN bool_or(x.form = 'ege' AND x.subject_code IN ('2', '22') AND x.passed) THEN 'passed'
                    WHEN bool_or(x.form = 'ege' AND x.subject_code IN ('2', '22')) THEN 'failed' ELSE '' END AS ege_mathematics
            FROM attestation_examresult x JOIN persons_person q ON q.id = x.person_id
            WHERE KNOWN(x) AND x.status_code = 'valid' AND x.held_on >= %(since)s AND x.held_on < %(until)s GROUP BY 1
        ) e FULL JOIN (
            SELECT coalesce(q.merged_into_id, q.id) AS person_id, bool_or(x.kind_code = '12') AS basic, bool_or(x.kind_code = '11') AS secondary,
                bool_or(x.kind_code = '41') AS studies, bool_or(x.with_honours) AS honours, max(x.issued_on) AS issued_on
            FROM attestation_educationdocument x JOIN persons_person q ON q.id = x.person_id
            WHERE KNOWN(x) AND x.form = 'original' AND x.state_code <> 'annulled' AND x.issued_on >= %(since)s AND x.issued_on < %(until)s GROUP BY 1
        ) d ON d.person_id = e.person_id
    )"""
_ATTESTATION = ", ".join(
    f"CASE WHEN place.attestation_open THEN coalesce(att.{name}, {nothing}) ELSE {nothing} END AS {name}"
    for name, nothing in (
        ("exam_basic", "''"), ("exam_secondary", "''"), ("honours", "false"), ("certified_late", "''"), ("studies_certificate", "false"),
        ("ege", "false"), ("ege_russian", "''"), ("ege_mathematics", "''"),
    )
)  # fmt: skip
_FINISHED = f"""
    WITH place AS MATERIALIZED ({_PLACES}), m AS MATERIALIZED (
        SELECT DISTINCT ON (m.enrolment_id) m.* FROM enrolment_movement m
        WHERE {_IN_PERIOD} AND m.kind IN ('promotion', 'conditional_promotion', 'graduation', 'repeat')
        ORDER BY m.enrolment_id, m.effective_on DESC, m.id DESC
    )
    SELECT {_BEFORE_IT[0]}, (extract(year FROM age(m.effective_on, p.birth_date)))::int AS age,
        CASE m.kind WHEN 'promotion' THEN 'promoted' WHEN 'conditional_promotion' THEN 'conditional'
            WHEN 'graduation' THEN 'graduated' ELSE 'repeat' END AS outcome, m.effective_on, {_ATTESTATION}, EXISTS (
            SELECT FROM enrolment_placement n WHERE n.person_id = p.person_id AND n.organisation_id = p.organisation_id AND n.is_main
                AND n.programme_kind_code = '14' AND KNOWN(n) AND n.starts_on <= %(on)s AND (n.ends_on IS NULL OR n.ends_on > %(on)s)
        ) AS continued
    FROM m {_EVE_PLACEMENT} {_BEFORE_IT[1]} LEFT JOIN {_ATTESTED} att ON att.person_id = p.person_id
"""
#: Who turns to disabled learners within the organisation counts so, also when the form of study changes with it (2.8, row 04).
_LEFT = f"""
    WITH place AS MATERIALIZED ({_PLACES}), m AS MATERIALIZED (
        SELECT m.* FROM enrolment_movement m
        WHERE {_IN_PERIOD} AND m.kind IN ('transfer_out', 'expulsion', 'graduation', 'study_form', 'placement')
    )
    SELECT {_BEFORE_IT[0]}, (extract(year FROM age(m.effective_on, p.birth_date)))::int AS age, way.way,
        coalesce(nullif(m.reason_code, ''), '') AS reason, extract(quarter FROM m.effective_on)::int AS quarter, m.effective_on
    FROM m {_EVE_PLACEMENT} {_BEFORE_IT[1]}
    LEFT JOIN enrolment_group ng ON ng.id = m.group_id
    LEFT JOIN enrolment_groupversion nv ON nv.group_id = m.group_id AND KNOWN(nv) AND nv.starts_on <= m.effective_on
        AND (nv.ends_on IS NULL OR nv.ends_on > m.effective_on)
    CROSS JOIN LATERAL (
        SELECT CASE WHEN m.kind NOT IN ('study_form', 'placement') THEN 'out'
            WHEN nv.kind_code = 'correctional' AND coalesce(v.kind_code, 'ordinary') <> 'correctional' THEN 'correctional'
            WHEN m.kind = 'study_form' AND m.study_form_code <> '' AND m.study_form_code <> p.study_form_code THEN 'form'
        END AS way
    ) way
    WHERE way.way IS NOT NULL
"""
_ON_DAY = _about("m.effective_on")
_ARRIVED = f"""
    WITH place AS MATERIALIZED ({_PLACES}), m AS MATERIALIZED (
        SELECT m.* FROM enrolment_movement m
        WHERE {_IN_PERIOD} AND m.kind IN ('admission', 'admission_by_transfer', 'reinstatement')
    )
    SELECT {_ON_DAY[0]}, (extract(year FROM age(m.effective_on, p.birth_date)))::int AS age, m.kind AS came_by,
        CASE WHEN former.organisation_id = m.organisation_id THEN 'here' WHEN former.reason_code = 'T7' THEN 'family'
            WHEN former.reason_code IN ('T3', 'T4') THEN '' WHEN former.municipality_id = place.municipality_id THEN 'municipality'
            WHEN former.municipality_id IS NOT NULL THEN 'region' ELSE '' END AS came_from,
        extract(quarter FROM m.effective_on)::int AS quarter, m.effective_on
    FROM m JOIN enrolment_placement p ON p.enrolment_id = m.enrolment_id AND KNOWN(p) AND p.starts_on <= m.effective_on
        AND (p.ends_on IS NULL OR p.ends_on > m.effective_on) {_ON_DAY[1]}
    LEFT JOIN LATERAL (
        SELECT e.organisation_id, e.reason_code, o.municipality_id
        FROM enrolment_enrolment e JOIN organisations_organisation o ON o.id = e.organisation_id
        WHERE e.person_id = p.person_id AND KNOWN(e) AND e.enrolment_id <> m.enrolment_id AND e.is_main = p.is_main
            AND (e.level_code = '11') = (p.programme_kind_code = '11') AND e.ends_on <= m.effective_on
        ORDER BY e.ends_on DESC, e.id DESC LIMIT 1
    ) former ON true
"""
