"""The door for machines (программный интерфейс): tokens by OAuth2, and a small read API, version 1.

``declarations``  every endpoint: address, scope, parameters, what it answers; ``openapi`` writes them out
``serving``       who asks (bearer token), with what, and refusals as problem+json
``oauth``         the token endpoint and giving a token back
``resources``     what is read
``fields``        what of a learner goes out, by scope
``queries``       pages of learners and organisations
``oneroster``     the addresses, paging and refusals of OneRoster, over the same door
Not here: who a client is and what it may have (``access.machines``).
"""
