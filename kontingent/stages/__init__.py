"""Stages of the rollout: which data are kept, what for, by which law, and from when (этапы, цели и основания).

A stage is a set of fields. Until an order opens it for a territory, its fields can be neither entered, imported, received nor
shown; every door asks ``queries.gate``. The declaration is ``fields.toml``: the list that the bill of 2016 was refused for
lacking (shared/domain/kontingent.md §1). Basis: 152-ФЗ art. 5, 6, 10; why so: ADR 0024.
"""
