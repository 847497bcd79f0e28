"""Tables of statistics: forms of organisations, their versions, what is entered and explained by hand, their history."""

from django.db import models

from kontingent.kernel.ids import new_id


class Report(models.Model):
    """A form of an organisation for a reporting year (отчёт по форме)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organisation = models.ForeignKey("organisations.Organisation", on_delete=models.PROTECT, related_name="+")
    form = models.SlugField(max_length=20, help_text="slug of the form: oo-1")
    year = models.PositiveSmallIntegerField(help_text="the year of the form's date")
    edition = models.CharField(max_length=30, help_text="folder of the edition: oo-1.2019")
    state = models.CharField(max_length=10, default="draft", help_text="codes.State")
    version = models.ForeignKey("Version", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    moved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "form", "year"], name="report_once_a_year")
        ]
        indexes = [models.Index(fields=["form", "year", "state"], name="report_board")]

    def __str__(self) -> str:
        """Return the form and the year."""
        return f"{self.form} {self.year}"


class Version(models.Model):
    """The cells of a form as they were counted at a moment (версия). Never changed.

    ``known_at`` with the form's date makes the same cells again; they are stored whole with a digest all the same.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    known_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=200)
    cells = models.JSONField(help_text="number by table/row/column; noughts are left out")
    errors = models.PositiveIntegerField(default=0, help_text="failed controls that block signing")
    warnings = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the cells")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "number"], name="version_number_once")]
        ordering = ["report", "-number"]

    def __str__(self) -> str:
        """Return the number."""
        return f"{self.number}"


class EnteredCell(models.Model):
    """A cell that the register does not know, entered by hand (введённая ячейка)."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="entered")
    key = models.CharField(max_length=40, help_text="table/row/column")
    value = models.IntegerField()
    is_carried = models.BooleanField(default=False, help_text="taken over from last year, not yet confirmed")
    entered_at = models.DateTimeField()
    entered_by_name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "key"], name="entered_cell_once"),
            models.CheckConstraint(condition=models.Q(value__gte=0), name="entered_cell_not_negative"),
        ]

    def __str__(self) -> str:
        """Return the key and the value."""
        return f"{self.key} = {self.value}"


class Explanation(models.Model):
    """Why a control does not hold though the form is right (пояснение); it travels with the form."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="explanations")
    control = models.CharField(max_length=80, help_text="rules.controls.Failure.code")
    text = models.CharField(max_length=500)
    entered_at = models.DateTimeField()
    entered_by_name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["report", "control"], name="explanation_once")]

    def __str__(self) -> str:
        """Return the text."""
        return self.text


class Step(models.Model):
    """A form went from one state to another (шаг)."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="steps")
    version = models.ForeignKey(Version, null=True, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, help_text="codes.State")
    remark = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)
    by_role = models.CharField(max_length=100)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        """Return the state."""
        return self.state


class Run(models.Model):
    """A form being counted for, or packed of, many organisations at once (формирование и архив сразу всех), with its progress."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, default="count", help_text="count, archive")
    form = models.SlugField(max_length=20)
    year = models.PositiveSmallIntegerField()
    municipality_id = models.UUIDField(null=True, help_text="null is the region")
    state = models.CharField(max_length=10, default="waiting", help_text="waiting, running, done, failed")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    told = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    created_by_name = models.CharField(max_length=200)

    def __str__(self) -> str:
        """Return the form and the progress."""
        return f"{self.form} {self.year}: {self.done} из {self.total}"


class SavedQuestion(models.Model):
    """A table that somebody asks for again and again (сохранённый запрос): the question, never its answer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.CharField(max_length=80, help_text="code of the actor")
    owner_name = models.CharField(max_length=200)
    name = models.CharField(max_length=120)
    question = models.JSONField(help_text="own.Question.data")
    is_shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_question_once")]

    def __str__(self) -> str:
        """Return the name."""
        return self.name
