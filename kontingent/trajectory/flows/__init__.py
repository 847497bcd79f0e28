"""Paths and flows (пути и потоки): a learner's path on one line, who moved from where to where, cohorts, coverage, forecast.

``queries.flows``     flows of a period between organisations, municipalities, levels and what lies outside; who is behind them
``queries.cohorts``   where those are who once were in a grade: retention, destinations of grades 9 and 11
``queries.forecast``  the contingent of the next years, by ``rules.forecast``
``queries.path``      the path of one learner, laid on a line
Nothing is stored here: everything is read from the periods of enrolment.
"""
