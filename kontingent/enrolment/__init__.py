"""Enrolment (контингент и его движение): classes, orders, movements. The heart: read this first.

A signed order (приказ) holds lines, a line makes a movement. The log of movements is the truth; what
is stored as periods (``Enrolment``, ``Placement``) is its fold and can always be rebuilt. Nothing is
deleted: a recalculation supersedes rows, so that ``on=DATE, known_at=MOMENT`` answers any past day as
it was known at any past moment. Basis: 273-ФЗ art. 30, 53, 57, 61, 62; приказ Минпросвещения 458
(admission), 240 (transfer). Where to look: a rule – ``rules.py``; an act – ``actions/``; a count or a
list – ``queries.py`` and ``contingent.py``.
"""
