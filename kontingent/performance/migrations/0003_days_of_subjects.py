"""The index of a learner's days tells the subject too: a class sheet reads the marks of one subject alone.

The subject comes after the day, so that the index still leads to days; PostgreSQL sorts other subjects out within the index,
before it opens the table.
"""

from django.db import migrations

FORWARDS = (
    "DROP INDEX performance_mark_day; "
    "CREATE INDEX performance_mark_day ON performance_mark (person_id, given_on, subject_code)"
)
BACKWARDS = "DROP INDEX performance_mark_day; CREATE INDEX performance_mark_day ON performance_mark (person_id, given_on)"


class Migration(migrations.Migration):
    dependencies = [("performance", "0002_records")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
