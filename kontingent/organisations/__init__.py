"""Education organisations (образовательные организации): one current registry with its history.

Who teaches in the region: identity (ОГРН, ИНН, КПП), names, type, founder, territory, licences,
buildings, status with dates, predecessors and successors. Municipalities live here as well, with
both ОКТМО editions. Changes are proposed by the organisation and confirmed by the municipality or
the ministry. Basis: 273-ФЗ art. 98; attributes: shared/domain/kontingent.md §6.1, §11.2.
Not here: classes and learners (enrolment), programmes (programmes).
"""
