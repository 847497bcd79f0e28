"""Value types that every room may use: no tables, no Django, nothing of ours imported.

Here live the actor of an act, the scope of a view, half-open periods, school years, СНИЛС,
names, the clock and the errors. A helper earns its place here only when two rooms need it.
"""
