"""Tables of persons and of what belongs to them."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value

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
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="merged", db_index=False,
        help_text="the record that answers for this one since they were merged",
    )  # fmt: skip
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
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | (Q(status_code="2") & ~Q(merged_into=F("id"))),
                name="merged_record_is_cancelled",
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
            # Lists for other systems, page by page by family name, and those changed since a moment.
            models.Index(F("family_name").asc(nulls_first=True), name="person_family_listed"),
            models.Index(F("updated_at").asc(nulls_first=True), name="person_changed"),
            models.Index(
                fields=["merged_into"], condition=Q(merged_into__isnull=False), name="person_merged_into"
            ),
            models.Index(
                fields=["name_key"], condition=Q(merged_into__isnull=False), name="person_merged_name"
            ),
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


class KnownFor(models.Model):
    """Something that holds of a person in a period, as we knew it from a moment to a moment.

    ``starts_on`` null is "since birth", ``ends_on`` null "to this day", ``superseded_at`` null "as we know it now".
    """

    id = models.BigAutoField(primary_key=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


def _days() -> Func:
    return Func(F("starts_on"), F("ends_on"), Value("[)"), function="daterange")


class CitizenshipPeriod(KnownFor):
    """A period in which a person was not, or not only, a citizen of Russia (гражданство на день).

    No row on a day means a citizen of Russia: few are anything else. ``Person`` says what is so today.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="citizenships")
    citizenship_code = models.CharField(max_length=20, help_text="citizenship 1, 2, 3")
    country_code = models.CharField(max_length=3, blank=True, help_text="ОКСМ")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_citizenship_at_a_time",
                expressions=[("person", RangeOperators.EQUAL), (_days(), RangeOperators.OVERLAPS)],
                condition=Q(superseded_at__isnull=True),
            )
        ]
        indexes = [models.Index(fields=["person"], name="citizenship_person")]

    def __str__(self) -> str:
        """Return code and country."""
        return f"{self.citizenship_code} {self.country_code}"


class PersonCategory(KnownFor):
    """A social category of a person in a period (социальная категория): orphan, refugee … Asked for by its own permission."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="categories")
    category_code = models.CharField(max_length=20, help_text="social_category")
    basis = models.CharField(max_length=300)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="category_once_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("category_code", RangeOperators.EQUAL),
                    (_days(), RangeOperators.OVERLAPS),
                ],
                condition=Q(superseded_at__isnull=True),
            )
        ]
        indexes = [models.Index(fields=["person"], name="category_person")]

    def __str__(self) -> str:
        """Return the code."""
        return self.category_code


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


class Introduction(models.Model):
    """An organisation has entered a person, or has been shown one who fits, and may go on with them (знакомство).

    Until somebody is enrolled nothing else ties them to the organisation; row-level security needs to know.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    organisation_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "organisation_id"], name="introduced_once")]

    def __str__(self) -> str:
        """Return who to whom."""
        return f"{self.person_id} → {self.organisation_id}"


class Merge(models.Model):
    """One record was merged into another (объединение записей); kept for ever, taken back by ``undone_at``.

    ``fields`` holds {field: [survivor's before, merged one's before, chosen]}, days in ISO 8601; ``sides`` what the rows
    of both held in the columns that a later act may change as a side effect (``references``).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    survivor = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    merged = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="merges")
    fields = models.JSONField()
    sides = models.JSONField(default=dict)
    edited = ArrayField(
        models.CharField(max_length=40), default=list, help_text="fields of the survivor corrected since"
    )
    basis = models.CharField(max_length=500)
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=200)
    undone_at = models.DateTimeField(null=True)
    undone_by_name = models.CharField(max_length=200, blank=True)
    undo_basis = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merged"], condition=Q(undone_at__isnull=True), name="merged_into_one_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(survivor=F("merged")), name="nobody_is_merged_into_itself"),
        ]
        indexes = [models.Index(fields=["survivor", "-made_at"], name="merge_survivor")]

    def __str__(self) -> str:
        """Return who into whom."""
        return f"{self.merged_id} → {self.survivor_id}"


class MovedRows(models.Model):
    """Which rows of one table a merge moved to the survivor, and which it had held before (перенесённые строки)."""

    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="rows")
    reference = models.CharField(max_length=120, help_text="table.column")
    moved = ArrayField(models.TextField(), default=list)
    held = ArrayField(models.TextField(), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merge", "reference"], name="moved_rows_once")]

    def __str__(self) -> str:
        """Return the reference."""
        return self.reference


class DuplicatePair(models.Model):
    """Two records that may be one person (пара похожих записей), and what was decided about them.

    "Not the same person" is remembered here for ever: no search proposes the pair again. ``claimed_snils`` is a number
    ``claimant`` was to get while the other of the pair held it: a case for a human, not a refusal.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    one = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    other = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    level = models.CharField(max_length=10, help_text="matching.Level")
    score = models.PositiveSmallIntegerField()
    likelihood = models.FloatField(null=True, help_text="match weight of the regional search, bits")
    reasons = models.JSONField(default=list, help_text="[[field, weight, text]]")
    found_by = models.CharField(max_length=10, help_text="entry, number, region, person")
    state = models.CharField(max_length=10, default="open", help_text="open, merged, distinct")
    claimed_snils = models.CharField(max_length=11, null=True)
    claimant = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    found_at = models.DateTimeField()
    proposal = models.CharField(max_length=10, blank=True, help_text="what the school thinks: same, distinct")
    proposed_by_name = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    remark = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="pair_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="pair_in_order"),
            models.CheckConstraint(
                condition=Q(claimed_snils__isnull=True) | Q(claimant__isnull=False), name="claim_has_claimant"
            ),
        ]
        indexes = [
            models.Index(fields=["level", "-score", "id"], condition=Q(state="open"), name="pair_queue"),
            models.Index(fields=["other"], name="pair_other"),
        ]

    def __str__(self) -> str:
        """Return the level and the state."""
        return f"{self.level}: {self.state}"


class DuplicateSearch(models.Model):
    """One search of the whole region for duplicates (региональный поиск дублей): how far it is, what it found."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    state = models.CharField(max_length=10, default="waiting", help_text="waiting, running, done, failed")
    stage = models.CharField(max_length=100, blank=True)
    done = models.PositiveSmallIntegerField(default=0, help_text="percent")
    figures = models.JSONField(default=dict)
    refusal = models.TextField(blank=True)
    started_at = models.DateTimeField()
    started_by_name = models.CharField(max_length=200)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        """Return the state."""
        return f"{self.state} {self.done} %"
