"""Rows on their way into the tables: buffers by table, written by COPY in the order of references."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db import connection, transaction

from kontingent.enrolment.rules.classes import ClassFacts
from kontingent.enrolment.rules.conditions import StudyFacts
from kontingent.storage import bulk

#: Columns by table, in the order in which tables must be written.
TABLES: dict[str, tuple[str, ...]] = {
    "persons_person": (
        "id", "family_name", "given_name", "patronymic", "name_key", "family_key", "given_key", "sex", "birth_date",
        "birth_place", "snils", "citizenship_code", "country_code", "status_code", "created_at", "updated_at", "version",
    ),
    "persons_personname": (
        "person_id", "family_name", "given_name", "patronymic", "family_key", "name_key", "valid_to", "basis", "recorded_at",
    ),
    "persons_citizenshipperiod": ("person_id", "citizenship_code", "country_code", "recorded_at"),
    "persons_personcategory": ("person_id", "category_code", "basis", "starts_on", "ends_on", "recorded_at"),
    "persons_identitydocument": (
        "id", "person_id", "kind_code", "series", "number", "key", "issued_on", "issuer", "issuer_code", "is_current",
    ),
    "persons_address": ("id", "person_id", "kind_code", "text", "postal_code", "oktmo", "starts_on"),
    "persons_contact": ("person_id", "kind_code", "value"),
    "persons_representation": (
        "id", "child_id", "adult_id", "kind_code", "kinship_code", "document_kind_code", "document_requisites",
        "rights_limited",
    ),
    "programmes_programme": (
        "id", "organisation_id", "kind_code", "title", "adaptation_code", "variant_code", "base_code", "direction_code",
        "speciality_code", "language_code", "duration_months", "valid_from",
    ),
    "enrolment_group": (
        "id", "organisation_id", "school_year", "grade", "letter", "title", "title_key", "programme_id",
        "study_form_code", "teacher_name", "version", *ClassFacts._fields,
    ),
    "enrolment_groupversion": ("group_id", "starts_on", "ends_on", "recorded_at", *ClassFacts._fields),
    "enrolment_order": (
        "id", "organisation_id", "kind", "number", "dated", "title", "basis", "signatory", "status", "created_at",
        "created_by", "created_by_name", "signed_at", "signed_by", "signed_by_name", "cancelled_at", "cancelled_by",
        "cancelled_by_name", "cancel_reason", "version",
    ),
    "enrolment_orderline": (
        "id", "order_id", "position", "person_id", "enrolment_id", "note", "kind", "effective_on", "group_id",
        "programme_id", "grade", "study_form_code", "funding_code", "reason_code", "destination_id", "destination_text",
    ),
    "enrolment_movement": (
        "id", "kind", "effective_on", "group_id", "programme_id", "grade", "study_form_code", "funding_code",
        "reason_code", "destination_id", "destination_text", "enrolment_id", "person_id", "organisation_id", "order_id",
        "line_id", "recorded_at", "cancelled_at",
    ),
    "enrolment_enrolment": (
        "enrolment_id", "person_id", "organisation_id", "starts_on", "ends_on", "is_main", "level_code", "opened_by_id",
        "closed_by_id", "leaving_kind", "reason_code", "destination_id", "destination_text", "recorded_at", "superseded_at",
    ),
    "enrolment_placement": (
        "enrolment_id", "person_id", "organisation_id", "starts_on", "ends_on", "group_id", "grade", "programme_id",
        "programme_kind_code", "adaptation_code", "study_form_code", "funding_code", "state", "enters_level",
        "leaves_level", "is_main", "sex", "birth_date", "recorded_at", "superseded_at",
    ),
    "enrolment_studycondition": (
        "enrolment_id", "person_id", "organisation_id", "starts_on", "ends_on", *StudyFacts._fields, "recorded_at",
        "superseded_at",
    ),
}  # fmt: skip


class Writer:
    """Collects rows and writes them by COPY; memory is bounded by how often ``flush`` is called."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self.written = 0

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        """Take one row; its values are in the order of ``TABLES``."""
        self._rows[table].append(row)

    def flush(self) -> None:
        """Write everything collected; the years that an invented region looks back on are no news for the feed."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL kontingent.feed = 'off'")
            for table, columns in TABLES.items():
                rows = self._rows.pop(table, [])
                if rows:
                    self.written += bulk.copy_rows(table, columns, rows)
            cursor.execute("SET LOCAL kontingent.feed = ''")
