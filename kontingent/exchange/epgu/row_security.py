"""A request belongs to the machine that brought it; the family sees what was asked about its child."""

from kontingent.storage.row_security import Rule

_ITS_OWN = "{t}.client_code = (SELECT scope.actor())"

RULES: tuple[Rule, ...] = (
    Rule(
        model="epgu.ServiceRequest", about="кто и о каком ребёнке спрашивал через ЕПГУ, с ответом",
        reads=f"{_ITS_OWN} OR {{t}}.child_id = ANY((SELECT scope.family())::uuid[])", writes=_ITS_OWN,
    ),
)  # fmt: skip
