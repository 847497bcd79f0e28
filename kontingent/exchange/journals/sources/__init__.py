"""Sources: journals that the register reads by itself (источники), each in its time.

``rules``     when the next run is due, what counts as late; pure
``registry``  kinds of adapters, plugged in by ``JOURNAL_ADAPTERS``; each declares its settings
``folders``   the adapter of a watched folder: every file taken once, whatever dies when
``naming``    learners whom a file calls by name: sealed keys, and whose they are
``running``   a run from its lock to its record
``actions``   making, changing, mapping, asking for a run
``queries``   what the pages show
"""
