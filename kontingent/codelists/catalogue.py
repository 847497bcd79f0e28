"""Writes ``docs/reference/codelists.md``: which lists there are, in which edition, how sure."""

from kontingent.codelists import files

_SURE = {"sourced": "по источнику", "reconstructed": "восстановлен, редакция уточняется"}


def render() -> str:
    """Return the page."""
    lines = [
        "# Справочники",
        "",
        "Страница создаётся командой `make docs` из `kontingent/codelists/data/`.",
        "",
        "| код | справочник | значений | издание | источник | достоверность | коды сторон обмена |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in files.packaged().values():
        counterparts = sorted({name for value in one.values for name in value.external})
        lines.append(
            f"| `{one.code}` | {one.title} | {len(one.values)} | {one.edition} | {one.source} | "
            f"{_SURE[one.confidence]}{'. ' + one.note if one.note else ''} | {', '.join(counterparts)} |"
        )
    return "\n".join(lines) + "\n"
