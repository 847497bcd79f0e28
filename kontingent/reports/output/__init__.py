"""A form going out: workbook in the layout of the blank, Rosstat's XML, PDF, CSV, archive of many."""
