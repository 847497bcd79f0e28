"""Persons (физические лица): learners, their parents and other representatives.

Identity (ФИО with history, birth, sex, СНИЛС, citizenship), identity documents, addresses, contacts,
representation. A person has no role of their own: a learner is whoever has an enrolment, a
representative whoever has a representation. Basis: stage 1 of the rollout (mission), 273-ФЗ art. 98;
attributes: shared/domain/kontingent.md §2–4. Matching before creating lives in ``matching.py``.
Not here: health (own room, special category), enrolment.
"""
