"""What the command line does and prints: the contingent of a day, the proof of the periods, an appointment."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date

from kontingent.access.appointments import AppointmentDraft
from kontingent.access.appointments import appoint as give_role
from kontingent.codelists import queries as codelists
from kontingent.enrolment import contingent
from kontingent.enrolment.check import check
from kontingent.enrolment.contingent import Dimension, Filter
from kontingent.kernel import clock
from kontingent.kernel.actor import system_actor
from kontingent.kernel.errors import InvalidValue
from kontingent.organisations import queries as organisations

_TITLES = {
    Dimension.MUNICIPALITY: "муниципалитет",
    Dimension.ORGANISATION: "организация",
    Dimension.LEVEL: "программа",
    Dimension.GRADE: "класс",
    Dimension.SEX: "пол",
    Dimension.AGE: "возраст",
    Dimension.FORM: "форма обучения",
    Dimension.ADAPTATION: "адаптация",
    Dimension.STATE: "состояние",
}
_LISTS = {
    Dimension.LEVEL: "education_programme",
    Dimension.SEX: "sex",
    Dimension.FORM: "study_form",
    Dimension.ADAPTATION: "programme_adaptation",
    Dimension.STATE: "learner_state",
}


def print_contingent(arguments: argparse.Namespace, *, out: Callable[[str], None]) -> int:
    """Print the contingent of a day, cut as asked."""
    on: date = arguments.on or clock.today()
    where = Filter(main=None)
    heading = "Пермский край"
    if arguments.organisation:
        organisation = organisations.by_ogrn(arguments.organisation)
        where, heading = Filter(organisation_id=organisation.id, main=None), organisation.short_name
    elif arguments.municipality:
        municipality = organisations.municipality(arguments.municipality)
        where, heading = Filter(municipality_id=municipality.id, main=None), municipality.name
    by = _dimensions(arguments.by)
    actor = system_actor("cli", "Командная строка")
    known = f", как было известно на {arguments.known_at:%d.%m.%Y %H:%M}" if arguments.known_at else ""
    out(f"{heading}: контингент на {on:%d.%m.%Y}{known}")
    rows = contingent.count(actor, on=on, known_at=arguments.known_at, where=where, by=by)
    table = [[*(_text(d, v) for d, v in zip(by, row.key, strict=True)), str(row.number)] for row in rows]
    _print_table([*(_TITLES[d] for d in by), "обучающихся"], table, out)
    out(f"Всего: {sum(row.number for row in rows)}")
    return 0


def _dimensions(text: str) -> list[Dimension]:
    try:
        return [Dimension(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InvalidValue(
            "contingent.dimension",
            f"Разрез «{text}» неизвестен. Можно: {', '.join(d.value for d in Dimension)}.",
        ) from None


def _text(dimension: Dimension, value: object) -> str:
    if value is None:
        return "–"
    if dimension in _LISTS:
        return codelists.title(_LISTS[dimension], str(value))
    if dimension is Dimension.ORGANISATION:
        return organisations.get(value).short_name  # type: ignore[arg-type]
    if dimension is Dimension.MUNICIPALITY:
        return str(organisations.municipality_by_id(value))  # type: ignore[arg-type]
    return str(value)


def _print_table(head: list[str], rows: list[list[str]], out: Callable[[str], None]) -> None:
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    for line in [head, *rows]:
        out("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_check(*, out: Callable[[str], None]) -> int:
    """Prove that the stored periods equal the fold of the log; exit code 1 when they do not."""
    report = check(progress=lambda done: out(f"  сверено обучений: {done}"))
    for difference in report.differences:
        out(f"{difference.enrolment_id}: {difference.what}")
    if report.is_clean:
        out(f"Всё сходится: обучений {report.streams}.")
        return 0
    out(f"Расхождений: {report.differing} из {report.streams}.")
    return 1


def appoint(arguments: argparse.Namespace, *, out: Callable[[str], None]) -> int:
    """Give a role by СНИЛС: the way to the first administrator."""
    today = clock.today()
    made = give_role(
        actor=system_actor("cli", "Командная строка"),
        draft=AppointmentDraft(
            snils=arguments.snils,
            full_name=arguments.name,
            role_code=arguments.role,
            order_number=arguments.order,
            order_date=today,
            starts_on=today,
            ends_on=arguments.until,
            organisation_id=organisations.by_ogrn(arguments.organisation).id
            if arguments.organisation
            else None,
        ),
    )
    out(
        f"Назначено: {made.full_name}, роль «{made.role_code}», с {made.starts_on:%d.%m.%Y}. Вход – через ЕСИА."
    )
    return 0


def search_duplicates(*, out: Callable[[str], None]) -> int:
    """Search the whole region for duplicates, telling how far it is."""
    from kontingent.persons import duplicates, searching  # Splink and DuckDB are loaded where they are needed

    search = duplicates.ask_for_search(actor=system_actor("cli", "Командная строка"))
    search = searching.run(search.id, say=lambda stage, done: out(f"{done:3} % {stage}"))
    figures = search.figures
    out(
        f"Найдено пар: точно {figures.get('certain', 0)}, возможно {figures.get('possible', 0)}; {figures['seconds']} с. "
        "Решения ждут в разделе «Дубли»."
    )
    return 0
