"""Rights of those whose data are kept (права субъекта персональных данных): who looked, and questions about it.

Basis: 152-ФЗ art. 14 (the right to know), art. 20 (the term of an answer). The journal itself is ``audit``.
"""
