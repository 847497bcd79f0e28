"""Tables of the registry of organisations."""

from django.db import models
from django.db.models import F, Q

from kontingent.kernel.ids import new_id


class Municipality(models.Model):
    """A municipality of the region (муниципальное образование); merged ones stay, dated."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=60)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    note = models.TextField(blank=True)
    sort_key = models.CharField(max_length=120)

    class Meta:
        ordering = ["sort_key"]

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class MunicipalityCode(models.Model):
    """An ОКТМО code that a municipality bore in a period, with its source and how sure it is."""

    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="oktmo_codes")
    oktmo = models.CharField(max_length=11)
    edition = models.CharField(max_length=40)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    confidence = models.CharField(max_length=20, default="sourced")
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["municipality", "oktmo", "edition"], name="oktmo_once")
        ]

    def __str__(self) -> str:
        """Return the code."""
        return self.oktmo


class MunicipalitySuccession(models.Model):
    """One municipality became (part of) another on a day (правопреемство)."""

    predecessor = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="successions")
    successor = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="precessions")
    happened_on = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["predecessor", "successor"], name="succession_once")]

    def __str__(self) -> str:
        """Return who became whom."""
        return f"{self.predecessor_id} → {self.successor_id}"


class Organisation(models.Model):
    """An education organisation or a branch of one (образовательная организация, филиал).

    The row is the present state; every former state is an ``OrganisationVersion``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="branches")
    municipality = models.ForeignKey(Municipality, on_delete=models.PROTECT, related_name="organisations")
    full_name = models.CharField(max_length=500)
    short_name = models.CharField(max_length=200)
    name_key = models.CharField(
        max_length=700, db_collation="C", help_text="folded names, for search and sorting"
    )
    ogrn = models.CharField(max_length=15)
    inn = models.CharField(max_length=12)
    kpp = models.CharField(max_length=9, blank=True)
    type_code = models.CharField(max_length=20, help_text="code list organisation_type")
    founder_kind_code = models.CharField(max_length=20, blank=True, help_text="founder_kind")
    okopf = models.CharField(max_length=5, blank=True)
    okfs = models.CharField(max_length=2, blank=True)
    okogu = models.CharField(max_length=7, blank=True)
    okved = models.CharField(max_length=8, blank=True)
    oktmo = models.CharField(max_length=11, blank=True)
    status_code = models.CharField(max_length=20, default="1", help_text="organisation_status")
    status_since = models.DateField(null=True)
    opened_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)
    is_rural = models.BooleanField(default=False)
    is_small = models.BooleanField(default=False, help_text="малокомплектная")
    legal_address = models.CharField(max_length=500, blank=True)
    actual_address = models.CharField(max_length=500, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)
    site = models.CharField(max_length=200, blank=True)
    head_name = models.CharField(max_length=200, blank=True)
    head_position = models.CharField(max_length=200, blank=True)
    founder_name = models.CharField(max_length=300, blank=True)
    capacity = models.PositiveIntegerField(null=True)
    shifts_code = models.CharField(max_length=20, blank=True, help_text="organisation_shifts")
    journal_name = models.CharField(max_length=100, blank=True, help_text="electronic journal in use")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["ogrn"], condition=Q(parent__isnull=True), name="ogrn_of_one_head_organisation"
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True)
                | Q(opened_on__isnull=True)
                | Q(closed_on__gte=F("opened_on")),
                name="organisation_closed_after_opened",
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "name_key"], name="organisation_by_municipality"),
            models.Index(fields=["ogrn"], name="organisation_ogrn"),
            models.Index(fields=["inn"], name="organisation_inn"),
        ]
        ordering = ["name_key"]

    def __str__(self) -> str:
        """Return the short name."""
        return self.short_name


class OrganisationVersion(models.Model):
    """What the registry said of an organisation from a day on (история сведений).

    ``data`` holds all attributes by field name. Two times: the day the facts hold from, and the
    moment we learned them.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="versions")
    valid_from = models.DateField()
    recorded_at = models.DateTimeField()
    actor_code = models.CharField(max_length=80)
    basis = models.CharField(max_length=300, blank=True)
    data = models.JSONField()

    class Meta:
        indexes = [
            models.Index(
                fields=["organisation", "valid_from", "recorded_at"], name="organisation_version_order"
            )
        ]

    def __str__(self) -> str:
        """Return the organisation and the day."""
        return f"{self.organisation_id} с {self.valid_from}"


class OrganisationLink(models.Model):
    """Succession between organisations (реорганизация: присоединение, слияние, разделение …)."""

    predecessor = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="successors")
    successor = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="predecessors")
    kind_code = models.CharField(max_length=20, help_text="reorganisation_kind")
    happened_on = models.DateField()
    basis = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["predecessor", "successor"], name="organisation_link_once"),
            models.CheckConstraint(
                condition=~Q(predecessor=F("successor")), name="organisation_link_not_to_itself"
            ),
        ]

    def __str__(self) -> str:
        """Return who became whom."""
        return f"{self.predecessor_id} → {self.successor_id}"


class Licence(models.Model):
    """A licence or a state accreditation entry (лицензия, аккредитация)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="licences")
    kind_code = models.CharField(max_length=20, help_text="permit_kind: licence, accreditation")
    number = models.CharField(max_length=60)
    issued_on = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    issuer = models.CharField(max_length=300, blank=True)
    status_code = models.CharField(max_length=20, blank=True)
    programme_kinds = models.JSONField(default=list)

    def __str__(self) -> str:
        """Return the number."""
        return self.number


class Building(models.Model):
    """A building where an organisation teaches (здание)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="buildings")
    name = models.CharField(max_length=200)
    address = models.CharField(max_length=500)
    capacity = models.PositiveIntegerField(null=True)

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class ChangeProposal(models.Model):
    """A change of registry data proposed by an organisation, awaiting confirmation (предложение)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="proposals")
    changes = models.JSONField(help_text="{field: [old, new]}")
    valid_from = models.DateField()
    basis = models.CharField(max_length=300)
    status = models.CharField(max_length=12, default="proposed")
    proposed_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=80)
    proposed_by_name = models.CharField(max_length=200)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    remark = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="proposed", decided_at__isnull=True)
                | Q(status__in=["confirmed", "rejected", "withdrawn"], decided_at__isnull=False),
                name="proposal_decided_has_moment",
            )
        ]
        indexes = [models.Index(fields=["status", "proposed_at"], name="proposal_queue")]

    def __str__(self) -> str:
        """Return status and organisation."""
        return f"{self.organisation_id} {self.status}"
