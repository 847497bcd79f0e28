"""Journal of acts (журнал действий): typed events of every write, in the same transaction.

Events have no foreign keys: the journal must outlive and never block what it tells of. It is
append-only by trigger. The journal of reads and the hash chain come with the access issue.
Basis: 152-ФЗ art. 19 p. 2 (8), приказ ФСТЭК № 21 (РСБ).
"""
