"""Electronic journals deliver here (приём из электронных журналов): a stream in, a receipt a row out.

``streams``   the body of a request as lines: decompressed, bounded, never whole in memory; pure
``messages``  a line as a typed row of its kind, ready for COPY, or refused; pure
``taking``    a batch from its first line to its receipt: chunk by chunk, each a transaction
``single``    one row that somebody waits for an answer about
``repairing`` rows that were refused are taken again, once the register has what they lacked
``queries``   the state of a batch, receipts and refusals by cursor
``keeping``   batches go when the records of their year have been destroyed
``adapters``  journals that cannot deliver by themselves are read behind one interface
``sources``   which of them are read when, by whom, and how it went
Not here: what the rows mean (``performance``), HTTP (``api``).
"""
