"""Refused rows that were kept as text become objects again where they parse; names that lie as keys are sealed (ADR 0027).

Runs over what is there once; a second time it finds nothing. There is no way back: sealing forgets the names.
"""

import re
from typing import Any

from django.conf import settings
from django.db import migrations

from kontingent.exchange.journals.adapters.sealing import PREFIX, is_name, sealer

_KEY = re.compile(r"(?:(?P<class>[^/]{1,60})/)?(?P<name>[^/]+)")
_AT_A_TIME = 5000


def sealed(key: str, journal_code: str) -> str:
    """Return the sealed key where a key is «class/name» or a name, else the key as it is."""
    said = _KEY.fullmatch(key)
    if key.startswith(PREFIX) or said is None or not is_name(said["name"]):
        return key
    return sealer(settings.JOURNAL_NAMES_KEY, journal_code)(said["class"] or "", said["name"])


def texts_become_objects(apps: Any, schema_editor: Any) -> None:
    """In one statement; what does not parse stays as it is, and is told by its journal again."""
    schema_editor.execute(
        "UPDATE journals_refusedrow SET staged = (staged #>> '{}')::jsonb WHERE jsonb_typeof(staged) = 'string' "
        "AND pg_input_is_valid(staged #>> '{}', 'jsonb') "
        "AND jsonb_typeof(CASE WHEN pg_input_is_valid(staged #>> '{}', 'jsonb') THEN (staged #>> '{}')::jsonb END) = 'object'"
    )


def names_become_seals(apps: Any, schema_editor: Any) -> None:
    """Keys of persons, of refused rows, and what discrepancies say."""
    keys = apps.get_model("persons", "SourceKey")
    for one in keys.objects.filter(source__startswith="journal:").order_by("pk").iterator(_AT_A_TIME):
        key = sealed(one.external_id, one.source.removeprefix("journal:"))
        if key == one.external_id:
            continue
        if keys.objects.filter(source=one.source, external_id=key).exists():
            one.delete()  # the same name written twice; the first stays
        else:
            keys.objects.filter(pk=one.pk).update(external_id=key)
    codes = dict(apps.get_model("performance", "Journal").objects.values_list("pk", "code"))
    rows = apps.get_model("journals", "RefusedRow")
    for row in rows.objects.filter(staged__has_key="whose_key").order_by("pk").iterator(_AT_A_TIME):
        said = row.staged["whose_key"] or ""
        key = sealed(said, codes[row.journal_id])
        if row.records != "lessons" and key != said:
            rows.objects.filter(pk=row.pk).update(staged=row.staged | {"whose_key": key})
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('reconciliation_discrepancy') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return
        cursor.execute(
            "SELECT id, journal_id, said FROM reconciliation_discrepancy WHERE kind = 'learner_unknown' AND journal_id IS NOT NULL"
        )
        for number, journal_id, said in cursor.fetchall():
            key = sealed(said, codes[journal_id])
            if key != said:
                # Found anew under its new key by the next night's look.
                cursor.execute("DELETE FROM reconciliation_discrepancy WHERE id = %s", [number])


class Migration(migrations.Migration):
    dependencies = [
        ("journals", "0003_sources_that_are_read"),
        ("performance", "0001_initial"),
        ("persons", "0001_initial"),
    ]
    operations = [
        migrations.RunPython(texts_become_objects, migrations.RunPython.noop),
        migrations.RunPython(names_become_seals, migrations.RunPython.noop),
    ]
