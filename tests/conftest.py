"""Fixtures for every test. The server itself is started by ``runtime.testing``."""
