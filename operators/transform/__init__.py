"""Operators that make other items of the items."""
