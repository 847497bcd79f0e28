"""The sequence that numbers supersessions of placements (ADR 0005)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("enrolment", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE enrolment_supersession", "DROP SEQUENCE enrolment_supersession")
    ]
