"""How rooms and PostgreSQL deal with each other, on Django's connection. No tables here and no rule of the domain.

``bulk``          many rows at once: COPY and set-based statements
``scope``         whose rows a transaction may see
``row_security``  which tables hold personal data, and the policies that protect them
"""
