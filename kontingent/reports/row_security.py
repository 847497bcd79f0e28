"""Forms belong to their organisation; small numbers let one recognise a person, so they are shown within the scope alone."""

from kontingent.reports.permissions import ReportPermission
from kontingent.storage.row_security import Rule, holds, in_scope, not_personal

_VIEW, _PREPARE = holds(ReportPermission.VIEW.value), holds(ReportPermission.PREPARE.value)
_HANDLES = f"({_PREPARE} OR {holds(ReportPermission.ACCEPT.value)})"


def _of_report(model: str, about: str) -> Rule:
    there = f"EXISTS (SELECT 1 FROM public.reports_report r WHERE r.id = {{t}}.report_id AND {in_scope('r.organisation_id')})"
    return Rule(model=model, about=about, reads=f"{_VIEW} AND {there}", writes=f"{_HANDLES} AND {there}")


RULES: tuple[Rule, ...] = (
    Rule(
        model="reports.Report", about="форма организации", reads=f"{_VIEW} AND {in_scope()}",
        writes=f"{_HANDLES} AND {in_scope()}",
    ),
    _of_report("reports.Version", "числа формы; малые позволяют узнать человека"),
    _of_report("reports.EnteredCell", "введённые числа"),
    _of_report("reports.Explanation", "пояснения к числам"),
    _of_report("reports.Step", "замечания и кто их сделал"),
    not_personal("reports.SavedQuestion", "что спрашивают: признаки и условия; ответов в нём нет"),
    not_personal("reports.Run", "ход формирования: форма, год, сколько готово"),
)  # fmt: skip
