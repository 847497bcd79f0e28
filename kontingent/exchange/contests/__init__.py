"""Results of olympiads and contests as tables: read by a profile, judged and written by the portfolio."""
