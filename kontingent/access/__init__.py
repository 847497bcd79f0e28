"""Who may come in (доступ): builds the Actor of a request.

For now the only door is a list of demo personas, which exists only in the demo configuration; the
sign-in through ЕСИА replaces it. Not here: what an actor may do to an object (each room's rules).
"""
