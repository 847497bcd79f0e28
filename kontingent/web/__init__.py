"""Pages by journey (страницы): thin doors over actions and queries, and all templates.

No rule lives here. A journey is a folder: ``home``, ``learners``, ``organisations``, ``orders`` …
"""
