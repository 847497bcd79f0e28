"""Certificates of study: rules, issue, check, revocation."""
