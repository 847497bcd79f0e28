"""Other people's contracts (обмен): one folder each, one way in through ``staging``."""
