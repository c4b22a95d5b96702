"""Ends: what stands at either end of a link that is over."""

from __future__ import annotations

from typing import Any


class Nowhere:
    """The Subscription of a link that is over: nothing it is asked has an effect (§3.6, §3.7)."""

    __slots__ = ()

    def request(self, n: int) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Do nothing."""


NOWHERE = Nowhere()


class Nobody:
    """The Subscriber of a link that is over: nothing it is told has an effect."""

    __slots__ = ()

    def on_subscribe(self, subscription: Any) -> None:
        """Do nothing."""

    def on_next(self, item: Any) -> None:
        """Do nothing."""

    def on_error(self, error: Exception) -> None:
        """Do nothing."""

    def on_complete(self) -> None:
        """Do nothing."""


NOBODY = Nobody()
