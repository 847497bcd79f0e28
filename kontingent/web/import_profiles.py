"""What may be loaded as a table, stage by stage: where it is loaded, and a workbook to fill in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kontingent.achievements.attestation.codes import DeliveryKind
from kontingent.achievements.attestation.queries.deliveries import may_bring
from kontingent.achievements.portfolio.codes import FileKind
from kontingent.achievements.portfolio.permissions import PortfolioPermission
from kontingent.codelists import queries as codelists
from kontingent.exchange.attestation.profiles import profile_of as attestation_profile
from kontingent.exchange.contests.profiles import TOLD
from kontingent.exchange.contests.profiles import profile_of as contest_profile
from kontingent.exchange.spreadsheets import fields
from kontingent.exchange.spreadsheets.profiles import Profile
from kontingent.exchange.spreadsheets.tables import letter_of
from kontingent.exchange.staging import purposes
from kontingent.exchange.staging.permissions import StagingPermission
from kontingent.health.rules import SHAPES
from kontingent.kernel import spreadsheets
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import NotFound
from kontingent.stages import queries as stages
from kontingent.stages.fields import FIELDS, STAGES, Stage
from kontingent.web.files import saved_as
from kontingent.web.request import actor_of

#: Rows of a template that offer the values of a column.
OFFERED_ROWS: Final = 1000
_CLASS_COLUMNS: Final = (
    "number", "full_name", "birth_date", "sex", "snils", "citizenship", "document_kind", "document_series", "document_number", "document_date",
    "document_issuer", "address_registration", "address_residence", "grade", "admission_date", "order", "mother", "father",
)  # fmt: skip
_HEALTH_COLUMNS: Final = (
    "number", "full_name", "birth_date", "snils", *(one.code for one in fields.FIELDS if one.code in fields.STAGED)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a template: its heading, and the values to choose from."""

    heading: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportProfile:
    """A layout of a table: of which stage (by a field of it), where it is loaded, who may."""

    code: str
    field: str
    title: str
    address: str
    may: Callable[[Actor], bool]
    columns: Callable[[], list[Column]]

    @property
    def stage(self) -> Stage:
        """The stage that opens it."""
        return FIELDS[self.field].stage


def _of_list(codes: Sequence[str]) -> Callable[[], list[Column]]:
    return lambda: [Column(fields.BY_CODE[code].title, _values(code)) for code in codes]


def _values(code: str) -> tuple[str, ...]:
    """Return what may be chosen in a column of health."""
    for kind, shape in SHAPES.items():
        lists = {kind.value: shape.code_list} | {
            f"{kind}_{column.removesuffix('_code')}": name for column, name, _ in shape.more
        }
        if code in lists:
            return tuple(
                title
                for value, title in codelists.choices(lists[code])
                if value != "1" or lists[code] != "programme_adaptation"
            )
    return ()


def _of_profile(profile: Profile) -> Callable[[], list[Column]]:
    fields_of = [one for one in profile.columns if one != "full_name"]
    return lambda: [Column(profile.title_of(one)) for one in fields_of]


def _brings(kind: DeliveryKind) -> Callable[[Actor], bool]:
    return lambda actor: kind in may_bring(actor)


def _of_attestation(kind: DeliveryKind, field: str) -> ImportProfile:
    profile = attestation_profile(kind)
    return ImportProfile(
        kind.value, field, profile.title, "/exams/files/", _brings(kind), _of_profile(profile)
    )


def _of_contests(kind: FileKind, field: str) -> ImportProfile:
    return ImportProfile(
        kind.value, field, TOLD[kind].capitalize(), "/portfolio/files/", lambda actor: actor.may(PortfolioPermission.IMPORT),
        _of_profile(contest_profile(kind)),
    )  # fmt: skip


PROFILES: Final = {
    one.code: one
    for one in (
        ImportProfile(
            purposes.CLASS_LIST.code, "studies", purposes.CLASS_LIST.title, "/imports/", lambda actor: actor.may(StagingPermission.IMPORT),
            _of_list(_CLASS_COLUMNS),
        ),
        ImportProfile(
            purposes.HEALTH.code, "health_group", purposes.HEALTH.title, "/imports/?purpose=health",
            lambda actor: actor.may(StagingPermission.IMPORT) and purposes.HEALTH.may(actor), _of_list(_HEALTH_COLUMNS),
        ),
        _of_attestation(DeliveryKind.RESULTS, "exam"),
        _of_attestation(DeliveryKind.DOCUMENTS, "education_document"),
        _of_contests(FileKind.OLYMPIAD, "olympiad"),
        _of_contests(FileKind.CONTEST, "achievement"),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """A profile as the page shows it to somebody: whether it is for their role and whether its stage is open where they work."""

    profile: ImportProfile
    stage: str
    may: bool
    is_open: bool


def offers(actor: Actor) -> list[Offer]:
    """Return the profiles of every stage."""
    gate = stages.gate_for(actor)
    return [
        Offer(one, STAGES[one.stage], one.may(actor), gate.allows(one.field)) for one in PROFILES.values()
    ]


@require_GET
def template(request: HttpRequest, code: str) -> HttpResponse:
    """A workbook to fill in: headings as the import knows them, values to choose from; no personal data is in it."""
    profile = PROFILES.get(code)
    if profile is None or not profile.may(actor_of(request)):
        raise NotFound("import.no_template", "Такого шаблона нет. Выберите его на странице «Загрузка».")
    return saved_as(_workbook(profile), f"template-{profile.code}.xlsx")


def _workbook(profile: ImportProfile) -> bytes:
    output, columns = BytesIO(), profile.columns()
    book = spreadsheets.workbook(output)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E7EEF7"})
    text = book.add_format({"num_format": "@"})
    sheet, choices = book.add_worksheet("Список"), book.add_worksheet("Значения")
    sheet.freeze_panes(1, 0)
    choices.freeze_panes(1, 0)
    offered = 0
    for index, column in enumerate(columns):
        sheet.write_string(0, index, column.heading, bold)
        sheet.set_column(index, index, max(14, min(34, len(column.heading) + 2)), text)
        if not column.values:
            continue
        choices.write_string(0, offered, column.heading, bold)
        choices.set_column(offered, offered, 40)
        choices.write_column(1, offered, column.values)
        letter = letter_of(offered)
        sheet.data_validation(
            1, index, OFFERED_ROWS, index,
            {
                "validate": "list", "source": f"=Значения!${letter}$2:${letter}${len(column.values) + 1}", "error_type": "warning",
                "error_title": "Нет в списке", "error_message": "Такого значения нет в справочнике: строка будет отклонена.",
            },
        )  # fmt: skip
        offered += 1
    if not offered:
        choices.write_string(0, 0, "В этой таблице значения пишут текстом, как в документе.", bold)
        choices.set_column(0, 0, 60)
    book.close()
    return output.getvalue()
