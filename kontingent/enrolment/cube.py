"""The cube of a day: the present contingent of one day, counted once and kept exact by differences (ADR 0005).

A cube holds counts by every dimension, per organisation and once more for the region as a whole. It remembers up to
which placement and which supersession it has counted; whoever asks later adds what was recorded since and takes off
what was superseded since. Both come by index and are few, so the answer costs the same whatever the number of learners.

The watermark is exact because writers of placements hold a shared advisory lock until they commit and a builder takes
the exclusive one: when it reads the watermark, nobody has numbers that are not committed yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction

from kontingent.enrolment.models import ContingentCell, ContingentCube
from kontingent.kernel import clock
from kontingent.storage import scope

#: The key of the advisory lock, any number nobody else uses.
LEDGER = 5_900_001
#: A cube this many placements behind is counted anew.
REBUILD_AFTER = 20_000
#: How many days are kept counted.
CUBES_KEPT = 60

_DIFFERENCE = """
SELECT p.organisation_id, o.municipality_id, p.programme_kind_code AS level, p.grade, p.study_form_code AS form,
    p.adaptation_code AS adaptation, p.state, p.sex, extract(year FROM age(%(on)s::date, p.birth_date))::int AS age,
    CASE WHEN p.id > %(w_id)s THEN 1 ELSE -1 END AS n
FROM enrolment_placement p JOIN organisations_organisation o ON o.id = p.organisation_id
WHERE p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s) AND
"""
#: The cells of a cube with the difference since it was built, as table ``c``.
SOURCE = f"""(
SELECT organisation_id, municipality_id, level, grade, form, adaptation, state, sex, age, n
FROM enrolment_contingentcell WHERE cube_id = %(cube)s AND regional = %(regional)s
UNION ALL {_DIFFERENCE} p.id > %(w_id)s AND p.superseded_at IS NULL
UNION ALL {_DIFFERENCE} p.superseded_number > %(w_number)s AND p.id <= %(w_id)s
) c"""
_BUILD = """
INSERT INTO enrolment_contingentcell
    (cube_id, regional, organisation_id, municipality_id, level, grade, form, adaptation, state, sex, age, n)
SELECT %(cube)s, grouping(p.organisation_id) = 1, p.organisation_id, o.municipality_id, p.programme_kind_code, p.grade,
    p.study_form_code, p.adaptation_code, p.state, p.sex, extract(year FROM age(%(on)s::date, p.birth_date))::int, count(*)
FROM enrolment_placement p JOIN organisations_organisation o ON o.id = p.organisation_id
WHERE p.superseded_at IS NULL AND p.starts_on <= %(on)s AND (p.ends_on IS NULL OR p.ends_on > %(on)s)
GROUP BY GROUPING SETS (
    (p.organisation_id, o.municipality_id, 5, 6, 7, 8, 9, 10, 11), (5, 6, 7, 8, 9, 10, 11))
"""


@dataclass(frozen=True, slots=True)
class Built:
    """A cube that may be asked; ``parameters`` go with ``SOURCE``."""

    day: date
    cube_id: int
    placement_watermark: int
    supersession_watermark: int

    def parameters(self, *, regional: bool) -> dict[str, Any]:
        """Return what ``SOURCE`` needs; ``regional`` takes the cells of the whole region, which name no organisation."""
        return {
            "cube": self.cube_id,
            "regional": regional,
            "on": self.day,
            "w_id": self.placement_watermark,
            "w_number": self.supersession_watermark,
        }


def hold_ledger() -> None:
    """Taken by whoever writes placements, until the end of their transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LEDGER])


@scope.whole_register()
def of(day: date) -> Built:
    """Return the cube of a day, counting it first if there is none or it has fallen far behind."""
    row = (
        ContingentCube.objects.filter(day=day)
        .order_by("-id")
        .values_list("id", "placement_watermark", "supersession_watermark")
        .first()
    )
    if row is not None and _newest_placement() - row[1] <= REBUILD_AFTER:
        return Built(day, *row)
    return _build(day)


def forget() -> int:
    """Drop every cube, for whoever writes placements past the actions (the loader of the demo region)."""
    ContingentCell.objects.all().delete()
    return ContingentCube.objects.all().delete()[0]


def _newest_placement() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM enrolment_placement")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


@transaction.atomic
def _build(day: date) -> Built:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LEDGER])
        cursor.execute(
            "SELECT coalesce(max(id), 0), coalesce((SELECT max(superseded_number) FROM enrolment_placement), 0) "
            "FROM enrolment_placement"
        )
        newest, supersession = cursor.fetchone() or (0, 0)
        old = list(ContingentCube.objects.filter(day=day).values_list("id", flat=True))
        cube = ContingentCube.objects.create(
            day=day, built_at=clock.now(), placement_watermark=newest, supersession_watermark=supersession
        )
        cursor.execute(_BUILD, {"cube": cube.id, "on": day})
    old += ContingentCube.objects.order_by("-id").values_list("id", flat=True)[CUBES_KEPT:]
    ContingentCell.objects.filter(cube_id__in=old).delete()
    ContingentCube.objects.filter(pk__in=old).delete()
    return Built(day, cube.id, newest, supersession)
