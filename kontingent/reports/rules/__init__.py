"""The pure part of statistics: what a form may ask of the register, how its cells are counted and checked."""
