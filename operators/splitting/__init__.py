"""Operators that deal the items of one flow out among several."""
