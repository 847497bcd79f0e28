"""Education programmes of all levels (образовательные программы) and subjects.

What is taught: preschool, НОО, ООО, СОО, СПО (ППКРС, ППССЗ), vocational training, additional
programmes; adaptation, form of study, language, direction, speciality code, hours.
Basis: 273-ФЗ art. 12, 23; lists: shared/domain/kontingent.md §6.3.
"""
