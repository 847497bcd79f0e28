"""The change feed (лента изменений): what happened in the register, in order, for other systems."""
