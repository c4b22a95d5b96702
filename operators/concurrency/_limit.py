"""Limit: how many calls may be in flight at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from operators.concurrency._call import Call


class Limit(Protocol):
    """How many calls may be in flight, and what it learns from each."""

    @property
    def value(self) -> int:
        """How many, now; one at least."""
        ...

    def took(self, call: Call, seconds: float, live: Mapping[Call, object]) -> None:
        """Take note that a call took so long, and which are in flight, in the order in which they began."""
        ...


class FixedLimit:
    """A limit that learns nothing."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value: int = value

    def took(self, call: Call, seconds: float, live: Mapping[Call, object]) -> None:
        """Do nothing."""
