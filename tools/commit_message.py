"""Checks that a commit message begins ``module: Imperative sentence.`` (CONTRIBUTING)."""

import re
import sys
from pathlib import Path

SUBJECT = re.compile(r"[a-z][a-z0-9_./ -]*: [A-Z0-9].*\.")


def fault(message: str) -> str | None:
    """Return what is wrong with the first line of a commit message, None if nothing."""
    subject = message.partition("\n")[0].strip()
    if subject.startswith(("Merge ", "Revert ", "fixup! ", "squash! ")) or SUBJECT.fullmatch(subject):
        return None
    return f"Первая строка коммита: «{subject}». Нужно: module: Imperative sentence."


def main() -> int:
    """Check the file git names; 0 when it is well."""
    wrong = fault(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if wrong:
        print(wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
