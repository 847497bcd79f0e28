"""``python -m stands.epgu``: examines a register and prints a report; ends with 1 where something did not come out."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from stands.epgu import contract
from stands.epgu.examining import HEAD, Examination, People
from stands.epgu.portal import Folder, Portal

SECRET = "EPGU_STAND_SECRET"  # noqa: S105 - the name of a variable


def main() -> int:
    """Read the arguments, examine, report."""
    parser = argparse.ArgumentParser(prog="stands.epgu", description=HEAD)
    parser.add_argument("--site", required=True, help="address of the register, e.g. http://127.0.0.1:8000")
    parser.add_argument(
        "--client-id", required=True, help=f"the client; its secret comes in the variable {SECRET}"
    )
    parser.add_argument(
        "--people", type=Path, required=True,
        help='JSON: {"applicant": {"snils": …}, "child": {"snils": …}, "stranger": {"snils": …}}; a file, so that no number is seen in the list of processes',
    )  # fmt: skip
    parser.add_argument(
        "--drop", type=Path, help="the client's folder of the exchange by files; without it HTTP alone"
    )
    parser.add_argument("--namespace", default=contract.NAMESPACE)
    parser.add_argument("--patience", type=float, default=90, help="seconds to wait for an answer by file")
    a = parser.parse_args()
    secret = os.environ.get(SECRET, "")
    if not secret:
        parser.error(f"put the client's secret into {SECRET}")
    people = json.loads(a.people.read_text(encoding="utf-8"))
    folder = Folder(a.drop, a.namespace, a.patience) if a.drop else None
    whom = People(people["applicant"], people["child"], people["stranger"])
    examination = Examination(Portal(a.site, a.client_id, secret), whom, folder)
    print(HEAD, flush=True)
    failed = number = 0
    for number, step in enumerate(examination.steps(), 1):
        failed += not step.passed
        print(
            f"{number:3}. {'да ' if step.passed else 'НЕТ'} {step.title}{f': {step.said}' if step.said else ''}",
            flush=True,
        )
    print(f"Итог: шагов {number}, не прошло {failed}.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
