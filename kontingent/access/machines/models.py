"""Tables of machine access: clients, their secrets, keys and tokens. No secret is kept, only its digest."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from kontingent.kernel.ids import new_id


class ApiClient(models.Model):
    """An outside system that may read the register (внешняя система) within one reach, by some scopes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client_id = models.CharField(max_length=40, unique=True, help_text="how the system calls itself, OAuth2")
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    municipality = models.ForeignKey(
        "organisations.Municipality", null=True, on_delete=models.PROTECT, related_name="+"
    )
    whole_region = models.BooleanField(default=False)
    scopes = ArrayField(models.CharField(max_length=40), help_text="machines.rules.MachineScope")
    contact = models.CharField(max_length=300, blank=True, help_text="whom to call when it misbehaves")
    rate_per_minute = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=200, blank=True)
    revoke_reason = models.CharField(max_length=300, blank=True)
    suspended_at = models.DateTimeField(null=True)
    suspend_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=False, municipality__isnull=True, whole_region=False)
                | Q(organisation__isnull=True, municipality__isnull=False, whole_region=False)
                | Q(organisation__isnull=True, municipality__isnull=True, whole_region=True),
                name="client_has_exactly_one_reach",
            ),
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="client_has_some_scope"),
            models.CheckConstraint(condition=Q(rate_per_minute__gt=0), name="client_rate_positive"),
            models.CheckConstraint(
                condition=Q(revoked_at__isnull=True) | ~Q(revoke_reason=""),
                name="client_revoked_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(suspended_at__isnull=True) | ~Q(suspend_reason=""),
                name="client_suspended_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    @property
    def actor_code(self) -> str:
        """How journals and the journal of acts name the client that acts."""
        return f"client:{self.id}"

    @property
    def is_stopped(self) -> bool:
        """Revoked for good or suspended for a while."""
        return self.revoked_at is not None or self.suspended_at is not None


class ClientSecret(models.Model):
    """A secret of a client, as a digest; two may live at once, so that one takes over from the other."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="secrets")
    digest = models.CharField(max_length=64, unique=True, help_text="sha256 of 256 random bits")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gte=F("created_at")), name="secret_lasts")
        ]

    def __str__(self) -> str:
        """Return the last day."""
        return f"{self.client_id} до {self.expires_at:%Y-%m-%d}"


class ClientKey(models.Model):
    """A public key by which a client signs its assertions (private_key_jwt)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="keys")
    kid = models.CharField(max_length=100)
    algorithm = models.CharField(max_length=5, help_text="the only one the key is used with")
    public_pem = models.TextField()
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "kid"], name="key_once_for_client"),
            models.CheckConstraint(
                condition=Q(algorithm__in=["RS256", "ES256"]), name="key_algorithm_asymmetric"
            ),
        ]

    def __str__(self) -> str:
        """Return the id of the key."""
        return self.kid


class UsedAssertion(models.Model):
    """An assertion that has been used (its ``jti``); kept until it expires, so that nobody replays it."""

    id = models.BigAutoField(primary_key=True)
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="+")
    jti = models.CharField(max_length=200)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "jti"], name="assertion_used_once")]
        indexes = [models.Index(fields=["expires_at"], name="assertion_expiry")]

    def __str__(self) -> str:
        """Return the jti."""
        return self.jti


class AccessToken(models.Model):
    """An opaque token of a client, as a digest, for a quarter of an hour."""

    id = models.BigAutoField(primary_key=True)
    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40))
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="token_expiry")]

    def __str__(self) -> str:
        """Return whose and until when."""
        return f"{self.client_id} до {self.expires_at:%Y-%m-%d %H:%M}"


class RateWindow(models.Model):
    """How many requests a client made in its last minute. An UNLOGGED table: a crash forgives everybody.

    One row per key, written by one statement (``limits``); nothing to sweep away.
    """

    key = models.CharField(max_length=80, primary_key=True)
    minute = models.DateTimeField()
    hits = models.PositiveIntegerField()

    def __str__(self) -> str:
        """Return the key and the number."""
        return f"{self.key}: {self.hits}"
