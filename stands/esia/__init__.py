"""A stand of ЕСИА: checks what ЕСИА checks, says on every page that it is a stand.

It shares no code with the client it examines. Run: ``python -m stands.esia --help``. Protocol: shared/protocols §1.

``crypto``    keys, raw GOST and RSA signatures
``citizens``  who may be chosen
``requests``  what a request must prove; refusals with ЕСИА's codes
``tokens``    what is issued, and how it may be spoilt on demand
``server``    addresses, pages, the memory of codes and tokens
"""
