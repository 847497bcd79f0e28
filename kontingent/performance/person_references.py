"""Where performance names persons: records go along with the learner, a school and a year of them always together."""

from __future__ import annotations

from kontingent.persons.references import Reference, Treatment

_UNIT = "t.organisation_id::text || '|' || t.school_year"
_TOLD = "(SELECT o.short_name FROM organisations_organisation o WHERE o.id = t.organisation_id) || ', ' || t.school_year"

REFERENCES = (
    *(
        Reference(model=model, title="Успеваемость", units="performance", unit=_UNIT, describe=_TOLD)
        for model in ("performance.Mark", "performance.Attendance", "performance.PeriodMark")
    ),
    Reference(
        model="performance.LateCorrection", title="Успеваемость", units="performance", unit=_UNIT, describe=_TOLD
    ),
    # What stood before names the record it was written under.
    Reference(model="performance.FormerRecord", title="Прежние отметки", treatment=Treatment.STAYS),
)  # fmt: skip
