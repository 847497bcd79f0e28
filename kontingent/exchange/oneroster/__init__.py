"""OneRoster 1.1 and 1.2 (обмен с журналами по стандарту 1EdTech): sets of CSV files, and the REST interface's objects.

``model``     every file, column and vocabulary of both editions, once; pure
``archives``  a zip that may be hostile, opened within bounds; pure
``checking``  a set against every rule of the standard: all defects with file, line, column and remedy, or the set; pure
``writing``   a set as a zip, the same bytes for the same rows; pure
``rules``     the grammar of filter, sort and fields; pure
``queries``   the register as collections of OneRoster, within the actor's scope
``payloads``  a row as JSON of the REST interface; pure
``gradebook`` works and results as messages of the intake, and back; pure
``adapter``   a set as a journal: what ``exchange.journals`` asks of every adapter; pure
``models``    what a journal declared of its gradebook: categories, works, scales
``books``     the gradebook as collections: marks, the works they were given for, lessons, absences
``bodies``    what a client writes, as JSON; pure
``actions``   declaring works, giving and taking back marks
``works``     what a journal delivered as tables of a set
``rosters``   the class list of one school in a set, and what in it cannot be compared; pure
``rostering`` that list on its way into the register: compared, decided, applied as a draft
``consuming`` kinds of sources that read a journal
``cli``       a set checked or written on the command line
Not here: HTTP (``api.oneroster``), what a mark means (``performance``). СНИЛС has no column here, on purpose.
"""
