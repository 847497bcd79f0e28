"""Tables of the room: results and documents with what stood before, and files on their way in."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import ExtractYear

from kontingent.achievements.attestation.codes import OWN_PAPER, DocumentForm, DocumentState
from kontingent.achievements.incoming.models import IncomingFile, IncomingRow
from kontingent.kernel.ids import new_id


class ExamResult(models.Model):
    """One state of a result of an exam or of an admission (результат экзамена).

    It was known from ``recorded_at`` until ``superseded_at``; a correction makes another one. What is the same result is told by
    person, form, subject and day. The row stays with the record it was written for.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    year = models.PositiveSmallIntegerField()
    form = models.CharField(max_length=12, help_text="exam_form")
    stage_code = models.CharField(max_length=12, help_text="exam_stage")
    subject_code = models.CharField(max_length=4, help_text="exam_subject")
    held_on = models.DateField()
    primary_score = models.SmallIntegerField(null=True)
    score = models.SmallIntegerField(null=True)
    mark = models.SmallIntegerField(null=True)
    passed = models.BooleanField(null=True)
    status_code = models.CharField(max_length=10, help_text="exam_status")
    appeal_code = models.CharField(max_length=10, blank=True, help_text="exam_appeal")
    delivery_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "form", "subject_code", "held_on"],
                condition=Q(superseded_at__isnull=True),
                name="exam_result_once",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__range=(0, 100)), name="exam_score_of_hundred"
            ),
            models.CheckConstraint(
                condition=Q(mark__isnull=True) | Q(mark__range=(2, 5)), name="exam_mark_of_five"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "year", "form"],
                condition=Q(superseded_at__isnull=True),
                name="exam_by_organisation",
            ),
            models.Index(fields=["person"], name="exam_by_person"),
        ]

    def __str__(self) -> str:
        """Return what it is of, without the outcome."""
        return f"{self.form} {self.subject_code} {self.held_on}"


class EducationDocument(models.Model):
    """One state of an education document (документ об образовании); ``document_id`` is the document through all its states."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    document_id = models.UUIDField()
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    kind_code = models.CharField(max_length=4, help_text="education_document")
    form = models.CharField(
        max_length=10, default=DocumentForm.ORIGINAL, choices=[(one.value, one.value) for one in DocumentForm]
    )
    state_code = models.CharField(max_length=10, default=DocumentState.ACTIVE, help_text="document_state")
    with_honours = models.BooleanField(default=False)
    medal = models.CharField(max_length=1, blank=True)
    series = models.CharField(max_length=10, blank=True)
    number = models.CharField(max_length=20)
    registration_number = models.CharField(max_length=40)
    issued_on = models.DateField()
    programme_title = models.CharField(max_length=300, blank=True)
    speciality_code = models.CharField(max_length=10, blank=True)
    enrolled_in = models.PositiveSmallIntegerField(null=True)
    graduated_in = models.PositiveSmallIntegerField()
    family_name = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100)
    patronymic = models.CharField(max_length=100, blank=True)
    birth_date = models.DateField()
    sex = models.CharField(max_length=1)
    country_code = models.CharField(max_length=3, default="643", help_text="ОКСМ")
    replaces_id = models.UUIDField(
        null=True, help_text="document_id of the document that a duplicate takes the place of"
    )
    basis = models.CharField(max_length=300, blank=True)
    organisation_name = models.CharField(
        max_length=500, blank=True, db_default="", help_text="as printed at the issue"
    )
    head_position = models.CharField(
        max_length=200, blank=True, db_default="", help_text="who signed it, as printed"
    )
    head_name = models.CharField(max_length=200, blank=True, db_default="")
    delivery_id = models.UUIDField(null=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=200)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["document_id"],
                condition=Q(superseded_at__isnull=True),
                name="education_document_stands_once",
            ),
            models.UniqueConstraint(
                fields=["kind_code", "series", "number"],
                condition=Q(superseded_at__isnull=True)
                & ~Q(state_code="annulled")
                & ~Q(kind_code__in=OWN_PAPER),
                name="education_document_number_once",
            ),
            # What a school numbers itself, another may number alike.
            models.UniqueConstraint(
                fields=["organisation", "kind_code", "series", "number"],
                condition=Q(superseded_at__isnull=True)
                & ~Q(state_code="annulled")
                & Q(kind_code__in=OWN_PAPER),
                name="education_document_own_number_once",
            ),
            # A book of issue is kept by level, and counts anew each year.
            models.UniqueConstraint(
                "organisation",
                "kind_code",
                "registration_number",
                ExtractYear("issued_on"),
                condition=Q(superseded_at__isnull=True)
                & ~Q(state_code="annulled")
                & ~Q(registration_number=""),
                name="education_document_registration_once",
            ),
            models.CheckConstraint(
                condition=Q(form="original", replaces_id__isnull=True) | Q(form="duplicate"),
                name="education_document_replaces",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "graduated_in", "kind_code"],
                condition=Q(superseded_at__isnull=True),
                name="education_document_book",
            ),
            models.Index(fields=["person"], name="education_document_person"),
            models.Index(fields=["document_id"], name="education_document_history"),
        ]

    def __str__(self) -> str:
        """Return the kind and the day, not the number."""
        return f"{self.kind_code} {self.issued_on}"

    @property
    def full_name(self) -> str:
        """The name as printed."""
        return " ".join(part for part in (self.family_name, self.given_name, self.patronymic) if part)

    @property
    def is_duplicate(self) -> bool:
        """True for a document that takes the place of another."""
        return self.form == DocumentForm.DUPLICATE


class SupplementLine(models.Model):
    """A line of the supplement to a document (строка приложения): the final mark, and how it was found."""

    id = models.BigAutoField(primary_key=True)
    document_id = models.UUIDField()
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+", db_index=False)
    position = models.PositiveSmallIntegerField()
    subject_title = models.CharField(max_length=200)
    value = models.CharField(max_length=8)
    steps = models.JSONField(default=list)
    is_additional = models.BooleanField(default=False, help_text="a line of «Дополнительные сведения»")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document_id", "position"], name="supplement_line_once")
        ]
        indexes = [models.Index(fields=["person"], name="supplement_person")]
        ordering = ["document_id", "position"]

    def __str__(self) -> str:
        """Return the subject."""
        return self.subject_title


class BroughtMark(models.Model):
    """One state of a closing mark that the journal lacks and somebody has brought (внесённая отметка), with the document it stands in.

    It stood from ``recorded_at`` until ``superseded_at``. ``title`` makes it a line of its own (a course that no subject of the journal
    is). ``against`` is the journal's mark it was decided to prevail over, for ``reason``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    grade = models.PositiveSmallIntegerField()
    subject_code = models.CharField(max_length=20, blank=True, help_text="subject")
    title = models.CharField(max_length=200, blank=True)
    period_code = models.CharField(max_length=2, help_text="study_period")
    value = models.CharField(max_length=8)
    source_code = models.CharField(max_length=12, help_text="mark_source")
    document = models.CharField(max_length=300)
    against = models.CharField(max_length=8, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80, help_text="code of the actor")
    recorded_by_name = models.CharField(max_length=200)
    superseded_at = models.DateTimeField(null=True)
    superseded_by_name = models.CharField(max_length=200, blank=True)
    superseded_for = models.CharField(max_length=300, blank=True, help_text="why it no longer stands")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "grade", "subject_code", "title", "period_code"],
                condition=Q(superseded_at__isnull=True),
                name="brought_mark_stands_once",
            ),
            models.CheckConstraint(
                condition=Q(subject_code="") ^ Q(title=""), name="brought_mark_of_subject_or_course"
            ),
            models.CheckConstraint(condition=Q(grade__range=(1, 13)), name="brought_mark_grade"),
        ]
        indexes = [models.Index(fields=["person"], name="brought_mark_person")]

    def __str__(self) -> str:
        """Return what it is of, without the mark."""
        return f"{self.title or self.subject_code} {self.grade}"


class Delivery(IncomingFile):
    """A file of results or documents on its way in (загрузка результатов); its ``kind`` is a ``DeliveryKind``."""

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["uploaded", "reading", "checked", "applying", "applied", "refused"]),
                name="exam_delivery_state_known",
            )
        ]
        indexes = [models.Index(fields=["sent_by", "-created_at"], name="exam_delivery_of")]


class DeliveredRow(IncomingRow):
    """One line of such a file (строка загрузки)."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="rows")
    key = models.CharField(
        max_length=120,
        blank=True,
        help_text="what must be there once: of a result with the person, of a document alone",
    )

    class Meta:
        indexes = [models.Index(fields=["delivery", "outcome", "id"], name="delivered_row_outcome")]
