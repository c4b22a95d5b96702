"""Packages of others, which are extras: imported when a connector needs them."""

from operators._kernel.failures.extras import MissingExtraError, need

__all__ = ["MissingExtraError", "need"]
