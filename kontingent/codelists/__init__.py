"""Code lists (справочники): classifiers as dated files, loaded idempotently, never deleted from.

A list has editions; a value has a code, a title, a parent, a period of validity and external codes
per counterpart, because published editions disagree (shared/domain/kontingent.md §2.4, 6.2, 6.3).
Legal sources are named in the .toml beside each .csv in ``data/``.
"""
