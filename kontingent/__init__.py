"""Kontingent: an open regional education registry (АИС «Контингент», региональный сегмент)."""
