"""The client of ЕСИА (единая система идентификации и аутентификации): OAuth 2.0 with GOST signatures.

The way of a sign-in: ``authorisation`` builds the address, ``gateway`` trades the code for tokens and reads the person,
``tokens`` checks what came, ``profile`` says who it is and whether that is enough. Keys are used only by ``signers``.
Everything that published implementations disagree about is a field of ``configuration``.
Not here: what a person may do (appointments), sessions, pages.
"""
