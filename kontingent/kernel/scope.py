"""Which organisations a view or an act may touch (область видимости).

A scope is a region, some municipalities, some organisations, some classes, or some children of one's own.
Queries turn it into a condition; row-level security repeats it (``storage.scope``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Scope:
    """The union of what it lists; ``whole_region`` swallows the rest. The empty scope sees nothing."""

    whole_region: bool = False
    municipalities: frozenset[UUID] = field(default_factory=frozenset)
    organisations: frozenset[UUID] = field(default_factory=frozenset)
    groups: frozenset[UUID] = field(default_factory=frozenset)
    persons: frozenset[UUID] = field(default_factory=frozenset)

    @classmethod
    def region(cls) -> Scope:
        """The whole region."""
        return cls(whole_region=True)

    @classmethod
    def of_municipality(cls, municipality_id: UUID) -> Scope:
        """Every organisation of one municipality."""
        return cls(municipalities=frozenset({municipality_id}))

    @classmethod
    def of_organisation(cls, organisation_id: UUID) -> Scope:
        """One organisation."""
        return cls(organisations=frozenset({organisation_id}))

    def with_persons(self, persons: frozenset[UUID]) -> Scope:
        """The same scope and these persons besides."""
        return replace(self, persons=self.persons | persons) if persons else self

    @property
    def places(self) -> frozenset[UUID]:
        """Organisations and classes by id: where somebody must have studied to be seen."""
        return self.organisations | self.groups

    @property
    def is_family(self) -> bool:
        """True when nothing is open but named persons: one's own children, or oneself."""
        return bool(self.persons) and not (self.whole_region or self.municipalities or self.places)

    def covers(
        self, organisation_id: UUID | None, municipality_id: UUID | None, group_id: UUID | None = None
    ) -> bool:
        """Say whether an organisation, lying in that municipality, or its class is inside."""
        return (
            self.whole_region
            or (organisation_id is not None and organisation_id in self.organisations)
            or (municipality_id is not None and municipality_id in self.municipalities)
            or (group_id is not None and group_id in self.groups)
        )
