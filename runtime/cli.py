"""The command line: ``kontingent …``. Each command is thin: it starts Django and calls an action.

Texts are Russian, since operators read them. Exit codes: 0 done, 1 refused or found something, 2 wrong
usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from runtime import home, supervisor
from runtime.postgres import PostgresFailed


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except (PostgresFailed, supervisor.StartFailed, home.Busy, home.NoInstallation) as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as failure:
        from kontingent.kernel.errors import KontingentError

        if not isinstance(failure, KontingentError):
            raise
        print(f"{failure.message} [{failure.code}]", file=sys.stderr)
        return 1


# -- parser ------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kontingent", description="АИС «Контингент»: региональный сегмент.")
    commands = parser.add_subparsers(required=True, metavar="команда")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=run)
        return sub

    up = add("up", _up, "запустить базу данных, веб-сервер и обработчик заданий")
    up.add_argument("--host", default="127.0.0.1")
    up.add_argument("--port", type=int, help="по умолчанию 8000 или следующий свободный")
    up.add_argument("--threads", type=int, default=4, help="потоков на процесс веб-сервера")
    up.add_argument("--demo", action="store_true", help="с вымышленным регионом и входом по списку лиц")
    up.add_argument("--size", default="S", choices=["XS", "S", "M", "L"], help="размер вымышленного региона")

    add("worker", _worker, "обработчик фоновых заданий (его запускает up)")
    add("migrate", _migrate, "создать или обновить таблицы и справочники")

    take = add("import", _import, "загрузить список обучающихся из файла")
    take.add_argument("file", type=Path)
    take.add_argument("--organisation", required=True, metavar="ОГРН")
    take.add_argument("--dry-run", action="store_true", help="только проверить и показать, что изменится")
    take.add_argument("--order-number", help="номер приказа о зачислении, если его нет в файле")
    take.add_argument("--order-date", type=_day, help="дата приказа, если её нет в файле")
    take.add_argument("--school-year", type=int, help="2026 означает 2026/27")
    take.add_argument("--refused", type=Path, help="куда записать таблицу отклонённых строк")

    undo = add("undo", _undo, "отменить загрузку целиком")
    undo.add_argument("batch", help="номер загрузки, его печатает import")

    count = add("contingent", _contingent, "контингент на любой день")
    count.add_argument("--on", type=_day, help="день, по умолчанию сегодня")
    count.add_argument("--known-at", type=_moment, help="как это было известно на момент (ISO 8601)")
    count.add_argument("--organisation", metavar="ОГРН")
    count.add_argument("--municipality", metavar="КОД")
    count.add_argument("--by", default="grade,sex", help="разрезы через запятую: grade, sex, age, …")

    add("duplicates", _duplicates, "искать дубли по всему региону; найденное – в разделе «Дубли»")

    give = add("appoint", _appoint, "назначить роль по СНИЛС: так появляется первый администратор")
    give.add_argument("--snils", required=True)
    give.add_argument("--name", required=True, metavar="ФИО")
    give.add_argument("--role", default="security", help="код роли, по умолчанию администратор безопасности")
    give.add_argument("--order", required=True, metavar="НОМЕР", help="номер приказа о назначении")
    give.add_argument("--organisation", metavar="ОГРН", help="для ролей организации")
    give.add_argument("--until", type=_day, help="первый день без роли")

    log = add("audit", _audit, "журнал действий и просмотров: проверить, опечатать, выгрузить в архив")
    log.add_argument("act", choices=["verify", "seal", "anchor", "export", "verify-archive"])
    log.add_argument("file", type=Path, nargs="?", help="файл архива для export и verify-archive")
    log.add_argument("--month", type=_month, help="законченный месяц для export: 2026-10")
    log.add_argument(
        "--detach",
        action="store_true",
        help="после выгрузки убрать месяц из журнала (таблица остаётся в базе)",
    )
    log.add_argument("--key", help="отпечаток ключа печатей для verify-archive, по умолчанию свой")

    _describe_health(
        add("health", _health, "ключи сведений о здоровье: список, смена на ходу, удаление ненужного")
    )

    _machine_parser(add("machine", _machine, "внешние системы: регистрация, секреты, приостановка"))

    _describe_journals(add)
    _describe_retention(
        add("retention", _retention, "сроки хранения успеваемости: что истекло; с --act – уничтожить")
    )
    _describe_oneroster(
        add(
            "oneroster",
            _oneroster,
            "наборы OneRoster: проверить полученный, принять его отметки, выгрузить свой",
        )
    )
    add("check", _check, "доказать, что периоды обучения равны свёртке журнала движений")
    return parser


def _machine_parser(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(dest="act", required=True, metavar="действие")
    acts.add_parser("list", help="все системы, их состояние и последнее обращение")
    register = acts.add_parser("register", help="зарегистрировать и выпустить первый секрет")
    register.add_argument("--name", required=True)
    register.add_argument(
        "--scope", required=True, nargs="+", metavar="ОБЛАСТЬ", help="docs/how-to/connect-machine.md"
    )
    register.add_argument("--organisation", metavar="ОГРН")
    register.add_argument("--municipality", metavar="КОД")
    register.add_argument("--region", action="store_true", help="данные всего региона")
    register.add_argument("--contact", default="", help="кому звонить")
    register.add_argument("--rate", type=int, default=120, help="запросов в минуту")
    for act, text in (
        ("rotate", "выпустить новый секрет; прежний действует ещё неделю"),
        ("add-key", "добавить открытый ключ (PEM или JWK) для private_key_jwt"),
        ("suspend", "приостановить"),
        ("resume", "возобновить"),
        ("revoke", "отозвать навсегда"),
    ):
        one = acts.add_parser(act, help=text)
        one.add_argument("client_id")
        if act in {"suspend", "revoke"}:
            one.add_argument("--reason", required=True)
        if act == "add-key":
            one.add_argument("file", type=Path)


def _describe_journals(add: Callable[..., argparse.ArgumentParser]) -> None:
    _describe_journal(
        add("journal", _journal, "подключить электронный журнал: он сможет передавать уроки и отметки")
    )
    _describe_journal_file(
        add("journal-file", _journal_file, "файл электронного журнала: проверить; с --write – принять")
    )
    history = add(
        "journal-history",
        _journal_history,
        "первая загрузка: открыть журналу закрытые учебные периоды на время",
    )
    history.add_argument("code", help="код подключённого журнала")
    history.add_argument("--until", type=_day, metavar="ДЕНЬ", help="по какой день; без него – закрыть")
    again = add(
        "journal-repair", _journal_repair, "принять отклонённое журнала повторно, когда реестр исправлен"
    )
    again.add_argument("code", help="код подключённого журнала")


def _describe_journal(link: argparse.ArgumentParser) -> None:
    link.add_argument("code", help="код журнала латиницей, например epos")
    link.add_argument("--title", required=True, help="как журнал знают школы")
    link.add_argument("--organisation", metavar="ОГРН")
    link.add_argument("--municipality", metavar="КОД")
    link.add_argument("--region", action="store_true", help="журнал всего региона")
    link.add_argument("--contact", default="", help="кому звонить")
    link.add_argument(
        "--oneroster",
        action="store_true",
        help="журнал читает списки и пишет отметки ещё и по OneRoster (REST)",
    )


def _describe_journal_file(file: argparse.ArgumentParser) -> None:
    file.add_argument("code", help="код подключённого журнала")
    file.add_argument("file", type=Path, help="xlsx, xls, ods или csv")
    file.add_argument("--profile", default="web2edu", help="код профиля или файл TOML с описанием столбцов")
    file.add_argument(
        "--year", type=int, metavar="ГОД", help="год начала учебного года, по умолчанию нынешний"
    )
    file.add_argument("--write", action="store_true", help="принять, а не только показать")


def _describe_health(health: argparse.ArgumentParser) -> None:
    health.add_argument("act", choices=["keys", "rotate", "forget"])
    health.add_argument("key", nargs="?", help="ключ для forget")


def _describe_oneroster(rosters: argparse.ArgumentParser) -> None:
    rosters.add_argument("act", choices=["check", "export", "load"])
    rosters.add_argument("file", type=Path, help="архив zip")
    rosters.add_argument(
        "--organisation", metavar="ОГРН", help="выгрузить одну организацию, иначе весь регион"
    )
    rosters.add_argument("--edition", choices=["1.1", "1.2"], default="1.2")
    rosters.add_argument(
        "--since", type=_moment, metavar="МОМЕНТ", help="выгрузить только изменения с этого момента"
    )
    rosters.add_argument(
        "--journal", default="", metavar="КОД", help="журнал: выгрузить его отметки, для load – от его имени"
    )
    rosters.add_argument("--write", action="store_true", help="load: принять, иначе только показать")


def _describe_retention(keep: argparse.ArgumentParser) -> None:
    keep.add_argument("--act", default="", help="номер и дата акта об уничтожении")


def _day(text: str) -> date:
    from kontingent.exchange.spreadsheets.cells import parse_day

    return parse_day(text)


def _month(text: str) -> date:
    year, month = text.split("-")
    return date(int(year), int(month), 1)


def _moment(text: str) -> object:
    from datetime import datetime

    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        from kontingent.kernel.clock import REGION_ZONE

        moment = moment.replace(tzinfo=REGION_ZONE)
    return moment


# -- commands ----------------------------------------------------------------------------------


def _start_django() -> None:
    import django

    os.environ.setdefault("KONTINGENT_SECRET_KEY", home.secret_key())
    django.setup()


@contextmanager
def _installation(*, snapshot: bool = False, as_owner: bool = False) -> Iterator[None]:
    """Work on an installation that is there already: its database runs, Django is up, its tables are.

    The command is one transaction of the command line's own actor, who sees the whole register, unless it is the owner's.
    """
    if demo := home.find_installation():
        print(f"Работаю с вымышленным регионом: {demo}", file=sys.stderr)
    with home.database(as_owner=as_owner):
        _start_django()
        from django.db import OperationalError, connection

        from kontingent.kernel.actor import system_actor
        from kontingent.storage.scope import scoped

        try:
            is_there = "organisations_organisation" in connection.introspection.table_names()
        except OperationalError as refusal:
            raise home.NoInstallation(
                f"База данных не пускает программу: {refusal}. Если обновляли версию, сначала выполните «kontingent migrate»."
            ) from refusal
        if not is_there:
            raise home.NoInstallation("В этой базе ещё нет таблиц. Сначала выполните «kontingent migrate».")
        if as_owner:
            yield
            return
        with scoped(system_actor("cli", "Командная строка"), snapshot=snapshot):
            yield


def _migrate(_arguments: argparse.Namespace) -> int:
    with home.database(as_owner=True):
        _start_django()
        _bring_up_to_date(say=print)
    return 0


def _bring_up_to_date(*, say: Callable[[str], None]) -> None:
    """Create or update tables, their protection, code lists and municipalities. Idempotent; for the owner of the tables."""
    from django.core.management import call_command

    from kontingent.codelists import actions as codelists
    from kontingent.organisations import actions as organisations
    from kontingent.performance import actions as performance
    from kontingent.storage import row_security

    say("Таблицы…")
    call_command("migrate", interactive=False, verbosity=0)
    say("Права на строки…")
    row_security.protect()
    say("Справочники…")
    codelists.load_all()
    organisations.load_municipalities()
    performance.make_years()


def _up(arguments: argparse.Namespace) -> int:
    if arguments.demo:
        home.use_demo()
    say = _speaker()
    say("База данных…")
    with home.database(options=supervisor.DATABASE_OPTIONS, as_owner=True) as addresses:
        prepare(demo_size=arguments.size if arguments.demo else None, say=say)
        port = supervisor.free_port(arguments.host, arguments.port or 8000, exactly=bool(arguments.port))
        beside = _start_stands(f"http://{arguments.host}:{port}/", say) if arguments.demo else []
        supervisor.Supervisor(
            host=arguments.host,
            port=port,
            threads=arguments.threads,
            database=addresses.application,
            say=say,
            beside=beside,
        ).run()
    return 0


def _start_stands(address: str, say: Callable[[str], None]) -> list[supervisor.Child]:
    from runtime import stand

    say("Стенды ЕСИА и электронного журнала (имитации для проверки)…")
    return [stand.start(address), *stand.start_journal(), *stand.start_asked_journal(address)]


def prepare(*, demo_size: str | None, say: Callable[[str], None]) -> None:
    """Bring the database that runs to where pages can be served: tables, lists, region, static files."""
    _start_django()
    _bring_up_to_date(say=say)
    if demo_size is not None:
        _load_demo(demo_size, say)
    _collect_static(say)


def _speaker() -> Callable[[str], None]:
    def say(text: str) -> None:
        print(text, flush=True)

    return say


def _load_demo(size: str, say: Callable[[str], None]) -> None:
    from demo import region

    if region.is_loaded():
        return
    say(f"Вымышленный регион размера {size}…")
    region.load(size, progress=say)


def _collect_static(say: Callable[[str], None]) -> None:
    from django.core.management import call_command

    say("Статические файлы…")
    call_command("collectstatic", interactive=False, verbosity=0)


def _worker(_arguments: argparse.Namespace) -> int:
    _start_django()
    from kontingent.exchange.attestation.jobs import JOBS as ATTESTATION
    from kontingent.exchange.contests.jobs import JOBS as CONTESTS
    from kontingent.exchange.staging import jobs as staging
    from kontingent.persons import jobs as persons
    from kontingent.reports import jobs as reports
    from runtime import lanes

    staging.resume()
    ATTESTATION.resume()
    CONTESTS.resume()
    persons.resume()
    reports.resume()
    lanes.run()
    return 0


def _import(arguments: argparse.Namespace) -> int:
    with _installation():
        from kontingent.exchange.staging import cli

        return cli.import_file(
            arguments.file,
            ogrn=arguments.organisation,
            dry_run=arguments.dry_run,
            order_number=arguments.order_number,
            order_date=arguments.order_date,
            school_year=arguments.school_year,
            refused=arguments.refused,
            out=print,
        )


def _undo(arguments: argparse.Namespace) -> int:
    with _installation():
        from kontingent.exchange.staging import cli

        return cli.undo(arguments.batch, out=print)


def _contingent(arguments: argparse.Namespace) -> int:
    with _installation():
        from runtime import reports

        return reports.print_contingent(arguments, out=print)


def _duplicates(_arguments: argparse.Namespace) -> int:
    with _installation():
        from runtime import reports

        return reports.search_duplicates(out=print)


def _appoint(arguments: argparse.Namespace) -> int:
    with _installation():
        from runtime import reports

        return reports.appoint(arguments, out=print)


def _audit(arguments: argparse.Namespace) -> int:
    with _installation(as_owner=True):  # partitions are read one by one, and detached, by their owner alone
        from kontingent.audit import cli

        match arguments.act:
            case "verify":
                return cli.verify(out=print)
            case "export" if arguments.file and arguments.month:
                return cli.export(arguments.month, arguments.file, detach=arguments.detach, out=print)
            case "verify-archive" if arguments.file:
                return cli.verify_archive(arguments.file, key=arguments.key, out=print)
            case "seal" | "anchor" as act:
                return cli.seal(anchor=act == "anchor", out=print)
        print("Укажите файл, а для export ещё и --month 2026-10.", file=sys.stderr)
        return 2


def _health(arguments: argparse.Namespace) -> int:
    if demo := home.find_installation():
        print(f"Работаю с вымышленным регионом: {demo}", file=sys.stderr)
    with home.database(as_owner=False):  # in many short transactions of its own, while the system serves
        _start_django()
        from kontingent.health import cli

        match arguments.act:
            case "keys":
                return cli.keys(out=print)
            case "rotate":
                return cli.rotate(out=print)
            case "forget" if arguments.key:
                return cli.forget(arguments.key, out=print)
        print("Укажите ключ.", file=sys.stderr)
        return 2


def _machine(arguments: argparse.Namespace) -> int:
    with _installation():
        from kontingent.access.machines import cli

        match arguments.act:
            case "list":
                return cli.listing(out=print)
            case "register":
                return cli.register(
                    name=arguments.name, scopes=arguments.scope, out=print, ogrn=arguments.organisation,
                    municipality=arguments.municipality, region=arguments.region, contact=arguments.contact,
                    rate_per_minute=arguments.rate,
                )  # fmt: skip
            case "rotate":
                return cli.rotate(arguments.client_id, out=print)
            case "add-key":
                return cli.add_key(arguments.client_id, arguments.file, out=print)
            case "suspend":
                return cli.suspend(arguments.client_id, arguments.reason, out=print)
            case "resume":
                return cli.resume(arguments.client_id, out=print)
            case _:
                return cli.revoke(arguments.client_id, arguments.reason, out=print)


def _journal(arguments: argparse.Namespace) -> int:
    with _installation():
        from runtime import journals

        return journals.connect(arguments, out=print)


def _journal_history(arguments: argparse.Namespace) -> int:
    with _installation():
        from runtime import journals

        return journals.open_history(arguments, out=print)


def _journal_file(arguments: argparse.Namespace) -> int:
    with _installation():
        from runtime import journals

        return journals.take_file(arguments, out=print)


def _journal_repair(arguments: argparse.Namespace) -> int:
    with _installation():
        from runtime import journals

        return journals.repair(arguments, out=print)


def _oneroster(arguments: argparse.Namespace) -> int:
    # A set is read file by file: all of one moment, or a class would be named that its file has no more.
    with _installation(snapshot=arguments.act == "export"):
        from kontingent.exchange.oneroster import cli
        from kontingent.kernel import clock

        if arguments.act == "check":
            return cli.check_set(arguments.file, out=print)
        if arguments.act == "load":
            return cli.load_set(
                arguments.file, journal=arguments.journal, write=arguments.write, on=clock.today(), out=print
            )
        return cli.export_set(
            arguments.file,
            ogrn=arguments.organisation,
            edition=arguments.edition,
            since=arguments.since,
            journal=arguments.journal,
            on=clock.today(),
            out=print,
        )


def _retention(arguments: argparse.Namespace) -> int:
    with _installation(as_owner=True):  # partitions are dropped by their owner alone
        from runtime import retention

        return retention.retention(arguments.act, out=print)


def _check(_arguments: argparse.Namespace) -> int:
    with _installation(snapshot=True):
        from runtime import reports

        return reports.print_check(out=print)


if __name__ == "__main__":
    sys.exit(main())
