"""Whose rows of the contingent a scope shows, and who is known within it (``queries.scope`` as PostgreSQL says it).

Known are the learners, present and former, of the organisations and classes in scope, whoever represents them, the persons
named by the scope; and whom an organisation of the scope has entered or put into an order, so that it can go on.
"""

from kontingent.storage.row_security import Rule, in_scope, not_personal, of_organisation, part_of

DEFINITIONS = """
CREATE OR REPLACE VIEW scope.learner AS
    SELECT e.person_id FROM public.enrolment_enrolment e
    WHERE e.superseded_at IS NULL AND e.organisation_id = ANY((SELECT scope.organisations())::uuid[]);

-- One question after the other, the frequent ones first: a question that is not reached costs nothing to prepare.
CREATE OR REPLACE FUNCTION scope.sees_otherwise(whom uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 1000 AS $$
DECLARE
    places uuid[] := scope.organisations();
    classes uuid[] := scope.groups();
    named uuid[] := scope.persons();
BEGIN
    IF whom = ANY(named) THEN
        RETURN true;
    END IF;
    IF classes <> '{}' THEN
        IF EXISTS (SELECT 1 FROM public.enrolment_placement p WHERE p.person_id = whom
            AND p.superseded_at IS NULL AND p.group_id = ANY(classes)) THEN
            RETURN true;
        END IF;
    END IF;
    RETURN EXISTS (SELECT 1 FROM public.persons_representation r WHERE r.adult_id = whom AND (r.child_id = ANY(named)
            OR EXISTS (SELECT 1 FROM public.enrolment_enrolment e WHERE e.person_id = r.child_id
                AND e.superseded_at IS NULL AND e.organisation_id = ANY(places))
            OR EXISTS (SELECT 1 FROM public.enrolment_placement p WHERE p.person_id = r.child_id
                AND p.superseded_at IS NULL AND p.group_id = ANY(classes))))
        OR EXISTS (SELECT 1 FROM public.persons_introduction i WHERE i.person_id = whom AND i.organisation_id = ANY(places))
        OR EXISTS (SELECT 1 FROM public.enrolment_orderline l JOIN public.enrolment_order o ON o.id = l.order_id
            WHERE l.person_id = whom AND o.organisation_id = ANY(places))
        OR EXISTS (SELECT 1 FROM public.persons_person m WHERE m.id = whom AND m.merged_into_id IS NOT NULL
            AND scope.sees(m.merged_into_id));
END $$;

CREATE OR REPLACE FUNCTION scope.sees(whom uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 1000 AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM scope.learner l WHERE l.person_id = whom) OR scope.sees_otherwise(whom);
END $$;

-- An order of another organisation, by which somebody known here has come or gone.
CREATE OR REPLACE FUNCTION scope.sees_order(which uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER COST 2000 AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM public.enrolment_movement m WHERE m.order_id = which AND scope.sees(m.person_id));
END $$;
"""

#: A class teacher enters how the learners of the own class study.
_IN_OWN_CLASS = (
    "EXISTS (SELECT 1 FROM public.enrolment_placement p WHERE p.enrolment_id = {t}.enrolment_id AND p.superseded_at IS NULL "
    "AND p.group_id = ANY((SELECT scope.groups())::uuid[]))"
)
_ORDER = of_organisation("enrolment.Order", "основания и подписавшие", also="scope.sees_order({t}.id)")
RULES: tuple[Rule, ...] = (
    not_personal(
        "enrolment.Group", "класс и его учитель: сведения об организации, открытые по 273-ФЗ, ст. 29"
    ),
    not_personal("enrolment.GroupVersion", "каким класс был: вид, смена, язык"),
    _ORDER,
    part_of(
        "enrolment.OrderLine",
        "кто назван в приказе",
        whole=_ORDER,
        column="order_id",
        adds="scope.sees({t}.person_id)",
    ),
    of_organisation("enrolment.Movement", "движение ученика", person="person_id"),
    of_organisation(
        "enrolment.Enrolment", "период обучения", person="person_id", door="SELECT (person_id, superseded_at)"
    ),
    of_organisation("enrolment.Placement", "зачисленность с датой рождения", person="person_id"),
    Rule(
        model="enrolment.StudyCondition",
        about="языки, питание, подвоз, место обучения",
        reads=f"{in_scope()} OR scope.sees({{t}}.person_id)",
        writes=f"{in_scope()} OR {_IN_OWN_CLASS}",
    ),
    not_personal("enrolment.ContingentCube", "какой день посчитан"),
    Rule(
        model="enrolment.ContingentCell",
        about="числа; малые позволяют узнать человека",
        reads=f"NOT {{t}}.regional AND {in_scope()}",
    ),
)
