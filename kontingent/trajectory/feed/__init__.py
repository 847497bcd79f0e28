"""The change feed (лента изменений): what happened in the register, in order, for other systems (ADR 0031).

PostgreSQL itself writes a change in the transaction of its act (triggers of the migration), so that no way of writing goes
past it. A change gets its place in the order after that transaction has committed (``actions.number``): a cursor never
skips what committed late. ``queries.changes`` is a page for a subscriber, ``queries.foreign_minors`` what МВД must be told.
"""
