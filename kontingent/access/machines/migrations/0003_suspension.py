from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("machines", "0002_rate_window_unlogged")]
    operations = [
        migrations.AddField(
            model_name="apiclient", name="suspended_at", field=models.DateTimeField(null=True)
        ),
        migrations.AddField(
            model_name="apiclient",
            name="suspend_reason",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddConstraint(
            model_name="apiclient",
            constraint=models.CheckConstraint(
                condition=models.Q(suspended_at__isnull=True) | ~models.Q(suspend_reason=""),
                name="client_suspended_for_a_reason",
            ),
        ),
    ]
