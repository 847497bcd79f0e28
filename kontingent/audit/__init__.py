"""Journal (журнал): typed events of every act and refusal, and every read of a person.

``actions``  acts, in the transaction of the act itself; refusals, in one of their own
``reads``    reads, noted by the queries that return people and written in one batch when the request ends
``sealing``  the hash chain over finished transactions, signed seals and anchors, verification (ADR 0013)
``archive``  a month as a file that is verified without the database

Rows have no foreign keys: the journal must outlive and never block what it tells of. It is append-only by privilege and
by trigger. Basis: 152-ФЗ art. 19 p. 2 (8), приказ ФСТЭК № 21 (РСБ).
"""
