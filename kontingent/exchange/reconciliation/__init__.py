"""What a journal has and the register has not, and the other way round, school by school (сверка с журналом).

``finding``    sets of discrepancies, one statement a kind, for the region at night or for one school at once
``rules``      what each kind means and what to do, which class or subject a journal's word resembles, when a journal is late
``actions``    the one-click remedies: whose key it is, which class, which subject; dismissing with a reason; finding anew
``queries``    the page of a school; the report of journals that are late or silent

Refused rows stay their journal's own (ADR 0022): what people see is made from them by the system and holds no mark.
"""
