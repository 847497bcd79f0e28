"""Reasons of leaving: which fit which act, and what each needs to name.

Codes and their mapping to the wire are in the code list ``leaving_reason`` (shared/domain/kontingent.md
§7.6; ст. 61 273-ФЗ; ОО-1 section 2.8). The list is our reconstruction; when the data change, so does this.
"""

from kontingent.enrolment.codes import MovementKind

TRANSFERS = frozenset({"T1", "T2", "T3", "T4", "T5", "T51", "T52", "T6", "T9"})
#: Leaving for an organisation of the region: it is named, and awaited there.
NEEDS_ORGANISATION = frozenset({"T1", "T2", "T5", "T51", "T52", "T6", "T9"})
#: Leaving the region or the country: the settlement and the region (country) are named (приказ 240).
NEEDS_PLACE = frozenset({"T3", "T4"})
GRADUATIONS = frozenset({"G1", "G2", "G3", "G4", "G5", "G6"})

FITTING: dict[MovementKind, frozenset[str]] = {
    MovementKind.TRANSFER_OUT: TRANSFERS,
    MovementKind.EXPULSION: frozenset(
        {"T7", "T8", "H1", "D1", "E1", "E2", "E3", "E4", "E5", "E6", "E7", "L1", "C1"}
    ),
    MovementKind.GRADUATION: GRADUATIONS,
}

#: Grades that may end with each kind of graduation; None stands for preschool groups and college courses.
GRADUATION_GRADES: dict[str, frozenset[int | None]] = {
    "G1": frozenset({9, 10}),  # 10 in schools for children with disabilities, where ООО takes longer
    "G2": frozenset({11, 12}),
    "G4": frozenset({9, 10, 11, 12, 13}),
}
