"""Transfers (перевод), led by the receiving organisation."""
