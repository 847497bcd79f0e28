"""The database engine of Django that this product runs on."""
