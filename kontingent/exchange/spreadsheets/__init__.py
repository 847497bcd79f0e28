"""Workbooks and CSV as schools keep them (таблицы школ): read, recognise, map, normalise."""
