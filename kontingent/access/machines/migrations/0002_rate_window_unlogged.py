"""The windows of the rate limit are written at every request and worth nothing after a crash: no WAL for them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("machines", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE machines_ratewindow SET UNLOGGED, SET (fillfactor = 50)",
            "ALTER TABLE machines_ratewindow SET LOGGED, RESET (fillfactor)",
        )
    ]
