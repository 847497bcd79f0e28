"""The portfolio (портфолио): achievements with the documents that prove them."""
