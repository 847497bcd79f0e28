"""Tables of performance.

Journals, names of subjects, periods and late corrections are ordinary tables. Records are partitioned by school year and
refer to nothing by foreign keys; the migration writes their DDL, ``actions.partitions`` makes the years.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from kontingent.kernel.ids import new_id


class Journal(models.Model):
    """A source of performance data: an electronic journal and the client that delivers for it (электронный журнал)."""

    code = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    client_code = models.CharField(
        max_length=80, unique=True, help_text="the actor that delivers: client:<id>"
    )
    created_at = models.DateTimeField()
    history_until = models.DateField(null=True, help_text="until then it may deliver closed periods")
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        """Return the title."""
        return self.title

    @property
    def source(self) -> str:
        """How source keys of persons name this journal."""
        return f"journal:{self.code}"


class SubjectName(models.Model):
    """How a journal calls a subject of the register."""

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="subject_names")
    text = models.CharField(max_length=200)
    text_key = models.CharField(max_length=200)
    subject_code = models.CharField(max_length=20, help_text="code list subject")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journal", "text_key"], name="subject_name_once")]

    def __str__(self) -> str:
        """Return the name."""
        return self.text


class ClassName(models.Model):
    """How a journal calls a class of the register in one school year, where it does not call it by its title."""

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="class_names")
    group = models.ForeignKey("enrolment.Group", on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    school_year = models.PositiveSmallIntegerField()
    text_key = models.CharField(max_length=100, db_collation="C", help_text="folded as Group.title_key")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["journal", "organisation", "school_year", "text_key"], name="class_name_once"
            )
        ]

    def __str__(self) -> str:
        """Return the name."""
        return self.text_key


class GradingPeriod(models.Model):
    """A study period of a school year, for the region or as one organisation has it (учебный период)."""

    organisation = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    school_year = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=2, help_text="study_period")
    grade_from = models.PositiveSmallIntegerField(default=1)
    grade_to = models.PositiveSmallIntegerField(default=12)
    starts_on = models.DateField()
    ends_on = models.DateField()
    closes_on = models.DateField(help_text="from this day on a change is late and goes to a human")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "school_year", "code", "grade_from"],
                name="grading_period_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(starts_on__lt=F("ends_on"), ends_on__lte=F("closes_on")),
                name="grading_period_in_order",
            ),
        ]
        ordering = ["school_year", "grade_from", "starts_on"]

    def __str__(self) -> str:
        """Return the days."""
        return f"{self.starts_on}–{self.ends_on}"


class Record(models.Model):
    """What every delivered record has.

    It is known by (journal, external id) within a school year; ``version`` orders its states, and one that the journal
    took back stays as ``withdrawn_at``, so that an old message cannot bring it to life.
    """

    journal_id = models.IntegerField()
    external_id = models.CharField(max_length=64, db_collation="C")
    school_year = models.SmallIntegerField()
    organisation_id = models.UUIDField()
    subject_code = models.CharField(max_length=20)
    version = models.BigIntegerField()
    batch_id = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class PersonalRecord(Record):
    """A record of a learner."""

    pk = models.CompositePrimaryKey("journal_id", "external_id", "person_id", "school_year")
    person_id = models.UUIDField()
    group_id = models.UUIDField(null=True)
    comment = models.CharField(max_length=500, blank=True)

    class Meta:
        abstract = True


class Mark(PersonalRecord):
    """A current mark (текущая отметка)."""

    given_on = models.DateField()
    lesson_number = models.SmallIntegerField(null=True)
    lesson_key = models.CharField(max_length=64, blank=True)
    system_code = models.SmallIntegerField(help_text="mark_system")
    value = models.CharField(max_length=8)
    score = models.SmallIntegerField(null=True)
    weight = models.DecimalField(max_digits=4, decimal_places=2)
    work_code = models.CharField(max_length=20, help_text="work_kind")

    def __str__(self) -> str:
        """Return the mark."""
        return self.value


class Attendance(PersonalRecord):
    """A learner was absent or late (отметка посещаемости)."""

    held_on = models.DateField()
    lesson_number = models.SmallIntegerField(null=True)
    lesson_key = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=1, help_text="attendance_code")
    minutes = models.SmallIntegerField(null=True)

    def __str__(self) -> str:
        """Return the code."""
        return self.code


class PeriodMark(PersonalRecord):
    """A mark that closes a period, a year, an exam or a subject (итоговая отметка)."""

    given_on = models.DateField()
    kind = models.CharField(max_length=10, help_text="final_kind")
    period_code = models.CharField(max_length=2, help_text="study_period")
    system_code = models.SmallIntegerField(help_text="mark_system")
    value = models.CharField(max_length=8)
    score = models.SmallIntegerField(null=True)

    def __str__(self) -> str:
        """Return the mark."""
        return self.value


class Lesson(Record):
    """A lesson of a class (урок): topic, homework, teacher. ``part`` names a subgroup of the class."""

    pk = models.CompositePrimaryKey("journal_id", "external_id", "group_id", "school_year")
    group_id = models.UUIDField()
    held_on = models.DateField()
    number = models.SmallIntegerField(null=True)
    part = models.CharField(max_length=100, blank=True)
    topic = models.CharField(max_length=500, blank=True)
    homework = models.CharField(max_length=2000, blank=True)
    teacher_name = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        """Return the topic."""
        return self.topic


class Former(models.Model):
    """What stood before a change: the whole row, when and by whom it was replaced."""

    id = models.BigIntegerField()
    school_year = models.SmallIntegerField()
    records = models.CharField(max_length=12, help_text="records.KINDS")
    journal_id = models.IntegerField()
    external_id = models.CharField(max_length=64, db_collation="C")
    version = models.BigIntegerField()
    row = models.JSONField()
    replaced_at = models.DateTimeField()
    replaced_by = models.CharField(max_length=80, help_text="code of the actor")

    class Meta:
        abstract = True


class FormerRecord(Former):
    """A former state of a learner's record (прежнее состояние записи)."""

    pk = models.CompositePrimaryKey("id", "person_id", "school_year")
    person_id = models.UUIDField()

    def __str__(self) -> str:
        """Return what it was of."""
        return f"{self.records} {self.external_id} v{self.version}"


class FormerLesson(Former):
    """A former state of a lesson (прежнее состояние урока)."""

    pk = models.CompositePrimaryKey("id", "group_id", "school_year")
    group_id = models.UUIDField()

    def __str__(self) -> str:
        """Return what it was of."""
        return f"{self.external_id} v{self.version}"


class LateCorrection(models.Model):
    """A change of a closed period, waiting for a human (поздняя правка)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="+")
    records = models.CharField(max_length=12)
    school_year = models.SmallIntegerField()
    external_id = models.CharField(max_length=64)
    person_id = models.UUIDField()
    organisation_id = models.UUIDField()
    group_id = models.UUIDField(null=True)
    day = models.DateField()
    staged = models.JSONField(help_text="the row as it was staged")
    before = models.JSONField(null=True, help_text="the record as it stands, null where there is none")
    batch_id = models.BigIntegerField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="waiting", help_text="waiting, accepted, rejected")
    decided_at = models.DateTimeField(null=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["journal", "records", "school_year", "external_id"],
                condition=Q(state="waiting"),
                name="late_correction_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | (Q(state__in=["accepted", "rejected"], decided_at__isnull=False) & ~Q(reason="")),
                name="late_correction_decided_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation_id", "state", "received_at"], name="late_correction_queue")
        ]

    def __str__(self) -> str:
        """Return what it corrects."""
        return f"{self.records} {self.external_id}"
