"""Statutory statistics: forms as data, one pass over the children's records, controls, versions (отчётность)."""
