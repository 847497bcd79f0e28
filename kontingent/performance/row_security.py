"""What the tables of performance hold and who sees which rows.

Records show themselves to the organisation that gave them and to whoever sees the learner or has the class; a family sees its own without a
permission. A journal must see what it delivered to replace it.
"""

from __future__ import annotations

from kontingent.performance.permissions import PerformancePermission as Perform
from kontingent.storage.row_security import Rule, holds, in_scope, not_personal, sees
from kontingent.storage.scope import APPLICATION, REGION

_MAY_READ = f"({holds(Perform.VIEW.value)} OR {holds(Perform.DELIVER.value)})"
_MAY_WRITE = f"({holds(Perform.DELIVER.value)} OR {holds(Perform.DECIDE.value)})"
_OWN = "{t}.person_id = ANY((SELECT scope.family())::uuid[])"
_HERE = in_scope()
#: A class teacher reads what was given in the class; asking of each learner would cost a call a row.
_OWN_CLASS = "{t}.group_id = ANY((SELECT scope.groups())::uuid[])"


def _record(model: str, about: str) -> Rule:
    return Rule(
        model=model, about=about, reads=f"{_OWN} OR {_MAY_READ} AND ({_HERE} OR {_OWN_CLASS} OR {sees('{t}.person_id')})",
        writes=f"{_MAY_WRITE} AND {_HERE}",
    )  # fmt: skip


RULES = (
    not_personal("performance.Journal", "электронные журналы"),
    not_personal("performance.SubjectName", "как журнал называет предметы"),
    not_personal("performance.ClassName", "как журнал называет классы"),
    not_personal("performance.GradingPeriod", "учебные периоды"),
    not_personal("performance.Lesson", "уроки классов: тема, задание, учитель; учеников в них нет"),
    not_personal("performance.FormerLesson", "прежние состояния уроков"),
    _record("performance.Mark", "отметки ученика"),
    _record("performance.Attendance", "посещаемость ученика"),
    _record("performance.PeriodMark", "итоговые отметки ученика"),
    Rule(
        model="performance.FormerRecord", about="прежние отметки ученика",
        reads=f"{_MAY_READ} AND {sees('{t}.person_id')}", writes="false",
        adds=f"{_MAY_WRITE} AND {sees('{t}.person_id')}",
    ),
    Rule(
        model="performance.LateCorrection", about="поздние правки отметок", reads=f"({_MAY_READ} OR {_MAY_WRITE}) AND {_HERE}",
        writes=f"{_MAY_WRITE} AND {_HERE}",
    ),
)  # fmt: skip

DEFINITIONS = f"GRANT EXECUTE ON FUNCTION public.performance_make_year(integer) TO {APPLICATION}, {REGION}"
