"""How many rows reach PostgreSQL at once: COPY and set-based statements, on Django's connection.

No tables here and no rule of the domain; rooms use it inside their actions.
"""
