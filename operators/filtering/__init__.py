"""Operators that let some items through."""
