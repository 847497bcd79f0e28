"""An index of when marks and final marks were changed last: whoever reads them asks for what has changed since a moment.

Rows come in the order of that moment, those of a chunk at one, so that the index is small (4 % of the table) and grows at its end.
"""

from django.db import migrations

TABLES = ("performance_mark", "performance_periodmark")
FORWARDS = "; ".join(f"CREATE INDEX {one}_changed ON {one} (recorded_at NULLS FIRST)" for one in TABLES)
BACKWARDS = "; ".join(f"DROP INDEX {one}_changed" for one in TABLES)


class Migration(migrations.Migration):
    dependencies = [("performance", "0004_class_names")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
