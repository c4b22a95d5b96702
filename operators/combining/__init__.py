"""Operators that make one flow of several."""
