"""Journals that cannot deliver by themselves are read here (адаптеры журналов): one interface, many back-ends.

``boundary``     what every adapter answers: organisations, classes, enrolments, and the four kinds of record, as streams
``feeding``      runs an adapter and feeds the intake, as if the journal had delivered itself
``mapping``      how the files of a journal are laid out, as data; the profiles that come along are in ``profiles/``
``mapped_file``  the adapter of files read by a mapping; pure
"""
