"""Tables of records: partitioned by school year, keyed by person or group, with no foreign keys out.

Django knows them as models; PostgreSQL is told here, since Django has no words for partitions. The primary key begins with
what a journal knows a record by and ends with the partition; it holds the person too, as Citus asks of a table distributed
by person. A secondary index leads to a person's days.
"""

from django.db import migrations, models

RECORD = """
    journal_id integer NOT NULL,
    external_id varchar(64) COLLATE "C" NOT NULL,
    {keeper} uuid NOT NULL,
    school_year smallint NOT NULL,
    organisation_id uuid NOT NULL,
    subject_code varchar(20) NOT NULL,
    version bigint NOT NULL,
    batch_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
"""
PERSONAL = RECORD.format(keeper="person_id") + "    group_id uuid,\n    comment varchar(500) NOT NULL,\n"
LESSON_OF = "    lesson_number smallint,\n    lesson_key varchar(64) NOT NULL,\n"
VALUE = "    system_code smallint NOT NULL,\n    value varchar(8) NOT NULL,\n    score smallint,\n"
FORMER = """
    id bigint NOT NULL DEFAULT nextval('performance_former_id'),
    school_year smallint NOT NULL,
    records varchar(12) NOT NULL,
    journal_id integer NOT NULL,
    external_id varchar(64) COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    row jsonb NOT NULL,
    replaced_at timestamptz NOT NULL,
    replaced_by varchar(80) NOT NULL,
    {keeper} uuid NOT NULL,
    PRIMARY KEY (id, {keeper}, school_year)
"""
KEY = "    PRIMARY KEY (journal_id, external_id, {keeper}, school_year)\n"
TABLES = {
    "performance_mark": (
        PERSONAL + LESSON_OF + VALUE
        + "    given_on date NOT NULL,\n    weight numeric(4, 2) NOT NULL,\n    work_code varchar(20) NOT NULL,\n"
        + KEY.format(keeper="person_id"),
        "person_id, given_on",
    ),
    "performance_attendance": (
        PERSONAL + LESSON_OF
        + "    held_on date NOT NULL,\n    code varchar(1) NOT NULL,\n    minutes smallint,\n"
        + KEY.format(keeper="person_id"),
        "person_id, held_on",
    ),
    "performance_periodmark": (
        PERSONAL + VALUE
        + "    given_on date NOT NULL,\n    kind varchar(10) NOT NULL,\n    period_code varchar(2) NOT NULL,\n"
        + KEY.format(keeper="person_id"),
        "person_id, given_on",
    ),
    "performance_lesson": (
        RECORD.format(keeper="group_id")
        + "    held_on date NOT NULL,\n    number smallint,\n    part varchar(100) NOT NULL,\n"
        + "    topic varchar(500) NOT NULL,\n    homework varchar(2000) NOT NULL,\n    teacher_name varchar(200) NOT NULL,\n"
        + KEY.format(keeper="group_id"),
        "group_id, held_on",
    ),
    "performance_formerrecord": (FORMER.format(keeper="person_id"), "journal_id, external_id"),
    "performance_formerlesson": (FORMER.format(keeper="group_id"), "journal_id, external_id"),
}
CREATE = "CREATE SEQUENCE performance_former_id;\n" + "\n".join(
    f"CREATE TABLE {name} ({columns}) PARTITION BY LIST (school_year);\nCREATE INDEX {name}_day ON {name} ({index});"
    for name, (columns, index) in TABLES.items()
)
DROP = "\n".join(f"DROP TABLE {name};" for name in TABLES) + "\nDROP SEQUENCE performance_former_id;"

#: Whoever may only write rows makes years ahead through these; the owner of the tables is who migrates.
FUNCTIONS = """
CREATE FUNCTION performance_make_year(year integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent text;
    made integer := 0;
BEGIN
    IF year NOT BETWEEN 1990 AND 2200 THEN
        RAISE EXCEPTION 'no such school year: %%', year;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('performance_make_year'));
    FOREACH parent IN ARRAY ARRAY[{names}] LOOP
        IF to_regclass(parent || '_' || year) IS NULL THEN
            EXECUTE format('CREATE TABLE %%I PARTITION OF %%I FOR VALUES IN (%%s)', parent || '_' || year, parent, year);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
CREATE FUNCTION performance_drop_year(parent text, year integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF parent <> ALL (ARRAY[{names}]) OR to_regclass(parent || '_' || year) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %%I', parent || '_' || year);
    RETURN true;
END $$;
REVOKE ALL ON FUNCTION performance_make_year(integer), performance_drop_year(text, integer) FROM PUBLIC;
""".format(names=", ".join(f"'{name}'" for name in TABLES)).replace("%%", "%")
NO_FUNCTIONS = "DROP FUNCTION performance_make_year(integer);\nDROP FUNCTION performance_drop_year(text, integer);"


class Migration(migrations.Migration):
    dependencies = [("performance", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(CREATE, DROP),
                migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
            ],
            state_operations=[
                migrations.CreateModel(
                    name='Attendance',
                    fields=[
                        ('journal_id', models.IntegerField()),
                        ('external_id', models.CharField(db_collation='C', max_length=64)),
                        ('school_year', models.SmallIntegerField()),
                        ('organisation_id', models.UUIDField()),
                        ('subject_code', models.CharField(max_length=20)),
                        ('version', models.BigIntegerField()),
                        ('batch_id', models.BigIntegerField()),
                        ('recorded_at', models.DateTimeField()),
                        ('withdrawn_at', models.DateTimeField(null=True)),
                        ('pk', models.CompositePrimaryKey('journal_id', 'external_id', 'person_id', 'school_year', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('person_id', models.UUIDField()),
                        ('group_id', models.UUIDField(null=True)),
                        ('comment', models.CharField(blank=True, max_length=500)),
                        ('held_on', models.DateField()),
                        ('lesson_number', models.SmallIntegerField(null=True)),
                        ('lesson_key', models.CharField(blank=True, max_length=64)),
                        ('code', models.CharField(help_text='attendance_code', max_length=1)),
                        ('minutes', models.SmallIntegerField(null=True)),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='FormerLesson',
                    fields=[
                        ('id', models.BigIntegerField()),
                        ('school_year', models.SmallIntegerField()),
                        ('records', models.CharField(help_text='records.KINDS', max_length=12)),
                        ('journal_id', models.IntegerField()),
                        ('external_id', models.CharField(db_collation='C', max_length=64)),
                        ('version', models.BigIntegerField()),
                        ('row', models.JSONField()),
                        ('replaced_at', models.DateTimeField()),
                        ('replaced_by', models.CharField(help_text='code of the actor', max_length=80)),
                        ('pk', models.CompositePrimaryKey('id', 'group_id', 'school_year', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('group_id', models.UUIDField()),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='FormerRecord',
                    fields=[
                        ('id', models.BigIntegerField()),
                        ('school_year', models.SmallIntegerField()),
                        ('records', models.CharField(help_text='records.KINDS', max_length=12)),
                        ('journal_id', models.IntegerField()),
                        ('external_id', models.CharField(db_collation='C', max_length=64)),
                        ('version', models.BigIntegerField()),
                        ('row', models.JSONField()),
                        ('replaced_at', models.DateTimeField()),
                        ('replaced_by', models.CharField(help_text='code of the actor', max_length=80)),
                        ('pk', models.CompositePrimaryKey('id', 'person_id', 'school_year', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('person_id', models.UUIDField()),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='Lesson',
                    fields=[
                        ('journal_id', models.IntegerField()),
                        ('external_id', models.CharField(db_collation='C', max_length=64)),
                        ('school_year', models.SmallIntegerField()),
                        ('organisation_id', models.UUIDField()),
                        ('subject_code', models.CharField(max_length=20)),
                        ('version', models.BigIntegerField()),
                        ('batch_id', models.BigIntegerField()),
                        ('recorded_at', models.DateTimeField()),
                        ('withdrawn_at', models.DateTimeField(null=True)),
                        ('pk', models.CompositePrimaryKey('journal_id', 'external_id', 'group_id', 'school_year', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('group_id', models.UUIDField()),
                        ('held_on', models.DateField()),
                        ('number', models.SmallIntegerField(null=True)),
                        ('part', models.CharField(blank=True, max_length=100)),
                        ('topic', models.CharField(blank=True, max_length=500)),
                        ('homework', models.CharField(blank=True, max_length=2000)),
                        ('teacher_name', models.CharField(blank=True, max_length=200)),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='Mark',
                    fields=[
                        ('journal_id', models.IntegerField()),
                        ('external_id', models.CharField(db_collation='C', max_length=64)),
                        ('school_year', models.SmallIntegerField()),
                        ('organisation_id', models.UUIDField()),
                        ('subject_code', models.CharField(max_length=20)),
                        ('version', models.BigIntegerField()),
                        ('batch_id', models.BigIntegerField()),
                        ('recorded_at', models.DateTimeField()),
                        ('withdrawn_at', models.DateTimeField(null=True)),
                        ('pk', models.CompositePrimaryKey('journal_id', 'external_id', 'person_id', 'school_year', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('person_id', models.UUIDField()),
                        ('group_id', models.UUIDField(null=True)),
                        ('comment', models.CharField(blank=True, max_length=500)),
                        ('given_on', models.DateField()),
                        ('lesson_number', models.SmallIntegerField(null=True)),
                        ('lesson_key', models.CharField(blank=True, max_length=64)),
                        ('system_code', models.SmallIntegerField(help_text='mark_system')),
                        ('value', models.CharField(max_length=8)),
                        ('score', models.SmallIntegerField(null=True)),
                        ('weight', models.DecimalField(decimal_places=2, max_digits=4)),
                        ('work_code', models.CharField(help_text='work_kind', max_length=20)),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
                migrations.CreateModel(
                    name='PeriodMark',
                    fields=[
                        ('journal_id', models.IntegerField()),
                        ('external_id', models.CharField(db_collation='C', max_length=64)),
                        ('school_year', models.SmallIntegerField()),
                        ('organisation_id', models.UUIDField()),
                        ('subject_code', models.CharField(max_length=20)),
                        ('version', models.BigIntegerField()),
                        ('batch_id', models.BigIntegerField()),
                        ('recorded_at', models.DateTimeField()),
                        ('withdrawn_at', models.DateTimeField(null=True)),
                        ('pk', models.CompositePrimaryKey('journal_id', 'external_id', 'person_id', 'school_year', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('person_id', models.UUIDField()),
                        ('group_id', models.UUIDField(null=True)),
                        ('comment', models.CharField(blank=True, max_length=500)),
                        ('given_on', models.DateField()),
                        ('kind', models.CharField(help_text='final_kind', max_length=10)),
                        ('period_code', models.CharField(help_text='study_period', max_length=2)),
                        ('system_code', models.SmallIntegerField(help_text='mark_system')),
                        ('value', models.CharField(max_length=8)),
                        ('score', models.SmallIntegerField(null=True)),
                    ],
                    options={
                        'abstract': False,
                    },
                ),
            ],
        ),
    ]
