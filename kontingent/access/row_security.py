"""Accounts and sessions are their holder's; appointments are also those who give and watch over them."""

from kontingent.access.permissions import AccessPermission as Access
from kontingent.storage.row_security import ALL, Rule, holds, in_scope

DEFINITIONS = """
CREATE OR REPLACE FUNCTION scope.account() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN scope.actor() LIKE 'account:%' THEN substr(scope.actor(), 9)::uuid END $$;
CREATE OR REPLACE FUNCTION scope.own_snils() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT a.snils FROM public.access_account a WHERE a.id = scope.account() $$;
"""

_OWN = "{t}.account_id = (SELECT scope.account())"
_WATCHES, _REVIEWS = holds(Access.JOURNAL.value), holds(Access.REVIEW.value)
_GIVES = f"{holds(Access.APPOINT.value)} AND ({_WATCHES} OR {in_scope()})"
_OF_THEIRS = (
    f"{holds(Access.APPOINT.value)} AND EXISTS (SELECT 1 FROM public.access_appointment a "
    f"WHERE a.id = {{t}}.appointment_id AND {in_scope('a.organisation_id')})"
)
_SESSIONS = f"{_OWN} OR {_WATCHES} OR ({_OF_THEIRS})"

RULES: tuple[Rule, ...] = (
    Rule(
        model="access.Appointment", about="СНИЛС и ФИО сотрудника", door=ALL, writes=_GIVES,
        reads=f"({_GIVES}) OR {_WATCHES} OR {{t}}.snils = (SELECT scope.own_snils())",
    ),
    Rule(
        model="access.Account", about="СНИЛС и ФИО вошедшего", door=ALL,
        reads=f"{{t}}.id = (SELECT scope.account()) OR {_WATCHES} OR {_REVIEWS}",
    ),
    Rule(model="access.SignIn", about="сеанс, адрес, СНИЛС детей из ЕСИА", door=ALL, reads=_SESSIONS, writes=_SESSIONS),
    Rule(
        model="access.EmergencyAccess", about="чью карточку открыли экстренно", door="SELECT", adds=_OWN,
        reads=f"{_OWN} OR {_REVIEWS}", writes=_REVIEWS,
    ),
    Rule(model="access.Alert", about="за кем замечено необычное", reads=_WATCHES, writes=_WATCHES),
)  # fmt: skip
