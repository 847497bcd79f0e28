"""Where this room names persons: results and documents stay with the record they were written for and are read of one human being;
marks that were brought go along, as those of the journal do.

A document names its bearer as it was printed; what a merge finds out about persons does not change it.
"""

from kontingent.persons.references import Reference, Treatment

REFERENCES = (
    Reference(model="attestation.ExamResult", title="Результаты экзаменов", treatment=Treatment.STAYS),
    Reference(
        model="attestation.EducationDocument", title="Документы об образовании", treatment=Treatment.STAYS
    ),
    Reference(
        model="attestation.BroughtMark",
        title="Внесённые отметки",
        describe="t.grade || ' класс: ' || t.document",
    ),
    Reference(model="attestation.SupplementLine", title="Приложения к документам", treatment=Treatment.STAYS),
    Reference(
        model="attestation.DeliveredRow", title="Строки загрузок об аттестации", treatment=Treatment.STAYS
    ),
)
