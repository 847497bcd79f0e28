"""The wizard for one learner: identity with matching → representatives → address and contacts → document → draft of the admission → health.

The page carries everything typed so far from step to step; nothing is written before the last one, and then all of it or nothing
(``health.actions.enter_learner``). What is typed waits in the tab (``wizard.js``), so that a dropped line loses nothing; but for health,
which is asked where its stage is open, of whoever may enter it, and lies in no browser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from kontingent.codelists import queries as codelists
from kontingent.enrolment import queries
from kontingent.enrolment.actions import LearnerEntry, PaperEntry, RepresentativeEntry
from kontingent.enrolment.permissions import EnrolmentPermission
from kontingent.health import actions as health
from kontingent.health.codes import NOT_ADAPTED, Kind
from kontingent.health.permissions import HealthPermission
from kontingent.health.rules import SHAPES, Details, Record, Shape
from kontingent.health.rules import check as check_record
from kontingent.kernel import clock, names, snils
from kontingent.kernel.actor import Actor
from kontingent.kernel.errors import InvalidValue, KontingentError, NotAllowed
from kontingent.kernel.school_year import SchoolYear
from kontingent.persons import rules
from kontingent.persons.actions import PersonDraft
from kontingent.persons.likeness import Candidate
from kontingent.persons.matching import Level
from kontingent.persons.permissions import PersonPermission
from kontingent.stages import queries as stages
from kontingent.stages.rules import Gate
from kontingent.web.learners import alike, tell_of_claims
from kontingent.web.request import actor_of, optional_day, own_organisation, page, uuid_of

ADULTS = ("r1", "r2")
#: What of health comes with a child's papers; the rest is entered in the card.
OF_HEALTH = tuple(
    SHAPES[kind] for kind in (Kind.HEALTH_GROUP, Kind.PHYSICAL_GROUP, Kind.DISABILITY, Kind.ADAPTED_PROGRAMME)
)
#: Age of majority, when a representative is no longer asked for.
OF_AGE = 18


class Input(NamedTuple):
    """A field of a step: its stage field in ``stages/fields.toml`` says whether it is asked at all."""

    name: str
    title: str
    asked_by: str
    kind: str = "text"
    choices: str = ""
    without: str = ""
    hint: str = ""
    empty: str = ""
    group: str = ""
    required: bool = False


def _adult(prefix: str, title: str) -> tuple[Input, ...]:
    return tuple(
        one._replace(name=f"{prefix}_{one.name}", group=title)
        for one in (
            Input("family_name", "Фамилия", "name"),
            Input("given_name", "Имя", "name"),
            Input("patronymic", "Отчество (при наличии)", "name"),
            Input("sex", "Пол", "sex", "choice", "sex", empty="выберите"),
            Input("birth_date", "Дата рождения", "birth", "date"),
            Input("snils", "СНИЛС", "snils", hint="123-456-789 00"),
            Input("kind", "Вид представителя", "name", "choice", "representative_kind"),
            Input("kinship", "Кем приходится", "name", "choice", "kinship", empty="не указано"),
            Input("paper_kind", "Чем подтверждено", "identity_document", "choice", "confirming_document", empty="не указано"),
            Input("paper", "Номер и дата подтверждающего документа", "identity_document"),
            Input("phone", "Телефон", "contact", "tel", hint="+7 912 345-67-89"),
            Input("email", "Почта", "contact", hint="name@example.ru"),
        )
    )  # fmt: skip


def _health(shape: Shape) -> tuple[Input, ...]:
    field = shape.kind.value
    return tuple(
        one._replace(name=f"{field}_{one.name}", group=shape.title)
        for one in (
            Input("code", shape.title, field, "choice", shape.code_list, without=NOT_ADAPTED if shape.kind is Kind.ADAPTED_PROGRAMME else "", empty="не указано"),
            *(Input(column, title, field, "choice", code_list, empty="не указано") for column, code_list, title in shape.more),
            Input("starts_on", "С какого дня", field, "date"),
            Input("ends_on", "По какой день (первый день без неё)", field, "date"),
            Input("document", shape.document_title, field, hint="номер и дата"),
        )
    )  # fmt: skip


class Step(NamedTuple):
    """A step of the wizard. One with a ``permission`` is for its holders alone, and nothing of it is kept in the browser."""

    code: str
    title: str
    lead: str
    inputs: tuple[Input, ...]
    permission: StrEnum | None = None


STEPS: tuple[Step, ...] = (
    Step(
        "person", "Кто это", "Сначала система проверит, нет ли такого человека в реестре.",
        (
            Input("family_name", "Фамилия", "name", required=True),
            Input("given_name", "Имя", "name", required=True),
            Input("patronymic", "Отчество (при наличии)", "name"),
            Input("birth_date", "Дата рождения", "birth", "date", required=True),
            Input("sex", "Пол", "sex", "choice", "sex", empty="выберите", required=True),
            Input("snils", "СНИЛС", "snils", hint="123-456-789 00"),
            Input("birth_place", "Место рождения", "birth", hint="как в документе"),
        ),
    ),
    Step(
        "adults", "Представители", "Хотя бы один, если ученику нет 18. Второго можно не указывать.",
        (*_adult("r1", "Первый представитель"), *_adult("r2", "Второй представитель")),
    ),
    Step(
        "place", "Адрес и контакты", "Адрес – одной строкой: индекс, город, улица, дом. Чего не знаете – оставьте пустым.",
        (
            Input("registration", "Адрес регистрации", "address"),
            Input("residence", "Адрес проживания, если другой", "address"),
            Input("phone", "Телефон ученика", "contact", "tel", hint="+7 912 345-67-89"),
            Input("email", "Почта ученика", "contact", hint="name@example.ru"),
        ),
    ),
    Step(
        "paper", "Документ", "Свидетельство о рождении или паспорт. Нет под рукой – оставьте номер пустым, его спросит список «Чего не хватает».",
        (
            Input("paper_kind", "Вид документа", "identity_document", "choice", "identity_document"),
            Input("paper_series", "Серия", "identity_document", hint="II-ВГ или 5714"),
            Input("paper_number", "Номер", "identity_document"),
            Input("paper_issued_on", "Дата выдачи", "identity_document", "date"),
            Input("paper_issuer", "Кем выдан", "identity_document"),
        ),
    ),
    Step(
        "order", "Зачисление", "Будет сделан черновик приказа. Ученик зачислен, когда приказ подписан.",
        (
            Input("group", "В какой класс", "studies", "choice", "groups", empty="выберите", required=True),
            Input("effective_on", "С какого дня", "studies", "date", required=True),
            Input("order_number", "Приказ № (если уже есть)", "studies"),
            Input("order_dated", "от", "studies", "date"),
            Input("order_basis", "Основание", "studies", hint="заявление от …"),
        ),
    ),
    Step(
        "health", "Здоровье", "По документам: заключение по осмотру, справка МСЭ, заключение ПМПК. Нет их под рукой – нажмите «Дальше»: внесёте потом, в карточке.",
        tuple(one for shape in OF_HEALTH for one in _health(shape)),
        HealthPermission.EDIT,
    ),
)  # fmt: skip
#: The step after the last: everything is shown once more.
CHECK = "check"
NAMES = [one.name for step in STEPS for one in step.inputs]
#: Answers to matching: the learner is somebody else than those found; each adult is somebody found, or new.
ANSWERS = ("sure", *(f"{one}_is" for one in ADULTS))


@dataclass(slots=True)
class Form:
    """What has been typed, and what is wrong with it by field."""

    values: dict[str, str]
    steps: tuple[Step, ...]
    groups: list[tuple[str, str]]
    errors: dict[str, str] = field(default_factory=dict)
    candidates: dict[str, list[Candidate]] = field(default_factory=dict)

    def at(self, code: str) -> int:
        """Where a step stands among those that are asked."""
        codes = [*(one.code for one in self.steps), CHECK]
        return codes.index(code) if code in codes else 0

    def told(self, name: str) -> str:
        """What was typed into a field."""
        return self.values.get(name, "").strip()

    def read(self, name: str, how: Callable[[str], Any]) -> Any:
        """Read a field; what is wrong is kept beside it. None where it is empty or wrong."""
        if not (text := self.told(name)):
            return None
        try:
            return how(text)
        except KontingentError as refusal:
            self.errors[name] = refusal.message
            return None

    def day(self, name: str, title: str, *, past: bool = True) -> date | None:
        """Read a day; one that is yet to come is refused unless it may be."""

        def known(text: str) -> date | None:
            found = optional_day(text, title)
            if past and found is not None and found > clock.today():
                raise InvalidValue("form.date", f"{title} {found:%d.%m.%Y} ещё не наступила. Исправьте её.")
            return found

        found: date | None = self.read(name, known)
        return found

    def need(self, name: str, message: str) -> None:
        """Ask for a field that is empty."""
        if not self.told(name):
            self.errors.setdefault(name, message)


@require_http_methods(["GET", "POST"])
def wizard(request: HttpRequest) -> HttpResponse:
    """A step; the last one writes everything and leads to the draft of the order."""
    actor, organisation_id = actor_of(request), own_organisation(request)
    actor.require(PersonPermission.EDIT)
    actor.require(EnrolmentPermission.DRAFT_ORDER, organisation_id=organisation_id)
    gate = stages.gate_of(organisation_id)
    steps = _asked(actor, gate)
    names_asked = [one.name for step in steps for one in step.inputs]
    form = Form(
        {name: request.POST.get(name, "")[:500] for name in (*names_asked, *ANSWERS)}, steps, _groups(actor, organisation_id)
    )  # fmt: skip
    if request.method == "GET":
        form.values["effective_on"] = clock.today().isoformat()
        form.values["group"] = request.GET.get("group", "")
        form.values["paper_kind"] = rules.BIRTH_CERTIFICATE
        return _shown(request, form, 0)
    at = form.at(request.POST.get("step", ""))
    error: KontingentError | None = None
    try:
        _refuse_unasked(request, actor, gate)
        match request.POST.get("act"):
            case "back":
                return _shown(request, form, max(0, at - 1))
            case "resume":
                unkept = [index for index, step in enumerate(form.steps) if step.permission]
                return _shown(request, form, min([at, *unkept]))
            case "finish":
                at, whole = _whole(actor, form)
                if whole is not None:
                    return _entered(request, actor, organisation_id, *whole)
            case _:
                if at < len(form.steps):
                    CHECKS[form.steps[at].code](actor, form)
                    at += 0 if form.errors or form.candidates else 1
    except NotAllowed:
        raise
    except KontingentError as refusal:
        error = refusal
    answer = _shown(request, form, at, error)
    if form.errors or form.candidates:
        answer.status_code = 422
    return answer


def _asked(actor: Actor, gate: Gate) -> tuple[Step, ...]:
    """Return what is asked here of this actor: the fields of open stages, in steps whose right is held."""
    held = [step for step in STEPS if step.permission is None or actor.may(step.permission)]
    steps = [
        step._replace(inputs=tuple(one for one in step.inputs if gate.allows(one.asked_by))) for step in held
    ]
    return tuple(step for step in steps if step.inputs)


def _refuse_unasked(request: HttpRequest, actor: Actor, gate: Gate) -> None:
    """Refuse, by name, what was sent of a field that is not asked here: it has gone no further and is not sent back."""
    for step in STEPS:
        for one in step.inputs:
            if request.POST.get(one.name, "").strip():
                if step.permission is not None:
                    actor.require(step.permission)
                gate.require(one.asked_by)


def _whole(actor: Actor, form: Form) -> tuple[int, tuple[LearnerEntry, tuple[Record, ...]] | None]:
    """Go through all steps once more; return the first that has to be seen to, or what is to be written."""
    read = {}
    for index, step in enumerate(form.steps):
        read[step.code] = CHECKS[step.code](actor, form)
        if form.errors or form.candidates:
            return index, None
    addresses, contacts = read["place"]
    entry = LearnerEntry(
        person=read["person"], representatives=read["adults"], addresses=addresses, contacts=contacts, document=read["paper"],
        **read["order"],
    )  # fmt: skip
    return len(form.steps), (entry, read.get("health", ()))


def _entered(
    request: HttpRequest,
    actor: Actor,
    organisation_id: UUID,
    entry: LearnerEntry,
    records: tuple[Record, ...],
) -> HttpResponse:
    done = health.enter_learner(actor=actor, organisation_id=organisation_id, entry=entry, records=records)
    tell_of_claims(request, done.person_id)
    messages.success(
        request, "Ученик внесён, черновик приказа о зачислении готов. Проверьте и подпишите его."
    )
    return HttpResponseRedirect(f"/orders/{done.order_id}/?entered=wizard")


def _shown(request: HttpRequest, form: Form, at: int, error: KontingentError | None = None) -> HttpResponse:
    step = form.steps[at] if at < len(form.steps) else None
    shown = step.inputs if step else ()
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in shown:
        groups.setdefault(one.group, []).append(
            {
                "input": one, "value": form.values.get(one.name, ""), "error": form.errors.get(one.name, ""),
                "choices": form.groups if one.choices == "groups" else _choices(one),
            }
        )  # fmt: skip
    here = {one.name for one in shown}
    return page(
        request, "learners/wizard.html", step=step, at=at, steps=form.steps, groups=list(groups.items()), error=error, unkept=_unkept(form),
        kept=[(name, text) for name, text in form.values.items() if name not in here and not (step and name in _asked_in(step))],
        candidates=form.candidates, wrong=[(name, _title(name), form.errors[name]) for name in NAMES if name in form.errors],
        certain=any(one.verdict.level is Level.CERTAIN for one in form.candidates.get("person", ())),
        summary=_summary(form) if step is None else [], actor_code=actor_of(request).code, fresh=request.method == "GET",
    )  # fmt: skip


def _choices(one: Input) -> list[tuple[str, str]]:
    return (
        [choice for choice in codelists.choices(one.choices) if choice[0] != one.without]
        if one.choices
        else []
    )


def _unkept(form: Form) -> frozenset[str]:
    """Fields that the script of the page keeps nothing of."""
    return frozenset(one.name for step in form.steps if step.permission for one in step.inputs)


def _asked_in(step: Step) -> tuple[str, ...]:
    """Answers to matching that a step asks for itself."""
    return {"person": ("sure",), "adults": ANSWERS[1:]}.get(step.code, ())


def _title(name: str) -> str:
    return next(one.title for step in STEPS for one in step.inputs if one.name == name)


def _summary(form: Form) -> list[tuple[Step, list[tuple[str, str]]]]:
    """What will be written, as it was typed, by step."""
    return [
        (step, [(one.title, shown) for one in step.inputs if (shown := _said(form, one))])
        for step in form.steps
    ]


def _said(form: Form, one: Input) -> str:
    text = form.told(one.name)
    adult = one.name.partition("_")[0]
    if adult in ADULTS and not _is_told(form, adult):
        return ""
    if one.name.startswith("paper_") and not form.told("paper_number"):
        return ""
    if one.choices == "groups":
        return dict(form.groups).get(text, "")
    if one.choices:
        return codelists.title(one.choices, text) if text else ""
    if one.kind == "date" and text:
        found = form.read(one.name, lambda typed: optional_day(typed, one.title))
        return f"{found:%d.%m.%Y}" if found else ""
    return text


def _groups(actor: Actor, organisation_id: UUID) -> list[tuple[str, str]]:
    on = clock.today()
    year = SchoolYear.of(on)
    return [
        (str(row.id), f"{row.title} ({SchoolYear(begins_in)}), {row.size} чел.")
        for begins_in in (year.begins_in, year.next.begins_in)
        for row in queries.groups(actor, organisation_id, begins_in, on)
        if row.closed_on is None
    ]


# -- checks of the steps -------------------------------------------------------------------------


def _person(form: Form, prefix: str = "", birth_place: str = "") -> PersonDraft:
    """Read whoever a step is about; what is wrong stays with the form."""
    for name, message in (
        ("family_name", "Укажите фамилию."), ("given_name", "Укажите имя."), ("sex", "Выберите пол."),
    ):  # fmt: skip
        form.need(prefix + name, message)
    if form.told(prefix + "sex") not in {"", "1", "2"}:
        form.errors[prefix + "sex"] = "Выберите пол из списка."
    born = form.day(prefix + "birth_date", "Дата рождения")
    if born is not None:
        form.read(prefix + "birth_date", lambda _: rules.check_birth_date(born, today=clock.today()))
    number = form.read(prefix + "snils", snils.normalise)
    family, given, patronymic = (
        names.tidy(form.told(prefix + name)) for name in ("family_name", "given_name", "patronymic")
    )
    return PersonDraft(
        family_name=family, given_name=given, patronymic=patronymic, sex=form.told(prefix + "sex"), birth_date=born, snils=number,
        birth_place=birth_place,
    )  # fmt: skip


def _check_person(actor: Actor, form: Form) -> PersonDraft:
    form.need("birth_date", "Укажите дату рождения.")
    draft = _person(form, birth_place=form.told("birth_place"))
    if not form.errors:
        found = alike(actor, draft)
        certain = any(one.verdict.level is Level.CERTAIN for one in found)
        if found and (certain or not form.told("sure")):
            form.candidates["person"] = found
    return draft


def _is_told(form: Form, adult: str) -> bool:
    """Say whether somebody began to tell of an adult."""
    return any(
        form.told(f"{adult}_{name}") for name in ("family_name", "given_name", "birth_date", "snils", "phone")
    )


def _check_adults(actor: Actor, form: Form) -> tuple[RepresentativeEntry, ...]:
    told = [adult for adult in ADULTS if _is_told(form, adult)]
    born = form.day("birth_date", "Дата рождения")
    if not told and born is not None and rules.age(born, clock.today()) < OF_AGE:
        form.errors["r1_family_name"] = "Ученику нет 18 лет: укажите представителя."
    return tuple(_check_adult(actor, form, adult, born) for adult in told)


def _check_adult(actor: Actor, form: Form, adult: str, child_born: date | None) -> RepresentativeEntry:
    prefix = f"{adult}_"
    draft = _person(form, prefix)
    contacts = _contacts(form, prefix)
    if child_born and draft.birth_date and rules.age(draft.birth_date, child_born) < rules.PASSPORT_AGE:
        form.errors[prefix + "birth_date"] = (
            "Представитель моложе ребёнка или старше меньше чем на 14 лет. Проверьте обе даты."
        )
    for name, listed in (
        ("kind", "representative_kind"),
        ("kinship", "kinship"),
        ("paper_kind", "confirming_document"),
    ):
        if (code := form.told(prefix + name)) and not codelists.has(listed, code):
            form.errors[prefix + name] = "Такого значения нет. Выберите из списка."
    adult_id = None
    if not any(name.startswith(prefix) for name in form.errors):
        found = alike(actor, draft)
        chosen = form.told(f"{adult}_is")
        adult_id = next((one.person_id for one in found if str(one.person_id) == chosen), None)
        if found and adult_id is None and chosen != "new":
            form.candidates[adult] = found
    return RepresentativeEntry(
        adult=draft, adult_id=adult_id, kind_code=form.told(prefix + "kind") or "1", kinship_code=form.told(prefix + "kinship"),
        document_kind_code=form.told(prefix + "paper_kind"), document_requisites=form.told(prefix + "paper"), contacts=contacts,
    )  # fmt: skip


def _contacts(form: Form, prefix: str = "") -> tuple[tuple[str, str], ...]:
    phone, email = (
        form.read(prefix + "phone", rules.normalise_phone),
        form.read(prefix + "email", rules.normalise_email),
    )
    return tuple((kind, value) for kind, value in ((rules.PHONE, phone), (rules.EMAIL, email)) if value)


def _check_place(_: Actor, form: Form) -> tuple[Mapping[str, str], tuple[tuple[str, str], ...]]:
    addresses = {kind: text for kind in ("registration", "residence") if (text := form.told(kind))}
    for kind, text in addresses.items():
        if sum(letter.isalpha() for letter in text) < 3:
            form.errors[kind] = (
                "Это не похоже на адрес. Впишите его одной строкой: индекс, город, улица, дом."
            )
    return addresses, _contacts(form)


def _check_paper(_: Actor, form: Form) -> PaperEntry | None:
    kind, series, number = (form.told(f"paper_{name}") for name in ("kind", "series", "number"))
    issued_on = form.day("paper_issued_on", "Дата выдачи")
    if not number:
        if series:
            form.errors["paper_number"] = "Укажите номер документа или уберите серию."
        return None
    if not codelists.has("identity_document", kind):
        form.errors["paper_kind"] = "Выберите вид документа из списка."
    else:
        form.read("paper_number", lambda text: rules.normalise_document(kind, series, text))
    return PaperEntry(
        kind_code=kind, series=series, number=number, issued_on=issued_on, issuer=form.told("paper_issuer")
    )


def _check_order(_: Actor, form: Form) -> dict[str, Any]:
    form.need("group", "Выберите класс.")
    form.need("effective_on", "Укажите, с какого дня.")
    if form.told("group") and form.told("group") not in dict(form.groups):
        form.errors["group"] = "Такого класса у вашей организации нет или он закрыт. Выберите из списка."
    return {
        "group_id": uuid_of(form.told("group")), "effective_on": form.day("effective_on", "День зачисления", past=False),
        "order_number": form.told("order_number"), "order_dated": form.day("order_dated", "Дата приказа"),
        "order_basis": form.told("order_basis"),
    }  # fmt: skip


def _check_health(_: Actor, form: Form) -> tuple[Record, ...]:
    born = form.day("birth_date", "Дата рождения")
    return tuple(record for shape in OF_HEALTH if (record := _check_record(form, shape, born)))


def _check_record(form: Form, shape: Shape, born: date | None) -> Record | None:
    field = shape.kind.value
    if not any(form.told(one.name) for one in _health(shape)):
        return None
    form.need(f"{field}_starts_on", f"{shape.title}: укажите, с какого дня.")
    starts_on = form.day(f"{field}_starts_on", "С какого дня")
    ends_on = form.day(f"{field}_ends_on", "По какой день", past=False)
    if starts_on is None:
        return None
    record = Record(
        shape.kind, form.told(f"{field}_code"), starts_on, ends_on, details=Details(form.told(f"{field}_document")),
        **{column: form.told(f"{field}_{column}") for column, _, _ in shape.more},
    )  # fmt: skip
    try:
        check_record(record, born=born, today=clock.today(), has=codelists.has)
    except InvalidValue as refusal:
        form.errors[f"{field}_{refusal.facts['field']}"] = refusal.message
    return record


CHECKS: Mapping[str, Callable[[Actor, Form], Any]] = {
    "person": _check_person, "adults": _check_adults, "place": _check_place, "paper": _check_paper, "order": _check_order,
    "health": _check_health,
}  # fmt: skip
