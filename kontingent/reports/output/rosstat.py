"""The report body of Rosstat's XML (``shared/forms/rosstat-report-sample.xml``): report → title, sections → row → col.

Attribute and element names are those confirmed by the sample. The code of a form's template is issued with it and not known
to us: the ОКУД stands in its place.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from kontingent.reports.output.subject import Subject


def write(subject: Subject) -> bytes:
    """Return the XML; noughts and crossed cells are left out, numbers of rows and columns are those of the blank."""
    edition = subject.edition
    report = Element(
        "report",
        {
            "code": f"{edition.okud.lstrip('0')}", "OKUD": edition.okud, "form": "".join(filter(str.isdigit, edition.form)),
            "shifr": edition.form, "year": str(subject.year), "period": "0",
        },
    )  # fmt: skip
    title = SubElement(report, "title")
    for name, value in (("name", subject.name), ("ogrn", subject.ogrn), ("inn", subject.inn)):
        SubElement(title, "item", {"name": name, "value": value})
    sections = SubElement(report, "sections")
    for table, variant in subject.tables():
        section = Element("section", {"code": variant.code})
        for row in table.rows:
            line = Element("row", {"code": row.number.lstrip("0") or "0"})
            for column in table.columns:
                said = subject.text(table, variant, row, column)
                if isinstance(said, int) and said:
                    SubElement(line, "col", {"code": column.number}).text = str(said)
            if len(line):
                section.append(line)
        if len(section):
            sections.append(section)
    indent(report)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + bytes(tostring(report, encoding="utf-8"))
