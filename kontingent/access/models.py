"""Tables of access: appointments, accounts, sessions, emergency access."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from kontingent.kernel.ids import new_id


class Appointment(models.Model):
    """A person holds a role in a scope for a time, by an order (назначение).

    ЕСИА says who has come; only this table says what they may do. A substitution is an appointment that names the one
    it stands in for: while it is in force, the other sleeps.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    snils = models.CharField(max_length=11)
    full_name = models.CharField(max_length=200)
    post = models.CharField(max_length=200, blank=True, help_text="должность, as families see it")
    role_code = models.CharField(max_length=40, help_text="access.roles")
    organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    municipality = models.ForeignKey(
        "organisations.Municipality", null=True, on_delete=models.PROTECT, related_name="+"
    )
    groups = ArrayField(models.UUIDField(), default=list, help_text="classes, for a role bound to classes")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, help_text="first day without the role")
    order_number = models.CharField(max_length=60)
    order_date = models.DateField()
    substitutes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="substitutions")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, blank=True)
    revoke_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=True) | Q(municipality__isnull=True),
                name="one_scope_at_most",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")), name="appointment_lasts"
            ),
            models.CheckConstraint(condition=Q(snils__regex=r"^\d{11}$"), name="appointment_snils"),
            models.CheckConstraint(
                condition=Q(substitutes__isnull=True) | Q(ends_on__isnull=False), name="substitution_ends"
            ),
        ]
        indexes = [models.Index(fields=["snils"], name="appointment_snils_index")]

    def __str__(self) -> str:
        """Return who and as whom."""
        return f"{self.full_name}: {self.role_code}"


class Account(models.Model):
    """A person who has signed in at least once (учётная запись); known by СНИЛС, confirmed by ЕСИА."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    snils = models.CharField(max_length=11, unique=True)
    esia_oid = models.CharField(max_length=40)
    full_name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        """Return the name."""
        return self.full_name


class SignIn(models.Model):
    """One session of one account (сеанс): from a verified sign-in to leaving, a limit, or a sign-out elsewhere.

    ``capacity`` says in which quality one acts: by an appointment, as a representative (``family``), for oneself (``self``);
    empty until chosen.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sessions")
    capacity = models.CharField(max_length=20, blank=True)
    appointment = models.ForeignKey(Appointment, null=True, on_delete=models.PROTECT, related_name="+")
    employers = ArrayField(models.CharField(max_length=15), default=list, help_text="ОГРН that ЕСИА named")
    kids = ArrayField(
        models.CharField(max_length=11), default=list, help_text="СНИЛС of children that ЕСИА named"
    )
    is_child_account = models.BooleanField(default=False)
    method = models.CharField(max_length=40, blank=True, help_text="amr of ЕСИА: PWD, DS …")
    esia_session = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-started_at"], name="session_account")]

    def __str__(self) -> str:
        """Return who and when."""
        return f"{self.account_id} {self.started_at:%Y-%m-%d %H:%M}"


class EmergencyAccess(models.Model):
    """A child outside one's scope opened in an emergency, for a reason and a short time; reviewed afterwards."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="+")
    person_id = models.UUIDField()
    reason = models.CharField(max_length=1000)
    opened_at = models.DateTimeField()
    until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.CharField(max_length=200, blank=True)
    is_justified = models.BooleanField(null=True)
    review = models.CharField(max_length=1000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["account", "until"], name="emergency_account")]

    def __str__(self) -> str:
        """Return who and until when."""
        return f"{self.account_id} {self.until:%Y-%m-%d %H:%M}"


class Alert(models.Model):
    """Something in the journal that wants a look (сигнал): one rule, one actor, one hour or day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.CharField(max_length=40, help_text="access/alerts.toml")
    actor_code = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=200)
    since = models.DateTimeField(help_text="start of the hour or the day")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default="new", help_text="new, resolved")
    note = models.CharField(max_length=1000, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    raised_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "actor_code", "since"], name="alert_once")]
        indexes = [models.Index(fields=["state", "-since"], name="alert_state")]

    def __str__(self) -> str:
        """Return the rule and since when."""
        return f"{self.rule} {self.since:%Y-%m-%d %H:%M}"
