"""What may be allowed in this room; the codes are those of ``stages/fields.toml``."""

from enum import StrEnum


class PortfolioPermission(StrEnum):
    """``VIEW`` shows achievements, ``EDIT`` enters them and decides on what families propose, ``IMPORT`` brings files of results."""

    VIEW = "achievement.view"
    EDIT = "achievement.edit"
    IMPORT = "achievement.import"
