"""Tables: groups, orders with their lines, the log of movements, and its two projections."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from kontingent.kernel.ids import new_id


class DateRange(Func):
    """``daterange(starts_on, ends_on, '[)')`` as an expression for constraints."""

    function = "daterange"


def _days() -> DateRange:
    return DateRange(F("starts_on"), F("ends_on"), Value("[)"))


class GroupAttributes(models.Model):
    """What may change of a class within its school year: ``rules.ClassFacts`` as columns."""

    kind_code = models.CharField(max_length=20, default="ordinary", help_text="group_kind")
    shift_code = models.CharField(max_length=20, default="1", help_text="group_shift")
    language_code = models.CharField(max_length=20, default="rus", help_text="language_of_instruction")
    regime_code = models.CharField(max_length=20, blank=True, help_text="kindergarten_regime")
    orientation_code = models.CharField(
        max_length=30, blank=True, help_text="group_orientation of a kindergarten"
    )
    age_band_code = models.CharField(max_length=20, blank=True, help_text="age_band of a kindergarten group")
    profile_code = models.CharField(max_length=30, blank=True, help_text="study_profile of grades 10–12")
    advanced_profile_code = models.CharField(max_length=30, blank=True, help_text="advanced_profile")
    year_of_grade_code = models.CharField(
        max_length=20, blank=True, help_text="year_of_grade, long programmes"
    )
    combined_key = models.CharField(
        max_length=20, blank=True, help_text="classes with the same mark learn together (класс-комплект)"
    )
    funding_code = models.CharField(max_length=20, blank=True, help_text="funding of whose order names none")
    capacity = models.PositiveSmallIntegerField(null=True)

    class Meta:
        abstract = True


class Group(GroupAttributes):
    """A class, a kindergarten group, a college group or a circle (класс, группа) of one school year.

    Its attributes are those of today; what they were on any day is in ``GroupVersion``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="groups"
    )
    school_year = models.PositiveSmallIntegerField(help_text="2026 is 2026/27")
    grade = models.PositiveSmallIntegerField(null=True, help_text="1–12 in a school, course in a college")
    letter = models.CharField(max_length=30, blank=True)
    title = models.CharField(max_length=100, help_text="5А, «Солнышко», П-21")
    title_key = models.CharField(max_length=100, db_collation="C", help_text="folded, 05а: sorts 2 before 10")
    programme = models.ForeignKey("programmes.Programme", on_delete=models.PROTECT, related_name="groups")
    study_form_code = models.CharField(max_length=20, default="11", help_text="study_form")
    teacher_name = models.CharField(max_length=200, blank=True, help_text="классный руководитель")
    closed_on = models.DateField(null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "school_year", "title_key"], name="group_once_in_school_year"
            )
        ]
        ordering = ["organisation", "school_year", "title_key"]

    def __str__(self) -> str:
        """Return the title."""
        return self.title


class GroupVersion(GroupAttributes):
    """The attributes of a class in a period, as we knew them (сведения о классе на день).

    A class has a version on every day of its school year, so that a count of a past day asks what the class was then.
    """

    id = models.BigAutoField(primary_key=True)
    group = models.ForeignKey(Group, on_delete=models.PROTECT, related_name="versions")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="versions_of_a_class_do_not_overlap",
                expressions=[("group", RangeOperators.EQUAL), (_days(), RangeOperators.OVERLAPS)],
                condition=Q(superseded_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")),
                name="version_of_a_class_holds_some_day",
            ),
        ]
        indexes = [models.Index(fields=["group", "starts_on"], name="group_version_order")]

    def __str__(self) -> str:
        """Return the period."""
        return f"{self.starts_on}–{self.ends_on or '…'}"


class Order(models.Model):
    """An order on movement of learners (приказ): draft, signed or cancelled."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="orders"
    )
    kind = models.CharField(max_length=30, help_text="codes.OrderKind")
    number = models.CharField(max_length=40, blank=True)
    dated = models.DateField(null=True)
    title = models.CharField(max_length=200, blank=True)
    basis = models.CharField(max_length=500, blank=True)
    signatory = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, default="draft", help_text="codes.OrderStatus")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    created_by_name = models.CharField(max_length=200)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.CharField(max_length=80, blank=True)
    signed_by_name = models.CharField(max_length=200, blank=True)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=80, blank=True)
    cancelled_by_name = models.CharField(max_length=200, blank=True)
    cancel_reason = models.CharField(max_length=500, blank=True)
    import_batch = models.UUIDField(null=True, help_text="the staging batch that made this order")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="draft", signed_at__isnull=True, cancelled_at__isnull=True)
                | Q(status="signed", signed_at__isnull=False, cancelled_at__isnull=True)
                | Q(status="cancelled", signed_at__isnull=False, cancelled_at__isnull=False),
                name="order_status_has_its_moments",
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | (~Q(number="") & Q(dated__isnull=False)),
                name="signed_order_has_number_and_date",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-dated"], name="order_by_organisation")]

    def __str__(self) -> str:
        """Return «№ 117-з от 01.09.2026»."""
        day = f" от {self.dated:%d.%m.%Y}" if self.dated else ""
        return f"№ {self.number or 'б/н'}{day}"


class MovementFacts(models.Model):
    """The columns that an order line and the movement it makes have in common."""

    kind = models.CharField(max_length=30, help_text="codes.MovementKind")
    effective_on = models.DateField()
    group = models.ForeignKey(Group, null=True, on_delete=models.PROTECT, related_name="+")
    programme = models.ForeignKey(
        "programmes.Programme", null=True, on_delete=models.PROTECT, related_name="+"
    )
    grade = models.PositiveSmallIntegerField(null=True)
    study_form_code = models.CharField(max_length=20, blank=True)
    funding_code = models.CharField(max_length=20, blank=True)
    reason_code = models.CharField(max_length=20, blank=True, help_text="leaving_reason")
    destination = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    destination_text = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


class OrderLine(MovementFacts):
    """One learner in an order (пункт приказа). Editable while the order is a draft."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+")
    enrolment_id = models.UUIDField(
        null=True, help_text="the enrolment it moves; null in a line that opens a new one"
    )
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "position"], name="order_line_position_once")]
        ordering = ["order", "position"]

    def __str__(self) -> str:
        """Return the position and the kind."""
        return f"{self.position}. {self.kind}"


class Movement(MovementFacts):
    """One act in the log (движение). Never changed but for being cancelled with its order."""

    id = models.BigAutoField(primary_key=True)
    enrolment_id = models.UUIDField()
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="movements")
    organisation = models.ForeignKey(
        "organisations.Organisation", on_delete=models.PROTECT, related_name="movements"
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="movements")
    line_id = models.UUIDField(unique=True)
    recorded_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["enrolment_id", "effective_on", "id"], name="movement_log"),
            models.Index(fields=["organisation", "effective_on"], name="movement_organisation_day"),
        ]

    def __str__(self) -> str:
        """Return the kind and the day."""
        return f"{self.kind} {self.effective_on}"


#: Whose a period is, as an index carries it.
_FLOWING = ("person", "organisation", "enrolment_id")


class Projection(models.Model):
    """What both projections share: days in which it holds, moments in which we knew it.

    ``superseded_at`` null means "this is what we know now". A row is never updated but for being
    superseded once.
    """

    id = models.BigAutoField(primary_key=True)
    enrolment_id = models.UUIDField()
    person = models.ForeignKey("persons.Person", on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Enrolment(Projection):
    """A learner belongs to an organisation in a period (обучение): fold of one stream of movements."""

    is_main = models.BooleanField(help_text="main general-education programme: one at a time")
    level_code = models.CharField(max_length=20, help_text="education_programme kind at the start")
    opened_by = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    closed_by = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    leaving_kind = models.CharField(max_length=30, blank=True, help_text="codes.MovementKind that closed it")
    reason_code = models.CharField(max_length=20, blank=True)
    destination = models.ForeignKey(
        "organisations.Organisation", null=True, on_delete=models.PROTECT, related_name="+"
    )
    destination_text = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_main_enrolment_at_a_time",
                expressions=[("person", RangeOperators.EQUAL), (_days(), RangeOperators.OVERLAPS)],
                condition=Q(is_main=True, superseded_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["enrolment_id"],
                condition=Q(superseded_at__isnull=True),
                name="one_current_version_of_an_enrolment",
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="enrolment_ends_after_it_starts",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "starts_on"], name="enrolment_person"),
            models.Index(
                fields=["organisation", "starts_on"],
                condition=Q(superseded_at__isnull=True),
                name="enrolment_organisation_now",
            ),
            # Who came and who went in a period: flows read these two alone, without the table.
            models.Index(
                fields=["starts_on"],
                condition=Q(superseded_at__isnull=True),
                include=["ends_on", *_FLOWING, "level_code", "leaving_kind", "reason_code"],
                name="enrolment_begun",
            ),
            models.Index(
                fields=["ends_on"],
                condition=Q(superseded_at__isnull=True, ends_on__isnull=False),
                include=["starts_on", *_FLOWING, "level_code", "leaving_kind", "reason_code"],
                name="enrolment_ended",
            ),
        ]

    def __str__(self) -> str:
        """Return the period."""
        return f"{self.starts_on}–{self.ends_on or '…'}"


class Placement(Projection):
    """Where and how a learner studies in a part of an enrolment (зачисленность в класс).

    Carries everything the contingent is counted by, the person's sex and birth date included, so
    that a count of any day reads one table and a past report comes out the same again.
    """

    group = models.ForeignKey(Group, null=True, on_delete=models.PROTECT, related_name="placements")
    grade = models.PositiveSmallIntegerField(null=True)
    programme = models.ForeignKey("programmes.Programme", on_delete=models.PROTECT, related_name="+")
    programme_kind_code = models.CharField(max_length=20)
    adaptation_code = models.CharField(max_length=20, default="1")
    study_form_code = models.CharField(max_length=20)
    funding_code = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=20, default="studying", help_text="codes.LearnerState")
    enters_level = models.BooleanField(
        db_default=False, help_text="the first of its level within the enrolment"
    )
    leaves_level = models.BooleanField(
        db_default=False, help_text="the last of its level within the enrolment, ended"
    )
    is_main = models.BooleanField()
    sex = models.CharField(max_length=1)
    birth_date = models.DateField()
    superseded_number = models.BigIntegerField(null=True, help_text="order of supersession, for the cube")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="placements_of_an_enrolment_do_not_overlap",
                expressions=[("enrolment_id", RangeOperators.EQUAL), (_days(), RangeOperators.OVERLAPS)],
                condition=Q(superseded_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")),
                name="placement_holds_some_day",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "starts_on", "ends_on"],
                condition=Q(superseded_at__isnull=True),
                name="placement_organisation_now",
            ),
            models.Index(
                fields=["group", "starts_on"],
                condition=Q(superseded_at__isnull=True),
                name="placement_group_now",
            ),
            # Who studies now, and who left until when: a day of now is counted without the years before it.
            models.Index(
                fields=["organisation"],
                condition=Q(superseded_at__isnull=True, ends_on__isnull=True, is_main=True),
                include=["person", "starts_on", "group", "birth_date", "programme_kind_code"],
                name="placement_running",
            ),
            # Who studies outside a school (in the family, by oneself): a few among all.
            models.Index(
                fields=["enrolment_id"],
                condition=Q(superseded_at__isnull=True, study_form_code__in=["21", "22"]),
                name="placement_out_of_school",
            ),
            # Where somebody studies now: a journal asks it of every learner of a region.
            models.Index(
                fields=["person"],
                condition=Q(superseded_at__isnull=True, ends_on__isnull=True, is_main=True),
                include=["starts_on", "organisation", "group", "grade"],
                name="placement_person_running",
            ),
            models.Index(
                fields=["ends_on"],
                condition=Q(superseded_at__isnull=True, ends_on__isnull=False, is_main=True),
                name="placement_ended",
            ),
            # The borders of levels, as those of enrolments above.
            models.Index(
                fields=["starts_on"],
                condition=Q(superseded_at__isnull=True, enters_level=True),
                include=[*_FLOWING, "programme_kind_code"],
                name="placement_enters_level",
            ),
            models.Index(
                fields=["ends_on"],
                condition=Q(superseded_at__isnull=True, leaves_level=True),
                include=[*_FLOWING, "programme_kind_code"],
                name="placement_leaves_level",
            ),
            # The cube of a day adds what was superseded since it was counted.
            models.Index(
                fields=["superseded_number"],
                condition=Q(superseded_number__isnull=False),
                name="placement_superseded",
            ),
        ]

    def __str__(self) -> str:
        """Return the period."""
        return f"{self.starts_on}–{self.ends_on or '…'}"


class StudyCondition(Projection):
    """How a learner studies in a period beside class and programme (условия обучения): ``rules.StudyFacts`` as columns.

    No order stands behind it; it is entered, and amended by ``rules.timeline``. No row on a day means that nothing is
    said of that day.
    """

    foreign_languages = ArrayField(
        models.CharField(max_length=8), default=list, help_text="foreign_language, in order"
    )
    foreign_language_gap_code = models.CharField(max_length=20, blank=True, help_text="foreign_language_gap")
    native_language_code = models.CharField(max_length=20, blank=True, help_text="language_of_instruction")
    native_language_mode_code = models.CharField(max_length=20, blank=True, help_text="native_language_mode")
    profile_code = models.CharField(
        max_length=30, blank=True, help_text="study_profile, where not the class's"
    )
    extended_day = models.CharField(
        max_length=30, blank=True, help_text="name of the after-school group (ГПД)"
    )
    meals_code = models.CharField(max_length=20, blank=True, help_text="meals")
    meals_benefit = models.BooleanField(default=False)
    transport_code = models.CharField(max_length=20, blank=True, help_text="transport")
    distance_km = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    boarding = models.BooleanField(default=False, help_text="воспитанник интерната")
    education_place_code = models.CharField(
        max_length=20, blank=True, help_text="education_place, where not at school"
    )
    individual_plan_code = models.CharField(max_length=20, blank=True, help_text="individual_plan")
    network_code = models.CharField(max_length=20, blank=True, help_text="implementation_form 1, 7")
    e_learning_code = models.CharField(max_length=20, blank=True, help_text="implementation_form 2, 5")
    distance_code = models.CharField(max_length=20, blank=True, help_text="implementation_form 3, 6")
    concurrent_secondary = models.BooleanField(default=False, help_text="СПО: also studies for СОО")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="conditions_of_an_enrolment_do_not_overlap",
                expressions=[("enrolment_id", RangeOperators.EQUAL), (_days(), RangeOperators.OVERLAPS)],
                condition=Q(superseded_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")),
                name="condition_holds_some_day",
            ),
        ]
        indexes = [
            models.Index(fields=["enrolment_id", "starts_on"], name="condition_enrolment"),
        ]

    def __str__(self) -> str:
        """Return the period."""
        return f"{self.starts_on}–{self.ends_on or '…'}"


class ContingentCube(models.Model):
    """The contingent of one day, counted up to a placement and a supersession (куб контингента, ADR 0005)."""

    day = models.DateField()
    built_at = models.DateTimeField()
    placement_watermark = models.BigIntegerField()
    supersession_watermark = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["day", "-id"], name="cube_of_a_day")]

    def __str__(self) -> str:
        """Return the day."""
        return f"{self.day}"


class ContingentCell(models.Model):
    """One number of a cube. ``regional`` cells count the whole region and name no organisation.

    No foreign keys: cells are written by one statement and thrown away whole.
    """

    cube_id = models.BigIntegerField()
    regional = models.BooleanField()
    organisation_id = models.UUIDField(null=True)
    municipality_id = models.UUIDField(null=True)
    level = models.CharField(max_length=20)
    grade = models.PositiveSmallIntegerField(null=True)
    form = models.CharField(max_length=20)
    adaptation = models.CharField(max_length=20)
    state = models.CharField(max_length=20)
    sex = models.CharField(max_length=1)
    age = models.SmallIntegerField()
    n = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["cube_id", "regional", "organisation_id"], name="cell_of_a_cube")]

    def __str__(self) -> str:
        """Return the number."""
        return f"{self.n}"
