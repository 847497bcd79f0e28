"""How learners do (успеваемость): lessons, marks, attendance, period and final marks, as journals tell.

``codes``, ``rules``  what a mark may be, averages, who slips, what is late, how long it is kept; pure
``records``           the four kinds of record that a journal delivers: table, columns, keys – once
``models``            journals and the partitioned tables of records
``actions``           journals and periods · taking a chunk of records in · late corrections · partitions
``queries``           the diary, the class sheet, quality, who slips and owes, late corrections
``documents``         ведомость and справка as PDF
Not here: how a batch comes over the wire (``exchange.journals``), the endpoint (``api``).

Records are partitioned by school year, keyed by person and refer to nothing by foreign keys, so that they can be
distributed by person over several machines as they stand (ADR 0017).
"""
