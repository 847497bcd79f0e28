"""A stand of ЕПГУ: asks the register for a child's performance as the citizen portal would, over HTTP and by files, and checks the answers.

It is a stand, not ЕПГУ: people and orders are invented, and it says so in its report. It shares no code with the register it examines; what an answer
must look like it knows from its own copies of the contract (``answers.json``, ``performance.xsd``). Run: ``python -m stands.epgu --help``.

``portal``     how ЕПГУ asks: a token, a question, a file
``contract``   what an answer must look like
``examining``  the examination, step by step, and its report
"""
