"""Electronic journals deliver here (приём из электронных журналов): a stream in, a receipt a row out.

``streams``   the body of a request as lines: decompressed, bounded, never whole in memory; pure
``messages``  a line as a typed row of its kind, ready for COPY, or refused; pure
``taking``    a batch from its first line to its receipt: chunk by chunk, each a transaction
``queries``   the state of a batch, receipts and refusals by cursor
``keeping``   batches go when the records of their year have been destroyed
Not here: what the rows mean (``performance``), HTTP (``api``).
"""
