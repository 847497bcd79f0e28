"""Paths of learners and flows between places, cohorts, coverage and forecast."""
