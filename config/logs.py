"""Log lines without what must not be kept in logs: СНИЛС, secrets, tokens, codes, passwords, rows of the database.

The whole line is looked at once more after it is made, tracebacks included, so that nobody need remember to.
"""

from __future__ import annotations

import logging
import re

HIDDEN = "…"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # PostgreSQL tells the values of the row it refuses on these lines.
    (
        re.compile(r"((?:^|\\n)\s*(?:DETAIL|CONTEXT|ПОДРОБНОСТИ|КОНТЕКСТ):)(?:(?!\\n).)*", re.MULTILINE),
        rf"\1 {HIDDEN}",
    ),
    # user:password@ of an address, and what an address asks.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(?<=[\w/.\]])\?[\w%.~+-]+=[^\s'\"<>]*"), f"?{HIDDEN}"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"\bkg[st]_[A-Za-z0-9_-]{20,}"), HIDDEN),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}"), HIDDEN),
    (
        re.compile(
            r"""(?ix)(["']?\b(?:client_secret|client_assertion|access_token|refresh_token|id_token|password|passwd|secret_key
            |sessionid|__Host-session|csrftoken|csrfmiddlewaretoken|code|token)["']?\s*[=:]\s*)(["']?)[^\s"'&,;)}]{4,}"""
        ),
        rf"\1\2{HIDDEN}",
    ),
    # СНИЛС as people and as tables write it.
    (re.compile(r"(?<!\d)\d{3}-\d{3}-\d{3}[ -]?\d{2}(?!\d)"), HIDDEN),
    (re.compile(r"(?<![\d.])\d{11}(?![\d.])"), HIDDEN),
)


def scrubbed(line: str) -> str:
    """Return a line with what must not be kept replaced by «…», and with no line break of a stranger's making."""
    for pattern, instead in _RULES:
        line = pattern.sub(instead, line)
    return line


class ScrubbedFormatter(logging.Formatter):
    """Formats a record, then scrubs the line; a message stays on one line, so that nobody can write one of his own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return scrubbed(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """Return the first line."""
        record.message = record.message.replace("\r", "\\r").replace("\n", "\\n")
        return super().formatMessage(record)
