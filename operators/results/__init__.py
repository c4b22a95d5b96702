"""Operators that make one result of all items, or find one of them."""

from operators.results._defaults import ManyItemsError, NoItemError

__all__ = ["ManyItemsError", "NoItemError"]
