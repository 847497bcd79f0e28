"""Tables of persons and of what belongs to them."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q

from kontingent.kernel.ids import new_id


class Person(models.Model):
    """A physical person (физическое лицо), child or adult.

    ``name_key``, ``family_key`` and ``given_key`` are folded names (kernel.names.fold); they carry
    search and sorting, since the embedded PostgreSQL has no ICU collation.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100)
    patronymic = models.CharField(max_length=100, blank=True)
    name_key = models.CharField(max_length=302, db_collation="C")
    family_key = models.CharField(max_length=100, db_collation="C")
    given_key = models.CharField(max_length=100, db_collation="C")
    sex = models.CharField(max_length=1, help_text="code list sex: 1 male, 2 female")
    birth_date = models.DateField(null=True, help_text="unknown for some representatives")
    birth_place = models.CharField(max_length=300, blank=True)
    snils = models.CharField(max_length=11, null=True)
    citizenship_code = models.CharField(max_length=20, default="0", help_text="citizenship, exchange edition")
    country_code = models.CharField(max_length=3, default="643", help_text="ОКСМ")
    died_on = models.DateField(null=True)
    status_code = models.CharField(max_length=20, default="1", help_text="record_status")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["snils"], name="snils_of_one_person"),
            models.CheckConstraint(condition=Q(sex__in=["1", "2"]), name="sex_known"),
            models.CheckConstraint(
                condition=Q(snils__isnull=True) | Q(snils__regex=r"^\d{11}$"), name="snils_eleven_digits"
            ),
        ]
        indexes = [
            # Prefix search in name order: a range scan that stops after one page (collation "C").
            models.Index(fields=["name_key", "birth_date"], name="person_name_order"),
            # Infix search ("фрагмент фамилии").
            GinIndex(OpClass(F("name_key"), "gin_trgm_ops"), name="person_name_trgm"),
            # Matching: who was born that day with that family or given name.
            models.Index(fields=["birth_date", "family_key"], name="person_birth_family"),
            models.Index(fields=["birth_date", "given_key"], name="person_birth_given"),
        ]

    def __str__(self) -> str:
        """Return the full name."""
        return self.full_name

    @property
    def full_name(self) -> str:
        """Фамилия, имя и отчество одной строкой."""
        return " ".join(part for part in (self.family_name, self.given_name, self.patronymic) if part)


class PersonName(models.Model):
    """A name a person bore until a day (прежние ФИО), with the basis of the change."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="former_names")
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100)
    patronymic = models.CharField(max_length=100, blank=True)
    family_key = models.CharField(max_length=100, db_collation="C")
    name_key = models.CharField(max_length=302, db_collation="C")
    valid_to = models.DateField()
    basis = models.CharField(max_length=300)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["name_key"], name="person_former_name_order")]

    def __str__(self) -> str:
        """Return the former name."""
        return f"{self.family_name} {self.given_name} {self.patronymic}".strip()


class IdentityDocument(models.Model):
    """A document that proves identity (ДУЛ). ``key`` is series and number folded for comparing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="documents")
    kind_code = models.CharField(max_length=20, help_text="identity_document: 11, 12, 21, 31 …")
    series = models.CharField(max_length=30, blank=True)
    number = models.CharField(max_length=30)
    key = models.CharField(max_length=80, help_text="kind:series:number, folded")
    issued_on = models.DateField(null=True)
    issuer = models.CharField(max_length=300, blank=True)
    issuer_code = models.CharField(max_length=7, blank=True)
    valid_to = models.DateField(null=True)
    is_current = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="document_once_for_person")]
        indexes = [
            models.Index(fields=["key"], name="document_key"),
            models.Index(fields=["number"], name="document_number"),
        ]

    def __str__(self) -> str:
        """Return series and number."""
        return f"{self.series} {self.number}".strip()


class Address(models.Model):
    """An address of a person (адрес регистрации, проживания, пребывания) in a period."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="addresses")
    kind_code = models.CharField(max_length=20, help_text="address_kind: registration, residence, stay")
    text = models.CharField(max_length=500)
    postal_code = models.CharField(max_length=6, blank=True)
    gar_object_id = models.UUIDField(null=True)
    gar_house_id = models.UUIDField(null=True)
    oktmo = models.CharField(max_length=11, blank=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind_code"],
                condition=Q(ends_on__isnull=True),
                name="one_current_address_of_a_kind",
            )
        ]

    def __str__(self) -> str:
        """Return the text."""
        return self.text


class Contact(models.Model):
    """A phone or an e-mail (контакт). ``value`` is normalised: +79XXXXXXXXX for a phone."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="contacts")
    kind_code = models.CharField(max_length=20, help_text="contact_kind: 1 phone, 3 email")
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind_code", "value"], name="contact_once")]
        indexes = [models.Index(fields=["value"], name="contact_value")]

    def __str__(self) -> str:
        """Return the value."""
        return self.value


class Representation(models.Model):
    """An adult represents a child (законное представительство) in a period.

    Kinship and legal power are different columns: a grandmother may be a guardian or nobody.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    child = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="representations")
    adult = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="represents")
    kind_code = models.CharField(max_length=20, default="1", help_text="representative_kind")
    kinship_code = models.CharField(max_length=20, blank=True, help_text="kinship")
    document_kind_code = models.CharField(max_length=20, blank=True, help_text="confirming_document")
    document_requisites = models.CharField(max_length=300, blank=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    rights_limited = models.BooleanField(default=False, help_text="ограничен в правах решением суда")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["child", "adult"],
                condition=Q(ends_on__isnull=True),
                name="one_current_representation_of_a_pair",
            ),
            models.CheckConstraint(condition=~Q(child=F("adult")), name="nobody_represents_themselves"),
        ]

    def __str__(self) -> str:
        """Return who represents whom."""
        return f"{self.adult_id} → {self.child_id}"


class SourceKey(models.Model):
    """How another system calls a person (ключ источника): makes a repeated import idempotent."""

    source = models.CharField(max_length=80)
    external_id = models.CharField(max_length=80)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="source_keys")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="source_key_once")]

    def __str__(self) -> str:
        """Return source and id."""
        return f"{self.source}:{self.external_id}"
