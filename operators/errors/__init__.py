"""Operators that deal with errors."""
