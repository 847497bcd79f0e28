"""Where this room names persons. What a certificate says was frozen when it was issued; a merge only finds it under the record that stays."""

from kontingent.persons.references import Reference

REFERENCES = (Reference(model="services.Certificate", title="Справки об обучении", offered=False),)
