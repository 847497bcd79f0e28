"""One way in (загрузка): staged, matched, checked in full, shown as a diff, applied, undone."""
