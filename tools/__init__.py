"""Programs for developers: set-up, checks, generated documentation."""
