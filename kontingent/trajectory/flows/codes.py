"""Between what flows are counted, and what lies outside."""

from enum import StrEnum

from kontingent.enrolment.codes import STUDIES


class By(StrEnum):
    """What a node of a flow is."""

    MUNICIPALITY = "municipality"
    ORGANISATION = "organisation"
    LEVEL = "level"
    REGION = "region"


class Outside(StrEnum):
    """From where somebody comes who left nothing in the period, and where to somebody goes who entered nothing."""

    FIRST = "~first"
    RETURNED = "~returned"
    OTHER_REGION = "~other_region"
    ABROAD = "~abroad"
    FAMILY = "~family"
    GRADUATED = "~graduated"
    NOT_ARRIVED = "~not_arrived"
    EXPELLED = "~expelled"
    OTHER = "~other"


#: The node of everybody within the region, where nodes are not told apart.
REGION = "region"
#: Programmes of which flows, cohorts and coverage are counted: general education and vocational; neither circles nor sport.
COUNTED = STUDIES
