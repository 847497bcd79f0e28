"""Transfers between organisations (перевод), led by the receiver: one act, two orders (ADR 0026).

``rules``    what state follows what, working days, the reason of leaving: pure
``actions``  the application, its approval, the former school's answer, the municipality's word
``settling`` the act itself: both orders signed, or cancelled, in one transaction, by the system
``moving``   the learners of an organisation that is no more, in one act, to its successor
``queries``  inbox, outbox, one transfer, the personal file that goes along; ``documents`` prints it
"""
