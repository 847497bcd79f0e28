"""Whom the demo lets in: a few invented people bound to organisations of the region."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from demo.territory import Chunk
from kontingent.access.models import DemoPersona
from kontingent.organisations.models import Organisation


def write(chunks: Sequence[Chunk], empty_school: Organisation) -> None:
    """Write the personas of a region just made."""
    perm = next(chunk for chunk in chunks if chunk.schools and chunk.schools[0].municipality.code == "perm")
    school, kindergarten = perm.schools[0], perm.kindergartens[0]
    college = next((chunk.colleges[0] for chunk in chunks if chunk.colleges), None)
    rows: list[tuple[str, str, str, str, UUID | None, UUID | None]] = [
        ("secretary", "Тиунова Вера Павловна", f"секретарь школы: {school.name}", "operator", school.id, None),
        ("new-school", "Мальцева Ольга Андреевна", f"секретарь новой школы: {empty_school.short_name}", "operator", empty_school.id, None),
        ("teacher", "Попова Ирина Сергеевна", f"классный руководитель: {school.name}", "teacher", school.id, None),
        ("head", "Радостева Нина Петровна", f"директор: {school.name}", "head", school.id, None),
        ("kindergarten", "Волкова Анна Игоревна", f"делопроизводитель: {kindergarten.name}", "operator", kindergarten.id, None),
    ]  # fmt: skip
    if college is not None:
        rows.append(
            (
                "college",
                "Орлов Павел Олегович",
                f"учебная часть: {college.name}",
                "operator",
                college.id,
                None,
            )
        )
    rows += [
        ("municipality", "Гилёва Марина Львовна", "специалист управления образования г. Перми", "municipal", None, school.municipality.id),
        ("ministry", "Зырянов Олег Иванович", "Министерство образования и науки Пермского края", "ministry", None, None),
        ("security", "Носков Денис Юрьевич", "администратор безопасности", "security", None, None),
    ]  # fmt: skip
    DemoPersona.objects.bulk_create(
        [
            DemoPersona(
                code=code, name=name, title=title, role_code=role, organisation_id=organisation, municipality_id=municipality,
                position=position,
            )
            for position, (code, name, title, role, organisation, municipality) in enumerate(rows)
        ]
    )  # fmt: skip
