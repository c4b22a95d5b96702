"""Operators that look at the life of a subscription."""
