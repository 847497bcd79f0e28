"""Codes that rules branch on; the rest is in the code lists."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a record says; the value is the field of ``stages/fields.toml``."""

    HEALTH_GROUP = "health_group"
    PHYSICAL_GROUP = "physical_group"
    DISABILITY = "disability"
    ADAPTED_PROGRAMME = "adapted_programme"
    LONG_TREATMENT = "long_treatment"
    HARD_SITUATION = "hard_situation"
    PREVENTION = "prevention"


#: Health groups of children and of adults (УФТТ: BEFORE_18, AFTER_18).
CHILD_GROUPS: Final = frozenset({"11", "12", "13", "14", "15"})
DISABLED_CHILD: Final = "14"
NOT_ADAPTED: Final = "1"
ADULT: Final = 18
