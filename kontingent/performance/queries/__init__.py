"""Reading: journals; the diary and the class sheet are beside."""

from kontingent.performance.queries.journals import journal, journal_of, subject_names

__all__ = ["journal", "journal_of", "subject_names"]
