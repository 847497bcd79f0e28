"""Whose results and documents a scope shows: those given in its organisations and those of the learners it knows, with the permission,
where stage three is open. A family sees its own. Whose a file is stands in ``incoming.reach``.
"""

from kontingent.achievements.attestation.permissions import AttestationPermission as May
from kontingent.achievements.incoming import reach
from kontingent.storage.row_security import Rule, holds, in_scope, sees

#: Organisations where stage three is open, found once a statement. What forms and pages of the region count goes by it, too.
DEFINITIONS = """
CREATE OR REPLACE FUNCTION scope.attestation_places() RETURNS uuid[]
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN ARRAY(SELECT o.id FROM public.organisations_organisation o WHERE o.municipality_id = ANY(
        ARRAY(SELECT m.id FROM public.organisations_municipality m WHERE scope.stage_is_open('3', m.id))));
END $$;
"""

_OPEN = "{t}.organisation_id = ANY((SELECT scope.attestation_places())::uuid[])"
_OWN = "{t}.person_id = ANY((SELECT scope.family())::uuid[])"
_KNOWN = f"({in_scope()} OR {sees('{t}.person_id')})"


def _record(model: str, about: str, reads: tuple[May, ...], writes: tuple[May, ...]) -> Rule:
    may_read = " OR ".join(holds(one.value) for one in reads)
    may_write = " OR ".join(holds(one.value) for one in writes)
    return Rule(
        model=model, about=about, reads=f"{_OPEN} AND ({_OWN} OR ({may_read}) AND {_KNOWN})",
        writes=f"{_OPEN} AND ({may_write}) AND {in_scope()}",
    )  # fmt: skip


RULES: tuple[Rule, ...] = (
    _record(
        "attestation.ExamResult",
        "результаты экзаменов",
        (May.VIEW_EXAMS, May.IMPORT_EXAMS),
        (May.IMPORT_EXAMS,),
    ),
    _record(
        "attestation.EducationDocument",
        "документы об образовании",
        (May.VIEW_DOCUMENTS, May.ISSUE),
        (May.ISSUE,),
    ),
    _record(
        "attestation.SupplementLine",
        "итоговые отметки приложений",
        (May.VIEW_DOCUMENTS, May.ISSUE),
        (May.ISSUE,),
    ),
    _record(
        "attestation.BroughtMark",
        "отметки, внесённые по документу",
        (May.VIEW_DOCUMENTS, May.ISSUE),
        (May.ISSUE,),
    ),
    *reach.rules("attestation.Delivery", "attestation.DeliveredRow"),
)
