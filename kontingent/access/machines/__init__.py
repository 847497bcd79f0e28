"""Machines (внешние системы): registered clients, their secrets and keys, and the tokens they get by OAuth2.

``rules``       the catalogue of scopes, their grammar, lifetimes; pure
``assertions``  signed assertions of a client (private_key_jwt, RFC 7523); pure
``keys``        public keys: what is taken, and verifying with them
``actions``     registering, rotating, revoking, giving a token
``queries``     the actor behind a token
``limits``      how often a client may ask
``cli``         the same on the command line
Not here: HTTP (``kontingent.api``), and what an actor may do to an object (each room's rules).
"""
