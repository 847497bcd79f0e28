"""A stand of an electronic journal: a living school that delivers what it writes. Everybody's marks in it are invented.

It shares no code with the product it examines: it knows the HTTP API and nothing else. Run: ``python -m stands.journal --help``.

``client``     OAuth2, the lists, batches with compression; waits when it is told to
``export``     the same days as a workbook in a folder, for a register that reads files
``school``     a school's day as a function of its seed: lessons, marks, absences, corrections, mistakes. Pure
``gradebook``  all its days so far as collections of OneRoster 1.2. Pure
``oneroster``  its OneRoster face: a register may ask instead of being told
"""
