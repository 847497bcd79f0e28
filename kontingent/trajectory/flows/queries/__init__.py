"""Reading of paths and flows, within the actor's scope."""
