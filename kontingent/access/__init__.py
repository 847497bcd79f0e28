"""Who may come in (доступ): builds the Actor of a request.

People come through ЕСИА only (``esia``, ``sign_in``, ``sessions``); what they may do follows from their appointments or from
their family in the register (``appointments``, ``actors``, ``roles``). ``emergency`` opens one child for an hour, with a reason.
Not here: what an actor may do to an object (each room's rules); what the journal keeps (audit).
"""
